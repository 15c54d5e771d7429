"""Waits for events on libcurl's sockets. It takes any number of them; libcurl's own waiting ends at file descriptor 1024."""

from __future__ import annotations

import select
import selectors
import time
from contextlib import suppress
from typing import Protocol

import pycurl

_READ, _WRITE = 1, 4
"""EPOLLIN and EPOLLOUT."""

_INTEREST = {pycurl.POLL_IN: _READ, pycurl.POLL_OUT: _WRITE, pycurl.POLL_INOUT: _READ | _WRITE}


class SocketPoll(Protocol):
    """The methods of `select.epoll` that are used here."""

    def register(self, number: int, interest: int, /) -> None:
        """Begin to watch a file descriptor."""
        ...

    def modify(self, number: int, interest: int, /) -> None:
        """Change what a file descriptor is watched for. Raises FileNotFoundError: it is not watched."""
        ...

    def unregister(self, number: int, /) -> None:
        """Stop watching a file descriptor."""
        ...

    def poll(self, seconds: float, /) -> list[tuple[int, int]]:
        """Wait this long at most: the file descriptors with events, and their events."""
        ...

    def close(self) -> None:
        """Free the file descriptor."""
        ...


class SelectorPoll:
    """The methods of `select.epoll` for systems without it: kqueue on macOS, select on Windows."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector or selectors.DefaultSelector()

    def register(self, number: int, interest: int) -> None:
        """Begin to watch a file descriptor."""
        self._selector.register(number, _events(interest))

    def modify(self, number: int, interest: int) -> None:
        """Change what a file descriptor is watched for. Raises FileNotFoundError: it is not watched."""
        try:
            self._selector.modify(number, _events(interest))
        except KeyError:
            raise FileNotFoundError(number) from None

    def unregister(self, number: int) -> None:
        """Stop watching a file descriptor."""
        self._selector.unregister(number)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        """Wait this long at most: the file descriptors with events, and their events."""
        if not self._selector.get_map():  # select on Windows refuses to wait for nothing
            time.sleep(seconds)
            return []
        return [
            (
                key.fd,
                (_READ if events & selectors.EVENT_READ else 0) | (_WRITE if events & selectors.EVENT_WRITE else 0),
            )
            for key, events in self._selector.select(seconds)
        ]

    def close(self) -> None:
        """Free what the selector holds."""
        self._selector.close()


def _events(interest: int) -> int:
    return (selectors.EVENT_READ if interest & _READ else 0) | (selectors.EVENT_WRITE if interest & _WRITE else 0)


def new_poll() -> SocketPoll:
    """The fastest that the system has."""
    return select.epoll() if hasattr(select, "epoll") else SelectorPoll()


class Polling:
    """Passes the events on libcurl's sockets, and the end of its timer, to libcurl.

    Args:
        multi: The multi handle.
    """

    def __init__(self, multi: pycurl.CurlMulti) -> None:
        self._multi = multi
        self._poll = new_poll()
        self._keeps_idle = not isinstance(self._poll, SelectorPoll)
        self._wanted: set[int] = set()
        self._due: float | None = None
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._timer)

    def _socket(self, what: int, number: int, *_: object) -> None:
        """Watch a socket for libcurl, or stop watching it.

        libcurl calls this for each exchange on a kept connection. With epoll a socket that is no longer wanted therefore
        stays registered until an event occurs on it. Its number may belong to another socket by then: `modify` fails in
        that case. Other systems keep a list of numbers that outlives the socket, so there it is removed at once.
        """
        if what == pycurl.POLL_REMOVE:
            self._wanted.discard(number)
            if not self._keeps_idle:
                with suppress(OSError, KeyError):
                    self._poll.unregister(number)
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
        """Wait this long at most, and pass the events to libcurl."""
        wait = seconds
        if self._due is not None:
            wait = min(wait, max(self._due - time.monotonic(), 0.0))
        for number, events in self._poll.poll(wait):
            if number not in self._wanted:
                # An idle connection that the server closed: libcurl finds that out itself, and may have closed it too.
                with suppress(OSError, KeyError):
                    self._poll.unregister(number)
                continue
            reads = pycurl.CSELECT_IN if events & ~_WRITE else 0
            writes = pycurl.CSELECT_OUT if events & _WRITE else 0
            self._multi.socket_action(number, reads | writes)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def close(self) -> None:
        """Free the file descriptor."""
        self._poll.close()
