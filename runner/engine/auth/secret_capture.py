"""Collects the secrets in what a session's own steps send and receive; all of it is secret without being declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from ...model.answer import Answer
from ...model.errors import StepError
from ...model.exchange import Exchange, Request, Response
from ...model.json_types import JSON
from ...redaction import SHORTEST_SECRET, secret_texts

MIN_LENGTH_IN_RESPONSE = 8
"""Characters: a text of a response that is not extracted is a secret from this length on; shorter ones are words."""

PUBLIC_NAMES = frozenset({
    "audience", "client_id", "error", "error_description", "error_uri", "expires_at", "expires_in", "grant_type", "resource",
    "response_type", "scope", "token_type",
})  # fmt: skip
"""Names of values that are not secret: RFC 6749 says so of the client's, and reports need the others."""

_PROTOCOL = frozenset({
    "true", "false", "null", "none", "bearer", "basic", "digest", "password", "client_credentials", "refresh_token",
    "authorization_code", "access_token", "token", "openid", "offline_access", "grant_type",
    "application/json", "application/x-www-form-urlencoded", "application/xml", "text/plain", "utf-8",
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
    "invalid_token", "insufficient_scope",
})  # fmt: skip
"""Words that every login sends or receives: masking them would make a report unreadable and hide nothing."""

_PUBLIC = frozenset({
    "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-length",
    "content-type", "date", "etag", "host", "last-modified", "location", "origin", "pragma", "referer", "server",
    "traceparent", "user-agent", "vary", "www-authenticate", "x-request-id",
})  # fmt: skip
"""Headers whose values are not secret."""


_SCHEMED = frozenset({"authorization", "proxy-authorization"})
"""Headers that begin with a scheme, which is not secret."""


class SecretCapture:
    """Collects the secrets of a session's own steps.

    Args:
        learn: Takes each text that must be masked from now on.

    Attributes:
        response: The last response, or None.
    """

    def __init__(self, learn: Callable[[list[str]], None]) -> None:
        self._learn = learn
        self.response: Response | None = None

    def exchange(self, exchange: Exchange) -> None:
        """Collect the secrets of a request and its response."""
        found = [*_sent(exchange.request)]
        if isinstance(exchange.outcome, Response):
            self.response = exchange.outcome
            found += secrets_of_response(exchange.outcome, exchange.request.url)
        self._report(found)

    def value(self, name: str, value: JSON) -> None:
        """Collect the secrets of a value that was extracted or set."""
        self._report(_secrets({name: value}))

    def _report(self, texts: Iterable[str]) -> None:
        found = _worth_masking(texts)
        if found:
            self._learn(found)


def secrets_of_response(response: Response, url: str) -> list[str]:
    """The texts of a response that may be secret; none if its status is 400 or above, which only explains an error."""
    here = url.partition("?")[0]
    texts = _received(response) if response.status < 400 else ()
    return _worth_masking(text for text in texts if len(text) >= MIN_LENGTH_IN_RESPONSE and text not in here)


def _worth_masking(texts: Iterable[str]) -> list[str]:
    return sorted({text for text in texts if len(text) >= SHORTEST_SECRET and text.lower() not in _PROTOCOL})


def _sent(request: Request) -> Iterator[str]:
    """The texts of a request that may be secret: values in its query, its headers and its body."""
    yield from _secrets(dict(parse_qsl(urlsplit(request.url).query)))
    for name, value in request.headers:
        if name.lower() == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
        elif name.lower() not in _PUBLIC:
            yield (value.partition(" ")[2] or value) if name.lower() in _SCHEMED else value
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    yield from _texts(request.body or b"", kind)


def _received(response: Response) -> Iterator[str]:
    """The texts of a response that may be secret: in its body, its cookies, and headers that are not public."""
    for name, value in response.headers:
        if name.lower() == "set-cookie":
            yield value.partition(";")[0].partition("=")[2].strip('"')
        elif name.lower() not in _PUBLIC and ("token" in name.lower() or "auth" in name.lower()):
            yield value
    yield from _texts(response.body, response.header("content-type") or "")


def _texts(body: bytes, content_type: str) -> Iterator[str]:
    answer = Answer(Response(0, "", headers=(("Content-Type", content_type),), body=body))
    if not body:
        return
    try:
        yield from _secrets(answer.json)
    except StepError:
        kind = answer.content_type
        text = body.decode("utf-8", "replace")
        if kind == "application/x-www-form-urlencoded":
            yield from _secrets(dict(parse_qsl(text)))
        elif "html" not in kind and "\n" not in text.strip() and "<" not in text:
            yield text.strip()  # the whole body is a token


def _secrets(data: JSON) -> Iterator[str]:
    """The texts in a value at any depth, without those under public names."""
    match data:
        case dict():
            for name, value in data.items():
                if name not in PUBLIC_NAMES:
                    yield from _secrets(value)
        case list():
            for member in data:
                yield from _secrets(member)
        case _:
            yield from secret_texts(data)
