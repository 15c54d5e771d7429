"""The interface between a suite and what performs its flows: threads, an event loop, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

import msgspec

from ..model.effects import Flow
from ..model.errors import RunflowError
from ..model.events import Emit, Event
from ..model.results import Failure
from .cancellation import Cancellation, FlowCancellation
from .schedule import Run

POLL_INTERVAL = 0.1
"""Seconds after which a waiting thread checks whether the suite must end."""

Ended = tuple[int, BaseException | None]
"""The number of a task that ended, and what it raised: `RunLost`, or an exception that is a bug in runflow."""


class RunLost(RunflowError):
    """A run ended without a result, as when its worker was lost.

    Attributes:
        failure: Why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, hint=failure.hint)
        self.failure = failure


class Task(msgspec.Struct, frozen=True):
    """What an executor performs: one run of a suite, the lookup of a credential, or a logout.

    Attributes:
        number: The position of its events among those of all tasks.
        flow: Performs it on this machine. Its result is not used: it emits events.
        cancellation: Interrupts it when the suite must end.
        run: The run, for an executor that performs it on another machine; None for other tasks.
        write: Takes the events of a run that was performed on another machine.
    """

    number: int
    flow: Flow[Any]
    cancellation: FlowCancellation
    run: Run | None = None
    write: Emit = lambda _: None


class RunExecutor(Protocol):
    """Performs tasks. It is used by one thread."""

    def begin(self, task: Task, /) -> None:
        """Begin a task."""
        ...

    def ended(self, seconds: float, /) -> list[Ended]:
        """Wait for tasks to end, at most this long, and return those that ended."""
        ...

    def cancel(self) -> None:
        """The suite must end: interrupt what tasks wait for, unless they clean up already."""
        ...

    def close(self) -> Iterable[Event]:
        """Release everything, when no task runs any more.

        Returns:
            The events of sessions that were kept on other machines.
        """
        ...


NewExecutor: TypeAlias = Callable[[Cancellation], RunExecutor]
"""Makes an executor for one suite."""
