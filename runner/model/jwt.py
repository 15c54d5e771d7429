"""Reads JSON Web Tokens without verifying them: that needs the key (RFC 7519 §3)."""

from __future__ import annotations

import base64
import json

from .json_types import JSON


def part(token: str, index: int) -> JSON:
    """The decoded header (`index` 0) or claims (`index` 1) of a token.

    Raises:
        ValueError: the token is not three Base64 parts joined by dots, with JSON in them.
    """
    pieces = token.split(".")
    if len(pieces) != 3:
        raise ValueError("it is not three parts joined by dots")
    piece = pieces[index]
    try:
        decoded: JSON = json.loads(base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return decoded


def claims_of(token: JSON) -> dict[str, JSON]:
    """The claims of a token; empty where it is not a JWT."""
    try:
        claims = part(token, 1) if isinstance(token, str) else {}
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
