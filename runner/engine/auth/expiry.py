"""Computes the lifetime of a token: from `expires_in`, `expires_at`, or the `exp` claim of a JWT. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeGuard

from ...model.errors import StepError
from ...model.exchange import Response
from ...model.json_types import JSON
from ...model.jwt import claims_of
from ...model.units import parse_duration
from ...model.wording import seconds_text, shown

_MAX_EPOCH = 100_000_000_000.0
"""Epoch seconds (the year 5138): a larger number is in milliseconds."""


_EXTRACT_ANOTHER = "extract another value, or none: then the `exp` claim of a JWT decides, or else `on_status`"


class Lifetime(NamedTuple):
    """The lifetime of a token.

    Attributes:
        seconds: Seconds from its response on, or None if it is unknown.
        source: Where it comes from: `expires_in`, `expires_at`, or `exp` of a JWT.
    """

    seconds: float | None
    source: str = ""


def lifetime_of(given: Mapping[str, Any], response: Response | None, now: float) -> Lifetime:
    """The lifetime of a token. Times in a response are compared with its `Date` header if there is one.

    Args:
        given: The values of the login: `token`, `expires_in`, `expires_at`.
        response: The response with the token.
        now: Epoch seconds of this machine's clock.

    Raises:
        StepError: a value is not a time, or the token had already expired when it was received.
    """
    if given.get("expires_in") is not None:
        seconds = _seconds(given["expires_in"])
        if seconds <= 0:
            raise StepError(
                f"`expires_in` is {seconds:g} seconds: the token had expired when it was received",
                "auth",
                hint=_EXTRACT_ANOTHER,
            )
        return Lifetime(seconds, "expires_in")
    server = _date_of(response)
    clock = "the server's clock" if server is not None else "this machine's clock"
    reference = now if server is None else server
    if given.get("expires_at") is not None:
        moment = _moment(given["expires_at"])
        return Lifetime(_left(moment - reference, "expires_at", moment, clock), "expires_at")
    claims = claims_of(given.get("token"))
    expires, issued = claims.get("exp"), claims.get("iat")
    if not _is_number(expires):
        return Lifetime(None)
    if _is_number(issued):
        return Lifetime(_left(expires - issued, "exp", expires, "the token's own clock"), "exp")
    return Lifetime(_left(expires - reference, "exp", expires, clock), "exp")


def _is_number(value: JSON) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _left(left: float, name: str, moment: float, clock: str) -> float:
    """The seconds that are left. Raises StepError if the token had already expired."""
    if left > 0:
        return left
    try:
        ended = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        ended = f"{moment:g}"
    message = f"the token had expired {seconds_text(-left)} before it was received: `{name}` is {ended}, by {clock}"
    hint = "extract the token of this response, or correct the clock"
    raise StepError(message, "auth", hint=hint)


def _seconds(value: JSON) -> float:
    """`expires_in`: seconds, or a duration."""
    if _is_number(value):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        if text.removeprefix("-").replace(".", "", 1).isdecimal():
            return float(text)
        try:
            return parse_duration(text)
        except ValueError:
            pass
    raise StepError(
        f"`expires_in` is {shown(value, 60)}, which is neither a number of seconds nor a duration",
        "auth",
        hint=_EXTRACT_ANOTHER,
    )


def _moment(value: JSON) -> float:
    """`expires_at`: a date-time, or epoch seconds."""
    number = float(value) if _is_number(value) else None
    if isinstance(value, str):
        text = value.strip()
        if text.replace(".", "", 1).isdecimal():
            number = float(text)
        else:
            return _date_time(text)
    if number is None:
        raise StepError(f"`expires_at` is {shown(value, 60)}, which is not a date-time", "auth", hint=_EXTRACT_ANOTHER)
    if number > _MAX_EPOCH:
        hint = 'these look like milliseconds: `expires_at: {from: …, filter: "float / 1000"}`'
        raise StepError(f"`expires_at` is {shown(value, 60)}, which is after the year 5000", "auth", hint=hint)
    return number


def _date_time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            raise StepError(
                f"`expires_at` is {shown(text, 60)}, which is not a date-time", "auth", hint=_EXTRACT_ANOTHER
            ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _date_of(response: Response | None) -> float | None:
    """The server's time of the response in epoch seconds, or None (RFC 9110 §6.6.1)."""
    try:
        return parsedate_to_datetime((response.header("date") if response else None) or "").timestamp()
    except (ValueError, TypeError):
        return None
