"""A session's whole life: fetched when first needed, renewed, given back. Yields effects; knows no thread and no lock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ...model.effects import LATE, Flow, Once
from ...model.errors import DocumentPath, Interrupted, StepError
from ...model.events import SecretLearned, SessionFinished
from ...model.headers import check_header_values
from ...model.kinds import Attachment, AuthLocation
from ...model.pairs import scalar_text
from ...model.results import SessionResult, SessionStep, StepResult, Verdict, Where
from ...model.wording import json_type
from ...plan.plan import SessionPlan, StepPlan
from ..frame import Frame, World
from .expiry import life_of
from .secret_capture import SecretCapture
from .session import Session, Token

RunSteps = Callable[[tuple[StepPlan, ...], Frame, dict[str, Any], str], Flow[tuple[dict[str, Any], list[StepResult]]]]
LONGEST_TENTH = 0.1
"""`before_expiry` never takes more than this part of a token's life."""

LOGOUT_LIMIT = 30.0
"""Seconds for all of a session's logout."""


def token_of(session: Session, frame: Frame, run_steps: RunSteps, refused: Token | None = None) -> Flow[Token]:
    """The token to send now: the one that is there, or one that is fetched for all who wait.

    Args:
        session: Whose.
        frame: Who asks.
        run_steps: Runs the session's own steps.
        refused: A token that a server would not take.

    Raises:
        StepError: there is none, for the one reason that everybody gets.
    """
    token = session.token
    now = frame.world.clock()
    if token is not None and token is not refused and (token.renew_at is None or now < token.renew_at):
        return token
    if session.key in frame.opening:
        hint = "say `auth: none` on the steps that fetch it"
        raise StepError(f"the session of `{session.name}` needs its own token to fetch it", "auth", hint=hint)
    number = token.number if token else 0
    fetch = partial(_fetch, session, frame, run_steps, number, is_refused=refused is not None)
    reply = yield Once(f"{session.key}:{number}", fetch, frame.remaining())
    if reply is LATE:
        raise frame.over()
    if isinstance(reply, StepError):
        raise _again(reply)
    assert isinstance(reply, Token)
    return reply


def _again(error: StepError) -> StepError:
    """The same error for each who gets it: an exception that is raised twice would carry both tracebacks."""
    return StepError(error.message, error.kind, error.place, error.hint)


def _fetch(
    session: Session, frame: Frame, run_steps: RunSteps, number: int, *, is_refused: bool
) -> Flow[Token | StepError]:
    """A new token, unless somebody got one meanwhile. What fails is final, but for whose own time was over."""
    if session.failure is not None:
        return session.failure
    old = session.token
    if old is not None and old.number > number:
        return old
    try:
        token = yield from _renewed(session, frame, run_steps, is_refused=is_refused)
    except StepError as error:
        frame.remaining()  # raises where it was this run's own end: no answer for anybody else
        session.failure = error
        return error
    session.token = token
    return token


def _renewed(session: Session, frame: Frame, run_steps: RunSteps, *, is_refused: bool) -> Flow[Token]:
    """By `refresh` where there is one and it is not refused, else by `login`."""
    plan, old = session.plan, session.token
    if old is not None and plan.refresh and all(old.names.get(name) is not None for name in plan.refresh_needs):
        with suppress(StepError):
            return (yield from _opened(session, frame, run_steps, "refresh", is_refused=is_refused))
    return (yield from _opened(session, frame, run_steps, "login", is_refused=is_refused))


def _opened(session: Session, frame: Frame, run_steps: RunSteps, purpose: str, *, is_refused: bool) -> Flow[Token]:
    """Run `login` or `refresh`, and make a token of what they give.

    Raises:
        StepError: a step did not pass, or what it gave is no token.
    """
    plan, old = session.plan, session.token
    steps = plan.refresh if purpose == "refresh" else plan.login
    kept = old.names if old is not None and purpose == "refresh" else {}
    inside, secret_capture = _frame(session, frame.world)
    inside.within(frame, session.key)
    names, results = yield from run_steps(steps, inside, {**session.names, **kept}, f"{purpose} of {session.name}")
    session.steps += [SessionStep(purpose, frame.world.mask(result), frame.world.run) for result in results]
    broken = next((result for result in results if result.verdict.is_bad), None)
    if broken is not None:
        raise _failed(session, purpose, broken)
    given = {name: names[name] for name in plan.provides if name in names}
    if purpose == "refresh" and not any("expires_at" in step.provides for step in steps):
        given.pop("expires_at", None)  # it was the old token's
    if purpose == "refresh" and not any(name in given and given[name] != kept.get(name) for name in plan.provides):
        raise StepError(f"the refresh of `{session.name}` gave nothing new", "auth").at(
            session.owner.file, session.path
        )
    for name, value in given.items():
        secret_capture.value(name, value)
    return _token(session, frame, given, secret_capture, number=old.number + 1 if old else 1, is_refused=is_refused)


def _frame(session: Session, world: World) -> tuple[Frame, SecretCapture]:
    """A frame for the session's own steps: its own jars, nobody's variables but its own, and an ear for all secrets."""
    inside = Frame(session.owner, world)
    inside.jars = session.jars
    inside.base_url = session.base_url
    inside.names = inside.first_names = session.names
    inside.session = session
    inside.depth = 1

    def learn(texts: list[str]) -> None:
        session.secrets = tuple(dict.fromkeys((*session.secrets, *texts)))
        world.emit(SecretLearned(f"auth.{session.name}", texts))

    inside.secret_capture = secret_capture = SecretCapture(learn)
    return inside, secret_capture


def _failed(session: Session, purpose: str, broken: StepResult) -> StepError:
    """The one reason that everybody gets."""
    why, hint, where = _reason(broken)
    seen = f" (at {where.file}:{where.line})" if where else ""
    message = f"the {purpose} of `{session.name}` failed: {why}{seen}"
    return StepError(message, "auth", hint=hint).at(session.owner.file, session.path)


def _reason(broken: StepResult) -> tuple[str, str, Where | None]:
    """Why a step did not pass, what to do, and where; an include says nothing itself, a step in it does."""
    inside = next((result for result in broken.last.steps if result.verdict.is_bad), None)
    if inside is not None:
        return _reason(inside)
    for error in broken.last.errors:
        return error.message, error.hint, error.where or broken.where
    hint = "the report shows its answer where it was needed first"
    for check in broken.last.checks:
        if not check.passed and check.subject == "status":
            return f"{broken.method} {broken.url} answered {broken.status}", hint, check.where
        if not check.passed:
            return f"`{check.subject}` is not what was expected", hint, check.where
    return "a step did not pass", hint, broken.where


def _token(
    session: Session,
    frame: Frame,
    given: dict[str, Any],
    secret_capture: SecretCapture,
    *,
    number: int,
    is_refused: bool,
) -> Token:
    plan, world = session.plan, frame.world
    since = world.clock() - (secret_capture.response.elapsed if secret_capture.response else 0.0)
    attachment = _attachment(session, given)
    try:
        life = life_of(given, secret_capture.response, world.wall()).seconds
    except StepError as error:
        raise error.at(session.owner.file, _given_at(plan, given)) from None
    expires = None if life is None else since + life
    early = 0.0 if life is None else min(plan.before_expiry, life * LONGEST_TENTH)
    return Token(
        number, given, attachment, since, expires, None if expires is None else expires - early, refused=is_refused
    )


def _given_at(plan: SessionPlan, given: dict[str, Any]) -> DocumentPath:
    """The place that gives the expiry."""
    for name in ("expires_in", "expires_at", "token"):
        if given.get(name) is not None:
            for step in plan.login:
                for extract in step.extracts:
                    if extract.name == name:
                        return extract.path
    return plan.path


def _attachment(session: Session, given: dict[str, Any]) -> Attachment:
    """What `attach` says, over what the session was given.

    Raises:
        StepError: a value is missing, or cannot be sent where it is put.
    """
    names = {**session.names, **given}
    found: list[tuple[AuthLocation, str, str]] = []
    for carried in session.plan.attach:
        try:
            for name in carried.value.names & session.plan.provides:
                if given.get(name) in (None, "") or isinstance(given[name], (dict, list, bool)):
                    raise _no_token(session, name, given)
            found.append((carried.where, carried.name, scalar_text(carried.value.render(names), carried.name)))
        except StepError as error:
            error.below = ()
            raise error.at(session.owner.file, carried.path) from None
    attachment = Attachment.of(found)
    check_header_values(attachment.headers, attachment.cookies, session.owner.file, session.path)
    return attachment


def _no_token(session: Session, name: str, given: dict[str, Any]) -> StepError:
    what = f"a `{name}` that is {json_type(given[name])}" if given.get(name) != "" else f"an empty `{name}`"
    hint = f"`runflow token {session.name} {session.owner.file} -vv` shows what the login answers"
    provided = what if name in given else f"no `{name}`"
    return StepError(f"the login of `{session.name}` gave {provided}", "auth", hint=hint)


def closed(session: Session, world: World, run_steps: RunSteps) -> Flow[SessionResult]:
    """Give the token back, and say what the session was. What cannot be given back is a warning, or what `expect` says."""
    verdict = Verdict.ERROR if session.failure is not None else Verdict.PASSED
    warnings: list[str] = []
    if session.plan.logout and session.token is not None:
        try:
            lost = yield from _given_back(session, session.token, world, run_steps)
        except StepError as error:
            lost = [(Verdict.ERROR, error.message)]
        except Interrupted as stop:
            lost = [(Verdict.ERROR, stop.reason)]
        if session.plan.logout_judged and lost and verdict is Verdict.PASSED:
            verdict = lost[0][0]
        warnings = [f"the logout failed: {why}" for _, why in lost]
    users = tuple(sorted(session.users.items()))
    result = SessionResult(session.name, session.plan.kind, verdict, tuple(session.steps), users, tuple(warnings))
    world.emit(SessionFinished(result))
    return result


def _given_back(session: Session, token: Token, world: World, run_steps: RunSteps) -> Flow[list[tuple[Verdict, str]]]:
    """Run `logout`: what was wrong with it. Raises StepError where a token that ran out cannot be renewed for it."""
    frame, _ = _frame(session, world)
    frame.limited(LOGOUT_LIMIT, f"the logout of {session.name} took longer than {LOGOUT_LIMIT:g} s")
    if token.expires is not None and world.clock() >= token.expires and session.failure is None:
        token = yield from token_of(session, frame, run_steps)
    names = {**session.names, **token.names}
    _, results = yield from run_steps(session.plan.logout, frame, names, f"logout of {session.name}")
    session.steps += [SessionStep("logout", result) for result in results]
    wrong = [(result.verdict, _reason(result)[0]) for result in results if result.verdict.is_bad]
    if session.plan.logout_judged:
        return wrong
    refused = [result for result in results if result.status >= 400 and not result.verdict.is_bad]
    return wrong + [(Verdict.FAILED, f"it answered {result.status}") for result in refused]
