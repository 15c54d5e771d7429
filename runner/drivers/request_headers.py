"""Makes the header lines of a request: those of the workflow, and those that HTTP requires. The same for all drivers."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model.exchange import Headers, Request
from ..version import __version__
from .decoding import ENCODINGS

_ACCEPTED = ", ".join(ENCODINGS)


class HeaderLines(NamedTuple):
    """The header lines of one request.

    Attributes:
        sent: The lines as they are sent; the UTF-8 bytes of a text beyond ASCII are read as Latin-1.
        removed: The names of headers that a library would add and must not.
    """

    sent: Headers
    removed: tuple[str, ...] = ()


def header_lines(request: Request) -> HeaderLines:
    """Host first, then the driver's own headers, then those of the workflow, then the length (RFC 9110 §7.2, §8.6)."""
    written = {name.lower() for name, _ in request.headers}
    encodings = request.transport.encodings
    accepted = _ACCEPTED if encodings is None else ", ".join(encodings)
    lines: list[tuple[str, str]] = []
    removed: list[str] = []
    lines += [line for line in request.headers if line[0].lower() == "host"] or [("Host", _host(request.url))]
    for name, value in (("User-Agent", f"runflow/{__version__}"), ("Accept", "*/*"), ("Accept-Encoding", accepted)):
        if name.lower() in written:
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
    if "content-length" not in written and "transfer-encoding" not in written:
        if request.body is not None:
            lines.append(("Content-Length", str(len(request.body))))
        elif request.method not in _BODY_OPTIONAL:
            lines.append(("Content-Length", "0"))
    return HeaderLines(tuple(lines), tuple(removed))


def closes_connection(headers: Headers) -> bool:
    """Whether the request is the last one on its connection (RFC 9112 §9.6)."""
    return any(
        name.lower() == "connection" and "close" in map(str.strip, value.lower().split(",")) for name, value in headers
    )


_AUTHORITY = re.compile(r"[a-z]+://([^/?#]*)")
"""The authority of a URL (RFC 3986 §3.2). `urlsplit` takes ten times as long, and rarely sees the same URL twice."""

_BODY_OPTIONAL = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""Methods that need no Content-Length without a body; all others send `Content-Length: 0` (RFC 9110 §8.6)."""


def _host(url: str) -> str:
    """The authority of a URL without user and password."""
    found = _AUTHORITY.match(url)
    return found[1].rpartition("@")[2] if found else ""
