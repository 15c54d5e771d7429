"""Folds events into finished runs: which steps and logins belong to which run."""

from __future__ import annotations

from typing import NamedTuple

from ...model.events import (
    Event,
    SecretLearned,
    SessionFinished,
    StepFinished,
    SuiteFinished,
    SuiteStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from ...model.results import StepResult, WorkflowResult
from .writer import encoded_step


class RunStep(NamedTuple):
    """A step of the open run that a report writes on its own: not one inside an include.

    Attributes:
        run: The number of the run.
        step: The step. One with a `purpose` belongs to a session that the run waited for.
    """

    run: int
    step: StepResult


class FinishedRun(NamedTuple):
    """A run that has ended.

    Attributes:
        number: Which run it is of all that were selected, those of other shards included.
        result: How it ended.
        steps: The records of its steps, as JSON; empty where the fold does not keep them.
        logins: The records of the steps of sessions that it waited for, as JSON.
    """

    number: int
    result: WorkflowResult
    steps: tuple[bytes, ...]
    logins: tuple[bytes, ...]


class RunFold:
    """Follows the events of a suite, whose runs come one after the other.

    Args:
        record_steps: Keep the records of a run's steps in memory until it ends.
    """

    def __init__(self, *, record_steps: bool) -> None:
        self._record_steps = record_steps
        self._number: int | None = None
        self._steps: list[bytes] = []
        self._logins: list[bytes] = []

    def add(
        self, event: Event
    ) -> RunStep | FinishedRun | SuiteStarted | WorkflowStarted | SessionFinished | SuiteFinished | None:
        """What a report does with an event: a step or the end of a run, another event as it is, or None for nothing."""
        match event:
            case StepFinished(step=step, depth=depth):
                if self._number is None or (depth and not step.purpose):
                    return None
                if self._record_steps:
                    (self._logins if step.purpose else self._steps).append(encoded_step(step))
                return RunStep(self._number, step)
            case WorkflowStarted(number=number):
                self._number = number
                return event
            case WorkflowFinished(result):
                run = FinishedRun(self._number or 0, result, tuple(self._steps), tuple(self._logins))
                self._number, self._steps, self._logins = None, [], []
                return run
            case SecretLearned():
                return None
            case _:
                return event
