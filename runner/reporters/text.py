"""Formats texts for people: escapes control characters, excerpts files, shows differences of JSON, cuts long texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..matchers.equality import same
from ..model.answer import Answer
from ..model.errors import StepError
from ..model.exchange import Request, Response
from ..model.results import Check, StepResult, Verdict, Where
from ..model.wording import cut, json_text, member_path, plural, seconds_text, shown

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
MAX_BODY_LINES = 12
MAX_BODY_CHARACTERS = 2000


def safe(text: str) -> str:
    """The text with control and bidirectional characters escaped, so that it cannot affect a terminal."""
    return _UNSAFE.sub(
        lambda found: f"\\u{ord(found[0]):04x}" if ord(found[0]) > 0xFF else f"\\x{ord(found[0]):02x}", text
    )


def can_write(stream: object, text: str) -> bool:
    """Whether the encoding of the stream has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def flat(text: str) -> str:
    """Safe text on one line: line breaks are escaped too."""
    if text.isascii() and text.isprintable():  # most are
        return text
    return safe(text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t"))


def one_line(text: str, limit: int = 120) -> str:
    """Safe text on one line, cut to `limit` characters with an ellipsis."""
    line = flat(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def excerpt(where: Where) -> Iterator[str]:
    """The lines around a place, with a caret below it."""
    width = len(str(where.excerpt[-1][0])) if where.excerpt else 1
    for number, line in where.excerpt:
        mark = ">" if number == where.line else " "
        yield f"{mark} {number:>{width}} | {safe(line.expandtabs(1))}"
        if number == where.line and where.column <= len(line) + 1:  # else the line is cut before the place
            caret = "^" * max(min(where.width, len(line) - where.column + 1), 1)
            yield f"  {'':>{width}} | {'':>{where.column - 1}}{caret}"


def differences(expected: Any, actual: Any, path: str = "$") -> Iterator[str]:
    """The differences between two JSON values, one per line."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            below = member_path(path, str(key))
            if key not in actual:
                yield f"- {below}: {shown(expected[key], 100)}, which is missing"
            elif key not in expected:
                yield f"+ {below}: {shown(actual[key], 100)}, which was not expected"
            else:
                yield from differences(expected[key], actual[key], below)
    elif isinstance(expected, list) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            below = f"{path}[{index}]"
            if index >= len(actual):
                yield f"- {below}: {shown(expected[index], 100)}, which is missing"
            elif index >= len(expected):
                yield f"+ {below}: {shown(actual[index], 100)}, which was not expected"
            else:
                yield from differences(expected[index], actual[index], below)
    elif not same(expected, actual):
        yield f"- {path}: {shown(expected, 100)}"
        yield f"+ {path}: {shown(actual, 100)}"


_WORDS = {
    "equals": "", "snapshot": "", "status": "",
    "gt": "more than ", "gte": "at least ", "lt": "less than ", "lte": "at most ", "not_equals": "anything but ",
    "in": "one of ", "not_in": "none of ", "contains": "something that contains ", "not_contains": "something without ",
    "starts_with": "a text that starts with ", "ends_with": "a text that ends with ", "matches": "a text that matches ",
}  # fmt: skip


_SAME = frozenset({"equals", "snapshot"})
"""Operators whose failure shows where two values differ."""


def check_lines(check: Check) -> Iterator[str]:
    """The expected and the actual value with their types, or a diff where both are long."""
    if check.operator == "assert":
        yield f"{check.subject} is false"
        for text, value in check.parts:
            yield f"  {text} = {shown(value, 100)}"
        return
    yield check.subject
    both = isinstance(check.expected, (dict, list)) and isinstance(check.actual, (dict, list))
    if check.operator in _SAME and check.found and both and type(check.expected) is type(check.actual):
        yield from _cut([f"  {line}" for line in differences(check.expected, check.actual)], 20)
        return
    lines = _text_diff(check)
    if lines:
        yield from lines
        return
    yield f"  expected  {_expected(check)}"
    if check.operator == "threshold":
        yield f"  actual    {check.actual}"
        return
    yield f"  actual    {shown(check.actual) if check.found else 'nothing was found'}"
    if check.detail and not (check.detail == "nothing was found there" and not check.found):
        yield f"            {one_line(check.detail, 400)}"


def _expected(check: Check) -> str:
    words = _WORDS.get(check.operator)
    if check.operator in {"openapi", "threshold"}:
        return str(check.expected)
    if words is None:
        return f"{check.operator}: {cut(json_text(check.expected), 200)}"
    if check.operator == "status":
        members = check.expected if isinstance(check.expected, list) else [check.expected]
        return " or ".join(str(member) for member in members)
    return f"{words}{shown(check.expected)}"


def _text_diff(check: Check) -> list[str]:
    """A diff of two texts that have several lines."""
    if check.operator not in _SAME or not isinstance(check.expected, str) or not isinstance(check.actual, str):
        return []
    if "\n" not in check.expected or "\n" not in check.actual:
        return []
    # only for checks that fail
    import difflib  # noqa: PLC0415  # see above

    lines = difflib.unified_diff(
        check.expected.splitlines(), check.actual.splitlines(), "expected", "actual", lineterm="", n=1
    )
    return list(_cut([f"  | {line}" for line in lines], 30))  # no line of a response may begin a line of a CI log


def _cut(lines: list[str], most: int) -> Iterable[str]:
    return lines if len(lines) <= most else [*lines[:most], f"  … {len(lines) - most} more lines"]


def request_lines(request: Request, sent: tuple[tuple[str, str], ...], *, body: bool) -> Iterator[str]:
    """A request as it was sent."""
    yield f"{request.method} {request.url}"
    for name, value in sent or request.headers:
        yield f"{name}: {one_line(value, 300)}"
    if body and request.body:
        yield ""
        yield from body_lines(
            request.body, {name.lower(): value for name, value in request.headers}.get("content-type", "")
        )


def response_lines(response: Response, *, body: bool, full: bool = False) -> Iterator[str]:
    """A response; a long body is cut unless `full`."""
    yield f"HTTP/{response.http_version} {response.status} {response.reason}".rstrip()
    for name, value in response.headers:
        yield f"{name}: {one_line(value, 300)}"
    if body and response.body:
        yield ""
        yield from body_lines(response.body, response.header("content-type") or "", full=full)


def body_lines(body: bytes, content_type: str, *, full: bool = False) -> Iterator[str]:
    """A body as lines: JSON indented, text as it is, binary data as its size. It is cut unless `full`."""
    answer = Answer(Response(0, "", headers=(("Content-Type", content_type),), body=body))
    try:
        text = json_text(answer.json, indent=2) if answer.says_json else answer.text
    except StepError:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            yield f"[{len(body)} bytes of binary data]"
            return
    limit = len(text) if full else MAX_BODY_CHARACTERS
    lines = text[:limit].splitlines()
    most = len(lines) if full else MAX_BODY_LINES
    for line in lines[:most]:
        yield safe(line.replace("\t", "    "))[:500]
    hidden = len(text) - sum(len(line) + 1 for line in lines[:most])
    if hidden > 0:
        yield f"… {hidden} more characters (show all: -vv)"


def step_title(step: StepResult) -> str:
    """The title of a step: its purpose, its name (or its request, where it has no name), and its iteration."""
    iteration = f" [{step.iteration}]" if step.iteration is not None else ""
    unnamed = bool(step.method) and step.name.startswith(f"{step.method} ")
    purpose = f"{one_line(step.purpose)}: " if step.purpose else ""
    return f"{purpose}{f'{step.method} {one_line(step.url, 100)}' if unnamed else one_line(step.name)}{iteration}"


def step_words(step: StepResult) -> str:
    """A step on one line: its title, request, status and duration."""
    parts = [step_title(step)]
    if step.method and not step.name.startswith(f"{step.method} "):
        parts.append(f"{step.method} {one_line(step.url, 100)}")
    if step.status:
        parts.append(str(step.status))
    if step.verdict is Verdict.SKIPPED:
        parts.append(f"skipped: {one_line(step.reason, 200)}")
    elif step.started or step.duration:  # a step that never started has no duration
        parts.append(seconds_text(step.duration))
    if len(step.attempts) > 1:
        parts.append(plural(len(step.attempts), "attempt"))
    if step.method and not step.judged and not step.purpose and step.verdict is Verdict.PASSED:
        parts.append("nothing expected")
    return "  ".join(parts)
