"""Looks up one credential without running a step, and fetches its token as a step would."""

from __future__ import annotations

import msgspec

from ...model.effects import Flow
from ...model.errors import StepError
from ...model.json_types import JSON
from ...model.kinds import Attachment
from ...model.results import Failure
from ...plan.plan import CredentialPlan, Plan
from ..frame import Frame, World
from ..workflow import NESTED, begin
from .authenticate import build_attachment, default_origins
from .session import Session, Token
from .shared_sessions import session_of
from .tokens import token_of


class Lookup(msgspec.Struct, frozen=True):
    """A credential as it would be sent.

    Attributes:
        kind: `bearer`, `login`, …
        origins: Origins to which it is sent as a default.
        session: The session of the token, if it was fetched.
    """

    kind: str
    attachment: Attachment
    origins: tuple[str, ...]
    session: Session | None = None
    token: Token | None = None


def look_up(plan: Plan, name: str, world: World, given: dict[str, JSON]) -> Flow[Lookup | Failure]:
    """Look up a named credential, rendered over the names before the first step; a Failure if that is not possible."""
    frame = Frame(plan, world)
    try:
        begin(frame, frame.names | given, given)
        return (yield from _found(plan.credentials[name], name, frame))
    except StepError as error:
        return frame.failure(error, ("auth", name))


def _found(credential: CredentialPlan, name: str, frame: Frame) -> Flow[Lookup]:
    origins = tuple(default_origins(credential, frame, frame))
    if credential.session is None:
        return Lookup(str(credential.path[-1]), build_attachment(credential, name, frame.names, frame, frame), origins)
    session = session_of(credential, name, frame)
    token = yield from token_of(session, frame, NESTED.steps)
    return Lookup(session.plan.kind, token.attachment, origins, session, token)
