"""Explains a 401 or 403: what was sent, what is known about the token, and what the response says. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator

from ...model.challenges import challenge_text, challenges
from ...model.exchange import Response
from ...model.json_types import JSON
from ...model.jwt import claims_of
from ...model.kinds import Attachment
from ...model.wording import json_text, seconds_text
from .authenticate import AuthenticatedRequest
from .session import Token

DIAGNOSED = frozenset({401, 403})


def notes_on(authenticated: AuthenticatedRequest, response: Response, *, clock: float, wall: float) -> Iterator[str]:
    """What is known about a rejected request, one line for each fact.

    Args:
        authenticated: The request and what authenticates it.
        response: The response with the status 401 or 403.
        clock: Monotonic seconds.
        wall: Epoch seconds.
    """
    written = tuple(line for line in authenticated.outgoing.request.headers if line[0].lower() == "authorization")
    attachment = authenticated.attachment if authenticated.name else Attachment(headers=written)
    if authenticated.withheld:
        yield authenticated.withheld
    elif authenticated.name:
        yield f"`{authenticated.name}` was sent as {_sent(attachment)}"
    facts = list(_of_jwt(attachment, wall) if authenticated.token is None else _of_token(authenticated.token, clock))
    if facts:
        yield "; ".join(facts)
    for challenge in challenges(response.header_values("www-authenticate")):
        yield challenge_text(challenge)


def _sent(attachment: Attachment) -> str:
    parts = [place for place, _ in attachment.sent]
    if attachment.signer is not None:
        parts.append("header Authorization, computed for this request")
    return ", ".join(parts)


def _of_token(token: Token, clock: float) -> Iterator[str]:
    """What is known about a token that a session fetched."""
    yield f"the token is {seconds_text(clock - token.since)} old"
    if token.expires is not None:
        left = token.expires - clock
        yield f"it expires in {seconds_text(left)}" if left > 0 else f"it expired {seconds_text(-left)} ago"
    yield from _claims(claims_of(token.names.get("token")), token.names.get("scope"))


def _of_jwt(attachment: Attachment, wall: float) -> Iterator[str]:
    """What the claims of a JWT say that is written in the file or comes from the environment."""
    for _, value in attachment.sent:
        claims = claims_of(value.rpartition(" ")[2])
        for name, before, after in (("iat", "was issued", "is issued"), ("exp", "expired", "expires")):
            moment = claims.get(name)
            if isinstance(moment, (int, float)) and not isinstance(moment, bool):
                distance = seconds_text(abs(wall - moment))
                yield f"it {before} {distance} ago" if moment <= wall else f"it {after} in {distance}"
        yield from _claims(claims)


def _claims(claims: dict[str, JSON], scope: JSON = None) -> Iterator[str]:
    found = {"aud": claims.get("aud"), "scope": claims.get("scope", claims.get("scp", scope))}
    yield from (f"{name} {json_text(value)}" for name, value in found.items() if value)
