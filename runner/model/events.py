"""What happens, as frozen structs. The engine and the suite emit them; redaction masks them; reporters write them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from .results import Result, SessionResult, StepResult, WorkflowResult


class SuiteStarted(msgspec.Struct, frozen=True):
    """The suite begins.

    Attributes:
        workflows: How many runs are planned.
        seed: What fixes every random source.
        shuffled: They run in the random order of the seed.
        started: Epoch seconds.
    """

    workflows: int
    seed: int = 0
    shuffled: bool = False
    started: float = 0.0


class WorkflowStarted(msgspec.Struct, frozen=True):
    """A workflow begins.

    Attributes:
        number: Which run it is of all that were selected, those of other shards included.
    """

    name: str
    file: str
    label: str = ""
    number: int = 0


class StepFinished(msgspec.Struct, frozen=True):
    """A step (or one turn of it) ended. `depth` counts the includes around it."""

    workflow: str
    file: str
    step: StepResult
    depth: int = 0


class SecretLearned(msgspec.Struct, frozen=True):
    """A value that must be masked from now on. Redaction keeps it; no reporter ever sees it."""

    name: str
    value: object


class WorkflowFinished(msgspec.Struct, frozen=True):
    """A workflow ended."""

    result: WorkflowResult


class SessionFinished(msgspec.Struct, frozen=True):
    """The last user of a token is done, and its logout has run."""

    result: SessionResult


class SuiteFinished(msgspec.Struct, frozen=True):
    """Everything ended."""

    result: Result


Event = (
    SuiteStarted | WorkflowStarted | StepFinished | SecretLearned | WorkflowFinished | SessionFinished | SuiteFinished
)
Emit = Callable[[Event], None]
