"""`starts_with`, `ends_with`, `matches`, `format`: the form of texts."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from ..model import patterns
from ..model.json_types import JSON
from ..model.kinds import Miss
from ..model.wording import did_you_mean, shown
from .base import MISS, ValueMatcher, undecided


class _TextMatcher(ValueMatcher):
    def check(self, argument: Any, /) -> str:
        """A text."""
        return "" if isinstance(argument, str) else f"`{self.name}` takes a text, not {shown(argument, 60)}"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Undecided on anything but text."""
        if not isinstance(actual, str):
            return undecided(actual, "a text")
        return None if self.holds(actual, argument) else MISS

    def holds(self, actual: str, argument: str, /) -> bool:
        """Whether it holds of a text."""
        raise AssertionError(actual, argument)


class StartsWith(_TextMatcher):
    """Begins with a text."""

    name = "starts_with"
    summary = "a text that begins with this text"

    def holds(self, actual: str, argument: str, /) -> bool:
        """By characters."""
        return actual.startswith(argument)


class EndsWith(_TextMatcher):
    """Ends with a text."""

    name = "ends_with"
    summary = "a text that ends with this text"

    def holds(self, actual: str, argument: str, /) -> bool:
        """By characters."""
        return actual.endswith(argument)


class MatchesPattern(_TextMatcher):
    """A pattern is found."""

    name = "matches"
    summary = "a text in which this regular expression matches; use ^ and $ to match all of it"

    def check(self, argument: Any, /) -> str:
        """A pattern that compiles."""
        wrong = super().check(argument)
        if wrong:
            return wrong
        try:
            patterns.compile(argument)
        except ValueError as error:
            return str(error)
        return ""

    def holds(self, actual: str, argument: str, /) -> bool:
        """Searches."""
        return patterns.search(argument, actual) is not None


_HOSTNAME = re.compile(r"(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(.+)", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _parses(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, binascii.Error):
            return False
        return True

    return holds


def _date_time(text: str) -> None:
    if not _DATE_TIME.fullmatch(text):
        raise ValueError
    datetime.fromisoformat(text.upper())


def _date(text: str) -> None:
    if not _DATE.fullmatch(text):
        raise ValueError
    date.fromisoformat(text)


def _email(text: str) -> None:
    found = _EMAIL.fullmatch(text)
    if not found or not _HOSTNAME.fullmatch(found[1]):
        raise ValueError


def _uri(text: str) -> None:
    parts = urlsplit(text)
    if not parts.scheme or not (parts.netloc or parts.path) or re.search(r"[\s<>\"{}|\\^`]", text):
        raise ValueError
    _ = parts.port


def _uuid(text: str) -> None:
    if not _UUID.fullmatch(text):
        raise ValueError


def _jwt(text: str) -> None:
    parts = text.split(".")
    if len(parts) != 3 or not re.fullmatch(r"[A-Za-z0-9_.-]+", text):
        raise ValueError
    decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]]
    if not all(isinstance(part, dict) for part in decoded):
        raise ValueError


def _base64(text: str) -> None:
    if not text:
        raise ValueError
    base64.b64decode(text, validate=True)


TEXT_FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": _parses(_uuid),
    "date-time": _parses(_date_time),
    "date": _parses(_date),
    "email": _parses(_email),
    "uri": _parses(_uri),
    "hostname": lambda text: _HOSTNAME.fullmatch(text) is not None,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "jwt": _parses(_jwt),
    "base64": _parses(_base64),
}


class Format(_TextMatcher):
    """A text of a known form."""

    name = "format"
    summary = f"a text in this format: {', '.join(f'`{name}`' for name in TEXT_FORMATS)}"

    def check(self, argument: Any, /) -> str:
        """A known form."""
        if argument in TEXT_FORMATS:
            return ""
        near = did_you_mean(str(argument), TEXT_FORMATS)
        return f"there is no format {shown(argument, 60)}; {near or 'formats: ' + ', '.join(TEXT_FORMATS)}"

    def holds(self, actual: str, argument: str, /) -> bool:
        """RFC 9562, RFC 3339, RFC 5321, RFC 3986, RFC 1123, RFC 7519, RFC 4648."""
        return TEXT_FORMATS[argument](actual)
