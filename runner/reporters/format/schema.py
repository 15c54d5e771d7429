"""The report format: the contents of JSON and JSON Lines reports, as structs. The schema is generated from them.

Times are in epoch seconds, durations in seconds, sizes in bytes. Fields with their default value are left out. Within a
`format`, no field is renamed or changes its meaning; fields may be added, so readers must ignore unknown ones.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...model.errors import ErrorKind
from ...model.exchange import Certificate, FailureKind, Headers, Phase, Timings
from ...model.results import Verdict, Where

FORMAT = 1


class ReportRecord(msgspec.Struct, omit_defaults=True):
    """A record of a report."""


class BodyRecord(ReportRecord):
    """A body: as text where it is text, else as Base64.

    Attributes:
        size: The size of the complete, decoded body, in bytes.
        text: The body as text.
        base64: The body in Base64, where it is not text.
        charset: The charset of the text.
        left_out: How many bytes at the end of the body are not in the report.
    """

    size: int
    text: str = ""
    base64: bytes = b""
    charset: str = "utf-8"
    left_out: int = 0


class RequestRecord(ReportRecord):
    """A request. `timeout` is for the whole exchange; `unverified`: certificates were not verified."""

    method: str
    url: str
    headers: Headers = ()
    body: BodyRecord | None = None
    timeout: float = 30.0
    unverified: bool = False


class ResponseRecord(ReportRecord):
    """A complete response. `timings` and `certificate` are there where the driver knows them."""

    status: int
    reason: str = ""
    url: str = ""
    http_version: str = "1.1"
    headers: Headers = ()
    body: BodyRecord | None = None
    ip: str = ""
    timings: Timings | None = None
    certificate: Certificate | None = None


class TransportFailureRecord(ReportRecord):
    """Why there is no complete response, and the `phase` in which the exchange failed."""

    kind: FailureKind
    phase: Phase
    message: str
    hint: str = ""
    timings: Timings | None = None


class ExchangeRecord(ReportRecord):
    """A request and its response, or why there is none.

    Attributes:
        started: When it was sent, in epoch seconds.
        seconds: How long it took.
        sent: The headers as they were sent, the driver's own included.
        note: A remark (`repeated: stale connection`).
        curl: A curl command that sends the same request; secrets are `$NAME` in it.
    """

    request: RequestRecord
    started: float = 0.0
    seconds: float = 0.0
    response: ResponseRecord | None = None
    failure: TransportFailureRecord | None = None
    sent: Headers = ()
    note: str = ""
    curl: str = ""


class CheckRecord(ReportRecord):
    """One expectation. Where it holds, long values are left out.

    Attributes:
        subject: The selector or expression, as written.
        operator: The name of the operator.
        passed: Whether it holds.
        code: What failed; `runflow explain CODE` explains it.
        found: False where the selector found nothing.
        detail: Why it does not hold, where the two values do not say it.
        parts: For `assert`: each part of the expression, with its value.
        where: Its place in its file.
        lines: The text for people, where it does not hold.
    """

    subject: str
    operator: str
    passed: bool = False
    code: str = ""
    expected: Any = None
    actual: Any = None
    found: bool = True
    detail: str = ""
    parts: tuple[tuple[str, Any], ...] = ()
    where: Where | None = None
    lines: tuple[str, ...] = ()


class ErrorRecord(ReportRecord):
    """Why something could not be completed. `cause`: how the request failed, where it did."""

    code: str
    kind: ErrorKind
    message: str
    hint: str = ""
    where: Where | None = None
    cause: str = ""


class AttemptRecord(ReportRecord):
    """One attempt of a step. `steps` are those of an included workflow, `variables` those with which it started."""

    started: float = 0.0
    seconds: float = 0.0
    waited: float = 0.0
    exchanges: tuple[ExchangeRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    errors: tuple[ErrorRecord, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    variables: dict[str, Any] = {}


class StepRecord(ReportRecord):
    """A step, or one iteration of it.

    Attributes:
        purpose: Why a session ran it (`login of api`); "" for a step of the workflow.
        status: The status of the final response; 0 where there is none.
        turn: The index in its `for_each`, from 0; -1 without one.
        passed_checks: How many expectations held in the last attempt.
        judged: Whether anything about the response was expected.
        cleanup: It belongs to `finally`.
        reason: Why it was skipped.
        tries: All attempts; the last one decides.
        gave: The names that it extracted or set.
        local: The names that only this step saw: the entry and the index of its iteration.
    """

    name: str
    verdict: Verdict
    purpose: str = ""
    method: str = ""
    url: str = ""
    status: int = 0
    started: float = 0.0
    seconds: float = 0.0
    iteration: int = msgspec.field(default=-1, name="turn")  # the format keeps its names
    passed_checks: int = 0
    judged: bool = False
    cleanup: bool = False
    reason: str = ""
    warnings: tuple[str, ...] = ()
    where: Where | None = None
    attempts: tuple[AttemptRecord, ...] = msgspec.field(default=(), name="tries")  # the format keeps its names
    provided: dict[str, Any] = msgspec.field(default_factory=dict, name="gave")
    local: dict[str, Any] = {}


class WorkflowRecord(ReportRecord):
    """One run of a workflow: one case, one matrix entry, one repetition.

    Attributes:
        label: Which case or matrix entry it is.
        number: Its position among all selected runs, from 0; those of other shards count.
        variables: The variables before the first step.
        steps: Its steps, in order; in JSON Lines each has its own line before this one.
        logins: The steps of sessions for whose token this run waited.
    """

    name: str
    file: str
    verdict: Verdict
    label: str = ""
    number: int = 0
    tags: tuple[str, ...] = ()
    started: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    error: ErrorRecord | None = None
    variables: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    steps: tuple[StepRecord, ...] = ()
    logins: tuple[StepRecord, ...] = ()


class SessionStepRecord(ReportRecord):
    """A step of a session, with its purpose (`login`, `refresh` or `logout`) and the run that needed it."""

    purpose: str
    step: StepRecord
    caused_by: str = ""


class SessionRecord(ReportRecord):
    """The token of one credential. `users`: each run that sent it, with the number of requests."""

    name: str
    kind: str
    verdict: Verdict
    steps: tuple[SessionStepRecord, ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


class Totals(ReportRecord):
    """How many runs have which verdict."""

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0


class End(ReportRecord):
    """How the suite ended.

    Attributes:
        interrupted_by: The number of the signal that interrupted it; 0 is none.
        crashed: A bug in runflow ended a run.
        cut_short: The time limit of the whole run was reached.
        invalid: Invalid files were left out (`--keep-going`).
    """

    exit_code: int
    seconds: float = 0.0
    totals: Totals | None = None
    interrupted_by: int = 0
    crashed: bool = False
    cut_short: bool = False
    invalid: bool = False


class SuiteStartedLine(ReportRecord, tag_field="event", tag="run_started"):
    """The first line. `runflow`: the version that wrote it. `runs`: how many are planned. `seed`: of `--seed`."""

    format: int
    runflow: str = ""
    started: float = 0.0
    runs: int = 0
    seed: int = 0
    shuffled: bool = False


class WorkflowStartedLine(ReportRecord, tag_field="event", tag="workflow_started"):
    """A run has started. The lines up to its `workflow_finished` belong to it."""

    name: str
    file: str
    label: str = ""
    number: int = 0


class StepFinishedLine(ReportRecord, tag_field="event", tag="step_finished"):
    """A step of the run has ended, or (with a `purpose`) a step of a session that it waited for."""

    step: StepRecord


class WorkflowFinishedLine(ReportRecord, tag_field="event", tag="workflow_finished"):
    """The run has ended. Its steps are on the lines before."""

    workflow: WorkflowRecord


class SessionFinishedLine(ReportRecord, tag_field="event", tag="session_finished"):
    """A session has ended."""

    session: SessionRecord


class SuiteFinishedLine(ReportRecord, tag_field="event", tag="run_finished"):
    """The last line. A file without it was cut short."""

    end: End


ReportLine = (
    SuiteStartedLine
    | WorkflowStartedLine
    | StepFinishedLine
    | WorkflowFinishedLine
    | SessionFinishedLine
    | SuiteFinishedLine
)


class Report(ReportRecord):
    """The JSON report: one document."""

    format: int
    runflow: str
    started: float
    runs: int
    seed: int
    workflows: tuple[WorkflowRecord, ...]
    sessions: tuple[SessionRecord, ...]
    end: End
    shuffled: bool = False
