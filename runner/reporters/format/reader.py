"""JSON Lines reports back into events, so that every other report can be made from them afterwards. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

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
    SessionFinishedLine,
    SessionRecord,
    StepFinishedLine,
    StepRecord,
    SuiteFinishedLine,
    SuiteStartedLine,
    WorkflowFinishedLine,
    WorkflowRecord,
    WorkflowStartedLine,
)

_DECODER = msgspec.json.Decoder(ReportLine)
ENDS_EARLY = "the report ends in the middle of this run"


class _Block(msgspec.Struct, frozen=True):
    """The lines of one run in a file."""

    number: int
    source: int
    offset: int
    lines: int


class ReportReader:
    """Reports that were written as JSON Lines, merged: the runs in the order that they would have had in one.

    Args:
        paths: The files.

    Attributes:
        problems: What is missing in them, in words.

    Raises:
        RunflowError: one cannot be read, or is no such report.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.problems: list[str] = []
        self.heads: list[SuiteStartedLine] = []
        self.ends: list[End | None] = []
        self._blocks: list[_Block] = []
        self._sessions: list[SessionRecord] = []
        for source, path in enumerate(paths):
            try:
                with path.open("rb") as stream:
                    self._index(path, source, stream)
            except OSError as error:
                why = os_error_text(error)
                raise RunflowError(f"{path} cannot be read: {why}") from None
        self._blocks.sort(key=lambda block: (block.number, block.source, block.offset))

    def events(self) -> Iterator[Event]:
        """Everything again, from the first event to the last."""
        first = min(self.heads, key=lambda head: head.started)
        runs = sum(head.runs for head in self.heads)
        yield SuiteStarted(runs, first.seed, any(head.shuffled for head in self.heads), first.started)
        results: list[WorkflowResult] = []
        for block in self._blocks:
            *events, finished = self._run(block)
            yield from events
            yield finished
            results.append(finished.result)
        sessions = [_session(record) for record in self._sessions]
        yield from map(SessionFinished, sessions)
        yield SuiteFinished(self._result(results, sessions, first.started))

    def _result(self, workflows: list[WorkflowResult], sessions: list[SessionResult], started: float) -> Result:
        ends = [end for end in self.ends if end is not None]
        until = max(
            (head.started + end.seconds for head, end in zip(self.heads, self.ends, strict=True) if end),
            default=started,
        )
        return Result(
            tuple(workflows),
            until - started,
            interrupted_by=max((end.interrupted_by for end in ends), default=0),
            crashed=any(end.crashed for end in ends),
            sessions=tuple(sessions),
            cut_short=any(end.cut_short for end in ends) or len(ends) < len(self.ends),
            invalid=any(end.invalid for end in ends),
        )

    def _index(self, path: Path, source: int, stream: IO[bytes]) -> None:
        """Where each run begins; the lines themselves are read again when their turn comes."""
        head = _first(path, stream.readline())
        found: list[_Block] = []
        end: End | None = None
        begun, number, count, offset = -1, 0, 0, stream.tell()
        for line in stream:
            here, offset = offset, offset + len(line)
            if not line.endswith(b"\n"):
                break
            if line.startswith(b'{"event":"step_finished"'):
                count += 1
                continue
            match _line(line):
                case WorkflowStartedLine(number=number):
                    begun, count = here, 1
                case WorkflowFinishedLine() if begun >= 0:
                    found.append(_Block(number, source, begun, count + 1))
                    begun = -1
                case SessionFinishedLine(session):
                    self._sessions.append(session)
                case SuiteFinishedLine(end):
                    pass
                case _:
                    self.problems.append(f"{path}: a line at byte {here} is no line of a report, and is left out")
        if begun >= 0:
            found.append(_Block(number, source, begun, count))
        self.heads.append(head)
        self.ends.append(end)
        self._blocks += found
        if end is None:
            lost = head.runs - len(found)
            missing = (
                f"; {plural(lost, 'run')} of {head.runs} {'is' if lost == 1 else 'are'} not in it" if lost > 0 else ""
            )
            self.problems.append(f"{path} was cut in the middle: what is whole is used{missing}")

    def _run(self, block: _Block) -> list[Any]:
        """The events of one run; one that was cut ends as an error."""
        with self.paths[block.source].open("rb") as stream:
            stream.seek(block.offset)
            lines = [_line(stream.readline()) for _ in range(block.lines)]
        events: list[Any] = []
        steps: list[StepResult] = []
        name, file, label = "", "", ""
        for line in lines:
            match line:
                case WorkflowStartedLine(name, file, label, number):
                    events.append(WorkflowStarted(name, file, label, number))
                case StepFinishedLine(record):
                    step = _step(record)
                    steps += () if step.purpose else (step,)
                    events += _steps(name, file, step, int(bool(step.purpose)))
                case WorkflowFinishedLine(workflow):
                    return [*events, WorkflowFinished(_workflow(workflow, tuple(steps)))]
                case _:
                    self.problems.append(f"a step of {file} cannot be read, and is left out")
        cut = WorkflowResult(
            name, file, Verdict.ERROR, label, steps=tuple(steps), error=Failure("interrupted", ENDS_EARLY)
        )
        return [*events, WorkflowFinished(cut)]


def _steps(name: str, file: str, step: StepResult, depth: int) -> Iterator[StepFinished]:
    """A step and, before it, those of what it includes: as they happened."""
    for one in step.attempts:
        for inside in one.steps:
            yield from _steps(name, file, inside, depth + 1)
    yield StepFinished(name, file, step, depth)


def _first(path: Path, line: bytes) -> SuiteStartedLine:
    try:
        head = msgspec.json.decode(line, type=SuiteStartedLine)
    except msgspec.DecodeError:
        hint = "write one with `--report jsonl=FILE`"
        raise RunflowError(f"{path} is no JSON Lines report of runflow", hint=hint) from None
    if head.format > FORMAT:
        raise RunflowError(
            f"{path} is in format {head.format}, which this runflow does not know",
            hint=f"it was written by runflow {head.runflow}: use that version, or a later one",
        )
    return head


def _line(line: bytes) -> ReportLine | None:
    try:
        read: ReportLine = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return read


def _workflow(record: WorkflowRecord, steps: tuple[StepResult, ...]) -> WorkflowResult:
    return WorkflowResult(
        record.name, record.file, record.verdict, record.label, record.seconds, steps, record.reason,
        _failure(record.error) if record.error else None, record.outputs, record.tags, record.variables, record.started,
    )  # fmt: skip


def _session(record: SessionRecord) -> SessionResult:
    steps = tuple(SessionStep(each.purpose, _step(each.step), each.caused_by) for each in record.steps)
    return SessionResult(record.name, record.kind, record.verdict, steps, record.users, record.warnings)


def _step(record: StepRecord) -> StepResult:
    return StepResult(
        record.name, record.verdict, record.method, record.url, record.status, record.seconds, record.iteration,
        record.passed_checks, record.judged, record.reason, tuple(map(_run_attempt, record.attempts)), record.cleanup, record.warnings,
        record.where, record.purpose, record.started, record.provided, record.local,
    )  # fmt: skip


def _run_attempt(record: AttemptRecord) -> AttemptResult:
    return AttemptResult(
        tuple(map(_exchange, record.exchanges)), tuple(map(_check, record.checks)), tuple(map(_failure, record.errors)),
        record.seconds, record.waited, tuple(map(_step, record.steps)), record.notes, record.variables, record.started,
    )  # fmt: skip


def _check(record: CheckRecord) -> Check:
    return Check(
        record.subject, record.operator, record.expected, record.actual, record.found, record.detail, record.parts,
        record.where, record.passed,
    )  # fmt: skip


def _failure(record: ErrorRecord) -> Failure:
    return Failure(record.kind, record.message, record.hint, record.where, record.cause)  # type: ignore[arg-type]  # a FailureKind or ""


def _exchange(record: ExchangeRecord) -> Exchange:
    sent, came = record.request, record.response
    transport = Transport(verify=not sent.unverified)
    request = Request(sent.method, sent.url, sent.headers, _bytes(sent.body), sent.timeout, transport)
    outcome: Response | TransportFailure
    if came is not None:
        outcome = Response(
            came.status, came.url, came.reason, came.headers, _bytes(came.body) or b"", came.http_version, record.seconds,
            record.sent, came.ip, came.timings, came.certificate,
        )  # fmt: skip
    else:
        why = record.failure
        assert why is not None  # an exchange has one or the other
        outcome = TransportFailure(
            why.kind, why.phase, why.message, why.hint, record.seconds, sent=record.sent, timings=why.timings
        )
    return Exchange(request, outcome, record.note, record.started, curl=record.curl)


def _bytes(body: BodyRecord | None) -> bytes | None:
    if body is None:
        return None
    marker = f"… [{body.left_out} more bytes]".encode() if body.left_out else b""
    return (body.base64 or body.text.encode(body.charset, "replace")) + marker
