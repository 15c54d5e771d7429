"""Regular expressions that end: compiled within bounds, and stopped where they backtrack. The only importer of `regex`.

`re` of the standard library cannot be stopped while it searches; `regex` takes the same patterns (and more) and a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .errors import StepError
from .limits import took_too_long
from .wording import cut

MAX_PATTERN = 20_000
"""Characters of a pattern."""

MAX_GROWN = 20_000_000
"""Characters that a text may at worst become where matches are replaced."""

VERSION1 = 0x100
"""The flag of `regex` for its newer syntax, known without importing it."""

MAX_SEARCH = 0.25
"""Seconds of processor time for one search: with what stands around it, it stays below a second."""

MAX_REPEATED = 100_000
"""What the fixed counts of a pattern may multiply to: `(a{300}){300}` is compiled as 90,000 letters."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


def repeated(text: str) -> int:
    """How many letters a pattern is compiled as, where each counts as often as the fixed counts around it say."""
    levels = [0]
    last = 0
    for token in _TOKEN.finditer(text):
        match token[0][0]:
            case "(":
                levels.append(0)
                last = 0
            case ")":
                last = levels.pop() if len(levels) > 1 else levels[0]
                levels[-1] += last
            case "{" if token[1]:
                more = last * (max(int(token[1][:10]), 1) - 1)
                last += more
                levels[-1] += more
            case _:
                last = 1
                levels[-1] += 1
    return sum(levels)


class Pattern:
    """A compiled pattern.

    Attributes:
        groups: How many groups it has.
    """

    __slots__ = ("_compiled", "groups")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups

    def search(self, text: str) -> Any:
        """The first match, or None. Raises StepError: it takes too long."""
        return self._timed(self._compiled.search, text)

    def sub(self, replacement: str, text: str) -> str:
        """The text with every match replaced. Raises StepError: it takes too long, or grows too large."""
        if len(text) * len(replacement) > MAX_GROWN:
            raise StepError(f"replacing by {len(replacement)} characters in {len(text)} takes too much memory", "limit")
        return str(self._timed(self._compiled.sub, replacement, text))

    def split(self, text: str) -> list[str]:
        """What stands between the matches. Raises StepError: it takes too long."""
        return list(self._timed(self._compiled.split, text))

    def _timed(self, work: Callable[..., Any], *texts: str) -> Any:
        try:
            return work(*texts, timeout=MAX_SEARCH)
        except TimeoutError:
            raise took_too_long(f"the pattern {cut(self._compiled.pattern, 80)!r}") from None


@lru_cache(maxsize=4096)
def compile(text: str, flags: int = 0) -> Pattern:  # noqa: A001  # as in `re`: patterns.compile
    """A pattern.

    Args:
        text: As it is written.
        flags: As those of `regex`.

    Raises:
        ValueError: it is wrong, or too large.
    """
    if len(text) > MAX_PATTERN or repeated(text) > MAX_REPEATED:
        raise ValueError(f"the pattern {cut(text, 80)!r} is too large: repeated counts multiply")
    # 13 ms to import; a run without patterns does without
    import regex  # noqa: PLC0415  # see above

    try:
        return Pattern(regex.compile(text, flags))
    except (regex.error, OverflowError) as error:
        raise ValueError(f"the pattern {cut(text, 200)!r} is wrong: {error}") from None
    except RecursionError:
        raise ValueError(f"the pattern {cut(text, 80)!r} is nested too deeply") from None


def search(text: str, subject: str) -> Any:
    """The first match of a pattern in a text, or None. Raises ValueError and StepError as above."""
    return compile(text).search(subject)


class Re:
    """What a library may be given as its `re`: with patterns that end."""

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    def compile(self, pattern: str, flags: int = 0) -> Pattern:
        """As `re.compile`."""
        try:
            return compile(pattern, int(flags))
        except ValueError as error:
            raise re.error(str(error)) from None

    def search(self, pattern: str, text: str, flags: int = 0) -> Any:
        """As `re.search`."""
        return self.compile(pattern, flags).search(text)
