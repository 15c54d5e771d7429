"""Fetches the token of a session when it is first needed, renews it, and logs out at the end. Yields effects."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ...model.effects import LATE, Flow, Once
from ...model.errors import DocumentPath, Interrupted, StepError
from ...model.events import SecretLearned, SessionFinished
from ...model.headers import check_header_values
from ...model.json_types import JSON
from ...model.kinds import Attachment, AuthLocation, Variables
from ...model.pairs import scalar_text
from ...model.results import SessionResult, SessionStep, StepResult, Verdict, Where
from ...model.wording import json_type
from ...plan.plan import SessionPlan, StepPlan
from ..frame import Frame, World
from .expiry import lifetime_of
from .secret_capture import SecretCapture
from .session import Session, Token

RunSteps = Callable[[tuple[StepPlan, ...], Frame, Variables, str], Flow[tuple[Variables, list[StepResult]]]]
MAX_EARLY_SHARE = 0.1
"""`before_expiry` is at most this share of a token's lifetime."""

LOGOUT_LIMIT = 30.0
"""Seconds for the whole logout of a session."""


def token_of(session: Session, frame: Frame, run_steps: RunSteps, refused: Token | None = None) -> Flow[Token]:
    """The token to send now: the current one, or a new one, which all runs that wait for it share.

    Args:
        session: The session.
        frame: The workflow that needs the token.
        run_steps: Runs the session's own steps.
        refused: A token that a server rejected.

    Raises:
        StepError: there is no token; the reason is the same for every run.
    """
    token = session.token
    now = frame.ports.clock()
    if token is not None and token is not refused and (token.renew_at is None or now < token.renew_at):
        return token
    if session.key in frame.opening:
        hint = "write `auth: none` on the steps that fetch it"
        raise StepError(f"the session of `{session.name}` needs its own token to fetch it", "auth", hint=hint)
    number = token.number if token else 0
    fetch = partial(_fetch, session, frame, run_steps, number, is_refused=refused is not None)
    reply = yield Once(f"{session.key}:{number}", fetch, frame.remaining())
    if reply is LATE:
        raise frame.over()
    if isinstance(reply, StepError):
        raise _copy(reply)
    assert isinstance(reply, Token)
    return reply


def _copy(error: StepError) -> StepError:
    """The same error for each run: an exception that is raised twice would carry both tracebacks."""
    return StepError(error.message, error.kind, error.place, error.hint)


def _fetch(
    session: Session, frame: Frame, run_steps: RunSteps, number: int, *, is_refused: bool
) -> Flow[Token | StepError]:
    """Fetch a new token, unless another run has fetched one meanwhile. An error is final for all runs."""
    if session.failure is not None:
        return session.failure
    old = session.token
    if old is not None and old.number > number:
        return old
    try:
        return session.renew((yield from _renewed(session, frame, run_steps, is_refused=is_refused)))
    except StepError as error:
        frame.remaining()  # raises if this run's own time is over, which says nothing about the token
        return session.fail(error)


def _renewed(session: Session, frame: Frame, run_steps: RunSteps, *, is_refused: bool) -> Flow[Token]:
    """A token from `refresh`, if there is one and it succeeds, else from `login`."""
    plan, old = session.plan, session.token
    if old is not None and plan.refresh and all(old.names.get(name) is not None for name in plan.refresh_needs):
        with suppress(StepError):
            return (yield from _opened(session, frame, run_steps, "refresh", is_refused=is_refused))
    return (yield from _opened(session, frame, run_steps, "login", is_refused=is_refused))


def _opened(session: Session, frame: Frame, run_steps: RunSteps, purpose: str, *, is_refused: bool) -> Flow[Token]:
    """Run `login` or `refresh`, and make a token of the values that they provide.

    Raises:
        StepError: a step did not pass, or the values do not make a token.
    """
    plan, old = session.plan, session.token
    steps = plan.refresh if purpose == "refresh" else plan.login
    kept = old.names if old is not None and purpose == "refresh" else {}
    secret_capture = _secret_capture(session, frame.world)
    inside = Frame.for_session(session, frame.world, secret_capture)
    inside.within(frame, session.key)
    names, results = yield from run_steps(steps, inside, {**session.names, **kept}, f"{purpose} of {session.name}")
    session.record(SessionStep(purpose, frame.ports.mask(result), frame.options.name) for result in results)
    broken = next((result for result in results if result.verdict.is_bad), None)
    if broken is not None:
        raise _failed(session, purpose, broken)
    given = {name: names[name] for name in plan.provides if name in names}
    if purpose == "refresh" and not any("expires_at" in step.provides for step in steps):
        given.pop("expires_at", None)  # it was the old token's
    if purpose == "refresh" and not any(name in given and given[name] != kept.get(name) for name in plan.provides):
        raise StepError(f"the refresh of `{session.name}` returned no new value", "auth").at(
            session.owner.file, session.path
        )
    for name, value in given.items():
        secret_capture.value(name, value)
    return _token(session, frame, given, secret_capture, number=old.number + 1 if old else 1, is_refused=is_refused)


def _secret_capture(session: Session, world: World) -> SecretCapture:
    """Collects the secrets of a session's own steps: the session remembers them, and this run masks them."""

    def learn(texts: list[str]) -> None:
        session.learn(texts)
        world.ports.emit(SecretLearned(f"auth.{session.name}", texts))

    return SecretCapture(learn)


def _failed(session: Session, purpose: str, broken: StepResult) -> StepError:
    """The error of a session, the same for every run."""
    why, hint, where = _reason(broken)
    seen = f" (at {where.file}:{where.line})" if where else ""
    message = f"the {purpose} of `{session.name}` failed: {why}{seen}"
    return StepError(message, "auth", hint=hint).at(session.owner.file, session.path)


def _reason(broken: StepResult) -> tuple[str, str, Where | None]:
    """Why a step did not pass, a hint, and the place; for an include those of the step inside it."""
    inside = next((result for result in broken.last.steps if result.verdict.is_bad), None)
    if inside is not None:
        return _reason(inside)
    for error in broken.last.errors:
        return error.message, error.hint, error.where or broken.where
    hint = "the report shows the response in the run that needed the token first"
    for check in broken.last.checks:
        if not check.passed and check.subject == "status":
            return f"{broken.method} {broken.url} returned {broken.status}", hint, check.where
        if not check.passed:
            return f"`{check.subject}` is not what was expected", hint, check.where
    return "a step did not pass", hint, broken.where


def _token(
    session: Session,
    frame: Frame,
    given: dict[str, JSON],
    secret_capture: SecretCapture,
    *,
    number: int,
    is_refused: bool,
) -> Token:
    plan = session.plan
    since = frame.ports.clock() - (secret_capture.response.elapsed if secret_capture.response else 0.0)
    attachment = _attachment(session, given)
    try:
        life = lifetime_of(given, secret_capture.response, frame.ports.wall()).seconds
    except StepError as error:
        raise error.at(session.owner.file, _given_at(plan, given)) from None
    expires = None if life is None else since + life
    early = 0.0 if life is None else min(plan.before_expiry, life * MAX_EARLY_SHARE)
    return Token(
        number, given, attachment, since, expires, None if expires is None else expires - early, refused=is_refused
    )


def _given_at(plan: SessionPlan, given: dict[str, JSON]) -> DocumentPath:
    """The place of the extract that provides the expiry."""
    for name in ("expires_in", "expires_at", "token"):
        if given.get(name) is not None:
            for step in plan.login:
                for extract in step.extracts:
                    if extract.name == name:
                        return extract.path
    return plan.path


def _attachment(session: Session, given: dict[str, JSON]) -> Attachment:
    """What `attach` adds to requests, rendered over the session's values.

    Raises:
        StepError: a value is missing, or is not valid where it is sent.
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


def _no_token(session: Session, name: str, given: dict[str, JSON]) -> StepError:
    if name not in given:
        what = f"no `{name}`"
    elif given[name] == "":
        what = f"an empty `{name}`"
    else:
        what = f"a `{name}` that is {json_type(given[name])}"
    hint = f"to see the responses of the login: runflow token {session.name} {session.owner.file} -vv"
    return StepError(f"the login of `{session.name}` returned {what}", "auth", hint=hint)


def closed(session: Session, world: World, run_steps: RunSteps) -> Flow[SessionResult]:
    """Log out and report the session. A logout that fails is a warning, unless it has an `expect` or an `assert`."""
    verdict = Verdict.ERROR if session.failure is not None else Verdict.PASSED
    warnings: list[str] = []
    if session.plan.logout and session.token is not None:
        try:
            wrong = yield from _logged_out(session, session.token, world, run_steps)
        except StepError as error:
            wrong = [(Verdict.ERROR, error.message)]
        except Interrupted as stop:
            wrong = [(Verdict.ERROR, stop.reason)]
        if session.plan.logout_judged and wrong and verdict is Verdict.PASSED:
            verdict = wrong[0][0]
        warnings = [f"the logout failed: {reason}" for _, reason in wrong]
    users = tuple(sorted(session.users.items()))
    result = SessionResult(session.name, session.plan.kind, verdict, tuple(session.steps), users, tuple(warnings))
    world.ports.emit(SessionFinished(result))
    return result


def _logged_out(session: Session, token: Token, world: World, run_steps: RunSteps) -> Flow[list[tuple[Verdict, str]]]:
    """Run `logout`: what went wrong. Raises StepError if an expired token cannot be renewed for it."""
    frame = Frame.for_session(session, world, _secret_capture(session, world))
    frame.limited(LOGOUT_LIMIT, f"the logout of {session.name} took longer than {LOGOUT_LIMIT:g} s")
    if token.expires is not None and frame.ports.clock() >= token.expires and session.failure is None:
        token = yield from token_of(session, frame, run_steps)
    names = {**session.names, **token.names}
    _, results = yield from run_steps(session.plan.logout, frame, names, f"logout of {session.name}")
    session.record(SessionStep("logout", result) for result in results)
    return [(result.verdict, _reason(result)[0]) for result in results if result.verdict.is_bad]
