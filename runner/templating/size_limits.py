"""How large a value of a template becomes: measured where it is made, estimated where it would be made in one go.

Time is not looked at here (`model/limits.py`); what runs in C must only be small enough to end soon.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from sys import getsizeof
from typing import Any

from .filters import FilterError

MAX_TEXT = 10_000_000
"""Characters that a value may have as text; also of its parts together, each as often as it stands there."""

MAX_MADE = 50_000_000
"""Bytes that all values made while one template is rendered may take."""

MAX_DIGITS = 100_000
"""Bits of a number."""

_MANY = 100_000
_WIDTH = re.compile(r"\d{5,}")
_CODECS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "utf-32"})


class _Made(threading.local):
    """What the template that a thread renders has made so far, in bytes."""

    total = 0


_made = _Made()


def begin_counting() -> None:
    """A template begins to be rendered."""
    _made.total = 0


def took(value: Any) -> Any:
    """The value, counted. Raises FilterError: all that this template has made is too much."""
    kind = type(value)
    if kind is str or kind is bytes:
        _made.total += getsizeof(value)
    elif kind is list or kind is dict or kind is tuple:
        _made.total += getsizeof(value)
        check_size(spread(value))
    else:
        return value
    if _made.total > MAX_MADE:
        raise FilterError(f"the template makes more than {MAX_MADE // 1_000_000} MB of values")
    return value


def check_size(size: float) -> None:
    """Refuse a value of so many characters. Raises FilterError."""
    if size > MAX_TEXT:
        raise FilterError(f"the template would make a value of more than {MAX_TEXT} characters")


def spread(value: Any) -> int:
    """How long a value is as text, about; counted no further than is needed to refuse it."""
    size = 0
    pending = [value]
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


def operation(operator: str, left: Any, right: Any) -> None:
    """Refuse what an operator would make, before it is made. Raises FilterError."""
    numbers = isinstance(left, int) and isinstance(right, int)
    if operator == "*" and numbers:
        _check_number(left.bit_length() + right.bit_length())
    elif operator == "*":
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, (str, list, tuple)) and isinstance(count, int):
                check_size(spread(sequence) * count)
    elif operator == "**" and numbers:
        _check_number(left.bit_length() * max(right, 0))
    elif operator == "+" and isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        check_size(len(left) + len(right))
    elif operator == "%" and isinstance(left, str):
        _percent(left, right)


def _check_number(bits: int) -> None:
    if bits > MAX_DIGITS:
        raise FilterError(f"the template would make a number of more than {MAX_DIGITS} bits")


def _percent(text: str, *values: Any, **named: Any) -> None:
    if _WIDTH.search(text) or "*" in text:
        raise FilterError("`%` with a width of five digits would make a value of more than a template may")
    check_size(len(text) + text.count("%") * spread([*values, *named.values()]))


def _width(_: Any, *args: Any, **named: Any) -> None:
    for width in (*args, *named.values()):
        if isinstance(width, (int, float)) and abs(width) > _MANY:
            raise FilterError(f"a width or count of {width} is too much; at most {_MANY}")


def _indent(text: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    lines = text.count("\n") + 1 if isinstance(text, str) else 1
    check_size(lines * (len(width) if isinstance(width, str) else width) if isinstance(width, (int, str)) else 0)


def _wordwrap(text: Any, *args: Any, **named: Any) -> None:
    _at_most(200_000)(text)
    check_size(sum(len(str(text)) * len(each) for each in (*args, *named.values()) if isinstance(each, str)))


def _replace(text: Any, old: Any = "", new: Any = "", *_: Any, **more: Any) -> None:
    old, new = more.get("old", old), more.get("new", new)
    if isinstance(text, str) and isinstance(new, str) and isinstance(old, str):
        check_size(len(text) + text.count(old) * len(new))


def _joined(separator: Any, members: Iterable[Any]) -> None:
    if isinstance(members, (list, tuple, str)):
        check_size(spread(members) + len(members) * len(separator) if isinstance(separator, (str, bytes)) else 0)


def _join(members: Any, separator: Any = "", *_: Any, **more: Any) -> None:
    _joined(more.get("d", separator), members)


def _format(text: Any, *values: Any, **named: Any) -> None:
    if _WIDTH.search(text) or re.search(r"\{[^{}]*\{", text):
        raise FilterError("`format` with a width of five digits, or a width that is given, makes a value too large")
    check_size(len(text) + text.count("{") * spread([*values, *named.values()]))


def _tabs(text: str, tabsize: int = 8) -> None:
    check_size(text.count("\t") * tabsize)


def _translate(text: Any, table: Any = None, *_: Any) -> None:
    if isinstance(table, Mapping):
        check_size(len(text) * max((len(to) for to in table.values() if isinstance(to, str)), default=1))


def _encode(_: Any, codec: Any = "utf-8", *__: Any, **more: Any) -> None:
    if more.get("encoding", codec) not in _CODECS:
        raise FilterError(f"`encode` knows {', '.join(sorted(_CODECS))}")


def _pieces(text: Any, separator: Any = None, *_: Any, **more: Any) -> None:
    separator = more.get("sep", separator)
    if isinstance(text, str):
        count = text.count(separator) if isinstance(separator, str) and separator else len(re.findall(r"\s+", text))
        _check_members(count)


def _lines(text: Any, *_: Any, **__: Any) -> None:
    if isinstance(text, str):
        _check_members(len(re.findall(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", text)))


def _check_members(count: int) -> None:
    if count > 5 * _MANY:
        raise FilterError(f"the template would make a list of {count} members; at most {5 * _MANY}")


def _at_most(characters: int) -> Callable[..., None]:
    """A filter that is slow on long texts, or takes each character for a member."""

    def limited(text: Any, *_: Any, **__: Any) -> None:
        if isinstance(text, (str, bytes)) and len(text) > characters:
            raise FilterError(f"this filter takes a text of at most {characters} characters, not {len(text)}")

    return limited


def _json(text: Any, *_: Any, **__: Any) -> None:
    if isinstance(text, str) and text.count("{") * 240 + text.count("[") * 64 + text.count(",") * 36 > MAX_MADE:
        raise FilterError("`from_json` is given a text whose value takes too much memory")


def _indented(value: Any, indent: int | None = None) -> None:
    check_size(spread(value) * (indent or 0))


_MEMBERS = _at_most(_MANY)
LIMITED_FILTERS: dict[str, Callable[..., None]] = {
    "batch": _width, "center": _width, "format": _percent, "from_json": _json, "indent": _indent, "join": _join,
    "replace": _replace, "round": _width, "slice": _width, "striptags": _at_most(20_000), "tojson": _indented,
    "wordwrap": _wordwrap,
    "dictsort": _MEMBERS, "groupby": _MEMBERS, "list": _MEMBERS, "map": _MEMBERS, "max": _MEMBERS, "min": _MEMBERS,
    "random": _MEMBERS, "reject": _MEMBERS, "rejectattr": _MEMBERS, "select": _MEMBERS, "selectattr": _MEMBERS,
    "sort": _MEMBERS, "unique": _MEMBERS,
}  # fmt: skip
"""What a filter may be given, where its result can be much larger than that, or slow; the first argument is the value."""

LIMITED_METHODS: dict[str, Callable[..., None]] = {
    "center": _width, "encode": _encode, "expandtabs": _tabs, "ljust": _width,
    "rjust": _width, "zfill": _width, "to_bytes": _width, "replace": _replace, "join": _joined, "format": _format,
    "format_map": _format, "rsplit": _pieces, "split": _pieces, "splitlines": _lines, "translate": _translate,
}  # fmt: skip
"""The same for methods of texts and numbers; the first argument is the object."""


def called(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse what a method of a text or a number would make. Raises FilterError."""
    owner = getattr(
        getattr(function, "__wrapped__", function), "__self__", None
    )  # a wrapped one is the sandbox's format
    guard = LIMITED_METHODS.get(function.__name__) if isinstance(owner, (str, bytes, int)) else None
    if guard is not None:
        guard(owner, *args, **kwargs)


def concatenated(pieces: Iterable[str]) -> str:
    """What `"".join` gives. Raises FilterError: it is too long."""
    every: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        check_size(size)
        every.append(piece)
    return "".join(every)
