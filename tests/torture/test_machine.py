"""Faults of the machine: the run ends with the right exit code, and what it wrote is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from faults import OK, Peer, always, healthy
from limits import limit, wait_for
from needs import without_root
from processes import started
from running import PROJECT, Runflow, Serve

from runflow.reporters.table import REPORTERS

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])


def many(url: str, runs: int) -> str:
    return f"matrix: {{n: [{', '.join(map(str, range(runs)))}]}}\nsteps: [{{name: ask, get: '{url}/{{{{ n }}}}', expect: 200}}]\n"


def slowly(peer: Peer) -> None:
    while peer.read():
        if peer.server.stop.wait(0.05):
            return
        peer.say(OK)


def begin(folder: Path, *words: str, **more: Any) -> AbstractContextManager[subprocess.Popen[bytes]]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1"}
    return started([sys.executable, "-m", "runflow", "run", *words], cwd=folder, env=env, **more)


@pytest.mark.slow
@pytest.mark.parametrize("requests", [1, 5, 9, 10])
def test_kill_9_leaves_the_old_report_or_the_new_one(requests: int, serve: Serve, write: Any, runflow: Runflow) -> None:
    server = serve(slowly)
    flow = write("flow.yaml", many(server.url, 10))
    files = {"junit": "run.xml", "html": "run.html", "json": "run.json", "tap": "run.tap", "har": "run.har"}
    for name in files.values():
        write(name, "the old one")
    words = [f"--report={kind}={name}" for kind, name in files.items()]
    with begin(
        flow.parent, "flow.yaml", "-j1", "--report=jsonl=run.jsonl", *words, stdout=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: len(server.asked) >= requests, what=f"request {requests}")
        process.kill()
        process.wait()
    for kind, name in files.items():
        text = (flow.parent / name).read_text()
        if text == "the old one":
            continue
        match kind:
            case "junit":
                ET.fromstring(text)
            case "json" | "har":
                json.loads(text)
            case "html":
                assert text.rstrip().endswith("</html>")
            case _:
                assert text.startswith("TAP version 14")
                assert "\n1..10\n" in text
    if process.returncode != 0:
        again = runflow("report", "run.jsonl", "--report", "json=again.json")
        # whole where it was killed between the last line and its end
        complete = b'"event":"run_finished"' in (flow.parent / "run.jsonl").read_bytes()
        assert (again.code, "cut" in again.err) == ((0, False) if complete else (3, True)), again.out + again.err
        told = json.loads((flow.parent / "again.json").read_text())
        whole = [each for each in told["workflows"] if each["verdict"] == "passed"]
        assert len(whole) <= len(server.asked)


@pytest.mark.parametrize("kind", REPORTERS)
def test_a_full_disk_is_exit_4_and_the_other_reports_are_whole(
    kind: str, serve: Serve, write: Any, runflow: Runflow
) -> None:
    write("flow.yaml", many(serve(always(OK)).url, 3).replace("200", "201"))
    other = "json" if kind == "junit" else "junit"
    ended = runflow("run", "flow.yaml", "--report", f"{kind}=/dev/full", "--report", f"{other}=whole")
    assert ended.code == 4
    assert f"the {kind} report could not be written: no space left on device" in ended.err
    assert "Traceback" not in ended.err
    text = (ended.folder / "whole").read_text()
    assert (
        len(json.loads(text)["workflows"]) if other == "json" else len(ET.fromstring(text).findall(".//testcase"))
    ) == 3
    assert sorted(each.name for each in ended.folder.iterdir() if each.suffix == ".part") == []


@pytest.mark.parametrize("words", [("--report=tap=-", "-q"), ("--report=jsonl=-", "-q"), ("-vv",), ()])
def test_a_closed_pipe_is_exit_4_and_the_other_reports_are_whole(
    words: tuple[str, ...], serve: Serve, write: Any
) -> None:
    flow = write("flow.yaml", many(serve(always(OK)).url, 30))
    reading, writing = os.pipe()
    os.close(reading)
    with begin(
        flow.parent, "flow.yaml", *words, "--report=junit=run.xml", stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        process.wait(limit(2))
    assert process.returncode == 4
    assert "Traceback" not in said
    assert len(ET.parse(flow.parent / "run.xml").findall(".//testcase")) == 30


def test_a_read_only_folder_and_no_home_are_no_trouble(
    serve: Serve, write: Any, runflow: Runflow, tmp_path: Path
) -> None:
    """Root, whom no permission stops, does without that power here."""
    write("flow.yaml", many(serve(always(OK)).url, 3))
    tmp_path.chmod(0o555)
    by = without_root()
    try:
        ended = runflow("run", "flow.yaml", env={"HOME": "/nonexistent"}, by=by)
        unwritable = runflow("run", "flow.yaml", "--report", "junit=run.xml", "--report", "tap=-", by=by)
    finally:
        tmp_path.chmod(0o755)
    assert ended.code == 0, ended.out + ended.err
    assert "Traceback" not in ended.err
    assert unwritable.code == 4
    assert "the junit report could not be written: permission denied" in unwritable.err
    assert "1..3" in unwritable.out
    assert not (tmp_path / ".runflow").exists()


def test_an_ascii_locale_changes_no_verdict(serve: Serve, write: Any, runflow: Runflow) -> None:
    write(
        "flow.yaml",
        f"name: Ünïcode ✓\nsteps: [{{name: 'größe 日本', get: '{serve(always(OK)).url}/', expect: {{$.ok: false}}}}]\n",
    )
    locale = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = runflow("run", "flow.yaml", "--report", "json=run.json", "--report", "junit=run.xml", "-vv", env=locale)
    assert ended.code == 1
    assert ended.out.isascii()
    assert "Traceback" not in ended.err
    assert json.loads((ended.folder / "run.json").read_text(encoding="utf-8"))["workflows"][0]["name"] == "Ünïcode ✓"
    assert ET.parse(ended.folder / "run.xml").find(".//testcase").get("name") == "Ünïcode ✓"  # type: ignore[union-attr]  # it is there


JUMPING = """
import itertools, time
jumps = itertools.cycle((0, -86400, 3600, -3600, 86400 * 400))
real = time.time
time.time = lambda: real() + next(jumps)
"""


@pytest.mark.slow
@DRIVERS
def test_a_clock_that_jumps_changes_no_verdict_and_no_limit(
    driver: str, serve: Serve, write: Any, runflow: Runflow
) -> None:
    site = write("site/sitecustomize.py", JUMPING).parent
    server = serve(healthy())
    silent = serve(lambda peer: (peer.read(), peer.hold()))  # type: ignore[arg-type, return-value]  # what it gives back is nobody's
    login = "auth: {a: {login: {post: /login, extract: {token: $.line}}}}"
    write(
        "flow.yaml", f"base_url: {server.url}\n{login}\nsteps:\n" + "  - {get: /, auth: a, expect: {$.ok: true}}\n" * 5
    )
    write("late.yaml", f"steps: [{{get: {silent.url}/, timeout: 1s, expect: 200}}]\n")
    reports = ["--report", "jsonl=run.jsonl", "--report", "junit=run.xml", "--report", "html=run.html"]
    ended = runflow("run", "flow.yaml", "late.yaml", "--driver", driver, *reports, path=[site])
    assert ended.code == 3, ended.out
    steps = ended.steps()
    assert [
        step["verdict"] for step in steps if step.get("url", "").startswith(server.url) and "purpose" not in step
    ] == ["passed"] * 5
    late = steps[-1]
    assert late["tries"][-1]["errors"][0]["cause"] == "timeout"
    assert all(0 <= step.get("seconds", 0) < limit(1) for step in steps)  # no jump of an hour or a day
    ET.parse(ended.folder / "run.xml")


@pytest.mark.slow
@DRIVERS
def test_200_file_descriptors_are_enough(driver: str, serve: Serve, write: Any, runflow: Runflow) -> None:
    write("flow.yaml", many(serve(always(OK)).url, 400))
    ended = runflow("run", "flow.yaml", "--driver", driver, "-j", "1000", "-q", "--report", "junit=run.xml", files=200)
    assert ended.code == 0, ended.out[-2000:] + ended.err
    assert len(ET.parse(ended.folder / "run.xml").findall(".//testcase")) == 400


@DRIVERS
def test_sigterm_runs_finally_and_leaves_whole_reports(driver: str, serve: Serve, write: Any) -> None:
    server, silent = serve(healthy()), serve(lambda peer: (peer.read(), peer.hold()))  # type: ignore[arg-type, return-value]  # as above
    flow = write(
        "flow.yaml",
        f"steps: [{{name: hangs, get: {silent.url}/, expect: 200}}]\nfinally: [{{name: clean, delete: {server.url}/x}}]\n",
    )
    write("later.yaml", f"steps: [{{get: {server.url}/later}}]\n")
    words = ["--report=junit=run.xml", "--report=json=run.json", "--driver", driver, "-j1"]
    with begin(flow.parent, "flow.yaml", "later.yaml", *words, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: silent.asked, what="the request that hangs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=limit(1)) == 143
    assert [request.split(b" ", 2)[:2] for request in server.asked] == [[b"DELETE", b"/x"]]
    told = json.loads((flow.parent / "run.json").read_text())
    assert [each["verdict"] for each in told["workflows"]] == ["error", "skipped"]
    assert told["end"]["interrupted_by"] == signal.SIGTERM
    assert len(ET.parse(flow.parent / "run.xml").findall(".//testcase")) == 2
