"""A kept connection is looked at before it is used again: by whichever driver, at whatever time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from limits import limit
from test_conformance import OneByOne

from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request, Response

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"


class Connections:
    """A server that does something after its first response, on the first connection; on the others it answers `ok`."""

    def __init__(self, after: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.requests = 0
        self.connections = 0
        self.done = threading.Event()
        self._after = after
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections == 1), daemon=True).start()

    def _serve(self, sock: socket.socket, first: bool) -> None:  # a thread's argument
        with sock, contextlib.suppress(OSError):  # the client may close the connection first
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                data = b""
                self.requests += 1
                sock.sendall(OK)
                if first:
                    self._after(sock)
                    self.done.set()
                    first = False

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def connections() -> Iterator[Callable[..., Connections]]:
    made: list[Connections] = []

    def start(after: Callable[[socket.socket], None]) -> Connections:
        made.append(Connections(after))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.mark.parametrize("driver", [RequestsDriver, OneByOne], ids=["requests", "curl"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "after",
    [
        lambda sock: sock.sendall(STRAY),
        lambda sock: sock.sendall(b"\r\n"),
        lambda sock: sock.shutdown(socket.SHUT_WR),
        lambda sock: sock.shutdown(socket.SHUT_RDWR),
    ],
    ids=["a stray response", "stray bytes", "half closed", "closed"],
)
def test_a_connection_that_is_not_clean_serves_no_other_request(
    connections: Callable[..., Connections], driver: Any, method: str, after: Callable[[socket.socket], None]
) -> None:
    server, made = connections(after), driver()
    first = made.send(Request("GET", server.url, timeout=20.0))
    assert server.done.wait(limit(2))
    body = b"x" if method in {"POST", "PATCH"} else None
    second = made.send(Request(method, server.url, body=body, timeout=20.0))
    made.close()
    assert isinstance(first, Response)
    assert isinstance(second, Response), second
    assert second.body == b"ok"
    assert (server.connections, server.requests) == (2, 2)


@pytest.mark.parametrize("driver", [RequestsDriver, OneByOne], ids=["requests", "curl"])
def test_a_clean_connection_is_used_again(connections: Callable[..., Connections], driver: Any) -> None:
    server, made = connections(lambda _: None), driver()
    for _ in range(5):
        assert isinstance(made.send(Request("GET", server.url, timeout=20.0)), Response)
    made.close()
    assert (server.connections, server.requests) == (1, 5)
