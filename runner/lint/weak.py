"""Rules about checks that are too weak to fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..plan.conditions import Condition, Expectation, Inside
from ..plan.plan import RequestPlan, StepPlan
from ..selectors.json_path import Definite
from .rule import Remark
from .subject import Subject, literal


def nothing_expected(subject: Subject) -> Iterator[Remark]:
    """A request without any check, not even of the status: a 500 passes."""
    for step, request in subject.requests:
        if step.path[0] == "steps" and _checks_nothing(step):
            hint = "add a check, at least `expect: 2xx`"
            yield Remark(request.url_path, "the step checks nothing: any response passes", hint, on_key=True)


def _checks_nothing(step: StepPlan) -> bool:
    return not (step.status or step.expectations or step.asserts or step.extracts or step.expects_failure)


_ANY_PATTERN = frozenset({"", "^", "$", "^$|", ".*", "^.*", ".*$", "^.*$", ".*?", "(?s).*", "(?s)^.*$"})
_ALWAYS_THERE = frozenset(
    {"status", "body", "size", "duration", "url", "reason", "http_version", "sha256", "hex", "redirects", "$"}
)
_NEVER_NEGATIVE = ("size", "duration", "timing")


def passes_anything(subject: Subject) -> Iterator[Remark]:
    """An expectation that every response meets."""
    for step in subject.steps:
        for expectation in step.expectations:
            kind = expectation.pick.text.partition(" ")[0]
            if expectation.conditions.entries and all(
                _always_passes(entry, kind) for entry in expectation.conditions.entries
            ):
                message = f"`{expectation.pick.text}` passes for every response"
                yield Remark(expectation.pick.path, message, "write the expected value", on_key=True)


def _always_passes(entry: Condition | Inside, kind: str) -> bool:
    argument = literal(entry)
    match entry.operator:
        case "matches":
            return bool(argument in _ANY_PATTERN)
        case "contains" | "starts_with" | "ends_with":
            return bool(argument == "")
        case "exists":
            return argument is True and kind in _ALWAYS_THERE
        case "gte":
            return kind in _NEVER_NEGATIVE and argument in (0, "0ms", "0s", "0B")
        case _:
            return False


def any_status(subject: Subject) -> Iterator[Remark]:
    """`status: any`: an error response passes."""
    reported = {step.path for step in subject.steps if step.path[0] == "steps" and _checks_nothing(step)}
    for key in ("steps", "finally"):
        for index, step in enumerate(subject.data.get(key) or ()):
            expect = step.get("expect") if isinstance(step, dict) else None
            status = expect.get("status") if isinstance(expect, dict) else expect
            if status == "any" and (key, index) not in reported:
                path = (key, index, "expect", "status") if isinstance(expect, dict) else (key, index, "expect")
                yield Remark(path, "every status passes, even 500", "list the expected ones: [200, 404]")


def impossible_path(subject: Subject) -> Iterator[Remark]:
    """A path that the schema of the same step forbids."""
    for step in subject.steps:
        schemas = [schema for each in step.expectations for schema in _schemas(each)]
        for pick in (*(each.pick for each in step.expectations), *(each.pick for each in step.extracts)):
            path = pick.selector.path if isinstance(pick.selector, Definite) and pick.text != "$" else ()
            for schema in schemas:
                missing = _missing(schema, path)
                if missing:
                    message = f"the schema of this step does not allow {missing}"
                    yield Remark(pick.path, message, "correct the path or the schema", on_key=True)


def _schemas(expectation: Expectation) -> Iterator[dict[str, Any]]:
    if expectation.pick.text != "$":
        return
    for entry in expectation.conditions.entries:
        argument = literal(entry) if entry.operator == "schema" else None
        if isinstance(argument, dict):
            yield argument


def _missing(schema: dict[str, Any], path: tuple[str | int, ...]) -> str:
    """The first part of a path that the schema forbids, or ""."""
    for part in path:
        if isinstance(part, int):
            schema = schema.get("items", {})
        else:
            properties = schema.get("properties", {})
            if (
                part not in properties
                and schema.get("additionalProperties") is False
                and "patternProperties" not in schema
            ):
                return f"`{part}`"
            schema = properties.get(part, {})
        if not isinstance(schema, dict) or "$ref" in schema:
            return ""
    return ""


_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


def retries_non_idempotent(subject: Subject) -> Iterator[Remark]:
    """A request that is not idempotent is retried: an attempt may have succeeded although its response was lost."""
    for step, request in subject.requests:
        if step.retry is None or not request.method.literal:
            continue
        method = str(request.method.render({}))
        if method not in _REPEATABLE and not _has_key(request):
            hint = "retry a GET after it, or send a unique `Idempotency-Key` header"
            yield Remark(
                _retry_path(subject, step.path),
                f"retrying a {method} may do its work twice",
                hint,
                on_key=True,
            )


def _has_key(request: RequestPlan) -> bool:
    names = (str(entry.name.render({})).lower() for entry in request.headers.entries if entry.name.literal)
    return "idempotency-key" in names


def _retry_path(subject: Subject, path: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*path, "retry") if "retry" in subject.data[path[0]][path[1]] else path
