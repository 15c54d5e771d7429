"""Sends one request and follows it to its final response: cookies, redirects, one repetition over a stale connection."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ..model.answer import Answer
from ..model.effects import Flow, Send
from ..model.errors import Interrupted, InvalidArgument, StepError
from ..model.events import SecretLearned
from ..model.exchange import Exchange, Request, Response, TransportFailure
from ..model.headers import with_headers
from ..model.kinds import Signer
from .frame import Frame
from .redirects import crosses_origin, redirected
from .request import Outgoing

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""RFC 9110 §9.2.2."""

_CHALLENGES = 2
"""How many challenges are met for one request: a first one, and one more if the nonce had become stale."""


class Exchanged(NamedTuple):
    """The final response to a request, with every exchange that led to it."""

    answer: Answer
    exchanges: tuple[Exchange, ...]


class ExchangeStopped(BaseException):
    """An error or an interrupt stopped a request: carries the exchanges that were made before."""

    def __init__(self, exchanges: tuple[Exchange, ...], cause: StepError | Interrupted) -> None:
        super().__init__(str(cause))
        self.exchanges = exchanges
        self.cause = cause


def exchange(outgoing: Outgoing, frame: Frame) -> Flow[Exchanged]:
    """Send a request and follow its redirects.

    Args:
        outgoing: The request.
        frame: The workflow: its clock and its cookie jars.

    Raises:
        ExchangeStopped: there are too many redirects, one cannot be followed, or the run is interrupted.
    """
    trail: list[Exchange] = []
    try:
        answer = yield from _follow(outgoing, frame, trail)
    except (StepError, Interrupted) as cause:
        raise ExchangeStopped(tuple(trail), cause) from None
    return Exchanged(answer, tuple(trail))


def _follow(outgoing: Outgoing, frame: Frame, trail: list[Exchange]) -> Flow[Answer]:
    http, request = outgoing.http, outgoing.request
    started = frame.ports.clock()
    crossed = False
    challenges_left = _CHALLENGES
    redirects: list[str] = []
    while True:
        left = outgoing.request.timeout - (frame.ports.clock() - started)
        ready = _with_cookies(
            msgspec.structs.replace(request, timeout=max(left, 0.001)), outgoing, frame, crossed=crossed
        )
        signer = None if crossed else outgoing.signer
        outcome = yield from _send(ready, signer, frame, trail)
        if isinstance(outcome, TransportFailure):
            return Answer(None, failure=outcome, redirects=tuple(redirects), jar=_cookies_of(outgoing, frame))
        if outgoing.jar is not None:
            frame.jar(outgoing.jar).store(outcome, frame.ports.wall())
        if signer is not None and challenges_left and signer.challenged(outcome):
            challenges_left -= 1
            _note(trail, "the request was sent again in response to the server's challenge")
            continue
        following = redirected(request, outcome, http.trust_redirects) if http.follow_redirects else None
        if following is None:
            return Answer(outcome, redirects=tuple(redirects), jar=_cookies_of(outgoing, frame), charset=http.charset)
        redirects.append(request.url)
        if len(redirects) > http.max_redirects:
            chain = " → ".join([*redirects[:4], "…", request.url] if len(redirects) > 5 else redirects)
            hint = "find out whether the redirects form a loop, or raise `http: {max_redirects: …}`"
            raise StepError(f"more than {http.max_redirects} redirects: {chain}", "limit", hint=hint)
        crossed = crossed or crosses_origin(outgoing.request.url, following.url, http.trust_redirects)
        request = following


def _send(
    request: Request, signer: Signer | None, frame: Frame, trail: list[Exchange]
) -> Flow[Response | TransportFailure]:
    """Send one request; an idempotent one is sent once more if the server had closed the kept connection before it."""
    outcome = yield from _signed(request, signer, frame, trail)
    if isinstance(outcome, TransportFailure) and outcome.stale and request.method in IDEMPOTENT:
        _note(trail, "the server had closed the kept connection; the request was sent again")
        outcome = yield from _signed(request, signer, frame, trail)
    return outcome


def _signed(
    request: Request, signer: Signer | None, frame: Frame, trail: list[Exchange]
) -> Flow[Response | TransportFailure]:
    if signer is not None:
        try:
            added = signer.sign(request, frame.ports.wall())
        except ValueError as error:
            wrong = InvalidArgument.of(error)
            raise StepError(wrong.message, "auth", hint=wrong.hint) from None
        frame.ports.emit(SecretLearned("auth", added.secrets))
        request = msgspec.structs.replace(request, headers=with_headers(request.headers, added.headers))
    hosts = frame.plan.hosts
    if hosts is not None:
        hosts.check_url(request.url)
        request = msgspec.structs.replace(request, hosts=hosts)
    started = frame.ports.wall()
    outcome = yield Send(request, frame.step)
    assert isinstance(outcome, (Response, TransportFailure))
    trail.append(Exchange(request, outcome, started=started))
    if frame.secret_capture is not None:
        frame.secret_capture.exchange(trail[-1])
    return outcome


def _note(trail: list[Exchange], note: str) -> None:
    trail[-1] = msgspec.structs.replace(trail[-1], note=note)


def _with_cookies(request: Request, outgoing: Outgoing, frame: Frame, *, crossed: bool) -> Request:
    """The request with its Cookie header: the jar's cookies, and the step's own unless a redirect crossed origins."""
    own = () if crossed else outgoing.cookies
    kept: list[tuple[str, str]] = []
    if outgoing.jar is not None:
        named = {name for name, _ in own}
        jar = frame.jar(outgoing.jar)
        cookies = jar.cookies_for(request.url, frame.ports.wall(), set_by_itself=crossed)
        kept = [(cookie.name, cookie.value) for cookie in cookies if cookie.name not in named]
    pairs = [*kept, *own]
    if not pairs:
        return request
    line = ("Cookie", "; ".join(f"{name}={value}" for name, value in pairs))
    return msgspec.structs.replace(request, headers=(*request.headers, line))


def _cookies_of(outgoing: Outgoing, frame: Frame) -> dict[str, str]:
    return {} if outgoing.jar is None else frame.jar(outgoing.jar).values(frame.ports.wall())
