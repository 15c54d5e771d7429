"""Limits the size of the values that a template makes: measured once they are made, estimated before one call makes much.

Time is limited elsewhere (`model/limits.py`); here only what runs in C is kept small enough to end soon.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from sys import getsizeof
from typing import TypeVar

from ..model.json_types import JSON
from .filters import FilterError

T = TypeVar("T")

MAX_TEXT = 10_000_000
"""Characters that a value may have as text; for a list or a map the sum of its members, repeated ones included."""

MAX_MADE = 50_000_000
"""Bytes of memory for all values that are made while one template is rendered."""

MAX_BITS = 100_000
"""Bits of a number that a template computes."""

_MANY = 100_000
_WIDTH = re.compile(r"\d{5,}")
_CODECS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "utf-32"})


class _Counter(threading.local):
    """Bytes of the values that the template, which this thread renders, has made so far."""

    total = 0


_counter = _Counter()


def begin_counting() -> None:
    """Start counting for a template that is about to be rendered."""
    _counter.total = 0


def counted(value: T) -> T:
    """Count a value that the template has made.

    Raises:
        FilterError: it is too large, or all values of this template together are.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        _counter.total += getsizeof(value)
    elif isinstance(value, (list, dict, tuple)):
        _counter.total += getsizeof(value)
        check_size(text_length(value))
    else:
        return value
    if _counter.total > MAX_MADE:
        raise FilterError(f"the template makes more than {MAX_MADE // 1_000_000} MB of values")
    return value


def check_size(size: float) -> None:
    """Raise FilterError for a value of too many characters."""
    if size > MAX_TEXT:
        raise FilterError(f"the template would make a value of more than {MAX_TEXT} characters")


def text_length(value: JSON | Iterable[JSON]) -> int:
    """About how many characters a value has as text; counting stops once it is too many."""
    size = 0
    pending: list[JSON | Iterable[JSON]] = [value]
    while pending and size <= MAX_TEXT:
        each = pending.pop()
        if isinstance(each, (str, bytes)):
            size += len(each) + 2
        elif isinstance(each, Mapping):
            size += 2
            pending.extend(each)
            pending.extend(each.values())
        elif isinstance(each, (list, tuple)):
            size += 2
            pending.extend(each)
        else:
            size += 4
    return size


def check_operation(operator: str, left: JSON, right: JSON) -> None:
    """Raise FilterError if the result of an operator would be too large; called before it is computed."""
    if isinstance(left, int) and isinstance(right, int):
        if operator == "*":
            _check_number(left.bit_length() + right.bit_length())
        elif operator == "**":
            _check_number(left.bit_length() * max(right, 0))
    elif operator == "*":
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, (str, list, tuple)) and isinstance(count, int):
                check_size(text_length(sequence) * count)
    elif operator == "+" and isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        check_size(len(left) + len(right))
    elif operator == "%" and isinstance(left, str):
        _percent(left, right)


def _check_number(bits: int) -> None:
    if bits > MAX_BITS:
        raise FilterError(f"the template would make a number of more than {MAX_BITS} bits")


def _percent(text: str, *values: JSON, **named: JSON) -> None:
    if _WIDTH.search(text) or "*" in text:
        raise FilterError("a width of five or more digits after `%` would make more than a template may")
    check_size(len(text) + text.count("%") * text_length([*values, *named.values()]))


def _width(_: JSON, *args: JSON, **named: JSON) -> None:
    for width in (*args, *named.values()):
        if isinstance(width, (int, float)) and abs(width) > _MANY:
            raise FilterError(f"a width or count may be at most {_MANY}, not {width}")


def _indent(text: JSON, width: JSON = 4, *_: JSON, **__: JSON) -> None:
    lines = text.count("\n") + 1 if isinstance(text, str) else 1
    check_size(lines * (len(width) if isinstance(width, str) else width) if isinstance(width, (int, str)) else 0)


def _wordwrap(text: JSON, *args: JSON, **named: JSON) -> None:
    _at_most(200_000)(text)
    check_size(sum(len(str(text)) * len(each) for each in (*args, *named.values()) if isinstance(each, str)))


def _replace(text: JSON, old: JSON = "", new: JSON = "", *_: JSON, **more: JSON) -> None:
    old, new = more.get("old", old), more.get("new", new)
    if isinstance(text, str) and isinstance(new, str) and isinstance(old, str):
        check_size(len(text) + text.count(old) * len(new))


def _joined(separator: JSON | bytes, members: JSON) -> None:
    if isinstance(members, (list, tuple, str)):
        check_size(text_length(members) + len(members) * len(separator) if isinstance(separator, (str, bytes)) else 0)


def _join(members: JSON, separator: JSON = "", *_: JSON, **more: JSON) -> None:
    _joined(more.get("d", separator), members)


def _format(text: str, *values: JSON, **named: JSON) -> None:
    if _WIDTH.search(text) or re.search(r"\{[^{}]*\{", text):
        raise FilterError(
            "`format` with a width of five or more digits, or a width from an argument, would make too large a value"
        )
    check_size(len(text) + text.count("{") * text_length([*values, *named.values()]))


def _expand_tabs(text: str, tabsize: int = 8) -> None:
    check_size(text.count("\t") * tabsize)


def _translate(text: str, table: JSON = None, *_: JSON) -> None:
    if isinstance(table, Mapping):
        check_size(len(text) * max((len(to) for to in table.values() if isinstance(to, str)), default=1))


def _encode(_: JSON, codec: JSON = "utf-8", *__: JSON, **more: JSON) -> None:
    if more.get("encoding", codec) not in _CODECS:
        raise FilterError(f"`encode` supports {', '.join(sorted(_CODECS))}")


def _split_count(text: JSON, separator: JSON = None, *_: JSON, **more: JSON) -> None:
    separator = more.get("sep", separator)
    if isinstance(text, str):
        count = text.count(separator) if isinstance(separator, str) and separator else len(re.findall(r"\s+", text))
        _check_members(count)


def _line_count(text: JSON, *_: JSON, **__: JSON) -> None:
    if isinstance(text, str):
        _check_members(len(re.findall(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text)))


def _check_members(count: int) -> None:
    if count > 5 * _MANY:
        raise FilterError(f"the template would make a list of {count} members; at most {5 * _MANY}")


def _at_most(characters: int) -> Callable[..., None]:
    """The check of a filter that is slow on long texts, or that treats each character as a member."""

    def limited(text: JSON, *_: JSON, **__: JSON) -> None:
        if isinstance(text, (str, bytes)) and len(text) > characters:
            raise FilterError(f"this filter takes a text of at most {characters} characters, not {len(text)}")

    return limited


def _json(text: JSON, *_: JSON, **__: JSON) -> None:
    if isinstance(text, str) and text.count("{") * 240 + text.count("[") * 64 + text.count(",") * 36 > MAX_MADE:
        raise FilterError("the value of this JSON text would take too much memory")


def _indented(value: JSON, indent: int | None = None) -> None:
    check_size(text_length(value) * (indent or 0))


_MEMBERS = _at_most(_MANY)
LIMITED_FILTERS: dict[str, Callable[..., None]] = {
    "batch": _width, "center": _width, "format": _percent, "from_json": _json, "indent": _indent, "join": _join,
    "replace": _replace, "round": _width, "slice": _width, "striptags": _at_most(20_000), "tojson": _indented,
    "wordwrap": _wordwrap,
    "dictsort": _MEMBERS, "groupby": _MEMBERS, "list": _MEMBERS, "map": _MEMBERS, "max": _MEMBERS, "min": _MEMBERS,
    "random": _MEMBERS, "reject": _MEMBERS, "rejectattr": _MEMBERS, "select": _MEMBERS, "selectattr": _MEMBERS,
    "sort": _MEMBERS, "unique": _MEMBERS,
}  # fmt: skip
"""Checks of a filter's arguments, if its result can be much larger than they are, or slow to compute; the value comes first."""

LIMITED_METHODS: dict[str, Callable[..., None]] = {
    "center": _width, "encode": _encode, "expandtabs": _expand_tabs, "ljust": _width,
    "rjust": _width, "zfill": _width, "to_bytes": _width, "replace": _replace, "join": _joined, "format": _format,
    "format_map": _format, "rsplit": _split_count, "split": _split_count, "splitlines": _line_count, "translate": _translate,
}  # fmt: skip
"""Checks of the arguments of a method of a text or a number; the object comes first."""


def check_call(function: Callable[..., T], args: tuple[JSON, ...], kwargs: Mapping[str, JSON]) -> None:
    """Raise FilterError if a method of a text or a number would make too large a value; called before the method."""
    owner = getattr(
        getattr(function, "__wrapped__", function), "__self__", None
    )  # a wrapped one is the sandbox's format
    guard = LIMITED_METHODS.get(function.__name__) if isinstance(owner, (str, bytes, int)) else None
    if guard is not None:
        guard(owner, *args, **kwargs)


def concatenated(pieces: Iterable[str]) -> str:
    """The pieces as one text. Raises FilterError if it is too long."""
    every: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        check_size(size)
        every.append(piece)
    return "".join(every)
