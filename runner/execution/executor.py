"""Who runs flows, several at a time: the seam between a suite and threads, one thread with many connections, or a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from ..model.effects import Flow
from ..model.events import Emit, Event
from ..model.results import Failure
from .cancellation import Notice
from .schedule import Run

LOOK_AGAIN = 0.1
"""Seconds after which whoever waits looks whether everything must end."""

Ended = tuple[int, BaseException | None]
"""The number of a task that ended, and what it raised: `Lost`, or a bug of ours."""


class Lost(Exception):
    """A run of which nothing is known but why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Task(msgspec.Struct, frozen=True):
    """What a crew has to do: one run of a suite, or the giving back of a token.

    Attributes:
        flow: Does it, here. Its result is its own business: it emits events.
        run: What it runs, for a crew that has it run elsewhere; None for a token.
        write: Takes the events of a run that was run elsewhere.
    """

    number: int
    flow: Flow[Any]
    notice: Notice
    run: Run | None = None
    write: Emit = lambda _: None


class RunExecutor(Protocol):
    """Runs tasks. One thread uses it."""

    def begin(self, task: Task, /) -> None:
        """Begin a task."""
        ...

    def ended(self, seconds: float, /) -> list[Ended]:
        """Wait for tasks to end, this long at the most: those that did."""
        ...

    def cancel(self) -> None:
        """Everything must end: break off what tasks wait for that were not told yet."""
        ...

    def close(self) -> Iterable[Event]:
        """Give everything back, where no task runs any more: what is to be told of tokens that were kept elsewhere."""
        ...
