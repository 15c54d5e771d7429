"""Rules that check steps against an OpenAPI document, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..model.wording import did_you_mean
from ..openapi.document import Breach, DocumentNode, OpenApiDocument
from ..plan.conditions import Expectation
from ..plan.plan import RequestPlan, StepPlan
from ..selectors.json_path import Definite
from .rule import Remark
from .subject import Subject, literal

ONE_IS_WRONG = "correct the workflow or the document"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


def not_described(subject: Subject) -> Iterator[Remark]:
    """A request, a status or a path into the response is not in the document."""
    contract = subject.plan.contract
    if contract is None:
        return
    for step, request in subject.requests:
        asked = _asked(subject, step, request)
        if asked is None:
            continue
        method, url, base = asked
        found = contract.operation(method, urlsplit(url).path, urlsplit(base).path)
        if isinstance(found, Breach):
            yield Remark(
                request.url_path,
                f"{contract.name} has no {method} {urlsplit(url).path}",
                found.detail or ONE_IS_WRONG,
            )
            continue
        title, _, operation = found
        yield from _check_responses(contract, title, operation, step)


def _asked(subject: Subject, step: StepPlan, request: RequestPlan) -> tuple[str, str, str] | None:
    """Method, URL and base URL as written, with `x` for each template; None if they are not known."""
    base = subject.data.get("base_url", "") if isinstance(subject.data, dict) else ""
    written = subject.data[step.path[0]][step.path[1]]
    method, url = next(((key.upper(), written[key]) for key in _METHODS if key in written), ("", None))
    if not request.method.literal or not isinstance(url, str) or not url.startswith(("/", "?")):
        return None
    base = str(base) if "{{" not in str(base) else ""
    return method, urlsplit(base).path.rstrip("/") + _TEMPLATE.sub("x", url), base


def _check_responses(
    contract: OpenApiDocument, title: str, operation: DocumentNode, step: StepPlan
) -> Iterator[Remark]:
    if any(status.startswith("3") for status in operation.data.get("responses", {})):
        return  # the response is that of another operation
    statuses = list(_statuses(step))
    if statuses and not any(contract.response(operation, status) for status, _ in statuses):
        status, path = statuses[0]
        yield Remark(path, f"{contract.name} has no {status} for {title}", ONE_IS_WRONG)
        return
    schemas = _schemas(contract, operation, [status for status, _ in statuses] or [200])
    absent = {each.pick.path for each in step.expectations if _is_absent(each)}
    for pick in (*(each.pick for each in step.expectations), *(each.pick for each in step.extracts)):
        if not schemas or not isinstance(pick.selector, Definite) or pick.path in absent:
            continue
        missing = [_missing(contract, schema, pick.selector.path) for schema in schemas]
        if all(part for part, _ in missing):
            part, hint = missing[0]
            message = f"{contract.name} has no `{part}` in the response of {title}"
            yield Remark(pick.path, message, hint or ONE_IS_WRONG, on_key=True)


def _is_absent(expectation: Expectation) -> bool:
    """Whether it is expected that there is no value: `exists: false`."""
    return any(entry.operator == "exists" and literal(entry) is False for entry in expectation.conditions.entries)


def _statuses(step: StepPlan) -> Iterator[tuple[int, Any]]:
    """The statuses that a step expects as numbers, each with its path."""
    for each in step.status:
        for entry in each.conditions.entries:
            wanted = literal(entry)
            for status in wanted if isinstance(wanted, list) else [wanted]:
                if isinstance(status, int):
                    yield status, entry.path


def _schemas(contract: OpenApiDocument, operation: DocumentNode, statuses: list[int]) -> list[DocumentNode]:
    """The schemas of the possible JSON bodies; empty if one of them may be anything."""
    found = []
    for status in statuses:
        described = contract.response(operation, status)
        schema = contract.schema(described, "application/json") if described is not None else None
        if schema is None:
            return []
        found.append(schema)
    return found


def _missing(contract: OpenApiDocument, schema: DocumentNode, path: tuple[str | int, ...]) -> tuple[str, str]:
    """The first part of a path that is not described, and a hint; empty texts if there is none."""
    for part in path:
        member = contract.member(schema, part)
        if member is False:
            return str(part), did_you_mean(str(part), schema.data.get("properties", {}))
        if not isinstance(member, DocumentNode):
            break
        schema = member
    return "", ""
