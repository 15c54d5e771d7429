"""`header NAME`, `headers NAME`: headers of the response (RFC 9110 §5)."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.kinds import MISSING, Selector
from .simple import Function


class HeaderSelector:
    """A header as one text."""

    name: ClassVar[str] = "header"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "a header as text; several of the same name are joined by `, `; names are case-insensitive"

    def compile(self, argument: str, /) -> Selector:
        """The name is case-insensitive."""

        def select(answer: Any) -> Any:
            value = answer.require_response().header(argument)
            return MISSING if value is None else value

        return Function(select)


class HeadersSelector:
    """All headers of a name as a list."""

    name: ClassVar[str] = "headers"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = "all headers of a name: always a list"

    def compile(self, argument: str, /) -> Selector:
        """The name is case-insensitive."""
        return Function(lambda answer: answer.require_response().header_values(argument), indefinite=True)
