"""The events of a suite. The engine and the suite emit them, redaction masks them, reporters write them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from .results import Result, SessionResult, StepResult, WorkflowResult


class SuiteStarted(msgspec.Struct, frozen=True):
    """The suite has started.

    Attributes:
        workflows: How many runs are planned.
        seed: The seed of every random source (`--seed`).
        shuffled: Whether they run in a random order, which the seed fixes.
        started: When, in epoch seconds.
    """

    workflows: int
    seed: int = 0
    shuffled: bool = False
    started: float = 0.0


class WorkflowStarted(msgspec.Struct, frozen=True):
    """A run of a workflow has started.

    Attributes:
        name: The name of the workflow.
        file: Its file, as shown to people.
        label: Which case or matrix entry it is, or "".
        number: Its position among all selected runs, from 0; those of other shards count.
    """

    name: str
    file: str
    label: str = ""
    number: int = 0


class StepFinished(msgspec.Struct, frozen=True):
    """A step, or one iteration of it, has ended.

    Attributes:
        workflow: The name of the workflow.
        file: Its file, as shown to people.
        step: How the step ended.
        depth: How many includes it is inside of.
    """

    workflow: str
    file: str
    step: StepResult
    depth: int = 0


class SecretLearned(msgspec.Struct, frozen=True):
    """A value that must be masked from now on. Only redaction receives this event, never a reporter."""

    name: str
    value: object


class WorkflowFinished(msgspec.Struct, frozen=True):
    """A run of a workflow has ended."""

    result: WorkflowResult


class SessionFinished(msgspec.Struct, frozen=True):
    """A session has ended: the last run that uses its token is done, and its logout has run."""

    result: SessionResult


class SuiteFinished(msgspec.Struct, frozen=True):
    """The suite has ended."""

    result: Result


Event = (
    SuiteStarted | WorkflowStarted | StepFinished | SecretLearned | WorkflowFinished | SessionFinished | SuiteFinished
)
Emit = Callable[[Event], None]
