"""The demo API on a socket: HTTP/1.1 with keep-alive, each answer in one write."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from .api import DemoApi, DemoRequest, DemoResponse

MAX_BODY = 10_000_000
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: DemoApi
    timeout = 30

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):  # unread, its chunks would be taken for the next request
            self.close_connection = True
            self._write(DemoResponse(411))
            return
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._write(DemoResponse(413 if length.isdigit() else 400))
            return
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        asked = DemoRequest(self.command, self.path, headers, self.rfile.read(int(length)))
        known = self.command in _METHODS
        answered = self.api.answer(asked) if known else DemoResponse(405, headers=(("Allow", ", ".join(_METHODS)),))
        time.sleep(answered.wait)  # in this connection's own thread
        self._write(answered)

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked (`do_TRACE`); http.server would call it an error of its own."""
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._serve

    def _write(self, answered: DemoResponse) -> None:
        """Head and body in one write: in two, the second waits 40 ms for the other side's delayed ACK."""
        reason = HTTPStatus(answered.status).phrase if answered.status in HTTPStatus._value2member_map_ else ""
        lines = [f"HTTP/1.1 {answered.status} {reason}", "Server: runflow-demo", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in answered.headers]
        if answered.status not in {204, 304}:
            lines.append(f"Content-Length: {len(answered.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + answered.body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the console belongs to the run."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Nothing: a client that goes away is no news."""


class DemoServer:
    """The demo API, served while it is entered.

    Args:
        port: 0 takes a free one.
        host: The address to listen on.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        handler = type("Handler", (_Handler,), {"api": DemoApi()})
        self._server = _Server((host, port), handler)
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="runflow-demo"
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._server.serve_forever()
