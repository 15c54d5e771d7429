"""Groups failures by their cause: ten workflows that failed at the same login are one group."""

from __future__ import annotations

from collections.abc import Hashable

from ..model.results import Check, Failure, StepResult, WorkflowResult
from ..model.urls import origin_of
from .failures import FailureReason, failing, problems, reason_of_run

_OF_THE_SERVER = frozenset({401, 403, 407, 429})
"""Statuses that do not depend on the single request, but on the server or on the credentials; as do 500 and above."""

MAX_RUNS_NAMED = 1000
"""How many runs of one group are named; the others are only counted."""


class FailureGroup:
    """Runs that failed for the same reason.

    Attributes:
        reason: The reason of the first of them.
        runs: The number, name and file of each run, up to `MAX_RUNS_NAMED`.
        count: How many runs there are.
    """

    def __init__(self, reason: FailureReason) -> None:
        self.reason = reason
        self.runs: list[tuple[int, str, str]] = []
        self.count = 0


class FailureGroups:
    """Collects runs that did not pass, and groups them by their cause."""

    def __init__(self) -> None:
        self._found: dict[tuple[Hashable, ...], FailureGroup] = {}

    def add(self, result: WorkflowResult, number: int = 0) -> None:
        """Add a run that has ended; one that passed is left out."""
        if not result.verdict.is_bad:
            return
        key = _key(result)
        if key not in self._found:
            self._found[key] = FailureGroup(reason_of_run(result))
        group = self._found[key]
        group.count += 1
        if len(group.runs) < MAX_RUNS_NAMED:
            group.runs.append((number, result.full_name, result.file))

    def ranked(self) -> list[FailureGroup]:
        """The groups, those with the most runs first."""
        return sorted(self._found.values(), key=lambda group: -group.count)


def _key(result: WorkflowResult) -> tuple[Hashable, ...]:
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
