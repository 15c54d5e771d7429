"""Adds the credential of a step to its request, if it may be sent there. Fetches nothing itself."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ...model.effects import Flow
from ...model.errors import InvalidArgument, StepError
from ...model.events import SecretLearned
from ...model.headers import check_header_values, with_headers
from ...model.json_types import JSON
from ...model.kinds import Attachment, Names
from ...model.urls import with_params, without_params
from ...model.wording import json_text
from ...plan.plan import AuthUse, CredentialPlan
from ..frame import Frame
from ..redirects import short_origin
from ..request import Outgoing
from .session import Session, Token
from .shared_sessions import session_of
from .tokens import RunSteps, token_of


class AuthenticatedRequest(NamedTuple):
    """A request with what authenticates it.

    Attributes:
        name: The name of the credential, or "" without one.
        attachment: What was added to the request.
        session: The session of the token, if it can be renewed.
        token: The token that was sent, or None.
        withheld: Why a default credential was not sent, or "".
    """

    outgoing: Outgoing
    name: str = ""
    attachment: Attachment = Attachment()
    session: Session | None = None
    token: Token | None = None
    withheld: str = ""


def authenticate(
    outgoing: Outgoing,
    use: AuthUse | None,
    frame: Frame,
    names: Names,
    run_steps: RunSteps,
    *,
    refused: Token | None = None,
) -> Flow[AuthenticatedRequest]:
    """Add the credential to a request.

    Args:
        outgoing: The request without it.
        use: The `auth` of the step.
        frame: The workflow.
        names: What the step's templates see.
        run_steps: Runs the steps that fetch a token.
        refused: A token that the server rejected.

    Raises:
        StepError: there is no token to send, or it cannot be sent.
    """
    if use is None:
        return AuthenticatedRequest(outgoing)
    if use.own:
        return _with_own(outgoing, frame)
    credential, owner = (use.inline, frame) if use.inline else frame.credential(use.name)
    assert credential is not None  # the compiler reports unknown names
    name = use.name or (credential.kind.name if credential.kind else credential.path[-1])
    withheld = _withheld(credential, owner, frame, outgoing.request.url) if use.inherited else ""
    if withheld:
        return AuthenticatedRequest(outgoing, withheld=f"`{name}` from `defaults` was not sent: {withheld}")
    if credential.session is None:
        attachment = build_attachment(credential, str(name), names if owner is frame else owner.names, frame, owner)
        return AuthenticatedRequest(apply_attachment(outgoing, attachment), str(name), attachment)
    session = session_of(credential, str(name), owner)
    token = yield from token_of(session, frame, run_steps, refused)
    return _with_token(outgoing, session, token, frame)


def _with_token(outgoing: Outgoing, session: Session, token: Token, frame: Frame) -> AuthenticatedRequest:
    world, known = frame.world, (session.key, token.number)
    if known not in world.announced:
        world.announced.add(known)
        world.ports.emit(SecretLearned(f"auth.{session.name}", session.secrets))
    session.used_by(world.options.name)
    return AuthenticatedRequest(
        apply_attachment(outgoing, token.attachment), session.name, token.attachment, session, token
    )


def _with_own(outgoing: Outgoing, frame: Frame) -> AuthenticatedRequest:
    """The request of a session's logout, which sends the session's own token."""
    session = frame.session
    assert session is not None and session.token is not None  # noqa: PT018  # both hold where a logout runs
    return AuthenticatedRequest(
        apply_attachment(outgoing, session.token.attachment), session.name, session.token.attachment
    )


def _withheld(credential: CredentialPlan, owner: Frame, frame: Frame, url: str) -> str:
    """Why a default credential is not sent to a URL, or ""."""
    origins = default_origins(credential, owner, frame)
    if short_origin(url) in origins:
        return ""
    allowed = ", ".join(origins) or "no origin, because `base_url` is missing"
    return f"as a default it is sent to {allowed}; to send it to {short_origin(url)}, write `auth` on the step"


def default_origins(credential: CredentialPlan, owner: Frame, frame: Frame) -> list[str]:
    """The origins to which a credential is sent as a default: its own, else that of `base_url`. Raises StepError."""
    try:
        origins = [str(value.render(owner.first_names)) for value in credential.origins]
    except StepError as error:
        raise error.at(owner.plan.file, (*credential.path[:-1], "origins")) from None
    return [short_origin(url) for url in origins or (owner.base_url or frame.base_url,) if url]


def build_attachment(credential: CredentialPlan, name: str, names: Names, frame: Frame, owner: Frame) -> Attachment:
    """What a credential adds to a request; one that signs requests is kept for the run."""
    kind, world = credential.kind, frame.world
    assert kind is not None  # sessions are handled elsewhere
    try:
        data = credential.value.render(names)
        known = world.signers.get(f"{kind.name} {json_text(data)}") if world.signers else None
        attachment = known or kind.attach(data)
        if attachment.signer is not None:
            world.signers[f"{kind.name} {json_text(data)}"] = attachment
        for secret in attachment.secrets:
            frame.mask(f"auth.{name}", secret)
        check_header_values(attachment.headers, attachment.cookies, owner.plan.file, credential.path)
    except StepError as error:
        raise error.at(owner.plan.file, credential.path) from None
    except ValueError as error:
        wrong = InvalidArgument.of(error)
        raise StepError(wrong.message, "template", hint=wrong.hint).at(owner.plan.file, credential.path) from None
    return attachment


def apply_attachment(outgoing: Outgoing, attachment: Attachment) -> Outgoing:
    """Add an attachment to a request; it replaces headers, parameters and cookies of the same names."""
    request = outgoing.request
    request = msgspec.structs.replace(
        request,
        url=with_params(without_params(request.url, attachment.params), list(attachment.params)),
        headers=with_headers(request.headers, attachment.headers),
    )
    named = {name for name, _ in attachment.cookies}
    cookies = tuple(pair for pair in outgoing.cookies if pair[0] not in named) + attachment.cookies
    return msgspec.structs.replace(outgoing, request=request, cookies=cookies, signer=attachment.signer)


def placeholder(use: AuthUse | None, frame: Frame, names: Names) -> Attachment:
    """What a credential would add, as far as that is known before a request is sent.

    Raises:
        StepError: its values cannot be rendered.
    """
    if use is None or use.own:
        return Attachment()
    credential, owner = (use.inline, frame) if use.inline else frame.credential(use.name)
    assert credential is not None  # the compiler reports unknown names
    if credential.session is None:
        return build_attachment(credential, use.name, names if owner is frame else owner.names, frame, owner)
    known: dict[str, JSON] = dict(owner.first_names)
    known |= {name: f"{{{{ {name} }}}}" for name in credential.session.provides}
    every = credential.session.attach
    return Attachment.of((carried.where, carried.name, str(carried.value.render(known))) for carried in every)
