"""JSON Web Tokens, read and never verified: whoever holds the key verifies (RFC 7519 §3)."""

from __future__ import annotations

import base64
import json
from typing import Any


def part(token: str, index: int) -> Any:
    """The header (0) or the claims (1) of a token.

    Raises:
        ValueError: it is not three Base64 parts joined by dots with JSON in them.
    """
    pieces = token.split(".")
    if len(pieces) != 3:
        raise ValueError("it is not three parts joined by dots")
    piece = pieces[index]
    try:
        return json.loads(base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def claims_of(token: Any) -> dict[str, Any]:
    """The claims, or nothing where it is no JWT."""
    try:
        claims = part(token, 1) if isinstance(token, str) else {}
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
