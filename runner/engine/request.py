"""A request, rendered: the plan's templates over a run's names. Sends nothing."""

from __future__ import annotations

import re

import msgspec

from runner.engine.frame import Frame
from runner.model.errors import DocumentPath, StepError
from runner.model.exchange import Request
from runner.model.kinds import Attachment, Encoded, Names
from runner.model.urls import TOKEN, absolute_url, origin_of, with_params
from runner.plan.plan import AuthUse, BodyPlan, HttpPlan, RequestPlan

_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_COOKIE = re.compile(r'[\x00-\x20\x7f;,"\\]')


class Outgoing(msgspec.Struct, frozen=True):
    """A request ready to go, and what the engine must know on its way.

    Attributes:
        cookies: Sent beside the jar's, or in place of those with the same names.
        jar: The jar's name, or None where no cookie is sent.
    """

    request: Request
    http: HttpPlan
    cookies: tuple[tuple[str, str], ...] = ()
    jar: str | None = ""


def base_url(frame: Frame, names: Names) -> str:
    """The workflow's base URL, or the including one's where it has none.

    Raises:
        StepError: it is no URL.
    """
    if frame.plan.base_url is None:
        return frame.base_url
    try:
        return str(frame.plan.base_url.render(names))
    except StepError as error:
        raise error.at(frame.plan.file, ("base_url",)) from None


def build(plan: RequestPlan, frame: Frame, names: Names, timeout: float, page_url: str = "") -> Outgoing:
    """The request for these names.

    Args:
        plan: The step's request.
        frame: The workflow.
        names: What its templates see.
        timeout: Seconds for one exchange.
        page_url: The URL of a further page, in place of the step's own.

    Raises:
        StepError: with the place of what could not be rendered.
    """
    file = frame.plan.file
    http = _http(plan, frame, names)
    try:
        url = page_url or absolute_url(str(plan.url.render(names)), frame.base_url)
        method = str(plan.method.render(names))
        if not TOKEN.fullmatch(method):
            raise StepError(f"{method!r} is no method (RFC 9110 §9.1)", "template")
    except StepError as error:
        raise error.at(file, plan.url_path) from None
    params, _ = plan.params.render(names, file)
    headers, removed = plan.headers.render(names, file)
    cookies, _ = plan.cookies.render(names, file)
    attached = _attach(plan.auth, frame, names, page_url or url)
    body = _body(plan.body, frame, names)
    named = {name.lower() for name, _ in headers} | {name.lower() for name in removed}
    if body is not None and body.content_type and "content-type" not in named:
        headers.append(("Content-Type", body.content_type))
    headers += attached.headers
    _check_lines(headers, cookies, file, plan)
    request = Request(
        method=method,
        url=with_params(url, ([] if page_url else params) + list(attached.params)),
        headers=tuple(headers),
        body=None if body is None else body.content,
        timeout=timeout,
        transport=http.transport,
        defaults_removed=tuple(name.lower() for name in removed),
    )
    return Outgoing(request, http, tuple(cookies) + attached.cookies, None if plan.no_cookies else plan.jar)


def _body(plan: BodyPlan | None, frame: Frame, names: Names) -> Encoded | None:
    if plan is None:
        return None
    try:
        return plan.kind.encode(plan.value.render(names), frame.plan.read)
    except StepError as error:
        raise error.at(frame.plan.file, plan.path) from None


def _http(plan: RequestPlan, frame: Frame, names: Names) -> HttpPlan:
    if plan.http_value is None:
        return plan.http
    path = (*plan.url_path[:-1], "http")
    try:
        return plan.http_builder(plan.http_value.render(names))  # type: ignore[no-any-return]  # the compiler's own builder
    except StepError as error:
        raise error.at(frame.plan.file, path) from None


def _attach(use: AuthUse | None, frame: Frame, names: Names, url: str) -> Attachment:
    """What the step's credential adds; a default one stays with the origin of `base_url`."""
    if use is None or (use.inherited and (not frame.base_url or origin_of(url) != origin_of(frame.base_url))):
        return Attachment()
    credential, owner = (use.inline, frame) if use.inline else frame.credential(use.name)
    assert credential is not None  # the plan refused what it could not compile
    try:
        attached = credential.kind.attach(credential.value.render(names if owner is frame else owner.names))
        for secret in attached.secrets:
            frame.learn(f"auth.{use.name or credential.kind.name}", secret)
    except StepError as error:
        raise error.at(owner.plan.file, credential.path) from None
    except ValueError as error:
        raise StepError(str(error), "template").at(owner.plan.file, credential.path) from None
    return attached


def _check_lines(headers: list[tuple[str, str]], cookies: list[tuple[str, str]], file: str, plan: RequestPlan) -> None:
    """Nothing that a value holds may end a header line or begin another (RFC 9110 §5.5)."""
    step: DocumentPath = plan.url_path[:-1]
    for name, value in headers:
        if not TOKEN.fullmatch(name):
            raise StepError(f"{name!r} is no header name (RFC 9110 §5.1)", "policy").at(file, (*step, "headers"))
        bad = _BAD_VALUE.search(value)
        if bad:
            message = f"the value of header {name} holds a control character ({bad[0]!r})"
            raise StepError(message, "policy", hint="a header value is one line of text").at(
                file, (*step, "headers", name)
            )
    for name, value in cookies:
        if not TOKEN.fullmatch(name) or _BAD_COOKIE.search(value):
            hint = "encode it: `{{ value | urlencode }}`"
            raise StepError(f"the cookie {name!r} holds a character that a cookie cannot", "policy", hint=hint).at(
                file, (*step, "cookies")
            )
