"""The report format: what a JSON or JSON Lines report holds, as structs. Its schema is generated from them.

Times are epoch seconds, durations seconds, sizes bytes; what has its default is left out. A field is never renamed or
given another meaning within a `format`; new ones may come, so readers ignore what they do not know.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...model.errors import ErrorKind
from ...model.exchange import Certificate, FailureKind, Headers, Phase, Timings
from ...model.results import Verdict, Where

FORMAT = 1


class ReportRecord(msgspec.Struct, omit_defaults=True):
    """Something that is written into a report."""


class BodyRecord(ReportRecord):
    """A body: as text where it is some, else as Base64.

    Attributes:
        size: Bytes of the whole decoded body.
        charset: What the text is encoded with.
        left_out: Bytes at its end that are not kept here.
    """

    size: int
    text: str = ""
    base64: bytes = b""
    charset: str = "utf-8"
    left_out: int = 0


class RequestRecord(ReportRecord):
    """A request as the workflow made it. `timeout` counts for all of it."""

    method: str
    url: str
    headers: Headers = ()
    body: BodyRecord | None = None
    timeout: float = 30.0
    unverified: bool = False


class ResponseRecord(ReportRecord):
    """A whole answer. `timings` and `certificate` are there where the driver can tell them."""

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
    """Why no whole answer came, and what was going on (`phase`)."""

    kind: FailureKind
    phase: Phase
    message: str
    hint: str = ""
    timings: Timings | None = None


class ExchangeRecord(ReportRecord):
    """A request and its answer, or why there was none.

    Attributes:
        sent: Header lines as they went out, the driver's own included.
        curl: A command that sends the same; secrets are `$NAME` there.
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
    """One expectation. `lines` is what a person is told of one that does not hold; `code` is explained by `runflow explain`.

    Of one that holds, values that are long are left out.
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
    """Why something could not be carried out. `cause`: how the request failed, where it was that."""

    code: str
    kind: ErrorKind
    message: str
    hint: str = ""
    where: Where | None = None
    cause: str = ""


class AttemptRecord(ReportRecord):
    """One try of a step. `steps` are those of an included workflow, `variables` what that began with."""

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
    """A step, or one turn of it.

    Attributes:
        purpose: `login of api` and the like, where it is no step of the workflow's own.
        status: Of the final answer, or 0.
        turn: The index in a `for_each`, or -1.
        passed_checks: Expectations that held in the last try.
        judged: Something about the answer was expected.
        reason: Why it was skipped.
        cleanup: It belongs to `finally`.
        tries: All of them, the last one judged.
        gave: Names that it extracted or set.
        local: Names that it alone saw: of a turn, the entry and its index.
    """

    name: str
    verdict: Verdict
    purpose: str = ""
    method: str = ""
    url: str = ""
    status: int = 0
    started: float = 0.0
    seconds: float = 0.0
    iteration: int = msgspec.field(default=-1, name="turn")  # as above
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
        label: Which case or matrix entry.
        number: Which run it is of all that were selected, those of other shards included.
        variables: Names and values before the first step.
        steps: In order; in JSON Lines each stands on a line of its own before this one.
        logins: Steps of sessions that ran while this run waited for their token.
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
    """A step of a session: for `login`, `refresh` or `logout`, and the run that needed it."""

    purpose: str
    step: StepRecord
    caused_by: str = ""


class SessionRecord(ReportRecord):
    """The token of one credential. `users`: each run that sent it, and with how many requests."""

    name: str
    kind: str
    verdict: Verdict
    steps: tuple[SessionStepRecord, ...] = ()
    users: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()


class Totals(ReportRecord):
    """How many runs ended how."""

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0


class End(ReportRecord):
    """How all of it ended.

    Attributes:
        interrupted_by: The signal that broke it off.
        crashed: A bug in runflow broke off a run.
        cut_short: The limit on the whole run was over before its end.
        invalid: Files that are wrong were left out (`--keep-going`).
    """

    exit_code: int
    seconds: float = 0.0
    totals: Totals | None = None
    interrupted_by: int = 0
    crashed: bool = False
    cut_short: bool = False
    invalid: bool = False


class SuiteStartedLine(ReportRecord, tag_field="event", tag="run_started"):
    """The first line. `runflow`: the version that wrote it; `runs`: how many are planned; `seed`: `--seed`."""

    format: int
    runflow: str = ""
    started: float = 0.0
    runs: int = 0
    seed: int = 0
    shuffled: bool = False


class WorkflowStartedLine(ReportRecord, tag_field="event", tag="workflow_started"):
    """A run begins: the lines up to its `workflow_finished` belong to it."""

    name: str
    file: str
    label: str = ""
    number: int = 0


class StepFinishedLine(ReportRecord, tag_field="event", tag="step_finished"):
    """A step of the run ended, or (with a `purpose`) one of a session's own that it waited for."""

    step: StepRecord


class WorkflowFinishedLine(ReportRecord, tag_field="event", tag="workflow_finished"):
    """The run ended; its steps stand before it."""

    workflow: WorkflowRecord


class SessionFinishedLine(ReportRecord, tag_field="event", tag="session_finished"):
    """The last user of a token is done."""

    session: SessionRecord


class SuiteFinishedLine(ReportRecord, tag_field="event", tag="run_finished"):
    """The last line. A file without it was cut."""

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
