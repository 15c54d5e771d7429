"""Why a server may have said 401 or 403: what was sent, what is known of the token, what the answer says. Pure."""

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


def notes_on(held: AuthenticatedRequest, response: Response, *, clock: float, wall: float) -> Iterator[str]:
    """What is known, a line each.

    Args:
        held: The request and what authenticated it.
        response: The refusal.
        clock: Monotonic seconds.
        wall: Epoch seconds.
    """
    by_hand = tuple(line for line in held.outgoing.request.headers if line[0].lower() == "authorization")
    attachment = held.attachment if held.name else Attachment(headers=by_hand)
    if held.withheld:
        yield held.withheld
    elif held.name:
        yield f"`{held.name}` was sent as {_sent(attachment)}"
    facts = list(_of_jwt(attachment, wall) if held.token is None else _of_token(held.token, clock))
    if facts:
        yield "; ".join(facts)
    for challenge in challenges(response.header_values("www-authenticate")):
        yield challenge_text(challenge)


def _sent(attachment: Attachment) -> str:
    parts = [place for place, _ in attachment.sent]
    if attachment.signer is not None:
        parts.append("header Authorization, made for this request")
    return ", ".join(parts)


def _of_token(token: Token, clock: float) -> Iterator[str]:
    """What is known of a token that a session fetched."""
    yield f"the token is {seconds_text(clock - token.since)} old"
    if token.expires is not None:
        left = token.expires - clock
        yield f"it expires in {seconds_text(left)}" if left > 0 else f"it expired {seconds_text(-left)} ago"
    yield from _claims(claims_of(token.names.get("token")), token.names.get("scope"))


def _of_jwt(attachment: Attachment, wall: float) -> Iterator[str]:
    """What a token says of itself that the file brought along."""
    for _, value in attachment.sent:
        claims = claims_of(value.rpartition(" ")[2])
        for name, past, future in (("iat", "was issued", "is issued"), ("exp", "expired", "expires")):
            moment = claims.get(name)
            if isinstance(moment, (int, float)) and not isinstance(moment, bool):
                far = seconds_text(abs(wall - moment))
                yield f"it {past} {far} ago" if moment <= wall else f"it {future} in {far}"
        yield from _claims(claims)


def _claims(claims: dict[str, JSON], scope: JSON = None) -> Iterator[str]:
    found = {"aud": claims.get("aud"), "scope": claims.get("scope", claims.get("scp", scope))}
    yield from (f"{name} {json_text(value)}" for name, value in found.items() if value)
