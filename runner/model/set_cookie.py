"""Parses Set-Cookie headers (RFC 6265 §5.2), for the cookie jar and for the `cookie` selector."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from .exchange import Response


class SetCookie(msgspec.Struct, frozen=True):
    """One Set-Cookie line.

    Attributes:
        attributes: Values by name in lower case; a flag such as `httponly` has "".
    """

    name: str
    value: str
    attributes: dict[str, str]

    def lifetime(self, now: float) -> float | None:
        """When it expires, in epoch seconds; None for a session cookie (RFC 6265 §5.3: Max-Age before Expires)."""
        max_age = self.attributes.get("max-age", "")
        if max_age.lstrip("-").isdigit():
            return now + int(max_age) if int(max_age) > 0 else 0.0
        expires = self.attributes.get("expires")
        if expires is None:
            return None
        try:
            moment = parsedate_to_datetime(expires.replace("-", " "))
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_set_cookie(line: str) -> SetCookie | None:
    """Parse one line; None where it names no cookie."""
    pair, *rest = line.split(";")
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        return None
    attributes = {}
    for part in rest:
        key, _, content = part.partition("=")
        attributes[key.strip().lower()] = content.strip()
    return SetCookie(name.strip(), value.strip(), attributes)


def cookies_set_by(response: Response) -> list[SetCookie]:
    """Every cookie that a response sets, in order."""
    parsed = (parse_set_cookie(line) for line in response.header_values("set-cookie"))
    return [cookie for cookie in parsed if cookie is not None]
