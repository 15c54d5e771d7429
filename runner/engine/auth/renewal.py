"""Sends one authenticated request, and sends it once more with a new token if the server rejected the old one."""

from __future__ import annotations

import msgspec

from ...model.answer import Answer
from ...model.effects import Flow
from ...model.errors import Interrupted, StepError
from ...model.exchange import Exchange
from ...model.kinds import Variables
from ...model.results import AttemptResult
from ...plan.plan import AuthUse, StepPlan
from ...templating.values import boolean
from ..exchange import ExchangeStopped, exchange
from ..frame import Frame
from ..judge import TemplateResponse, status_passes
from ..redirects import crosses_origin
from ..request import Outgoing
from .authenticate import AuthenticatedRequest, authenticate
from .session import Session, Token
from .tokens import RunSteps


class Answered(msgspec.Struct, frozen=True):
    """The response to a request; of a request that was stopped, what there is so far.

    Attributes:
        outcome: The final response, or why there is none.
        exchanges: Every exchange since the last authentication, redirects included.
        authenticated: The request as it was sent last, with what authenticates it.
        rejected: What was sent before with a token that the server rejected.
        renewed: A new token was fetched after that, and `exchanges` are those with it.
        shortened: The run's deadline left the request less time than its own timeout.
    """

    outcome: Answer | None = None
    exchanges: tuple[Exchange, ...] = ()
    authenticated: AuthenticatedRequest | None = None
    rejected: AttemptResult | None = None
    renewed: bool = False
    shortened: bool = False


class RequestStopped(BaseException):
    """An error or an interrupt stopped a request: carries what there is of its response."""

    def __init__(self, so_far: Answered, cause: StepError | Interrupted) -> None:
        super().__init__(str(cause))
        self.so_far = so_far
        self.cause = cause


def answered(
    outgoing: Outgoing,
    use: AuthUse | None,
    step: StepPlan,
    frame: Frame,
    names: Variables,
    *,
    run_steps: RunSteps,
) -> Flow[Answered]:
    """Authenticate a request and send it.

    Args:
        outgoing: The request, not yet authenticated.
        use: What authenticates it.
        step: The step that sends it; if it expects the status of the rejection, no token is renewed.
        frame: The workflow.
        names: What the step's templates see.
        run_steps: Runs the steps that fetch a token.

    Raises:
        RequestStopped: no token can be had, the run's time is over, a redirect cannot be followed, or the run is
            interrupted.
    """
    so_far = Answered()
    try:
        authenticated = yield from authenticate(outgoing, use, frame, names, run_steps)
        so_far = Answered(authenticated=authenticated)
        started = frame.ports.clock()
        so_far = yield from _exchanged(authenticated, so_far, frame)
        reason = "" if _expected(step, so_far, frame, names) else _rejection(authenticated, so_far.outcome)
        session, token = authenticated.session, authenticated.token
        if not reason or session is None or token is None:
            return so_far
        if frame.session is not None or (token.refused and session.accepted < token.number):
            return so_far  # a session's own steps never renew; and a token that is itself new would be rejected again
        rejected = _rejected(so_far, session, reason, frame, started)
        so_far = msgspec.structs.replace(so_far, rejected=rejected)
        authenticated = yield from authenticate(outgoing, use, frame, names, run_steps, refused=token)
        so_far = Answered(so_far.outcome, authenticated=authenticated, rejected=rejected, renewed=True)
        so_far = yield from _exchanged(authenticated, so_far, frame)
        _rejection(authenticated, so_far.outcome)
    except (StepError, Interrupted) as cause:
        raise RequestStopped(so_far, cause) from None
    return so_far


def _exchanged(authenticated: AuthenticatedRequest, so_far: Answered, frame: Frame) -> Flow[Answered]:
    """Send the request within the run's deadline."""
    outgoing, left = authenticated.outgoing, frame.remaining()
    shortened = False
    if left is not None and left < outgoing.request.timeout:
        shortened = True
        outgoing = msgspec.structs.replace(outgoing, request=msgspec.structs.replace(outgoing.request, timeout=left))
    try:
        answer, exchanges = yield from exchange(outgoing, frame)
    except ExchangeStopped as stop:
        so_far = msgspec.structs.replace(so_far, exchanges=stop.exchanges, shortened=shortened)
        raise RequestStopped(so_far, stop.cause) from None
    return msgspec.structs.replace(so_far, outcome=answer, exchanges=exchanges, shortened=shortened)


def _rejected(so_far: Answered, session: Session, reason: str, frame: Frame, started: float) -> AttemptResult:
    """The exchanges with the rejected token as an attempt of their own."""
    duration = frame.ports.clock() - started
    note = f"{reason}: the token of `{session.name}` was renewed, and the request sent again"
    return AttemptResult(
        exchanges=so_far.exchanges, duration=duration, notes=(note,), started=frame.ports.wall() - duration
    )


def _expected(step: StepPlan, so_far: Answered, frame: Frame, names: Variables) -> bool:
    """Whether the step itself expects the status of the rejection."""
    answer = so_far.outcome
    if answer is None or answer.response is None or answer.response.status < 400 or not step.status:
        return False
    return status_passes(step, answer, frame, names)


def _rejection(authenticated: AuthenticatedRequest, answer: Answer | None) -> str:
    """Why the response means that the server rejected the token, or ""; an accepted token is remembered as accepted."""
    session, token, outgoing = authenticated.session, authenticated.token, authenticated.outgoing
    if session is None or token is None or answer is None or answer.response is None:
        return ""
    response = answer.response
    if crosses_origin(outgoing.request.url, response.url, outgoing.http.trust_redirects):
        return ""  # a redirect led to a server that was not sent the token
    reason = str(response.status) if response.status in session.plan.on_status else _renew_when(session, token, answer)
    if not reason:
        session.accept(token)
    return reason


def _renew_when(session: Session, token: Token, answer: Answer) -> str:
    """The expression of `renew: {when: …}`, if it is true of a response, else ""."""
    when = session.plan.when
    if when is None:
        return ""
    try:
        seen = {**session.names, **token.names, "response": TemplateResponse(answer)}
        return f"`{when.text}`" if boolean(when.value.render(seen), "`when`") else ""
    except StepError as error:
        if error.kind == "decode":
            return ""  # a response without JSON is not the one that it is meant for
        raise error.at(session.owner.file, when.path) from None
