"""One authenticated request to its answer: sent again, once, with a new token where the server would not take the old."""

from __future__ import annotations

from typing import Any

import msgspec

from ...model.answer import Answer
from ...model.effects import Flow
from ...model.errors import StepError
from ...model.results import AttemptResult
from ...plan.plan import AuthUse, StepPlan
from ...templating.values import boolean
from ..attempt import Attempt
from ..exchange import exchange
from ..frame import Frame
from ..judge import Judgement, TemplateResponse, judge_status
from ..redirects import stays_home
from ..request import Outgoing
from .authenticate import AuthenticatedRequest, authenticate
from .session import Session, Token
from .tokens import RunSteps


def answered(
    outgoing: Outgoing,
    use: AuthUse | None,
    step: StepPlan,
    frame: Frame,
    names: dict[str, Any],
    *,
    run_steps: RunSteps,
    attempt: Attempt,
) -> Flow[Answer]:
    """The answer to a request.

    Args:
        outgoing: The request, not yet authenticated.
        use: What authenticates it.
        step: Whose it is: one that itself expects a 401 does not renew.
        frame: The workflow.
        names: What the step's templates see.
        run_steps: Runs the steps that fetch a token.
        attempt: Takes every exchange, and what was sent before a renewal.

    Raises:
        StepError: there is no token, the run's time is over, or a redirect leads nowhere.
    """
    held = attempt.held = yield from authenticate(outgoing, use, frame, names, run_steps)
    started = frame.world.clock()
    answer = yield from exchange(_within_deadline(held.outgoing, frame, attempt), frame, attempt.trail)
    why = "" if _expected(step, answer, frame, names) else _unaccepted(held, answer)
    session, token = held.session, held.token
    if not why or session is None or token is None:
        return answer
    if frame.session is not None or (token.refused and session.accepted < token.number):
        return answer  # a session's own steps never renew; and a token that is itself new would be refused again
    attempt.answer = answer
    note = f"{why}: the token of `{session.name}` was renewed, and the request sent again"
    duration = frame.world.clock() - started
    began = frame.world.wall() - duration
    attempt.refused.append(
        AttemptResult(exchanges=tuple(attempt.trail), duration=duration, notes=(note,), started=began)
    )
    held = attempt.held = yield from authenticate(outgoing, use, frame, names, run_steps, refused=token)
    attempt.trail.clear()
    answer = yield from exchange(_within_deadline(held.outgoing, frame, attempt), frame, attempt.trail)
    _unaccepted(held, answer)
    return answer


def _within_deadline(outgoing: Outgoing, frame: Frame, attempt: Attempt) -> Outgoing:
    left = frame.remaining()
    attempt.cut = left is not None and left < outgoing.request.timeout
    if left is None or not attempt.cut:
        return outgoing
    return msgspec.structs.replace(outgoing, request=msgspec.structs.replace(outgoing.request, timeout=left))


def _expected(step: StepPlan, answer: Answer, frame: Frame, names: dict[str, Any]) -> bool:
    """The step itself names the status of a refusal."""
    if answer.response is None or answer.response.status < 400 or not step.status:
        return False
    judged = Judgement(frame)
    judge_status(step, answer, names, judged)
    return not judged.failed and not judged.errors


def _unaccepted(held: AuthenticatedRequest, answer: Answer) -> str:
    """Why an answer says that the token is not good, or "". A token that is good is remembered as such."""
    session, token, response, outgoing = held.session, held.token, answer.response, held.outgoing
    if session is None or token is None or response is None:
        return ""
    if stays_home(outgoing.request.url, response.url, outgoing.http.trust_redirects):
        return ""  # a redirect led to where the token was not sent
    why = str(response.status) if response.status in session.plan.on_status else _said(session, token, answer)
    if not why:
        session.accepted = max(session.accepted, token.number)
    return why


def _said(session: Session, token: Token, answer: Answer) -> str:
    """The expression of `when`, where it is true of an answer."""
    when = session.plan.when
    if when is None:
        return ""
    try:
        seen = {**session.names, **token.names, "response": TemplateResponse(answer)}
        return f"`{when.text}`" if boolean(when.value.render(seen), "`when`") else ""
    except StepError as error:
        if error.kind == "decode":
            return ""  # an answer without JSON is not the one that it looks for
        raise error.at(session.owner.file, when.path) from None
