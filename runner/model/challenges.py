"""`WWW-Authenticate`: the challenges of a 401 as data and in plain words (RFC 9110 §11.6.1, RFC 6750 §3). Judges nothing."""

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
    "invalid_token": "the token has expired, was revoked, or is not one of this server's",
    "insufficient_scope": "the token is good but does not allow this",
    "invalid_request": "the request names the token wrongly: twice, or in a place where the server does not look",
}


class Challenge(msgspec.Struct, frozen=True):
    """One way to authenticate that a server offers.

    Attributes:
        scheme: As written: `Bearer`, `Digest`.
        params: Its parameters, names in lower case.
    """

    scheme: str
    params: dict[str, str] = {}


def challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in the lines of a `WWW-Authenticate` header; what cannot be read is left out."""
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
    """What a challenge says, for a person."""
    params = challenge.params
    parts = [f"the server asks for {challenge.scheme}"]
    if params.get("realm"):
        parts[0] += f" (realm {params['realm']!r})"
    error = params.get("error", "")
    if error:
        meaning = f", that is: {_MEANINGS[error]}" if error in _MEANINGS else ""
        parts.append(f"it says {error}{meaning}")
    if params.get("error_description"):
        parts.append(f"in its words: {params['error_description']!r}")
    if params.get("scope"):
        parts.append(f"it needs the scope {params['scope']!r}")
    if params.get("stale", "").lower() == "true":
        parts.append("the nonce was too old")
    return "; ".join(parts)
