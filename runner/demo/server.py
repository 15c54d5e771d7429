"""Serves the demo API over HTTP/1.1 with keep-alive; each response is sent in one write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from .api import DemoApi, DemoRequest, DemoResponse

MAX_BODY = 10_000_000
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: DemoApi
    timeout = 30

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):  # its unread chunks would be taken for the next request
            self.close_connection = True
            self._write(DemoResponse(411))
            return
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._write(DemoResponse(413 if length.isdigit() else 400))
            return
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        request = DemoRequest(self.command, self.path, headers, self.rfile.read(int(length)))
        known = self.command in _METHODS
        response = self.api.respond(request) if known else DemoResponse(405, headers=(("Allow", ", ".join(_METHODS)),))
        time.sleep(response.wait)  # in this connection's own thread
        self._write(response)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handle every method (`do_TRACE`); http.server would respond with an error of its own."""
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._serve

    def _write(self, response: DemoResponse) -> None:
        """Send headers and body in one write: a second write would wait 40 ms for a delayed ACK."""
        reason = HTTPStatus(response.status).phrase if response.status in HTTPStatus._value2member_map_ else ""
        lines = [f"HTTP/1.1 {response.status} {reason}", "Server: runflow-demo", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        if response.status not in {204, 304}:
            lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + response.body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the console shows the run."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Ignore clients that close their connection."""


class DemoServer:
    """A server of the demo API, as a context manager.

    Args:
        port: The port to listen on; 0 chooses a free one.
        host: The address to listen on.

    Raises:
        OSError: the port is in use.
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
