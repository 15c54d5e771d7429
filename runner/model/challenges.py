"""Parses `WWW-Authenticate`, the challenges of a 401, and explains them (RFC 9110 §11.6.1, RFC 6750 §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(
    rf"\s*(?:,\s*)*(?:(?P<name>{_WORD})\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s,\"]+))"
    rf"|(?P<scheme>{_WORD})(?:\s+(?P<token68>[A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?)"
)
_MEANINGS = {
    "invalid_token": "the token has expired, was revoked, or was issued by another server",
    "insufficient_scope": "the token is valid, but does not allow this request",
    "invalid_request": "the token is sent twice, or where the server does not expect it",
}


class Challenge(msgspec.Struct, frozen=True):
    """One way to authenticate that a server offers.

    Attributes:
        scheme: The scheme as the server writes it: `Bearer`, `Digest`.
        params: Its parameters, names in lower case.
    """

    scheme: str
    params: dict[str, str] = {}


def challenges(values: Iterable[str]) -> list[Challenge]:
    """Parse the lines of a `WWW-Authenticate` header; what is not valid is left out."""
    found: list[Challenge] = []
    for line in values:
        position = 0
        while part := _PART.match(line, position):
            position = part.end()
            if part["scheme"]:
                found.append(Challenge(part["scheme"], {}))
            elif found:
                value = part["plain"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
                found[-1].params[part["name"].lower()] = value
    return found


def challenge_text(challenge: Challenge) -> str:
    """A challenge as a sentence for people."""
    params = challenge.params
    parts = [f"the server asks for {challenge.scheme}"]
    if params.get("realm"):
        parts[0] += f" (realm {params['realm']!r})"
    error = params.get("error", "")
    if error:
        meaning = f", which means: {_MEANINGS[error]}" if error in _MEANINGS else ""
        parts.append(f"it says {error}{meaning}")
    if params.get("error_description"):
        parts.append(f"its description: {params['error_description']!r}")
    if params.get("scope"):
        parts.append(f"it needs the scope {params['scope']!r}")
    if params.get("stale", "").lower() == "true":
        parts.append("the nonce was too old")
    return "; ".join(parts)
