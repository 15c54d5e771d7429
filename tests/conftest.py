"""Fixtures: real servers on free ports, each started once a process."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from hypothesis import HealthCheck, settings

from runflow.demo.api import environment
from runflow.demo.server import DemoServer

sys.path.insert(0, str(Path(__file__).parent))
from command import Ended, Runflow, run_here, run_process  # beside this file
from limits import limit
from processes import end_children

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell; children would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile(
    "runflow", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # no test judges seconds
settings.load_profile("runflow")
LEFT_BEHIND = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that a test leaves behind fails the run."""
    left = session.config.stash.setdefault(LEFT_BEHIND, [])
    worker = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["left_behind"] = end_children()  # the process that started this worker reports it
    elif session.config.getoption("numprocesses", None) in {None, 0}:
        left += end_children()
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of pytest-xdist has ended."""
    left = node.config.stash.setdefault(LEFT_BEHIND, [])
    left += getattr(node, "workeroutput", {}).get("left_behind", [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    left = config.stash.get(LEFT_BEHIND, [])
    if left:
        terminalreporter.section("processes that tests left behind", red=True)
        for each in left:
            terminalreporter.line(each)


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """The demo API's URL."""
    with DemoServer() as server:
        yield server.url


@pytest.fixture
def demo_env(demo: str) -> dict[str, str]:
    """What `--demo` puts into the environment."""
    return environment(demo)


@pytest.fixture(scope="session")
def httpbin_url() -> Iterator[str]:
    """httpbin on a WSGI server."""
    app = pytest.importorskip("httpbin", reason=f"run: {sys.executable} -m pip install --no-deps httpbin==0.10.4").app

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = make_server("127.0.0.1", 0, app, WSGIServer, Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


RawServer = Callable[..., str]


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    """Starts a server that says exactly these bytes to each connection, and gives its URL.

    A list is sent piece by piece; a callable gets the connection and the number of it.
    """
    stop = threading.Event()
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []
    connections: list[socket.socket] = []

    def start(*scripts: Any, wait: float = 0.0, hold: bool = False, read_first: bool = True) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def say(connection: socket.socket, script: Any) -> None:
            with connection:
                if callable(script):
                    script(connection)
                    return
                if read_first:
                    connection.recv(65536)
                for piece in script if isinstance(script, list) else [script]:
                    connection.sendall(piece)
                    if wait and stop.wait(wait):
                        return
                if hold:
                    stop.wait()

        def serve() -> None:
            number = 0
            while True:
                connection, _ = listener.accept()
                if stop.is_set():
                    connection.close()
                    return
                connections.append(connection)
                connection.settimeout(limit(1))
                try:
                    say(connection, scripts[min(number, len(scripts) - 1)])
                except OSError:
                    pass
                number += 1

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stop.set()
    for listener in listeners:
        with suppress(OSError):
            socket.create_connection(listener.getsockname(), 1).close()  # wakes the thread that accepts
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # wakes a script that waits for the next request
    for thread in threads:
        thread.join(limit(1))
    for listener in listeners:
        listener.close()


@pytest.fixture
def runflow(tmp_path: Path) -> Runflow:
    """Runs the command in this process, in an empty folder, with a bare environment: `runflow("check", "a.yaml").code`."""

    def call(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None, stdin: bytes = b"") -> Ended:
        return run_here(*words, env=env, cwd=cwd or tmp_path, stdin=stdin)

    return call


@pytest.fixture
def runflow_process(tmp_path: Path) -> Runflow:
    """Runs the command as `runflow` does, in a process of its own: for what imports, limits or plugins change."""

    def call(*words: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ended:
        return run_process(*words, env=env, cwd=cwd or tmp_path)

    return call


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file below the test's folder."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
