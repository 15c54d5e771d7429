"""Checks the socket of a kept connection before it is used again. libcurl itself checks only once a second."""

from __future__ import annotations

import select
import sys

import pycurl

_CLOSED = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0) | getattr(select, "POLLERR", 0)
_MAX_CONNECTIONS = 10_000
"""How many sockets are remembered. The oldest are forgotten first; their connections are closed by then."""


class KeptConnections:
    """The sockets of connections that served a request, by their local address and port."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, int], int] = {}

    def remember(self, handle: pycurl.Curl) -> None:
        """Remember the socket of a transfer that ended, whose connection may be used again."""
        number = handle.getinfo(pycurl.ACTIVESOCKET)
        if number >= 0:
            if len(self._sockets) >= _MAX_CONNECTIONS:
                del self._sockets[next(iter(self._sockets))]
            self._sockets[handle.getinfo(pycurl.LOCAL_IP), handle.getinfo(pycurl.LOCAL_PORT)] = number

    def is_usable(self, address: str, port: int, *, http1: bool) -> bool:
        """Whether a connection may serve the next request.

        Args:
            address: The local address of the connection.
            port: The local port of the connection.
            http1: It speaks HTTP/1: bytes that arrive before a request belong to no response. HTTP/2 has frames without a request.
        """
        number = self._sockets.get((address, port))
        return number is None or not _events(number, any_bytes=http1)


def _events(number: int, *, any_bytes: bool) -> bool:
    """Whether the server closed the connection, or sent bytes."""
    if sys.platform == "win32":  # its select takes sockets of any number
        return any_bytes and bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, (select.POLLIN if any_bytes else 0) | _CLOSED)
    return bool(poll.poll(0))
