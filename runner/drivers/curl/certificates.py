"""Stores the certificates of servers per connection. libcurl reports them only once, when a connection is made."""

from __future__ import annotations

from datetime import UTC, datetime

import pycurl

from ...model.exchange import Certificate

_MAX_CONNECTIONS = 10_000
"""How many connections are remembered. A run that makes more forgets the oldest, which are closed by then."""


class PeerCertificates:
    """The certificates by libcurl's number of the connection."""

    def __init__(self) -> None:
        self._known: dict[int, Certificate] = {}
        self._unique: dict[Certificate, Certificate] = {}

    def certificate(self, handle: pycurl.Curl) -> Certificate | None:
        """The certificate of the connection that a finished transfer used; None if it is not known."""
        number = handle.getinfo(pycurl.CONN_ID)
        chain = handle.getinfo(pycurl.INFO_CERTINFO) if number not in self._known else []
        if chain:
            found = _certificate(dict(chain[0]))
            if len(self._known) >= _MAX_CONNECTIONS:
                del self._known[next(iter(self._known))]
            self._known[number] = self._unique.setdefault(found, found)
        return self._known.get(number)


def _certificate(facts: dict[str, str]) -> Certificate:
    names = facts.get("X509v3 Subject Alternative Name", "")
    return Certificate(
        subject=facts.get("Subject", ""),
        issuer=facts.get("Issuer", ""),
        serial=facts.get("Serial Number", ""),
        starts=_date_time(facts.get("Start date", "")),
        expires=_date_time(facts.get("Expire date", "")),
        names=tuple(name.strip().partition(":")[2] for name in names.split(",") if ":" in name),
    )


def _date_time(text: str) -> str:
    """Convert OpenSSL's `Nov 24 03:00:00 2027 GMT` to RFC 3339."""
    if not text:
        return ""
    moment = datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
