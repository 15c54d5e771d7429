"""Results into records and their bytes. Made once for all reports that hold the same; long bodies are cut, with a marker."""

from __future__ import annotations

from typing import Any

import msgspec

from ...model.answer import Answer
from ...model.codes import code_of
from ...model.errors import StepError
from ...model.events import SuiteStarted, WorkflowStarted
from ...model.exchange import Exchange, Headers, Response
from ...model.results import AttemptResult, Check, Failure, Result, SessionResult, StepResult, Verdict, WorkflowResult
from ...version import __version__
from ..curl import curl_command
from ..text import check_lines
from .schema import (
    FORMAT,
    AttemptRecord,
    BodyRecord,
    CheckRecord,
    End,
    ErrorRecord,
    ExchangeRecord,
    RequestRecord,
    ResponseRecord,
    SessionRecord,
    SessionStepRecord,
    StepRecord,
    SuiteStartedLine,
    Totals,
    TransportFailureRecord,
    WorkflowRecord,
    WorkflowStartedLine,
)

MAX_BODY_BYTES = 256 * 1024
MAX_STEP_BYTES = 4 * 1024 * 1024
"""Bytes: a step that is longer has its values cut too."""

_SHORT = 200
_SCALARS = (str, int, float, bool, type(None))
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def encoded(record: msgspec.Struct | dict[str, Any] | list[Any]) -> bytes:
    """The record as JSON that every parser takes: lone surrogates, which UTF-8 has no bytes for, are replaced."""
    try:
        return _ENCODER.encode(record)
    except (
        UnicodeEncodeError,
        TypeError,
    ):  # a lone surrogate out of somebody's JSON, or a map with other keys than texts
        return _ENCODER.encode(_plain(record))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        own = {} if tag is None else {str(value.__struct_config__.tag_field): tag}
        defaults = dict(zip(value.__struct_fields__[::-1], value.__struct_defaults__[::-1], strict=False))
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return own | {name: _plain(each) for name, each in fields if name not in defaults or each != defaults[name]}
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {str(_plain(name)): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


class _Last:
    """The step that was encoded last: every report asks for the same one in turn."""

    step: StepResult | None = None
    data: bytes = b""


def encoded_step(step: StepResult) -> bytes:
    """A step's record as JSON."""
    if _Last.step is not step:
        data = encoded(step_record(step))
        if len(data) > MAX_STEP_BYTES:
            data = encoded(_cut(step_record(step)))
        _Last.data = data  # before the next line: who sees the step sees its bytes
        _Last.step = step
    return _Last.data


def _cut(value: Any) -> Any:
    """A record whose long texts and long lists are cut."""
    match value:
        case BodyRecord(text=text, base64=raw) if len(text) + len(raw) > MAX_BODY_BYTES // 16:
            most = MAX_BODY_BYTES // 16
            return msgspec.structs.replace(
                value,
                text=text[:most],
                base64=raw[:most],
                left_out=value.size - len(text[:most].encode()) - len(raw[:most]),
            )
        case msgspec.Struct():
            changed = {name: _cut(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **changed)
        case str() if len(value) > MAX_BODY_BYTES // 16:
            most = MAX_BODY_BYTES // 16
            return f"{value[:most]}… [{len(value) - most} more characters]"
        case dict():
            return {name: _cut(each) for name, each in value.items()}
        case list() | tuple():
            more = [f"… [{len(value) - 1000} more]"] if len(value) > 1000 and not _records(value) else []
            kept = value if _records(value) else value[:1000]
            return type(value)([*map(_cut, kept), *more])
        case _:
            return value


def _records(values: list[Any] | tuple[Any, ...]) -> bool:
    return bool(values) and isinstance(values[0], msgspec.Struct)


def step_record(step: StepResult) -> StepRecord:
    """A step's record."""
    return StepRecord(
        step.name, step.verdict, step.purpose, step.method, step.url, step.status, step.started, round(step.duration, 6),
        step.iteration, step.passed_checks, step.judged, step.cleanup, step.reason, step.warnings, step.where,
        tuple(map(_run_attempt, step.attempts)), step.provided, step.local,
    )  # fmt: skip


def _run_attempt(one: AttemptResult) -> AttemptRecord:
    return AttemptRecord(
        one.started, round(one.duration, 6), one.waited, tuple(map(_exchange, one.exchanges)), tuple(map(_check, one.checks)),
        tuple(map(error_record, one.errors)), one.notes, tuple(map(step_record, one.steps)), one.variables,
    )  # fmt: skip


def _check(check: Check) -> CheckRecord:
    if check.passed:
        return CheckRecord(
            check.subject, check.operator, passed=True, expected=_short(check.expected), actual=_short(check.actual)
        )
    return CheckRecord(
        check.subject, check.operator, code=code_of(check), expected=check.expected, actual=check.actual, found=check.found,
        detail=check.detail, parts=check.parts, where=check.where, lines=tuple(check_lines(check)),
    )  # fmt: skip


def _short(value: Any) -> Any:
    if isinstance(value, _SCALARS):
        return value if not isinstance(value, str) or len(value) <= _SHORT else f"{value[:_SHORT]}…"
    if isinstance(value, (list, tuple)) and len(value) <= 8 and all(isinstance(each, (int, bool)) for each in value):
        return value
    return None


def error_record(error: Failure) -> ErrorRecord:
    """An error's record."""
    return ErrorRecord(code_of(error), error.kind, error.message, error.hint, error.where, error.cause)


def _exchange(exchange: Exchange) -> ExchangeRecord:
    request, outcome = exchange.request, exchange.outcome
    sent = RequestRecord(
        request.method, request.url, request.headers, _body(request.body, request.headers), round(request.timeout, 3),
        request.transport.verify is False,
    )  # fmt: skip
    curl = curl_command(exchange)
    if isinstance(outcome, Response):
        response = ResponseRecord(
            outcome.status, outcome.reason, outcome.url, outcome.http_version, outcome.headers,
            _body(outcome.body, outcome.headers), outcome.ip, outcome.timings, outcome.certificate,
        )  # fmt: skip
        return ExchangeRecord(
            sent, exchange.started, round(outcome.elapsed, 6), response, None, outcome.sent, exchange.note, curl
        )
    failure = TransportFailureRecord(outcome.kind, outcome.phase, outcome.message, outcome.hint, outcome.timings)
    return ExchangeRecord(
        sent, exchange.started, round(outcome.elapsed, 6), None, failure, outcome.sent, exchange.note, curl
    )


def _body(body: bytes | None, headers: Headers) -> BodyRecord | None:
    if not body:
        return None
    size = len(body)
    kept = body[:MAX_BODY_BYTES]
    left_out = size - len(kept)
    try:
        return BodyRecord(size, kept.decode("utf-8", "ignore" if left_out else "strict"), left_out=left_out)
    except UnicodeDecodeError:
        answer = Answer(Response(0, "", headers=headers, body=kept))
        try:
            return BodyRecord(size, answer.text, charset=answer.charset, left_out=left_out)
        except StepError:
            return BodyRecord(size, base64=kept, left_out=left_out)


def workflow_record(result: WorkflowResult, number: int) -> WorkflowRecord:
    """A run's record without its steps, which have been told."""
    return WorkflowRecord(
        result.name, result.file, result.verdict, result.label, number, result.tags, result.started,
        round(result.duration, 6), result.reason, error_record(result.error) if result.error else None, result.variables,
        result.outputs,
    )  # fmt: skip


def session_record(session: SessionResult) -> SessionRecord:
    """A session's record."""
    steps = tuple(SessionStepRecord(each.purpose, step_record(each.step), each.caused_by) for each in session.steps)
    return SessionRecord(session.name, session.kind, session.verdict, steps, session.users, session.warnings)


def suite_started_line(event: SuiteStarted) -> SuiteStartedLine:
    """What begins a report."""
    return SuiteStartedLine(FORMAT, __version__, event.started, event.workflows, event.seed, event.shuffled)


def workflow_started_line(event: WorkflowStarted) -> WorkflowStartedLine:
    """What begins a run."""
    return WorkflowStartedLine(event.name, event.file, event.label, event.number)


def end(result: Result) -> End:
    """How all of it ended."""
    totals = Totals(
        *(result.count(verdict) for verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED))
    )
    return End(
        result.exit_code, round(result.duration, 6), totals, result.interrupted_by, result.crashed, result.cut_short,
        result.invalid,
    )  # fmt: skip
