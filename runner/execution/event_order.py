"""Passes on the events of concurrent runs as if the runs had been performed one after the other."""

from __future__ import annotations

import threading
from functools import partial

from ..model.events import Emit, Event


class EventOrder:
    """Writes the events of the first unfinished run as they happen; events of later runs wait until it is their run's turn.

    Args:
        write: Takes the events, from one thread at a time.
    """

    def __init__(self, write: Emit) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._first = 0
        self._waiting: dict[int, list[Event]] = {}
        self._closed: set[int] = set()

    @property
    def behind(self) -> int:
        """How many runs have ended while an earlier one still runs."""
        return len(self._closed)

    def sink(self, number: int) -> Emit:
        """The function that takes the events of a run."""
        return partial(self.emit, number)

    def emit(self, number: int, event: Event) -> None:
        """Take an event of a run."""
        with self._lock:
            if number == self._first:
                self._write(event)
            else:
                self._waiting.setdefault(number, []).append(event)

    def close(self, number: int) -> None:
        """Note that a run has emitted its last event."""
        with self._lock:
            self._closed.add(number)
            while self._first in self._closed:
                self._closed.remove(self._first)
                self._first += 1
                for event in self._waiting.pop(self._first, ()):
                    self._write(event)
