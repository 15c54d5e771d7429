"""What a run gives back: verdicts, tries, checks and errors as frozen data, with their places already resolved."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any, Literal

import msgspec

from .errors import ErrorKind
from .exchange import Exchange, FailureKind
from .exit_code import ExitCode, exit_code_of_signal


class Verdict(enum.Enum):
    """How a step or a workflow ended. `FAILED`: an expectation did not hold; `ERROR`: it could not be carried out."""

    __hash__ = object.__hash__  # its members are singletons, and Enum hashes their names, in Python

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"

    @property
    def is_bad(self) -> bool:
        """It did not pass and was not skipped."""
        return self is Verdict.FAILED or self is Verdict.ERROR


class Where(msgspec.Struct, frozen=True):
    """A place in a file, ready to show.

    Attributes:
        line: From 1.
        column: From 1.
        width: Characters the caret underlines.
        excerpt: Line numbers and texts around the place.
    """

    file: str
    line: int
    column: int
    width: int = 1
    excerpt: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Check(msgspec.Struct, frozen=True):
    """One expectation and what came of it.

    Attributes:
        subject: The selector or expression as written.
        operator: The operator's name.
        expected: What had to hold.
        actual: What came.
        found: False where the selector found nothing.
        detail: Why it does not hold, where that is more than expected against actual.
        parts: For `assert`: each part of the expression with its value.
    """

    subject: str
    operator: str
    expected: Any = None
    actual: Any = None
    found: bool = True
    detail: str = ""
    parts: tuple[tuple[str, Any], ...] = ()
    where: Where | None = None
    passed: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """What a selector of a step found, to be stored.

    Attributes:
        file: Where: its real path.
        step: The step as it is written, with its turn.
        selector: As written.
        case: Of the workflow, or "".
    """

    file: Path
    step: str
    selector: str
    case: str
    value: Any


class Failure(msgspec.Struct, frozen=True):
    """Why a step could not be carried out.

    Attributes:
        cause: How its request failed, where it was that.
    """

    kind: ErrorKind
    message: str
    hint: str = ""
    where: Where | None = None
    cause: FailureKind | Literal[""] = ""


class AttemptResult(msgspec.Struct, frozen=True):
    """One attempt of a step.

    Attributes:
        exchanges: What was sent and what came, redirects included; empty where a passing step keeps none.
        checks: The expectations that failed; the passed ones too where a report keeps them.
        errors: Why it could not be carried out.
        waited: Seconds waited before this try.
        steps: Of an included workflow.
        variables: With what that began.
        started: Epoch seconds.
        notes: What is known beyond that: why it was sent again, what the server meant by a 401.
    """

    exchanges: tuple[Exchange, ...] = ()
    checks: tuple[Check, ...] = ()
    errors: tuple[Failure, ...] = ()
    duration: float = 0.0
    waited: float = 0.0
    steps: tuple[StepResult, ...] = ()
    notes: tuple[str, ...] = ()
    variables: dict[str, Any] = {}
    started: float = 0.0


class StepResult(msgspec.Struct, frozen=True):
    """One step (one turn of a `for_each`) and how it ended.

    Attributes:
        method: Of the request, or "" for other actions.
        status: Of the final answer, or 0.
        turn: The index in a `for_each`, or -1.
        passed_checks: How many expectations held in the last try.
        judged: Something about the answer was expected.
        reason: Why it was skipped.
        tries: All tries, the last one judged.
        cleanup: The step belongs to `finally`.
        warnings: What is not wrong but must be seen (`verify: false`).
        purpose: What it ran for where it is no step of the workflow's own (`login of api`), or "".
        where: Its place in its file; of a passing step only where a report wants it.
        started: Epoch seconds; 0 where it was skipped.
        gave: Names that it extracted or set; of a passing step only where a report wants them.
        local: Names that it alone saw: of a turn, the entry and its index.
    """

    name: str
    verdict: Verdict
    method: str = ""
    url: str = ""
    status: int = 0
    duration: float = 0.0
    iteration: int = -1
    passed_checks: int = 0
    judged: bool = False
    reason: str = ""
    attempts: tuple[AttemptResult, ...] = ()
    cleanup: bool = False
    warnings: tuple[str, ...] = ()
    where: Where | None = None
    purpose: str = ""
    started: float = 0.0
    provided: dict[str, Any] = {}
    local: dict[str, Any] = {}

    @property
    def last(self) -> AttemptResult:
        """The try that was judged."""
        return self.attempts[-1] if self.attempts else AttemptResult()


class WorkflowResult(msgspec.Struct, frozen=True):
    """One run of a workflow (one case, one matrix entry) and how it ended.

    Attributes:
        label: Which case or matrix entry, or "".
        duration: Seconds.
        error: What stopped the run outside its steps.
        outputs: Names and values for who includes it.
        variables: Names and values before the first step.
        started: Epoch seconds; 0 where it never began.
    """

    name: str
    file: str
    verdict: Verdict
    label: str = ""
    duration: float = 0.0
    steps: tuple[StepResult, ...] = ()
    reason: str = ""
    error: Failure | None = None
    outputs: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    variables: dict[str, Any] = {}
    started: float = 0.0

    @property
    def full_name(self) -> str:
        """The name with its case."""
        return f"{self.name} {self.label}" if self.label else self.name


class SessionStep(msgspec.Struct, frozen=True):
    """A step of a session's own: what it did, and for whom.

    Attributes:
        purpose: `login`, `refresh` or `logout`.
        caused_by: The workflow that needed it, with its case; "" for a logout, which nobody waits for.
    """

    purpose: str
    step: StepResult
    caused_by: str = ""


class SessionResult(msgspec.Struct, frozen=True):
    """A session: the token of one credential with one set of values, from its first login to its logout.

    Attributes:
        name: The credential's name in its file.
        kind: `login` or `oauth2`.
        users: Each workflow (with its case) that sent the token, and on how many requests.
        warnings: A logout that failed, where nothing was expected of it.
    """

    name: str
    kind: str
    verdict: Verdict
    steps: tuple[SessionStep, ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """All runs of one call, and the exit code they mean.

    Attributes:
        sessions: The tokens that were fetched, each with its logins.
        duration: Seconds.
        interrupted_by: The signal that broke it off, or 0.
        report_errors: Why reports could not be written.
        crashed: A bug in runflow broke off a run.
        cut_short: The limit on the whole run was over before its end, or the report that this was read from is not whole.
        invalid: Files that are wrong were left out (`--keep-going`).
    """

    workflows: tuple[WorkflowResult, ...] = ()
    duration: float = 0.0
    interrupted_by: int = 0
    report_errors: tuple[str, ...] = ()
    crashed: bool = False
    sessions: tuple[SessionResult, ...] = ()
    cut_short: bool = False
    invalid: bool = False

    def count(self, verdict: Verdict) -> int:
        """How many runs ended so."""
        return sum(workflow.verdict is verdict for workflow in self.workflows)

    @property
    def passed(self) -> bool:
        """Every run passed or was skipped, and there was one."""
        return self.exit_code == ExitCode.PASSED

    @property
    def exit_code(self) -> int:
        """The exit code. Where several apply: a signal (128 + its number), then 70, 2, 4, 3, 1, 5."""
        if self.interrupted_by:
            return exit_code_of_signal(self.interrupted_by)
        if self.crashed:
            return ExitCode.BUG
        if self.invalid:
            return ExitCode.INVALID
        if self.report_errors:
            return ExitCode.REPORT_FAILED
        verdicts = {ended.verdict for ended in self.workflows} | {ended.verdict for ended in self.sessions}
        if Verdict.ERROR in verdicts or self.cut_short:
            return ExitCode.ERROR
        if Verdict.FAILED in verdicts:
            return ExitCode.FAILED
        return ExitCode.PASSED if self.workflows else ExitCode.NOTHING_SELECTED
