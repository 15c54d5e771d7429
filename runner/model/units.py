"""Parses durations and sizes, which always have a unit (`500ms`, `1m30s`, `64MB`)."""

from __future__ import annotations

import re
from functools import lru_cache

from .wording import cut

MAX_DURATION = 36_525 * 86_400.0
MAX_SIZE = 1e15
"""Seconds and bytes; a larger number is a mistake."""

_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(B|kB|MB|GB|KiB|MiB|GiB)", re.ASCII)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> float:
    """The seconds of a duration such as `500ms`, `2s` or `1m30s`.

    Raises:
        ValueError: the text is not valid; the message shows how to write it.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration; write a number with a unit, like 500ms, 2s or 1m30s")
    seconds: float = sum(float(number) * _DURATION_UNITS[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > MAX_DURATION:
        raise ValueError(f"{cut(text, 40)!r} is longer than a hundred years")
    return seconds


@lru_cache(maxsize=1024)
def parse_size(text: str) -> int:
    """The bytes of a size such as `10kB`, `64MB` or `1MiB`.

    Raises:
        ValueError: the text is not valid; the message shows how to write it.
    """
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a size; write a number with a unit, like 512B, 10kB or 64MB")
    size = float(found[1]) * _SIZE_UNITS[found[2]]
    if size > MAX_SIZE:
        raise ValueError(f"{cut(text, 40)!r} is more than 1,000,000 GB")
    return int(size)


def bare_number_hint(number: float, *, size: bool = False) -> str:
    """A hint for a number without a unit: both units that may be meant."""
    return f"write {number}kB or {number}MB" if size else f"write {number}s (seconds) or {number}ms (milliseconds)"
