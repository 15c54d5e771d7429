"""The certificates of the servers that libcurl is connected to. It tells them once, when a connection is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pycurl

from ...model.exchange import Certificate

_MOST = 10_000
"""Connections that are remembered; a run that makes more forgets the oldest, which are closed by then."""


class Peers:
    """Certificates by libcurl's number of the connection."""

    def __init__(self) -> None:
        self._known: dict[int, Certificate] = {}
        self._same: dict[Certificate, Certificate] = {}

    def certificate(self, handle: Any) -> Certificate | None:
        """Of the connection that a finished transfer used; None where nothing is known."""
        number = handle.getinfo(pycurl.CONN_ID)
        chain = handle.getinfo(pycurl.INFO_CERTINFO) if number not in self._known else []
        if chain:
            found = _certificate(dict(chain[0]))
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[number] = self._same.setdefault(found, found)
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
    """`Nov 24 03:00:00 2027 GMT`, as OpenSSL writes it, as RFC 3339 has it."""
    if not text:
        return ""
    moment = datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
