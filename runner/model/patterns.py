"""Regular expressions with a limit on their size and on the time of a search. The only importer of `regex`.

`re` of the standard library cannot be stopped while it searches; `regex` takes the same patterns, and a timeout.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import StepError
from .limits import took_too_long
from .wording import cut

if TYPE_CHECKING:
    import regex

MAX_PATTERN = 20_000
"""The most characters of a pattern."""

MAX_REPLACED = 20_000_000
"""The most characters that a text could have after its matches are replaced."""

VERSION1 = 0x100
"""The flag of `regex` for its newer syntax, here so that it need not be imported."""

MAX_SEARCH = 0.25
"""Seconds of processor time for one search. With the work around it, it stays below a second."""

MAX_EXPANDED = 100_000
"""How many letters a pattern may be compiled to: `(a{300}){300}` becomes 90,000."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


def expanded_length(text: str) -> int:
    """How many letters a pattern is compiled to: each letter times the fixed counts around it."""
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

    def __init__(self, compiled: regex.Pattern[str]) -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups

    def search(self, text: str) -> regex.Match[str] | None:
        """The first match, or None. Raises StepError: it takes too long."""
        try:
            return self._compiled.search(text, timeout=MAX_SEARCH)
        except TimeoutError:
            raise self._too_long() from None

    def sub(self, replacement: str, text: str) -> str:
        """The text with every match replaced. Raises StepError: it takes too long, or grows too large."""
        if len(text) * len(replacement) > MAX_REPLACED:
            raise StepError(f"replacing by {len(replacement)} characters in {len(text)} takes too much memory", "limit")
        try:
            return self._compiled.sub(replacement, text, timeout=MAX_SEARCH)
        except TimeoutError:
            raise self._too_long() from None

    def split(self, text: str) -> list[str]:
        """The parts of the text between the matches. Raises StepError: it takes too long."""
        try:
            return self._compiled.split(text, timeout=MAX_SEARCH)
        except TimeoutError:
            raise self._too_long() from None

    def _too_long(self) -> StepError:
        return took_too_long(f"the pattern {cut(self._compiled.pattern, 80)!r}")


@lru_cache(maxsize=4096)
def compile(text: str, flags: int = 0) -> Pattern:  # noqa: A001  # as in `re`: patterns.compile
    """Compile a pattern.

    Args:
        text: The pattern as written.
        flags: Flags of `regex`.

    Raises:
        ValueError: the pattern is not valid, or is too large.
    """
    if len(text) > MAX_PATTERN or expanded_length(text) > MAX_EXPANDED:
        raise ValueError(f"the pattern {cut(text, 80)!r} is too large: nested counts multiply")
    # it takes 13 ms to import, and many runs have no pattern
    import regex  # noqa: PLC0415  # see above

    try:
        return Pattern(regex.compile(text, flags))
    except (regex.error, OverflowError) as error:
        raise ValueError(f"the pattern {cut(text, 200)!r} is not valid: {error}") from None
    except RecursionError:
        raise ValueError(f"the pattern {cut(text, 80)!r} is nested too deeply") from None


def search(text: str, subject: str) -> regex.Match[str] | None:
    """The first match of the pattern `text` in `subject`, or None. Raises ValueError and StepError."""
    return compile(text).search(subject)


class Re:
    """Replaces the module `re` in a library, with patterns that have limits.

    Args:
        translate: Translates the syntax of the library's patterns to that of `regex`. Raises ValueError.
        flags: Flags of `regex` for the translated patterns.
    """

    def __init__(self, translate: Callable[[str], str] = str, flags: int = 0) -> None:
        self._translate = translate
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    def compile(self, pattern: str, flags: int = 0) -> Pattern:
        """As `re.compile`."""
        try:
            return compile(self._translate(pattern), int(flags) | self._flags)
        except ValueError as error:
            raise re.error(str(error)) from None

    def search(self, pattern: str, text: str, flags: int = 0) -> regex.Match[str] | None:
        """As `re.search`."""
        return self.compile(pattern, flags).search(text)
