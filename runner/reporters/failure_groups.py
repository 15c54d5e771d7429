"""Failures grouped by their cause: ten workflows that failed at one login are one entry. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.results import Check, Failure, StepResult, WorkflowResult
from ..model.urls import origin_of
from .failures import FailureReason, failing, problems, reason_of_run

_OF_THE_SERVER = frozenset({401, 403, 407, 429})
"""Refusals that are the server's state, or the credentials', not the request's own; so is 500 and above."""

MAX_RUNS_NAMED = 1000
"""Of one cause that are named; the others are counted."""


class FailureGroup:
    """What went wrong, and in which runs.

    Attributes:
        reason: As the first of them tells it.
        runs: Number, name and file of each, the first ones.
        count: How many there are.
    """

    def __init__(self, reason: FailureReason) -> None:
        self.reason = reason
        self.runs: list[tuple[int, str, str]] = []
        self.count = 0


class FailureGroups:
    """Takes runs that did not pass, gives what they have in common."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], FailureGroup] = {}

    def add(self, result: WorkflowResult, number: int = 0) -> None:
        """A run that ended; one that passed is left out."""
        if not result.verdict.is_bad:
            return
        key = _key(result)
        if key not in self._found:
            self._found[key] = FailureGroup(reason_of_run(result))
        cause = self._found[key]
        cause.count += 1
        if len(cause.runs) < MAX_RUNS_NAMED:
            cause.runs.append((number, result.full_name, result.file))

    def ranked(self) -> list[FailureGroup]:
        """What hit most runs first."""
        return sorted(self._found.values(), key=lambda cause: -cause.count)


def causes_of(results: Iterable[WorkflowResult]) -> list[FailureGroup]:
    """What runs failed of, what hit most first."""
    causes = FailureGroups()
    for number, result in enumerate(results):
        causes.add(result, number)
    return causes.ranked()


def _key(result: WorkflowResult) -> tuple[Any, ...]:
    step = failing(result.steps)
    found = problems(step.last) if step is not None else [result.error] if result.error else []
    if not found:
        return (result.file,)
    match found[0]:
        case Failure(kind="auth", message=message):
            return "auth", message
        case Failure(cause=cause, message=message) if cause:
            return cause, message
        case Failure(kind=kind, message=message, where=where):
            return kind, message, where and (where.file, where.line, where.column)
        case Check(subject="status") if step is not None and (step.status in _OF_THE_SERVER or step.status >= 500):
            return "status", step.status, _origin(step)
        case Check(subject=subject, where=where):
            return "check", subject, where and (where.file, where.line, where.column)


def _origin(step: StepResult) -> str:
    last = step.last.exchanges[-1].request.url if step.last.exchanges else step.url
    return origin_of(last)
