"""Checks URLs and makes them absolute (RFC 3986), and gives their origins (RFC 6454)."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from urllib.parse import quote, unquote_plus, urljoin, urlsplit, urlunsplit

from .errors import StepError
from .wording import cut

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Matches a method or a header name (RFC 9110 §5.6.2)."""

MAX_LABEL = 63
"""The most characters between two dots of a host name (RFC 1035 §2.3.4)."""

_KEPT = "%/:=&?~+!$,;'@()*[]"
_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_NO_AUTHORITY = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)
_LITERAL_ORIGIN = re.compile(r"https?://[^/?#{]*(?=[/?#]|$)", re.IGNORECASE)
_HOST = re.compile(r"[^\x00-\x20\x7f<>\"\\^`{|}%/?#@\[\]]+")


@lru_cache(maxsize=4096)
def absolute_url(text: str, base: str) -> str:
    """The URL to send to: `base` before a relative one, and characters that a URL cannot contain percent-encoded.

    Args:
        text: A URL, or a path or query that begins with `/` or `?`.
        base: The base URL; "" is none.

    Raises:
        StepError: it is relative and there is no base, it is not http(s), or its host or port is not valid.
    """
    url = text.strip()
    if url.startswith(("/", "?")):
        if not base:
            hint = "set `base_url` at the top of the file, or write a full URL"
            raise StepError(f"{url!r} is relative, but there is no base_url", "template", hint=hint)
        url = (base.rstrip("/") if url.startswith("/") else base) + url
    scheme, separator, _ = url.partition("://")
    if scheme.lower() not in _PORTS or not separator:
        hint = "begin a URL with http:// or https://, and a path with /"
        raise StepError(f"{cut(url, 200)!r} is not a valid http(s) URL", "template", hint=hint)
    try:
        parts = urlsplit(url)
        _check_authority(parts.netloc, parts.hostname or "", parts.port)
    except ValueError as error:
        raise StepError(f"{cut(url, 200)!r} is not a valid URL: {error}", "template", hint=_host_hint(url)) from None
    path = quote(parts.path, safe=_KEPT) or "/"
    return urlunsplit((parts.scheme.lower(), _ascii(parts.netloc.lower()), path, quote(parts.query, safe=_KEPT), ""))


def check_origin(text: str) -> None:
    """Check the scheme, host and port of a URL, where they are written without a template.

    Raises:
        StepError: they are not valid, whatever the value of its templates.
    """
    found = _LITERAL_ORIGIN.match(text)
    if found:
        absolute_url(found[0], "")


def _ascii(authority: str) -> str:
    """The authority of a URL with its host in ASCII, as it is sent (RFC 5891 §4.4)."""
    if authority.isascii():
        return authority
    # only for hosts that are not ASCII; a dependency of requests
    import idna  # noqa: PLC0415  # see above

    host, colon, port = authority.partition(":")
    try:
        return f"{idna.encode(host, uts46=True).decode()}{colon}{port}"
    except idna.IDNAError as error:
        raise StepError(f"{host!r} is not a valid host name: {error}", "template") from None


def _check_authority(authority: str, host: str, port: int | None) -> None:
    if not host:
        raise ValueError("it has no host")
    if "@" in authority:
        raise ValueError("it contains a user name; use `auth: {basic: {username: …, password: …}}`")
    if "[" not in authority:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is not a valid host name")
        if any(not label for label in host.removesuffix(".").split(".")):
            raise ValueError(f"the host name {host!r} has an empty part")
        if any(len(label) > MAX_LABEL for label in host.split(".")):
            raise ValueError(f"a part of the host name {cut(host, 80)!r} is longer than {MAX_LABEL} characters")
    if port == 0:
        raise ValueError("port 0 cannot be used")


def _host_hint(url: str) -> str:
    return (
        "a value inside a URL is percent-encoded; if it is URL text already, write `{{ host | url }}`"
        if "%" in url.split("/")[2]
        else ""
    )


def with_params(url: str, params: list[tuple[str, str]]) -> str:
    """The URL with parameters added to its query; spaces become `%20`."""
    if not params:
        return url
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def without_params(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """The URL without the parameters that have the names of `params`."""
    path, mark, query = url.partition("?")
    if not params or not mark:
        return url
    names = {name for name, _ in params}
    kept = "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in names)
    return f"{path}?{kept}" if kept else path


@lru_cache(maxsize=4096)
def origin_of(url: str) -> str:
    """The origin of a URL: scheme, host and port (RFC 6454 §4)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def target_of(location: str, url: str) -> str:
    """The absolute URL of a redirect (RFC 9110 §10.2.2).

    Args:
        location: The value of the Location header.
        url: The URL of the response.

    Raises:
        StepError: it is not a valid http(s) URL (`policy`).
    """
    raw = location.strip()
    with suppress(UnicodeError):  # a driver decodes headers as Latin-1, but what is not ASCII was most likely UTF-8
        raw = raw.encode("latin-1").decode("utf-8")
    if _CONTROL.search(raw.replace(" ", "")):
        raise StepError(f"the response redirects to a URL with control characters: {cut(raw, 200)!r}", "policy")
    if _NO_AUTHORITY.match(raw):  # urljoin would take it for a relative URL
        raise StepError(f"the response redirects to {cut(raw, 200)!r}, which has no host", "policy")
    try:
        return absolute_url(urljoin(url, raw), "")
    except (StepError, ValueError) as error:
        raise StepError(
            f"the response redirects to {cut(raw, 200)!r}, which cannot be followed: {error}", "policy"
        ) from None
