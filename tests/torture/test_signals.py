"""Signals, whenever they come: `finally` and logout run, reports are whole, the exit code says which it was, nobody is left behind."""

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
from faults import Peer, Server, answer
from limits import limit, wait_for
from processes import started
from running import Serve

from runflow.reporters.table import REPORTERS

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
REPORTS = [f"--report={kind}=run.{kind}" for kind in REPORTERS]

FLOW = """\
base_url: {url}
auth: {{a: {{login: {{post: "/login{slow}", extract: {{token: $.token}}}}, logout: {{post: /logout}}}}}}
steps:
  - {{name: opened, post: /open, auth: a, expect: 200}}
  - {{name: hangs, {hangs}}}
  - {{name: never, get: /never}}
finally:
  - {{name: closed, delete: /open, expect: 200}}
"""
HANGS = {
    "a request": ("get: /slow, timeout: 600s, expect: 200", b"GET /slow"),
    "a wait between attempts": ("get: /busy, retry: {times: 50, every: 600s}, expect: 200", b"GET /busy"),
    "a delay": ("delay: 600s, get: /fast, expect: 200", None),
    "a loop": ("for_each: [1, 2, 3, 4, 5, 6, 7, 8, 9], get: /slowly, delay: 600s, expect: 200", None),
}
"""What is under way when the signal comes, and the request that shows it; each would take ten minutes."""


def server_of(peer: Peer) -> None:
    while request := peer.read():
        path = request.split(b" ", 2)[1]
        if path in {b"/slow", b"/login-slow"}:
            peer.hold()
            return
        peer.say(answer(b'{"token":"tok-12345"}', status=b"503 Busy" if path == b"/busy" else b"200 OK"))


def begin(folder: Path, *words: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "runflow", "run", *words]
    env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    return started(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)


def until(server: Server, line: bytes, process: subprocess.Popen[bytes]) -> None:
    """Wait for a request to have come."""

    def came() -> bool:
        assert process.poll() is None
        return any(request.startswith(line) for request in server.asked)

    wait_for(came, what=f"the request {line.decode()}")


def whole(folder: Path, number: int) -> dict[str, Any]:
    """Every report parses; what the JSON one says."""
    ET.parse(folder / "run.junit")
    json.loads((folder / "run.har").read_text())
    assert (folder / "run.html").read_text().rstrip().endswith("</html>")
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    assert lines[-1]["event"] == "run_finished"
    said: dict[str, Any] = json.loads((folder / "run.json").read_text())
    assert said["end"]["interrupted_by"] == number
    assert not list(folder.glob("*.tmp*"))
    return said


@DRIVERS
@SIGNALS
@pytest.mark.parametrize("name", HANGS)
def test_a_signal_cleans_up_logs_out_and_reports(name: str, number: int, driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    hangs, request = HANGS[name]
    folder = write("flow.yaml", FLOW.format(url=server.url, slow="", hangs=hangs)).parent
    with begin(folder, "flow.yaml", "--driver", driver, *REPORTS) as process:
        assert process.stdout is not None
        while b"opened" not in (line := process.stdout.readline()):
            assert line, "the first step never ended"
        if request is not None:
            until(server, request, process)
        process.send_signal(number)
        out, _ = process.communicate(timeout=limit(1))  # and not ten or thirty seconds
    assert process.returncode == 128 + number, out.decode()
    asked = [b" ".join(request.split(b" ", 2)[:2]).decode() for request in server.asked]
    assert asked[-2:] == ["DELETE /open", "POST /logout"]
    assert "GET /never" not in asked
    said = whole(folder, number)
    assert said["workflows"][0]["verdict"] == "error"
    verdicts = {step["name"]: step["verdict"] for step in said["workflows"][0]["steps"]}
    assert (verdicts["opened"], verdicts["never"], verdicts["closed"]) == ("passed", "skipped", "passed")
    assert b"Traceback" not in out


@DRIVERS
def test_a_signal_during_a_login_ends_the_run_in_time(driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    folder = write("flow.yaml", FLOW.format(url=server.url, slow="-slow", hangs="get: /x")).parent
    with begin(folder, "flow.yaml", "--driver", driver, *REPORTS) as process:
        until(server, b"POST /login-slow", process)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=limit(1))
    assert process.returncode == 143, out.decode()
    whole(folder, signal.SIGTERM)


@DRIVERS
@SIGNALS
def test_a_second_signal_is_out_within_a_second(number: int, driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    text = FLOW.format(url=server.url, slow="", hangs=HANGS["a request"][0])
    folder = write("flow.yaml", text.replace("delete: /open", "delete: /slow")).parent
    with begin(folder, "flow.yaml", "--driver", driver, *REPORTS) as process:
        until(server, b"GET /slow", process)
        process.send_signal(number)
        until(server, b"DELETE /slow", process)
        process.send_signal(number)
        out, _ = process.communicate(timeout=limit(0.5))  # the cleanup alone would take ten seconds
    assert process.returncode == 128 + number, out.decode()
    assert b"Traceback" not in out


@pytest.mark.slow
@DRIVERS
def test_signals_at_any_moment_leave_whole_reports_or_none(driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    text = f"matrix: {{n: [{', '.join(map(str, range(300)))}]}}\nsteps: [{{get: '{server.url}/{{{{ n }}}}', expect: 200}}]\n"
    folder = write("flow.yaml", text).parent
    codes = set()
    for requests in (0, 1, 2, 5, 20, 50, 100, 200, 290, 300):
        for report in folder.glob("run.*"):
            report.unlink()
        server.asked.clear()
        with begin(folder, "flow.yaml", "--driver", driver, "-j", "4", *REPORTS) as process:
            wait_for(lambda count=requests: len(server.asked) >= count, what=f"request {requests}")  # type: ignore[misc]  # a default
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=limit(2))
        codes.add(process.returncode)
        assert process.returncode in {0, 143, -15}, out.decode()
        assert b"Traceback" not in out, out.decode()
        if process.returncode == 143 and (folder / "run.json").exists():
            whole(folder, signal.SIGTERM)
    assert 143 in codes


@DRIVERS
def test_nobody_is_left_behind(driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    folder = write("flow.yaml", FLOW.format(url=server.url, slow="", hangs=HANGS["a request"][0])).parent
    with begin(folder, "flow.yaml", "--driver", driver, "--demo") as process:
        until(server, b"GET /slow", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=limit(2))
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)  # the group is empty
