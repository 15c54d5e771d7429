"""What a session's own steps send and get, all of it secret without being named. Keeps it; masks nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from ...model.answer import Answer
from ...model.errors import StepError
from ...model.exchange import Exchange, Request, Response
from ...model.json_types import JSON
from ...redaction import SHORTEST_SECRET, secret_texts

LEARNT_FROM = 8
"""Characters: what an answer holds beside what is extracted is a secret from this length on, shorter it is mere words."""

PUBLIC_NAMES = frozenset({
    "audience", "client_id", "error", "error_description", "error_uri", "expires_at", "expires_in", "grant_type", "resource",
    "response_type", "scope", "token_type",
})  # fmt: skip
"""Names of values that are no secrets: RFC 6749 says so of the client's, and a report must be able to name the others."""

_PROTOCOL = frozenset({
    "true", "false", "null", "none", "bearer", "basic", "digest", "password", "client_credentials", "refresh_token",
    "authorization_code", "access_token", "token", "openid", "offline_access", "grant_type",
    "application/json", "application/x-www-form-urlencoded", "application/xml", "text/plain", "utf-8",
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
    "invalid_token", "insufficient_scope",
})  # fmt: skip
"""Words that every login sends or gets. Masking them would black out a report and hide nothing."""

_PUBLIC = frozenset({
    "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-length",
    "content-type", "date", "etag", "host", "last-modified", "location", "origin", "pragma", "referer", "server",
    "traceparent", "user-agent", "vary", "www-authenticate", "x-request-id",
})  # fmt: skip
"""Header lines that carry no secret by themselves."""


_SCHEMED = frozenset({"authorization", "proxy-authorization"})
"""Header lines that begin with a scheme, which is no secret."""


class SecretCapture:
    """Hears what goes on in a session's own steps.

    Args:
        learn: Takes each text that must be masked from now on.

    Attributes:
        response: The last answer.
    """

    def __init__(self, learn: Callable[[list[str]], None]) -> None:
        self._learn = learn
        self.response: Response | None = None

    def exchange(self, exchange: Exchange) -> None:
        """A request and its answer."""
        found = [*_sent(exchange.request)]
        if isinstance(exchange.outcome, Response):
            self.response = exchange.outcome
            found += learnt(exchange.outcome, exchange.request.url)
        self._tell(found)

    def value(self, name: str, value: JSON) -> None:
        """A value that was extracted or set."""
        self._tell(_secrets({name: value}))

    def _tell(self, texts: Iterable[str]) -> None:
        found = _worth_masking(texts)
        if found:
            self._learn(found)


def learnt(response: Response, url: str) -> list[str]:
    """The texts in an answer that may be the secret that it was asked for; a refusal gives nothing but reasons."""
    here = url.partition("?")[0]
    texts = _got(response) if response.status < 400 else ()
    return _worth_masking(text for text in texts if len(text) >= LEARNT_FROM and text not in here)


def _worth_masking(texts: Iterable[str]) -> list[str]:
    return sorted({text for text in texts if len(text) >= SHORTEST_SECRET and text.lower() not in _PROTOCOL})


def _sent(request: Request) -> Iterator[str]:
    """What a login sends: every value in its query, its headers and its body."""
    yield from _secrets(dict(parse_qsl(urlsplit(request.url).query)))
    for name, value in request.headers:
        if name.lower() == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
        elif name.lower() not in _PUBLIC:
            yield (value.partition(" ")[2] or value) if name.lower() in _SCHEMED else value
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    yield from _texts(request.body or b"", kind)


def _got(response: Response) -> Iterator[str]:
    """What it gets: every text in the body, every cookie, and headers that are not the protocol's."""
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
            yield text.strip()  # a token and nothing else


def _secrets(data: JSON) -> Iterator[str]:
    """The texts in a value, at any depth, but those whose names say that they are public."""
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
