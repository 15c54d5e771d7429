"""Renders a request: the templates of the plan over the names of a run. Credentials are added later."""

from __future__ import annotations

import msgspec

from ..model.errors import StepError
from ..model.exchange import Request
from ..model.headers import check_header_values
from ..model.kinds import Encoded, Names, Signer
from ..model.urls import TOKEN, absolute_url, with_params
from ..plan.http import HttpPlan
from ..plan.plan import BodyPlan, RequestPlan
from .frame import Frame


class Outgoing(msgspec.Struct, frozen=True):
    """A rendered request, with what the engine needs to send it.

    Attributes:
        cookies: Sent in addition to the jar's, and in place of those with the same names.
        jar: The name of the cookie jar, or None if no cookie is sent.
        signer: Signs each request, until a redirect crosses origins.
    """

    request: Request
    http: HttpPlan
    cookies: tuple[tuple[str, str], ...] = ()
    jar: str | None = ""
    signer: Signer | None = None


def base_url(frame: Frame, names: Names) -> str:
    """The workflow's base URL, or the including one's if it has none.

    Raises:
        StepError: it cannot be rendered.
    """
    if frame.plan.base_url is None:
        return frame.base_url
    try:
        return str(frame.plan.base_url.render(names))
    except StepError as error:
        raise error.at(frame.plan.file, ("base_url",)) from None


def build(plan: RequestPlan, frame: Frame, names: Names, timeout: float, page_url: str = "") -> Outgoing:
    """Render the request.

    Args:
        plan: The step's request.
        frame: The workflow.
        names: What its templates see.
        timeout: Seconds for one exchange.
        page_url: The URL of a further page, in place of the step's own.

    Raises:
        StepError: a part cannot be rendered; with its place.
    """
    file = frame.plan.file
    http = plan.http if isinstance(plan.http, HttpPlan) else plan.http.render(names, file)
    try:
        url = page_url or absolute_url(str(plan.url.render(names)), frame.base_url)
        method = str(plan.method.render(names))
        if not TOKEN.fullmatch(method):
            raise StepError(f"{method!r} is not a valid method (RFC 9110 §9.1)", "template")
    except StepError as error:
        raise error.at(file, plan.url_path) from None
    params, _ = plan.params.render(names, file)
    headers, removed = plan.headers.render(names, file)
    cookies, _ = plan.cookies.render(names, file)
    body = _body(plan.body, frame, names)
    named = {name.lower() for name, _ in headers} | {name.lower() for name in removed}
    if body is not None and body.content_type and "content-type" not in named:
        headers.append(("Content-Type", body.content_type))
    check_header_values(headers, cookies, file, plan.url_path[:-1])
    request = Request(
        method=method,
        url=url if page_url else with_params(url, params),
        headers=tuple(headers),
        body=None if body is None else body.content,
        timeout=timeout,
        transport=http.transport,
        defaults_removed=tuple(name.lower() for name in removed),
    )
    return Outgoing(request, http, tuple(cookies), None if plan.no_cookies else plan.jar)


def _body(plan: BodyPlan | None, frame: Frame, names: Names) -> Encoded | None:
    if plan is None:
        return None
    try:
        return plan.kind.encode(plan.value.render(names), frame.plan.read)
    except StepError as error:
        raise error.at(frame.plan.file, plan.path) from None
