"""Applies a redirect to a request: its method, its body, and the headers that may be sent on."""

from __future__ import annotations

import msgspec

from ..model.errors import StepError
from ..model.exchange import Request, Response
from ..model.urls import origin_of, target_of

REDIRECTS = frozenset({301, 302, 303, 307, 308})

SAFE_CROSS_ORIGIN = frozenset({
    "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "user-agent",
    "traceparent", "x-request-id",
})  # fmt: skip
"""Headers that may be sent to another origin. All others are removed, because any of them may authenticate."""

_OF_THE_BODY = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "content-location", "digest"}
)


def redirected(request: Request, response: Response, trusted: frozenset[str]) -> Request | None:
    """The next request (RFC 9110 §15.4), or None if the response is not a redirect.

    301 and 302 make a POST a GET, 303 makes everything but HEAD a GET; 307 and 308 keep method and body.

    Args:
        request: The request that was redirected.
        response: The response to it.
        trusted: Origins to which credentials and bodies may be sent.

    Raises:
        StepError: the target is not an http(s) URL, or a body would be sent to another origin.
    """
    location = response.header("location") if response.status in REDIRECTS else None
    if not location:
        return None
    url = target_of(location, request.url)
    method, body, headers = request.method, request.body, request.headers
    becomes_get = (response.status == 303 and method not in {"GET", "HEAD"}) or (
        response.status in {301, 302} and method == "POST"
    )
    if becomes_get:
        method, body = "GET", None
        headers = tuple(line for line in headers if line[0].lower() not in _OF_THE_BODY)
    if crosses_origin(request.url, url, trusted):
        if body is not None:
            hint = f"if this is intended, allow it: `http: {{trust_redirects: [{short_origin(url)}]}}`"
            message = f"a {response.status} redirect would send the body to another origin, {short_origin(url)}"
            raise StepError(message, "policy", hint=hint)
        headers = tuple(line for line in headers if line[0].lower() in SAFE_CROSS_ORIGIN)
    return msgspec.structs.replace(request, method=method, url=url, headers=headers, body=body)


def crosses_origin(origin_url: str, url: str, trusted: frozenset[str]) -> bool:
    """Whether a URL is on another origin that is not trusted, so that credentials must not be sent to it."""
    origin = origin_of(url)
    return origin != origin_of(origin_url) and origin not in {origin_of(each) for each in trusted}


def short_origin(url: str) -> str:
    """An origin as people write it, without the default port."""
    origin = origin_of(url)
    return origin.removesuffix(":443") if origin.startswith("https") else origin.removesuffix(":80")
