"""The results of a run: verdicts, attempts, checks and errors as frozen data, with their places resolved."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import msgspec

from .errors import ErrorKind
from .exchange import Exchange, FailureKind
from .exit_code import ExitCode, exit_code_of_signal


class Verdict(enum.Enum):
    """How a step or a workflow ended. `FAILED`: an expectation does not hold. `ERROR`: it could not be completed."""

    __hash__ = object.__hash__  # members are singletons; Enum hashes their names, which is slower

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"

    @property
    def is_bad(self) -> bool:
        """It did not pass and was not skipped."""
        return self is Verdict.FAILED or self is Verdict.ERROR


class Where(msgspec.Struct, frozen=True):
    """A place in a file, ready to be shown.

    Attributes:
        file: The file, as shown to people.
        line: The line, from 1.
        column: The column, from 1.
        width: How many characters the caret underlines.
        excerpt: The lines around the place, with their numbers.
    """

    file: str
    line: int
    column: int
    width: int = 1
    excerpt: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Check(msgspec.Struct, frozen=True):
    """One expectation and its outcome.

    Attributes:
        subject: The selector or expression, as written.
        operator: The name of the operator.
        expected: The expected value.
        actual: The actual value.
        found: False where the selector found nothing.
        detail: Why it does not hold, where the two values do not say it.
        parts: For `assert`: each part of the expression, with its value.
        where: Its place in its file.
        passed: Whether it holds.
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
    """A value to be stored as a snapshot.

    Attributes:
        file: The real path of the snapshot file.
        step: The step as written, with its iteration.
        selector: The selector as written.
        case: The case of the workflow, or "".
        value: The value that the selector found.
    """

    file: Path
    step: str
    selector: str
    case: str
    value: Any


class Failure(msgspec.Struct, frozen=True):
    """Why a step could not be completed.

    Attributes:
        kind: What could not be done.
        message: What is wrong, in one sentence.
        hint: What to do next, or "".
        where: The place in a file, where there is one.
        cause: How its request failed, where it did; else None.
    """

    kind: ErrorKind
    message: str
    hint: str = ""
    where: Where | None = None
    cause: FailureKind | None = None


class AttemptResult(msgspec.Struct, frozen=True):
    """One attempt of a step.

    Attributes:
        exchanges: The requests and responses, redirects included; empty for a passing step, unless a report wants them.
        checks: The expectations that failed; those that passed too, where a report wants them.
        errors: Why it could not be completed.
        duration: How long it took, in seconds.
        waited: How long the step waited before it, in seconds.
        steps: The steps of an included workflow.
        notes: Remarks: why a request was sent again, what the server meant by a 401.
        variables: The variables with which an included workflow started.
        started: When it started, in epoch seconds.
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
    """One step, or one iteration of its `for_each`, and how it ended.

    Attributes:
        name: The rendered name.
        verdict: How it ended.
        method: The method of the request; "" for other actions.
        url: The URL of the request; "" for other actions.
        status: The status of the final response; 0 where there is none.
        duration: How long it took, in seconds.
        iteration: The index in its `for_each`, from 0; None without one.
        passed_checks: How many expectations held in the last attempt.
        judged: Whether anything about the response was expected.
        reason: Why it was skipped.
        attempts: All attempts; the last one decides.
        cleanup: It belongs to `finally`.
        warnings: What is not wrong, but worth knowing (`verify: false`).
        purpose: Why a session ran it (`login of api`); "" for a step of the workflow.
        where: Its place in its file; for a passing step only where a report wants it.
        started: When it started, in epoch seconds; 0 where it was skipped.
        provided: The names that it extracted or set; for a passing step only where a report wants them.
        local: The names that only this step saw: the entry and the index of its iteration.
    """

    name: str
    verdict: Verdict
    method: str = ""
    url: str = ""
    status: int = 0
    duration: float = 0.0
    iteration: int | None = None
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
        """The last attempt, which decides."""
        return self.attempts[-1] if self.attempts else AttemptResult()


class WorkflowResult(msgspec.Struct, frozen=True):
    """One run of a workflow (one case, one matrix entry) and how it ended.

    Attributes:
        name: The name of the workflow.
        file: Its file, as shown to people.
        verdict: How it ended.
        label: Which case or matrix entry it is, or "".
        duration: How long it took, in seconds.
        steps: Its steps, in order.
        reason: Why it was skipped.
        error: The error that stopped it outside its steps.
        outputs: The outputs of the workflow.
        tags: The tags of the workflow.
        variables: The variables before the first step.
        started: When it started, in epoch seconds; 0 where it never did.
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
        """The name with the label of its case."""
        return f"{self.name} {self.label}" if self.label else self.name


class SessionStep(msgspec.Struct, frozen=True):
    """A step that a session ran.

    Attributes:
        purpose: `login`, `refresh` or `logout`.
        step: The step.
        caused_by: The workflow that needed it, with its case; "" for a logout, which no workflow waits for.
    """

    purpose: str
    step: StepResult
    caused_by: str = ""


class SessionResult(msgspec.Struct, frozen=True):
    """A session: the token of one credential with one set of values, from its first login to its logout.

    Attributes:
        name: The name of the credential in its file.
        kind: `login` or `oauth2`.
        verdict: How it ended.
        steps: The steps that it ran.
        users: Each workflow (with its case) that sent the token, with the number of requests.
        warnings: Why its logout failed, where the logout has no `expect`.
    """

    name: str
    kind: str
    verdict: Verdict
    steps: tuple[SessionStep, ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """The results of all runs of a suite, and its exit code.

    Attributes:
        workflows: The runs, in order.
        duration: How long it took, in seconds.
        interrupted_by: The number of the signal that interrupted it; 0 is none.
        report_errors: Why reports could not be written.
        crashed: A bug in runflow ended a run.
        sessions: The tokens that were fetched, with their logins.
        cut_short: The time limit of the whole run was reached, or the report that this was read from is incomplete.
        invalid: Invalid files were left out (`--keep-going`).
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
        """How many runs have this verdict."""
        return sum(workflow.verdict is verdict for workflow in self.workflows)

    @property
    def passed(self) -> bool:
        """Whether there was a run, and all runs passed or were skipped."""
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
