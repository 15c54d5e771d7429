"""`header NAME`, `headers NAME`: lines of the answer's head (RFC 9110 §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.kinds import MISSING, Selector
from .simple import Function


class HeaderSelector:
    """A header as one text."""

    name: ClassVar[str] = "header"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "a header, its name in any case; several lines joined by `, `"

    def compile(self, argument: str, /) -> Selector:
        """The name in any case."""

        def select(answer: Any) -> Any:
            value = answer.require_response().header(argument)
            return MISSING if value is None else value

        return Function(select)


class HeadersSelector:
    """A header's lines as a list."""

    name: ClassVar[str] = "headers"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = "every line of a header: always a list"

    def compile(self, argument: str, /) -> Selector:
        """The name in any case."""
        return Function(lambda answer: answer.require_response().header_values(argument), indefinite=True)
