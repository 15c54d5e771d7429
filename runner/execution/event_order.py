"""Events of runs that happen at the same time, passed on one run after the other. Knows no run."""

from __future__ import annotations

import threading
from functools import partial

from ..model.events import Emit, Event


class EventOrder:
    """Passes on what the first run that has not ended tells, as it happens; what later ones tell waits for their turn.

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
        """How many runs have ended and wait for their turn."""
        return len(self._closed)

    def sink(self, number: int) -> Emit:
        """What a run tells its events to."""
        return partial(self.tell, number)

    def tell(self, number: int, event: Event) -> None:
        """An event of a run."""
        with self._lock:
            if number == self._first:
                self._write(event)
            else:
                self._waiting.setdefault(number, []).append(event)

    def close(self, number: int) -> None:
        """A run has told everything."""
        with self._lock:
            self._closed.add(number)
            while self._first in self._closed:
                self._closed.remove(self._first)
                self._first += 1
                for event in self._waiting.pop(self._first, ()):
                    self._write(event)
