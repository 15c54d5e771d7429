"""`regex PATTERN`: what a regular expression finds in the body."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model import patterns
from ..model.answer import Answer
from ..model.errors import InvalidArgument
from ..model.kinds import MISSING, Selector
from .simple import Function


class RegexSelector:
    """A pattern in the body."""

    name: ClassVar[str] = "regex"
    argument: ClassVar[str] = "PATTERN"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = (
        "the first group of a regular expression in the body, or the whole match if it has no group"
    )

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument: the pattern is wrong."""
        try:
            pattern = patterns.compile(argument)
        except ValueError as error:
            raise InvalidArgument.of(error) from None

        def select(answer: Answer) -> Any:
            found = pattern.search(answer.text)
            if found is None:
                return MISSING
            value = found[1] if pattern.groups else found[0]
            return MISSING if value is None else value

        return Function(select)
