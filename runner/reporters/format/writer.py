"""Converts results to the records of the report format, and records to JSON. Long bodies are cut and marked as cut."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from ...model.answer import Answer
from ...model.codes import code_of
from ...model.errors import StepError
from ...model.events import SuiteStarted, WorkflowStarted
from ...model.exchange import Exchange, Headers, Request, Response, TransportFailure
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
"""Bytes of a body that a report keeps."""

MAX_STEP_BYTES = 4 * 1024 * 1024
"""Bytes of a step's record. The long values of a longer one are cut to `_MAX_VALUE` characters or bytes."""

_MAX_VALUE = MAX_BODY_BYTES // 16
_MAX_ITEMS = 1000
_SHORT = 200
_SCALARS = (str, int, float, bool, type(None))
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def encoded(record: msgspec.Struct | dict[str, Any] | list[Any]) -> bytes:
    """The record as JSON that every parser reads: lone surrogates, which UTF-8 cannot hold, are replaced."""
    try:
        return _ENCODER.encode(record)
    except (UnicodeEncodeError, TypeError):  # a lone surrogate, or a map whose keys are not all texts
        return _ENCODER.encode(_encodable(record))


def _encodable(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        tag_field = {} if tag is None else {str(value.__struct_config__.tag_field): tag}
        fields = ((field, getattr(value, field.name)) for field in _fields(type(value)))
        return tag_field | {
            field.encode_name: _encodable(each) for field, each in fields if not _is_default(field, each)
        }
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {str(_encodable(name)): _encodable(each) for name, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value


_fields = cache(msgspec.structs.fields)  # it reads the annotations again each time


def _is_default(field: msgspec.structs.FieldInfo, value: Any) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return field.default is not msgspec.NODEFAULT and bool(value == field.default)


class _LastEncoded:
    """The step that was encoded last: several reports ask for the same step, one after the other."""

    step: StepResult | None = None
    data: bytes = b""


def encoded_step(step: StepResult) -> bytes:
    """The record of a step as JSON, with long bodies cut."""
    if _LastEncoded.step is not step:
        data = encoded(step_record(step))
        if len(data) > MAX_STEP_BYTES:
            data = encoded(_shortened(step_record(step)))
        _LastEncoded.data = data  # set first: another thread that sees the step must see its bytes
        _LastEncoded.step = step
    return _LastEncoded.data


def _shortened(value: Any) -> Any:
    """A record with its long texts and long lists cut."""
    match value:
        case BodyRecord(text=text, base64=raw) if len(text) + len(raw) > _MAX_VALUE:
            return msgspec.structs.replace(
                value,
                text=text[:_MAX_VALUE],
                base64=raw[:_MAX_VALUE],
                left_out=value.size - len(text[:_MAX_VALUE].encode()) - len(raw[:_MAX_VALUE]),
            )
        case msgspec.Struct():
            changed = {name: _shortened(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **changed)
        case str() if len(value) > _MAX_VALUE:
            return f"{value[:_MAX_VALUE]}… [{len(value) - _MAX_VALUE} more characters]"
        case dict():
            return {name: _shortened(each) for name, each in value.items()}
        case list() | tuple() if value and isinstance(value[0], msgspec.Struct):
            return type(value)(map(_shortened, value))
        case list() | tuple():
            more = [f"… [{len(value) - _MAX_ITEMS} more]"] if len(value) > _MAX_ITEMS else []
            return type(value)([*map(_shortened, value[:_MAX_ITEMS]), *more])
        case _:
            return value


def step_record(step: StepResult) -> StepRecord:
    """The record of a step."""
    return StepRecord(
        name=step.name,
        verdict=step.verdict,
        purpose=step.purpose,
        method=step.method,
        url=step.url,
        status=step.status,
        started=step.started,
        seconds=round(step.duration, 6),
        iteration=-1 if step.iteration is None else step.iteration,
        passed_checks=step.passed_checks,
        judged=step.judged,
        cleanup=step.cleanup,
        reason=step.reason,
        warnings=step.warnings,
        where=step.where,
        attempts=tuple(map(_attempt_record, step.attempts)),
        provided=step.provided,
        local=step.local,
    )


def _attempt_record(attempt: AttemptResult) -> AttemptRecord:
    return AttemptRecord(
        started=attempt.started,
        seconds=round(attempt.duration, 6),
        waited=attempt.waited,
        exchanges=tuple(map(_exchange_record, attempt.exchanges)),
        checks=tuple(map(_check_record, attempt.checks)),
        errors=tuple(map(error_record, attempt.errors)),
        notes=attempt.notes,
        steps=tuple(map(step_record, attempt.steps)),
        variables=attempt.variables,
    )


def _check_record(check: Check) -> CheckRecord:
    if check.passed:
        return CheckRecord(
            subject=check.subject,
            operator=check.operator,
            passed=True,
            expected=_short_value(check.expected),
            actual=_short_value(check.actual),
        )
    return CheckRecord(
        subject=check.subject,
        operator=check.operator,
        code=code_of(check),
        expected=check.expected,
        actual=check.actual,
        found=check.found,
        detail=check.detail,
        parts=check.parts,
        where=check.where,
        lines=tuple(check_lines(check)),
    )


def _short_value(value: Any) -> Any:
    """The value of a check that passed, where it is short; else its beginning, or None."""
    if isinstance(value, _SCALARS):
        return value if not isinstance(value, str) or len(value) <= _SHORT else f"{value[:_SHORT]}…"
    if isinstance(value, (list, tuple)) and len(value) <= 8 and all(isinstance(each, (int, bool)) for each in value):
        return value
    return None


def error_record(error: Failure) -> ErrorRecord:
    """The record of an error."""
    return ErrorRecord(
        code=code_of(error),
        kind=error.kind,
        message=error.message,
        hint=error.hint,
        where=error.where,
        cause=error.cause or "",
    )


def _exchange_record(exchange: Exchange) -> ExchangeRecord:
    outcome = exchange.outcome
    return ExchangeRecord(
        request=_request_record(exchange.request),
        started=exchange.started,
        seconds=round(outcome.elapsed, 6),
        response=_response_record(outcome) if isinstance(outcome, Response) else None,
        failure=None if isinstance(outcome, Response) else _failure_record(outcome),
        sent=outcome.sent,
        note=exchange.note,
        curl=curl_command(exchange),
    )


def _request_record(request: Request) -> RequestRecord:
    return RequestRecord(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=_body_record(request.body, request.headers),
        timeout=round(request.timeout, 3),
        unverified=request.transport.verify is False,
    )


def _response_record(response: Response) -> ResponseRecord:
    return ResponseRecord(
        status=response.status,
        reason=response.reason,
        url=response.url,
        http_version=response.http_version,
        headers=response.headers,
        body=_body_record(response.body, response.headers),
        ip=response.ip,
        timings=response.timings,
        certificate=response.certificate,
    )


def _failure_record(failure: TransportFailure) -> TransportFailureRecord:
    return TransportFailureRecord(
        kind=failure.kind, phase=failure.phase, message=failure.message, hint=failure.hint, timings=failure.timings
    )


def _body_record(body: bytes | None, headers: Headers) -> BodyRecord | None:
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
    """The record of a run, without its steps."""
    return WorkflowRecord(
        name=result.name,
        file=result.file,
        verdict=result.verdict,
        label=result.label,
        number=number,
        tags=result.tags,
        started=result.started,
        seconds=round(result.duration, 6),
        reason=result.reason,
        error=error_record(result.error) if result.error else None,
        variables=result.variables,
        outputs=result.outputs,
    )


def session_record(session: SessionResult) -> SessionRecord:
    """The record of a session."""
    return SessionRecord(
        name=session.name,
        kind=session.kind,
        verdict=session.verdict,
        steps=tuple(
            SessionStepRecord(purpose=each.purpose, step=step_record(each.step), caused_by=each.caused_by)
            for each in session.steps
        ),
        users=session.users,
        warnings=session.warnings,
    )


def suite_started_line(event: SuiteStarted) -> SuiteStartedLine:
    """The first line of a report."""
    return SuiteStartedLine(
        format=FORMAT,
        runflow=__version__,
        started=event.started,
        runs=event.workflows,
        seed=event.seed,
        shuffled=event.shuffled,
    )


def workflow_started_line(event: WorkflowStarted) -> WorkflowStartedLine:
    """The first line of a run."""
    return WorkflowStartedLine(name=event.name, file=event.file, label=event.label, number=event.number)


def end_record(result: Result) -> End:
    """The record of how the whole suite ended."""
    return End(
        exit_code=result.exit_code,
        seconds=round(result.duration, 6),
        totals=Totals(**{verdict.value: result.count(verdict) for verdict in Verdict}),
        interrupted_by=result.interrupted_by,
        crashed=result.crashed,
        cut_short=result.cut_short,
        invalid=result.invalid,
    )
