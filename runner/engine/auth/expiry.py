"""How long a token lives: from what came with it, else from the token itself. Pure; knows no session."""

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

_FARTHEST = 100_000_000_000.0
"""Epoch seconds: later than this (the year 5138) is meant as milliseconds."""


_TAKE_ANOTHER = "take the right value out, or none: without one, `exp` of a JWT decides, else `on_status`"


class Life(NamedTuple):
    """How long a token lives.

    Attributes:
        seconds: From its answer on, or None where nothing says.
        said_by: What says so: `expires_in`, `expires_at`, or `exp` of a JWT.
    """

    seconds: float | None
    said_by: str = ""


def life_of(given: Mapping[str, Any], response: Response | None, now: float) -> Life:
    """How long a token lives. Times that a server tells are held against the server's own clock where it tells that too.

    Args:
        given: What the login gave: `token`, `expires_in`, `expires_at`.
        response: The answer that brought the token.
        now: Epoch seconds by this machine's clock.

    Raises:
        StepError: what should say it is no time, or says that the token was dead when it came.
    """
    if given.get("expires_in") is not None:
        seconds = _seconds(given["expires_in"])
        if seconds <= 0:
            raise StepError(
                f"`expires_in` is {seconds:g} seconds: the token was dead when it came", "auth", hint=_TAKE_ANOTHER
            )
        return Life(seconds, "expires_in")
    server = _date_of(response)
    clock = "the server's clock" if server is not None else "this machine's clock"
    reference = now if server is None else server
    if given.get("expires_at") is not None:
        moment = _moment(given["expires_at"])
        return Life(_alive(moment - reference, "expires_at", moment, clock), "expires_at")
    claims = claims_of(given.get("token"))
    expires, issued = claims.get("exp"), claims.get("iat")
    if not _is_number(expires):
        return Life(None)
    if _is_number(issued):
        return Life(_alive(expires - issued, "exp", expires, "the token's own clock"), "exp")
    return Life(_alive(expires - reference, "exp", expires, clock), "exp")


def _is_number(value: JSON) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _alive(left: float, name: str, moment: float, clock: str) -> float:
    """What is left, unless the token came dead."""
    if left > 0:
        return left
    try:
        ended = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        ended = f"{moment:g}"
    message = f"the token had expired {seconds_text(-left)} before it came: `{name}` is {ended}, by {clock}"
    hint = "it was taken from a place where an old one lies, or a clock is wrong"
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
    raise StepError(f"`expires_in` is {shown(value, 60)}: neither seconds nor a duration", "auth", hint=_TAKE_ANOTHER)


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
        raise StepError(f"`expires_at` is {shown(value, 60)}: no date-time", "auth", hint=_TAKE_ANOTHER)
    if number > _FARTHEST:
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
            raise StepError(f"`expires_at` is {shown(text, 60)}: no date-time", "auth", hint=_TAKE_ANOTHER) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _date_of(response: Response | None) -> float | None:
    """The server's time when it answered (RFC 9110 §6.6.1)."""
    try:
        return parsedate_to_datetime((response.header("date") if response else None) or "").timestamp()
    except (ValueError, TypeError):
        return None
