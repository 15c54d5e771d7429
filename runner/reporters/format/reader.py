"""Reads JSON Lines reports and turns them back into events, so that any other report can be made from them later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from ...model.errors import RunflowError
from ...model.events import (
    Event,
    SessionFinished,
    StepFinished,
    SuiteFinished,
    SuiteStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from ...model.exchange import Exchange, Request, Response, Transport, TransportFailure
from ...model.results import (
    AttemptResult,
    Check,
    Failure,
    Result,
    SessionResult,
    SessionStep,
    StepResult,
    Verdict,
    WorkflowResult,
)
from ...model.wording import os_error_text, plural
from .schema import (
    FORMAT,
    AttemptRecord,
    BodyRecord,
    CheckRecord,
    End,
    ErrorRecord,
    ExchangeRecord,
    ReportLine,
    ResponseRecord,
    SessionFinishedLine,
    SessionRecord,
    StepFinishedLine,
    StepRecord,
    SuiteFinishedLine,
    SuiteStartedLine,
    TransportFailureRecord,
    WorkflowFinishedLine,
    WorkflowRecord,
    WorkflowStartedLine,
)

_DECODER = msgspec.json.Decoder(ReportLine)
ENDS_EARLY = "the report ends before this run does"


class _RunLines(msgspec.Struct, frozen=True):
    """Where the lines of one run are.

    Attributes:
        number: The number of the run.
        source: The index of the file.
        offset: The byte at which they begin.
        lines: How many lines there are.
    """

    number: int
    source: int
    offset: int
    lines: int


class ReportReader:
    """Reads one or more JSON Lines reports as one: the runs in the order that they would have in a single report.

    Args:
        paths: The files.

    Attributes:
        first_lines: The first line of each file.
        ends: How the suite of each file ended; None where the file was cut short.
        problems: What is missing from the files, for people.

    Raises:
        RunflowError: a file cannot be read, or is not a JSON Lines report.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.problems: list[str] = []
        self.first_lines: list[SuiteStartedLine] = []
        self.ends: list[End | None] = []
        self._runs: list[_RunLines] = []
        self._sessions: list[SessionRecord] = []
        for source, path in enumerate(paths):
            try:
                with path.open("rb") as stream:
                    self._index(path, source, stream)
            except OSError as error:
                raise RunflowError(f"{path} cannot be read: {os_error_text(error)}") from None
        self._runs.sort(key=lambda run: (run.number, run.source, run.offset))

    def events(self) -> Iterator[Event]:
        """The events of the whole suite, from the first to the last."""
        first = min(self.first_lines, key=lambda line: line.started)
        runs = sum(line.runs for line in self.first_lines)
        yield SuiteStarted(runs, first.seed, any(line.shuffled for line in self.first_lines), first.started)
        results: list[WorkflowResult] = []
        for run in self._runs:
            events, finished = self._run(run)
            yield from events
            yield finished
            results.append(finished.result)
        sessions = [_session(record) for record in self._sessions]
        yield from map(SessionFinished, sessions)
        yield SuiteFinished(self._result(results, sessions, first.started))

    def _result(self, workflows: list[WorkflowResult], sessions: list[SessionResult], started: float) -> Result:
        ends = [end for end in self.ends if end is not None]
        ended = max(
            (line.started + end.seconds for line, end in zip(self.first_lines, self.ends, strict=True) if end),
            default=started,
        )
        return Result(
            workflows=tuple(workflows),
            duration=ended - started,
            interrupted_by=max((end.interrupted_by for end in ends), default=0),
            crashed=any(end.crashed for end in ends),
            sessions=tuple(sessions),
            cut_short=any(end.cut_short for end in ends) or len(ends) < len(self.ends),
            invalid=any(end.invalid for end in ends),
        )

    def _index(self, path: Path, source: int, stream: IO[bytes]) -> None:
        """Find where each run begins. The lines of a run are read again when its events are asked for."""
        first = _first_line(path, stream.readline())
        found: list[_RunLines] = []
        end: End | None = None
        start: int | None = None  # of the run that is open
        number, count, offset = 0, 0, stream.tell()
        for line in stream:
            here, offset = offset, offset + len(line)
            if not line.endswith(b"\n"):
                break
            if line.startswith(b'{"event":"step_finished"'):
                count += 1
                continue
            match _line(line):
                case WorkflowStartedLine(number=number):
                    start, count = here, 1
                case WorkflowFinishedLine() if start is not None:
                    found.append(_RunLines(number, source, start, count + 1))
                    start = None
                case SessionFinishedLine(session):
                    self._sessions.append(session)
                case SuiteFinishedLine(end):
                    pass
                case _:
                    self.problems.append(f"{path}: the line at byte {here} is not a line of a report, and is left out")
        if start is not None:
            found.append(_RunLines(number, source, start, count))
        self.first_lines.append(first)
        self.ends.append(end)
        self._runs += found
        if end is None:
            lost = first.runs - len(found)
            missing = (
                f"; {plural(lost, 'run')} of {first.runs} {'is' if lost == 1 else 'are'} not in it" if lost > 0 else ""
            )
            self.problems.append(f"{path} was cut short: the complete lines are used{missing}")

    def _run(self, run: _RunLines) -> tuple[list[Event], WorkflowFinished]:
        """The events of one run; a run that was cut short ends as an error."""
        with self.paths[run.source].open("rb") as stream:
            stream.seek(run.offset)
            lines = [_line(stream.readline()) for _ in range(run.lines)]
        events: list[Event] = []
        steps: list[StepResult] = []
        name, file, label = "", "", ""
        for line in lines:
            match line:
                case WorkflowStartedLine(name, file, label, number):
                    events.append(WorkflowStarted(name, file, label, number))
                case StepFinishedLine(record):
                    step = _step(record)
                    if not step.purpose:
                        steps.append(step)
                    events += _step_events(name, file, step, int(bool(step.purpose)))
                case WorkflowFinishedLine(workflow):
                    return events, WorkflowFinished(_workflow(workflow, tuple(steps)))
                case _:
                    self.problems.append(f"a step of {file} cannot be read, and is left out")
        error = Failure("interrupted", ENDS_EARLY)
        cut_short = WorkflowResult(name, file, Verdict.ERROR, label, steps=tuple(steps), error=error)
        return events, WorkflowFinished(cut_short)


def _step_events(name: str, file: str, step: StepResult, depth: int) -> Iterator[StepFinished]:
    """The event of a step, and before it those of the steps that it includes, as they happened."""
    for attempt in step.attempts:
        for inside in attempt.steps:
            yield from _step_events(name, file, inside, depth + 1)
    yield StepFinished(name, file, step, depth)


def _first_line(path: Path, line: bytes) -> SuiteStartedLine:
    try:
        first = msgspec.json.decode(line, type=SuiteStartedLine)
    except msgspec.DecodeError:
        hint = "write one with `--report jsonl=FILE`"
        raise RunflowError(f"{path} is not a JSON Lines report of runflow", hint=hint) from None
    if first.format > FORMAT:
        raise RunflowError(
            f"{path} has report format {first.format}; this version of runflow reads format {FORMAT}",
            hint=f"it was written by runflow {first.runflow}: use that version, or a later one",
        )
    return first


def _line(line: bytes) -> ReportLine | None:
    try:
        read: ReportLine = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return read


def _workflow(record: WorkflowRecord, steps: tuple[StepResult, ...]) -> WorkflowResult:
    return WorkflowResult(
        name=record.name,
        file=record.file,
        verdict=record.verdict,
        label=record.label,
        duration=record.seconds,
        steps=steps,
        reason=record.reason,
        error=_failure(record.error) if record.error else None,
        outputs=record.outputs,
        tags=record.tags,
        variables=record.variables,
        started=record.started,
    )


def _session(record: SessionRecord) -> SessionResult:
    return SessionResult(
        name=record.name,
        kind=record.kind,
        verdict=record.verdict,
        steps=tuple(
            SessionStep(purpose=each.purpose, step=_step(each.step), caused_by=each.caused_by) for each in record.steps
        ),
        users=record.users,
        warnings=record.warnings,
    )


def _step(record: StepRecord) -> StepResult:
    return StepResult(
        name=record.name,
        verdict=record.verdict,
        method=record.method,
        url=record.url,
        status=record.status,
        duration=record.seconds,
        iteration=record.iteration if record.iteration >= 0 else None,
        passed_checks=record.passed_checks,
        judged=record.judged,
        reason=record.reason,
        attempts=tuple(map(_attempt, record.attempts)),
        cleanup=record.cleanup,
        warnings=record.warnings,
        where=record.where,
        purpose=record.purpose,
        started=record.started,
        provided=record.provided,
        local=record.local,
    )


def _attempt(record: AttemptRecord) -> AttemptResult:
    return AttemptResult(
        exchanges=tuple(map(_exchange, record.exchanges)),
        checks=tuple(map(_check, record.checks)),
        errors=tuple(map(_failure, record.errors)),
        duration=record.seconds,
        waited=record.waited,
        steps=tuple(map(_step, record.steps)),
        notes=record.notes,
        variables=record.variables,
        started=record.started,
    )


def _check(record: CheckRecord) -> Check:
    return Check(
        subject=record.subject,
        operator=record.operator,
        expected=record.expected,
        actual=record.actual,
        found=record.found,
        detail=record.detail,
        parts=record.parts,
        where=record.where,
        passed=record.passed,
    )


def _failure(record: ErrorRecord) -> Failure:
    return Failure(
        kind=record.kind,
        message=record.message,
        hint=record.hint,
        where=record.where,
        cause=record.cause or None,  # type: ignore[arg-type]  # the schema says `str`; the writer wrote a FailureKind
    )


def _exchange(record: ExchangeRecord) -> Exchange:
    sent = record.request
    request = Request(
        method=sent.method,
        url=sent.url,
        headers=sent.headers,
        body=_bytes(sent.body),
        timeout=sent.timeout,
        transport=Transport(verify=not sent.unverified),
    )
    if record.response is not None:
        outcome: Response | TransportFailure = _response(record, record.response)
    else:
        assert record.failure is not None  # an exchange has a response or a failure
        outcome = _transport_failure(record, record.failure)
    return Exchange(request=request, outcome=outcome, note=record.note, started=record.started, curl=record.curl)


def _response(exchange: ExchangeRecord, record: ResponseRecord) -> Response:
    return Response(
        status=record.status,
        url=record.url,
        reason=record.reason,
        headers=record.headers,
        body=_bytes(record.body) or b"",
        http_version=record.http_version,
        elapsed=exchange.seconds,
        sent=exchange.sent,
        ip=record.ip,
        timings=record.timings,
        certificate=record.certificate,
    )


def _transport_failure(exchange: ExchangeRecord, record: TransportFailureRecord) -> TransportFailure:
    return TransportFailure(
        kind=record.kind,
        phase=record.phase,
        message=record.message,
        hint=record.hint,
        elapsed=exchange.seconds,
        sent=exchange.sent,
        timings=record.timings,
    )


def _bytes(body: BodyRecord | None) -> bytes | None:
    if body is None:
        return None
    marker = f"… [{body.left_out} more bytes]".encode() if body.left_out else b""
    return (body.base64 or body.text.encode(body.charset, "replace")) + marker
