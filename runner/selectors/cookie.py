"""`cookie NAME`, `cookie NAME ATTRIBUTE`: a cookie that the response sets. `jar NAME`: a cookie in the jar afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.answer import Answer
from ..model.errors import InvalidArgument
from ..model.kinds import MISSING, Selector
from ..model.set_cookie import cookies_set_by
from ..model.wording import did_you_mean
from .simple import Function

ATTRIBUTES = ("domain", "expires", "httponly", "max-age", "partitioned", "path", "samesite", "secure")
_FLAGS = ("httponly", "partitioned", "secure")


class CookieSelector:
    """A cookie that the response sets."""

    name: ClassVar[str] = "cookie"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = (
        "a cookie that the response sets; `cookie NAME path` is an attribute, `cookie NAME httponly` is true for a flag"
    )

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument: there is no such attribute."""
        name, _, attribute = argument.partition(" ")
        attribute = attribute.strip().lower()
        if attribute and attribute not in ATTRIBUTES:
            hint = did_you_mean(attribute, ATTRIBUTES) or f"attributes: {', '.join(ATTRIBUTES)}"
            raise InvalidArgument(f"a cookie has no attribute `{attribute}`", hint)

        def select(answer: Answer) -> Any:
            cookies = [cookie for cookie in cookies_set_by(answer.require_response()) if cookie.name == name]
            if not cookies:
                return MISSING
            last = cookies[-1]
            if not attribute:
                return last.value
            if attribute not in last.attributes:
                return MISSING
            return True if attribute in _FLAGS else last.attributes[attribute]

        return Function(select)


class JarSelector:
    """A cookie in the jar."""

    name: ClassVar[str] = "jar"
    argument: ClassVar[str] = "NAME"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "a cookie in the jar after the response"

    def compile(self, argument: str, /) -> Selector:
        """The name is case-sensitive."""

        def select(answer: Answer) -> Any:
            answer.require_response()
            return answer.jar.get(argument, MISSING)

        return Function(select)
