"""Signals, whenever they come: `finally` and logout run, reports are whole, the exit code says which it was, nobody is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from faults import Peer, Server, answer
from running import PROJECT, Serve

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
REPORTS = [f"--report={kind}=run.{kind}" for kind in ("junit", "json", "jsonl", "html", "tap", "har")]

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
    "a request": "get: /slow, timeout: 30s, expect: 200",
    "a wait between tries": "get: /busy, retry: {times: 50, every: 10s}, expect: 200",
    "a delay": "delay: 30s, get: /fast, expect: 200",
    "a loop": "for_each: [1, 2, 3, 4, 5, 6, 7, 8, 9], get: /slowly, delay: 1s, expect: 200",
}


def server_of(peer: Peer) -> None:
    while request := peer.read():
        path = request.split(b" ", 2)[1]
        if path in {b"/slow", b"/login-slow"}:
            peer.hold()
            return
        peer.say(answer(b'{"token":"tok-12345"}', status=b"503 Busy" if path == b"/busy" else b"200 OK"))


def begin(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "runflow", "run", *words], cwd=folder, env=env, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def until(server: Server, line: bytes, process: subprocess.Popen[bytes]) -> None:
    """Wait for a request to have come."""
    end = time.monotonic() + 20
    while not any(request.startswith(line) for request in server.asked):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)


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
    folder = write("flow.yaml", FLOW.format(url=server.url, slow="", hangs=HANGS[name])).parent
    with begin(folder, "flow.yaml", "--driver", driver, *REPORTS) as process:
        until(server, b"POST /open", process)
        time.sleep(0.3)
        process.send_signal(number)
        begun = time.monotonic()
        out, _ = process.communicate(timeout=20)
        seconds = time.monotonic() - begun
    assert process.returncode == 128 + number, out.decode()
    assert seconds < 3
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
        begun = time.monotonic()
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 143, out.decode()
    assert time.monotonic() - begun < 3
    whole(folder, signal.SIGTERM)


@DRIVERS
@SIGNALS
def test_a_second_signal_is_out_within_a_second(number: int, driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    text = FLOW.format(url=server.url, slow="", hangs=HANGS["a request"])
    folder = write("flow.yaml", text.replace("delete: /open", "delete: /slow")).parent
    with begin(folder, "flow.yaml", "--driver", driver, *REPORTS) as process:
        until(server, b"GET /slow", process)
        process.send_signal(number)
        until(server, b"DELETE /slow", process)
        process.send_signal(number)
        begun = time.monotonic()
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 128 + number, out.decode()
    assert time.monotonic() - begun < 1
    assert b"Traceback" not in out


@DRIVERS
def test_signals_at_any_moment_leave_whole_reports_or_none(driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    text = f"matrix: {{n: [{', '.join(map(str, range(300)))}]}}\nsteps: [{{get: '{server.url}/{{{{ n }}}}', expect: 200}}]\n"
    folder = write("flow.yaml", text).parent
    codes = set()
    for wait in (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        for report in folder.glob("run.*"):
            report.unlink()
        with begin(folder, "flow.yaml", "--driver", driver, "-j", "4", *REPORTS) as process:
            time.sleep(0.15 + wait)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
        codes.add(process.returncode)
        assert process.returncode in {0, 143, -15}, out.decode()
        assert b"Traceback" not in out, out.decode()
        if process.returncode == 143 and (folder / "run.json").exists():
            whole(folder, signal.SIGTERM)
    assert 143 in codes


@DRIVERS
def test_nobody_is_left_behind(driver: str, serve: Serve, write: Any) -> None:
    server = serve(server_of)
    folder = write("flow.yaml", FLOW.format(url=server.url, slow="", hangs=HANGS["a request"])).parent
    with begin(folder, "flow.yaml", "--driver", driver, "--demo") as process:
        until(server, b"GET /slow", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    left = subprocess.run(["ps", "-o", "pid=", "-g", str(process.pid)], capture_output=True, text=True, check=False)
    assert left.stdout.split() == []
