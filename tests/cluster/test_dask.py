"""`--executor dask=…`: a real scheduler with workers that are processes of their own, some of them killed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from limits import limit, wait_for
from processes import Start
from workers import BARE, FLOW, OTHER, PASSWORD, PROJECT, TOKENS, Cluster, Server, ended

from runflow.version import __version__

pytestmark = pytest.mark.slow


def alike(text: str) -> list[str]:
    """The lines without the parts that differ from run to run."""
    return sorted(re.sub(r"\d+(\.\d+)? m?s\b|127\.0\.0\.1:\d+|orders/\d+", "…", text).splitlines())


def test_the_output_is_the_same_as_that_of_a_run_on_this_machine(
    cluster: Cluster, start: Start, demo_env: dict[str, str], tmp_path: Path
) -> None:
    """The whole cookbook: includes, cases, files, links, sessions, needs."""
    (tmp_path / "workflows").symlink_to(PROJECT / "workflows")
    words = ("workflows", "--seed", "7", "--no-store", "-j", "1")
    here = ended(start(*words, **demo_env))
    there = ended(start(*words, "--executor", f"dask={cluster.address}", "--send-secrets", **demo_env))
    assert here[0] == there[0] == 0, there[1]
    assert alike(there[1]) == alike(here[1])


def test_a_worker_that_is_killed_makes_exactly_its_run_an_error_and_nothing_is_sent_twice(
    doomed: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(FLOW, encoding="utf-8")
    report = tmp_path / "out.jsonl"
    process = start(
        ".", "--executor", f"dask={doomed.address}", "--report", f"jsonl={report}", "--report", "json=out.json"
    )
    wait_for(lambda: report.exists() and report.read_text().count('"workflow_finished"') == 4 and server.held.is_set())
    doomed.kill(server.by["/hold"])
    server.release.set()
    code, said = ended(process)
    assert code == 3, said
    verdicts = [each["verdict"] for each in json.loads((tmp_path / "out.json").read_text())["workflows"]]
    assert verdicts == ["passed", "passed", "passed", "passed", "error"]
    assert "RF306" in said
    assert re.search(r"the worker that ran it \(tcp://127.0.0.1:\d+\) was lost; what it had sent until then", said)
    assert "`idempotent: true`" in said
    assert server.asked["/begin"] == server.asked["/hold"] == 1


def test_an_idempotent_workflow_is_run_again_on_another_worker_and_its_report_says_so(
    doomed: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("idempotent: true\n" + FLOW, encoding="utf-8")
    process = start("a.yaml", "--executor", f"dask={doomed.address}")
    assert server.held.wait(limit(3))
    first = server.by["/begin"]
    doomed.kill(first)
    wait_for(lambda: server.asked["/hold"] == 2)
    server.release.set()
    code, said = ended(process)
    assert code == 0, said
    assert server.asked["/begin"] == 2
    assert server.by["/begin"] != first
    assert re.search(r"warning: the run was begun before on tcp://127.0.0.1:\d+, which was lost", said)


def test_ctrl_c_lets_runs_on_the_workers_clean_up(
    doomed: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(FLOW.replace("/begin", "/second"), encoding="utf-8")
    process = start("a.yaml", "b.yaml", "--executor", f"dask={doomed.address}", "-j", "1")
    assert server.held.wait(limit(3))
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130, said
    assert "✓ clean up" in said
    assert server.asked["/cleanup"] == 1
    assert server.asked["/second"] == 0
    assert "1 workflow with errors, 1 workflow skipped" in said


def test_a_scheduler_that_is_killed_ends_the_run_without_a_traceback(
    doomed: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(FLOW, encoding="utf-8")
    process = start("a.yaml", "--executor", f"dask={doomed.address}")
    assert server.held.wait(limit(3))
    doomed.scheduler.kill()
    code, said = ended(process)
    for name in list(doomed.workers):
        doomed.kill(name)  # they would look for it for long
    assert code == 3
    assert "RF306\n      the Dask scheduler does not respond any more\n" in said
    assert "whether every session was logged out is not known" in said
    assert "Traceback" not in said


def test_a_frozen_or_killed_scheduler_or_worker_is_not_waited_for(doomed: Cluster) -> None:
    asked = (
        f"LIMIT = {limit(2)}"
        """
import os, signal, sys, time
from runflow.model.errors import Interrupted
from runflow.cluster import dask
dask.STOP_LIMIT = 0.3
cluster, begun = dask.Dask(sys.argv[1], 10.0), time.monotonic()
for each in sys.argv[2:]:
    os.kill(int(each), signal.SIGSTOP)
said = cluster.log_out("suite", 0.5)
cluster.stop("suite", Interrupted("enough"), [])
print([each is None for each in said], cluster.failure() or "")
cluster.close()
for each in sys.argv[2:]:
    os.kill(int(each), signal.SIGCONT)
sys.exit(time.monotonic() - begun > LIMIT)
"""
    )

    def told(*frozen: subprocess.Popen[bytes]) -> str:
        words = [sys.executable, "-c", asked, doomed.address, *(str(each.pid) for each in frozen)]
        return subprocess.run(words, env=BARE, capture_output=True, text=True, check=True).stdout.strip()

    assert told() == "[False, False]"
    assert told(doomed.workers["ann"]) in {"[True, False]", "[False, True]"}
    assert told(doomed.scheduler) == "[True] the Dask scheduler does not respond any more"
    doomed.kill("ann")
    doomed.kill("bob")
    wait_for(lambda: told() == "[] the Dask cluster has no worker any more")


def test_a_token_serves_all_runs_of_a_thread_and_is_revoked_at_the_end(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    """Two workers of two threads each."""
    (tmp_path / "a.yaml").write_text(TOKENS.replace("URL", server.url), encoding="utf-8")
    (tmp_path / "rows.csv").write_text(
        "n,filling\n" + "".join(f"{n},{'x' * 200}\n" for n in range(100)), encoding="utf-8"
    )
    code, said = ended(start("a.yaml", "-q", "--executor", f"dask={cluster.address}", "--report", "json=out.json"))
    assert code == 0, said
    assert server.asked["/fetch"] == 100
    assert 1 <= server.asked["/login"] == server.asked["/logout"] <= 4
    sessions = json.loads((tmp_path / "out.json").read_text())["sessions"]
    assert len(sessions) == server.asked["/login"]
    assert sum(count for each in sessions for _, count in each["users"]) == 100


def test_a_worker_reads_its_own_environment_and_no_secret_leaves_this_machine(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    flow = FLOW.replace("{{ env.API_URL }}", server.url).replace("/hold", "/go")
    (tmp_path / "a.yaml").write_text(flow, encoding="utf-8")
    mine = {"API_PASSWORD": "pw-of-the-client", "WORKER": "client"}
    code, said = ended(start("a.yaml", "-vv", "--executor", f"dask={cluster.address}", **mine))
    assert code == 0, said
    assert server.by["/begin"] in {"ann", "bob"}
    assert "***" in said
    code, said = ended(start("a.yaml", "-vv", "--executor", f"dask={cluster.address}", "--send-secrets", **mine))
    assert code == 0, said
    assert server.by["/begin"] == "client"
    assert PASSWORD not in said
    assert "pw-of" not in said


def test_values_of_a_secret_source_are_sent_only_with_send_secrets_and_masked_there_too(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    flow = FLOW.replace("{{ env.API_URL }}", server.url).replace("/hold", "/go").replace("secrets: [API_PASSWORD]", "")
    (tmp_path / "a.yaml").write_text(flow.replace("API_PASSWORD", "OTHER_WORD"), encoding="utf-8")
    (tmp_path / "words").write_text("OTHER_WORD=hidden-word\n", encoding="utf-8")
    words = ("a.yaml", "-vv", "--secrets-file", "words", "--executor", f"dask={cluster.address}")
    code, said = ended(start(*words))
    assert (code, "the values of --secrets-file are not sent to other machines: add --send-secrets" in said) == (
        2,
        True,
    ), said
    code, said = ended(start(*words, "--send-secrets", WORKER="client"))
    assert code == 0, said
    assert "hidden-word" not in said
    assert "***" in said


def test_a_missing_input_on_a_worker_is_reported_with_its_place_and_a_hint(
    cluster: Cluster, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text('steps: [{get: "http://{{ env.NOWHERE_SET }}/", expect: 200}]\n', encoding="utf-8")
    code, said = ended(start("a.yaml", "--executor", f"dask={cluster.address}", NOWHERE_SET="here"))
    assert code == 3, said
    assert "a.yaml:1:15  RF304" in said
    assert f"on the worker {socket.gethostname()}: the environment variable NOWHERE_SET is not set" in said
    assert "--send-secrets sends the values that the workflow needs from yours" in said


def test_a_file_that_is_named_while_it_runs_is_not_in_the_bundle(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "data.txt").write_text("hello", encoding="utf-8")
    step = 'steps: [{{post: {url}/x, body: "{{{{ file({name}) }}}}", expect: 200}}]\n'
    (tmp_path / "a.yaml").write_text(
        "vars: {which: data}\n" + step.format(url=server.url, name="which ~ '.txt'"), encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text(step.format(url=server.url, name="'data.txt'"), encoding="utf-8")
    assert ended(start("a.yaml", "b.yaml"))[0] == 0
    code, said = ended(start("a.yaml", "b.yaml", "--executor", f"dask={cluster.address}"))
    assert code == 3
    assert "data.txt was not sent with the workflow" in said
    assert "write the file name without a template, so that the file is sent with the workflow" in said
    assert "1 workflow passed, 1 workflow with errors" in said


def test_a_certificate_is_written_where_only_the_worker_reads_it_and_its_key_is_sent_with_send_secrets_only(
    cluster: Cluster, start: Start, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("client@example.test")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_later()
    flow = "steps: [{{get: https://127.0.0.1:{port}/x, http: {{verify: ca.pem{cert}}}, expect: 200}}]\n"
    (tmp_path / "a.yaml").write_text(flow.format(port=server.server_port, cert=", cert: client.pem"), encoding="utf-8")
    words = ("a.yaml", "--executor", f"dask={cluster.address}")
    code, said = ended(start(*words))
    assert (code, "a.yaml: client.pem holds a private key, which would be sent to the workers" in said) == (2, True), (
        said
    )
    code, said = ended(start(*words, "--send-secrets"))
    server.shutdown()
    server.server_close()
    assert code == 0, said


def test_a_secret_that_is_given_with_var_is_sent_with_send_secrets_only(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        f"inputs: [word, other]\nsecrets: [word]\nsteps: [{{get: '{server.url}/{{{{ word }}}}/{{{{ other }}}}', expect: 200}}]\n",
        encoding="utf-8",
    )
    words = ("a.yaml", "--var", "word=my-word", "--var", "other=o", "--executor", f"dask={cluster.address}")
    code, said = ended(start(*words))
    assert code == 2
    assert "a.yaml:2:11: `word` is secret, and --var would send its value to the workers" in said
    assert server.asked == {}
    code, said = ended(start(*words, "--send-secrets"))
    assert (code, "my-word" in said, server.asked) == (0, False, {"/my-word/o": 1}), said


def test_no_worker_logs_what_was_sent(cluster: Cluster) -> None:
    """Dask logs the arguments of functions that raise."""
    send = "import sys; from runflow.cluster.dask import Dask; Dask(sys.argv[1], 10.0).submit(b'my-secret-word', b'').result(10)"
    subprocess.run([sys.executable, "-c", send, cluster.address], env=BARE, check=True)
    assert "my-secret-word" not in "".join(cluster.log(name) for name in cluster.workers)


def test_links_are_followed_where_the_files_are_and_not_where_they_are_read(
    cluster: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    """Files on the worker's disk under the same path do not count."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "_included.yaml").write_text(
        f"steps: [{{post: {server.url}/x, body: \"{{{{ file('data.txt') }}}}\"}}]\n", encoding="utf-8"
    )
    (tmp_path / "real" / "data.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "a.yaml").write_text("steps: [{include: link/_included.yaml}]\n", encoding="utf-8")
    code, said = ended(start("a.yaml", "--executor", f"dask={cluster.address}"))
    assert code == 0, said
    assert server.asked["/x"] == 1


def test_a_scheduler_that_is_silent_is_not_waited_for() -> None:
    """The library limits the connection only, which is there at once. The command waits ten seconds."""
    connect = """
import sys
from runflow.model.errors import RunflowError
from runflow.cluster.dask import Dask
try:
    Dask(sys.argv[1], 1.0)
except RunflowError as error:
    sys.exit(f"{error.message} → {error.hint}")
"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        words = [sys.executable, "-c", connect, address]
        done = subprocess.run(words, env=BARE, capture_output=True, encoding="utf-8", timeout=limit(2), check=False)
    assert done.returncode == 1
    assert (
        f"no Dask scheduler responds at {address}: TimeoutError: it was silent for 1 s → is the scheduler"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["nonsense://127.0.0.1:1", "127.0.0.1", "tcp://127.0.0.1", "tcp://host:port"])
def test_an_invalid_address_is_refused_at_once(address: str, start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    code, said = ended(start("a.yaml", "--executor", f"dask={address}"))
    assert code == 2, said
    assert said.startswith(f"error: '{address}' is not a valid address of a Dask scheduler\n  → write tcp://HOST:PORT")


def test_without_dask_the_command_that_installs_it_is_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'distributed' else find(name, *rest)\n",
        encoding="utf-8",
    )
    code, said = ended(start("a.yaml", "--executor", "dask=tcp://h:1", PYTHONPATH=f"{tmp_path}:{PROJECT}"))
    assert code == 2
    assert "pip install 'runflow-http[dask]'" in said


def test_workers_with_another_runflow_or_none_are_refused_by_name(
    doomed: Cluster, server: Server, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(OTHER, encoding="utf-8")
    shutil.copytree(PROJECT / "runner", tmp_path / "old" / "runflow")
    version = tmp_path / "old" / "runflow" / "version.py"
    version.write_text(version.read_text(encoding="utf-8").replace(f'"{__version__}"', '"0.0.7"'), encoding="utf-8")
    (tmp_path / "none" / "runflow").mkdir(parents=True)
    (tmp_path / "none" / "runflow" / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module named runflow')", encoding="utf-8"
    )
    doomed.kill("ann")
    doomed.start("eve", PYTHONPATH=str(tmp_path / "old"))
    words = ("a.yaml", "--executor", f"dask={doomed.address}", "--send-secrets")
    code, said = ended(start(*words, API_URL=server.url))
    assert code == 2, said
    assert re.search(
        rf"the workers have other versions of runflow than {__version__}, which is installed here: tcp://127.0.0.1:\d+ has 0.0.7\n",
        said,
    )
    assert f"pip install runflow-http=={__version__}" in said
    doomed.kill("eve")
    doomed.start("fay", PYTHONPATH=str(tmp_path / "none"))
    code, said = ended(start(*words, API_URL=server.url))
    assert code == 2, said
    assert re.search(r"the Dask worker tcp://127.0.0.1:\d+ has no working runflow", said)
    assert server.asked == {}
