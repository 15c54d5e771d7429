"""Formats values, types, counts, durations and similar names for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_WORD = re.compile(r"[A-Za-z_\u0080-\u1fff\u3040-\ud7ff][\w\u3040-\ud7ff]{0,59}")

JSON_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


def json_type(value: Any) -> str:
    """The JSON type of a value, as the `type` operator names it (`1.0` is an integer; RFC 8259 §3)."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case Mapping():
            return "object"
        case _:
            return type(value).__name__


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON; what JSON cannot represent becomes its text."""
    separators = None if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, default=str)


CUT = "…"
"""Marks where a text was cut. Redaction looks for the beginning of a secret right before it."""


def cut(text: str, limit: int) -> str:
    """The text, cut to `limit` characters and an ellipsis."""
    return text if len(text) <= limit else text[:limit] + CUT


def shown(value: Any, limit: int = 200) -> str:
    """A value with its type, cut to `limit` characters: `"1" (string)`."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > limit:
        text = f"{text[:limit]}{CUT} [{len(text) - limit} more characters]"
    kind = json_type(value)
    return text if kind in {"null", "boolean"} else f"{text} ({kind})"


def key_text(key: str) -> str:
    """A key of an object, quoted unless it is a plain word, and cut."""
    return key if _WORD.fullmatch(key) else cut(json.dumps(key, ensure_ascii=False), 60)


def member_path(path: str, key: str) -> str:
    """The JSONPath of a member: `$.name`, or `$["a name"]` (RFC 9535 §2.5.1.1)."""
    return f"{path}.{key}" if _WORD.fullmatch(key) else f"{path}[{key_text(key)}]"


def nearest(name: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """The known name that is most similar to `name`, or "".

    Args:
        name: The name as written.
        known: The names to choose from.
        closeness: How similar it must be, from 0 to 1.
    """
    # only needed for invalid files
    import difflib  # noqa: PLC0415  # see above

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=closeness)), "")


def did_you_mean(name: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """`did you mean 'headers'?` where a known name is similar (see `nearest`), else ""."""
    near = nearest(name, known, closeness)
    return f"did you mean '{near}'?" if near else ""


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Sorted names, at most `limit` of them: `a, b, c and 4 more`."""
    every = sorted(names)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more


def plural(count: int, noun: str) -> str:
    """A number and a noun: `1 step`, `2 steps`, `2 queries`."""
    if count == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith("sh") else "s"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}{ending}"


def seconds_text(seconds: float) -> str:
    """A duration for people: `12 ms`, `1.25 s`, `2 min 5 s`, `3 h 20 min`, `41 days`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} days"


def raised(error: BaseException) -> str:
    """An exception of foreign code as text: its type, and its message if it has one."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def os_error_text(error: BaseException) -> str:
    """What the operating system says went wrong, without the file's name; of any other exception, its text."""
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
