"""For the tests of runs on a cluster: a Dask cluster whose workers are processes, and a server that counts requests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import processes
from limits import limit, wait_for

PROJECT = Path(__file__).parent.parent.parent
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"} | {
    name: value for name, value in os.environ.items() if name.startswith("COVERAGE")
}
PASSWORD = "pw-of-the-worker"
FLOW = """\
base_url: "{{ env.API_URL }}"
secrets: [API_PASSWORD]
defaults: {headers: {X-Worker: "{{ env.WORKER }}"}}
steps:
  - {name: begin, post: /begin, json: {password: "{{ env.API_PASSWORD }}"}, expect: 200}
  - {name: hold, get: /hold, expect: 200}
finally:
  - {name: clean up, post: /cleanup, json: {}, expect: 200}
"""
OTHER = """\
base_url: "{{ env.API_URL }}"
cases: [{n: 1}, {n: 2}, {n: 3}, {n: 4}]
steps: [{name: other, get: "/other?n={{ n }}", expect: {status: 200, $.name: ada}}]
"""

TOKENS = """\
base_url: URL
auth:
  api:
    login: {post: /login, json: {}, extract: {token: $.token}}
    attach: {header Authorization: "Bearer {{ token }}"}
    logout: {post: /logout, json: {}, expect: 200}
cases: {file: rows.csv}
steps: [{name: fetch, get: "/fetch?n={{ n }}", auth: api, expect: 200}]
"""


class Cluster:
    """A scheduler, and workers by their names; each has its name and a password in its environment."""

    def __init__(self, logs: Path, threads: int = 2) -> None:
        self._logs = logs
        self._threads = threads
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler = self._run(
            "scheduler", "scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2]
        )
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, **environment: str) -> None:
        for name in names:
            words = ("--nthreads", str(self._threads), "--no-nanny", "--name", name)
            self.workers[name] = self._run(name, "worker", self.address, *words, WORKER=name, **environment)
        for name in names:
            wait_for(
                lambda name=name: "Registered to" in self.log(name), expected=3, what=f"the registration of {name}"
            )  # type: ignore[misc]  # a default

    def log(self, name: str) -> str:
        return (self._logs / name).read_text(encoding="utf-8")

    def _run(self, name: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        env = BARE | {"API_PASSWORD": PASSWORD} | environment
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        with (self._logs / name).open("wb") as log:
            return processes.start(command, cwd=self._logs, env=env, stderr=log, stdout=log)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        process = self.workers.pop(name)
        process.send_signal(number)
        process.wait(limit(2))
        processes.end(process)

    def close(self) -> None:
        """End all processes, whatever their state."""
        for each in (*self.workers.values(), self.scheduler):
            processes.end(each)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server(ThreadingHTTPServer):
    """Counts the requests, and notes their workers; `/hold` gets its response when it is released."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.by: dict[str, str] = {}
        self.counting = threading.Lock()
        self.held = threading.Event()
        self.release = threading.Event()

    def serve_later(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that were killed."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with self.server.counting:
            self.server.asked[path] += 1
        self.server.by[path] = self.headers.get("X-Worker", "")
        if path == "/hold":
            self.server.held.set()
            self.server.release.wait(limit(6))
        body = b'{"token": "tok-123456789", "name": "ada"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: Any) -> None: ...


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=limit(6))
    return process.returncode, out + err
