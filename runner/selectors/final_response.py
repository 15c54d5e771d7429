"""`status`, `reason`, `url`, `duration`, `http_version`, `redirects`, `ip`: facts of the final response."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.answer import Answer
from ..model.kinds import MISSING, Selector
from .simple import Function


class Fact:
    """A selector without an argument."""

    name: ClassVar[str]
    argument: ClassVar[str] = ""
    text: ClassVar[bool] = False
    summary: ClassVar[str]

    def compile(self, _: str, /) -> Selector:
        """The selector; there is no argument."""
        return Function(self.fact)

    def fact(self, answer: Answer, /) -> Any:
        """The fact."""
        raise AssertionError(answer)


class StatusSelector(Fact):
    """The status code."""

    name = "status"
    summary = "the status code of the final response"

    def fact(self, answer: Answer, /) -> int:
        """RFC 9110 §15."""
        return answer.require_response().status


class ReasonSelector(Fact):
    """The reason phrase."""

    name = "reason"
    text = True
    summary = "the reason phrase after the status; empty in HTTP/2"

    def fact(self, answer: Answer, /) -> str:
        """RFC 9112 §4."""
        return answer.require_response().reason


class UrlSelector(Fact):
    """The final URL."""

    name = "url"
    text = True
    summary = "the URL of the final response, after redirects"

    def fact(self, answer: Answer, /) -> str:
        """Absolute."""
        return answer.require_response().url


class DurationSelector(Fact):
    """How long it took."""

    name = "duration"
    summary = "how long the final exchange took; can be compared with durations: `{ lt: 500ms }`"

    def fact(self, answer: Answer, /) -> float:
        """Seconds."""
        return answer.duration


class HttpVersionSelector(Fact):
    """The HTTP version."""

    name = "http_version"
    text = True
    summary = 'the HTTP version of the final response: `"1.1"`'

    def fact(self, answer: Answer, /) -> str:
        """RFC 9110 §2.5."""
        return answer.require_response().http_version


class RedirectsSelector(Fact):
    """The redirecting URLs."""

    name = "redirects"
    summary = "the URLs that redirected, in order, without the final URL"

    def fact(self, answer: Answer, /) -> list[str]:
        """Absolute URLs."""
        answer.require_response()
        return list(answer.redirects)


class IpSelector(Fact):
    """The peer's address."""

    name = "ip"
    text = True
    summary = "the IP address of the server that responded"

    def fact(self, answer: Answer, /) -> Any:
        """IPv4 or IPv6."""
        return answer.require_response().ip or MISSING
