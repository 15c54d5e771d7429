"""Waiting for libcurl's sockets: any number of them, where its own waiting ends at file descriptor 1024."""

from __future__ import annotations

import select
import time
from typing import Any

import pycurl

_INTEREST = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class Polling:
    """Tells libcurl what happened on its sockets, and when its timer is over.

    Args:
        multi: The multi handle.
    """

    def __init__(self, multi: Any) -> None:
        self._multi = multi
        self._poll = select.epoll()
        self._known: dict[int, int] = {}
        self._due: float | None = None
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._timer)

    def _socket(self, what: int, number: int, *_: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            if self._known.pop(number, None) is not None:
                self._poll.unregister(number)
            return
        interest = _INTEREST[what]
        before = self._known.get(number)
        if before is None:
            self._poll.register(number, interest)
        elif before != interest:
            self._poll.modify(number, interest)
        self._known[number] = interest

    def _timer(self, milliseconds: int) -> None:
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def advance(self, seconds: float) -> None:
        """Wait this long at the most, and pass on what happened."""
        wait = seconds
        if self._due is not None:
            wait = min(wait, max(self._due - time.monotonic(), 0.0))
        happened = self._poll.poll(wait) if self._known or wait > 0 else []
        for number, what in happened:
            reads = pycurl.CSELECT_IN if what & ~select.EPOLLOUT else 0
            writes = pycurl.CSELECT_OUT if what & select.EPOLLOUT else 0
            self._multi.socket_action(number, reads | writes)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def close(self) -> None:
        """Give the file descriptor back."""
        self._poll.close()
