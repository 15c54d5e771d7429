"""`--executor package.module:factory`: executors of the standard library, and objects that are not executors."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from command import Runflow
from limits import limit, wait_for
from processes import Start
from workers import FLOW, OTHER, PASSWORD, PROJECT, TOKENS, Server, ended


@pytest.mark.parametrize("factory", ["ThreadPoolExecutor", "ProcessPoolExecutor"])
def test_any_executor_of_the_standard_library_works(factory: str, server: Server, start: Start, tmp_path: Path) -> None:
    """An executor cannot address its workers, so each run has its own token."""
    (tmp_path / "a.yaml").write_text(TOKENS.replace("URL", server.url), encoding="utf-8")
    (tmp_path / "rows.csv").write_text("n\n1\n2\n3\n", encoding="utf-8")
    code, said = ended(start("a.yaml", "--executor", f"concurrent.futures:{factory}", "--report", "json=out.json"))
    assert code == 0, said
    assert [server.asked[path] for path in ("/login", "/fetch", "/logout")] == [3, 3, 3]
    assert len(json.loads((tmp_path / "out.json").read_text())["sessions"]) == 3


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_broken_pool_is_replaced_and_an_idempotent_run_is_repeated(
    idempotent: bool, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(f"idempotent: {str(idempotent).lower()}\n" + FLOW, encoding="utf-8")
    (tmp_path / "z.yaml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "mine.py").write_text(
        "import multiprocessing, os\nfrom concurrent.futures import ProcessPoolExecutor\n"
        "def first():\n    os.environ['WORKER'] = str(os.getpid())\n"
        "def pool():\n    return ProcessPoolExecutor(1, multiprocessing.get_context('fork'), first)\n",
        encoding="utf-8",
    )
    mine = {"API_URL": server.url, "API_PASSWORD": PASSWORD, "PYTHONPATH": f"{PROJECT}:{tmp_path}"}
    process = start("a.yaml", "z.yaml", "--executor", "mine:pool", "-j", "1", **mine)
    assert server.held.wait(limit(3))
    os.kill(int(server.by["/hold"]), signal.SIGKILL)
    if idempotent:
        wait_for(lambda: server.asked["/hold"] == 2)
    server.release.set()
    code, said = ended(process)
    assert server.asked["/other"] == 4  # it goes on with a new pool
    if idempotent:
        assert (code, server.asked["/begin"]) == (0, 2), said
        assert "warning: the run was begun before on a worker, which was lost" in said
    else:
        assert (code, server.asked["/begin"]) == (3, 1), said
        assert "the worker that ran it was lost: BrokenProcessPool" in said


WRONG = {
    "dask": ("--executor 'dask' does not name a cluster", "dask=tcp://HOST:PORT"),
    "dusk=tcp://h:1": ("--executor 'dusk=tcp://h:1' does not name a cluster", "did you mean 'dask'?"),
    "nothing.there:pool": ("--executor nothing.there:pool cannot be imported: ModuleNotFoundError", ""),
    "concurrent.futures:Nothing": ("--executor concurrent.futures:Nothing cannot be imported: AttributeError", ""),
    "os:sep": ("--executor os:sep is not a function that makes an executor: it is str", ""),
    "builtins:dict": (
        "--executor builtins:dict returns dict, which is not an executor",
        "return an object with `submit` and `shutdown`",
    ),
    "os:getenv": ("--executor os:getenv cannot make an executor: TypeError", ""),
    "concurrent.futures:Executor": ("the executor cannot run anything: NotImplementedError", ""),
}


@pytest.mark.parametrize("where", WRONG)
def test_an_object_that_is_not_an_executor_is_refused_before_anything_is_sent(
    where: str, server: Server, runflow: Runflow, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    refused = runflow("a.yaml", "--executor", where, env={"API_URL": server.url})
    message, hint = WRONG[where]
    assert message in refused.err
    assert hint in refused.err
    assert (refused.code, server.asked) == (2, {})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--send-secrets",), "--send-secrets needs --executor"),
        (("--executor", "x:y", "--untrusted"), "--untrusted works on this machine only: remove --executor"),
        (("--executor", "x:y", "--pause", "s"), "--pause works on this machine only: remove --executor"),
        (("--executor", "x:y", "--replay", "a.yaml"), "--replay works on this machine only: remove --executor"),
        (("--executor", "x:y", "--env-file", "e"), "the values of --env-file are not sent to other machines"),
        (("--executor", "x:y", "--secrets", "keyring"), "the values of --secrets are not sent to other machines"),
    ],
)
def test_options_for_this_machine_are_refused_with_an_executor(
    words: tuple[str, ...], message: str, runflow: Runflow, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    refused = runflow("a.yaml", *words)
    assert message in refused.err
    assert refused.code == 2
