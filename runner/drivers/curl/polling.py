"""Waiting for libcurl's sockets: any number of them, where its own waiting ends at file descriptor 1024."""

from __future__ import annotations

import select
import time
from contextlib import suppress
from typing import Any

import pycurl

_INTEREST = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}
"""`poll` and `epoll` have the same numbers for these."""


class Poll:
    """`select.poll` with the methods of `select.epoll`, for systems that have no other."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register, self.modify, self.unregister = self._poll.register, self._poll.modify, self._poll.unregister

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        """What happened, after this many seconds at the most."""
        return self._poll.poll(seconds * 1000)

    def close(self) -> None:
        """It holds no file descriptor."""


POLL: Any = getattr(select, "epoll", Poll)


class Polling:
    """Tells libcurl what happened on its sockets, and when its timer is over.

    Args:
        multi: The multi handle.
    """

    def __init__(self, multi: Any) -> None:
        self._multi = multi
        self._poll = POLL()
        self._wanted: set[int] = set()
        self._due: float | None = None
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._timer)

    def _socket(self, what: int, number: int, *_: Any) -> None:
        """Libcurl wants to know of this socket, or no longer does.

        It asks anew for each exchange on a kept connection. So what it no longer wants stays registered until something
        happens there; and a number that was registered may be another socket's by now, which the system then says.
        """
        if what == pycurl.POLL_REMOVE:
            self._wanted.discard(number)
            return
        self._wanted.add(number)
        interest = _INTEREST[what]
        try:
            self._poll.modify(number, interest)
        except FileNotFoundError:
            self._poll.register(number, interest)

    def _timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def advance(self, seconds: float) -> None:
        """Wait this long at the most, and pass on what happened."""
        wait = seconds
        if self._due is not None:
            wait = min(wait, max(self._due - time.monotonic(), 0.0))
        for number, what in self._poll.poll(wait):
            if number not in self._wanted:
                # An idle connection that the server closed: libcurl finds out by itself, and may have closed it too by now.
                with suppress(OSError, KeyError):
                    self._poll.unregister(number)
                continue
            reads = pycurl.CSELECT_IN if what & ~select.POLLOUT else 0
            writes = pycurl.CSELECT_OUT if what & select.POLLOUT else 0
            self._multi.socket_action(number, reads | writes)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def close(self) -> None:
        """Give the file descriptor back."""
        self._poll.close()
