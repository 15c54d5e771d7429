"""The header lines that go out: the file's own and what HTTP needs besides. The same for every driver."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model.exchange import Headers, Request
from ..version import __version__
from .decoding import ENCODINGS

_ACCEPTED = ", ".join(ENCODINGS)


class Lines(NamedTuple):
    """Header lines of one request.

    Attributes:
        sent: As they go out; a text beyond ASCII as the Latin-1 reading of its UTF-8 bytes.
        removed: Names of those that a library would add by itself and must not.
    """

    sent: Headers
    removed: tuple[str, ...] = ()


def lines_of(request: Request) -> Lines:
    """Host first, then the driver's own, then the file's, then the length (RFC 9110 §7.2, §8.6)."""
    given = {name.lower() for name, _ in request.headers}
    encodings = request.transport.encodings
    accepted = _ACCEPTED if encodings is None else ", ".join(encodings)
    lines: list[tuple[str, str]] = []
    removed: list[str] = []
    lines += [line for line in request.headers if line[0].lower() == "host"] or [("Host", _host(request.url))]
    for name, value in (("User-Agent", f"runflow/{__version__}"), ("Accept", "*/*"), ("Accept-Encoding", accepted)):
        if name.lower() in given:
            continue
        if value and name.lower() not in request.defaults_removed:
            lines.append((name, value))
        else:
            removed.append(name)
    lines += [
        (name, value if value.isascii() else value.encode("utf-8").decode("latin-1"))
        for name, value in request.headers
        if name.lower() != "host"
    ]
    if "content-length" not in given and "transfer-encoding" not in given:
        if request.body is not None:
            lines.append(("Content-Length", str(len(request.body))))
        elif request.method not in _NEED_NO_BODY:
            lines.append(("Content-Length", "0"))
    return Lines(tuple(lines), tuple(removed))


def closes(headers: Headers) -> bool:
    """Whether the request is the last one on its connection (RFC 9112 §9.6)."""
    return any(
        name.lower() == "connection" and "close" in map(str.strip, value.lower().split(",")) for name, value in headers
    )


_AUTHORITY = re.compile(r"[a-z]+://([^/?#]*)")
"""RFC 3986 §3.2. (`urlsplit` costs ten times as much, and each URL is new.)"""

_NEED_NO_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""All others say how long their body is even where there is none (RFC 9110 §8.6)."""


def _host(url: str) -> str:
    """The authority of a URL without user and password."""
    found = _AUTHORITY.match(url)
    return found[1].rpartition("@")[2] if found else ""
