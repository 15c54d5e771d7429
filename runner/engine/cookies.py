"""A cookie jar (RFC 6265): stores the cookies of responses and selects those that a request sends."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import msgspec

from ..model.exchange import Response
from ..model.set_cookie import SetCookie, cookies_set_by
from ..model.urls import origin_of

MAX_COOKIES = 3000
MAX_COOKIE_BYTES = 4096


class StoredCookie(msgspec.Struct, frozen=True):
    """A stored cookie.

    Attributes:
        host_only: It is sent to exactly `domain`, not to hosts below it.
        expires: Epoch seconds, or None until the end of the run.
        origin: The origin that set it; after a redirect to another origin only that origin's own cookies are sent.
    """

    name: str
    value: str
    domain: str
    path: str
    host_only: bool
    secure: bool
    expires: float | None
    origin: str


class CookieJar:
    """The cookies of one run."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], StoredCookie] = {}

    def store(self, response: Response, now: float) -> None:
        """Store the cookies of a response (RFC 6265 §5.3).

        Args:
            response: The response; its URL decides for which hosts it can set cookies.
            now: Epoch seconds.
        """
        for line in cookies_set_by(response):
            cookie = _accepted(line, response.url, now)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            if cookie.expires is not None and cookie.expires <= now:
                self._cookies.pop(key, None)
            elif len(self._cookies) < MAX_COOKIES:
                self._cookies[key] = cookie

    def cookies_for(self, url: str, now: float, *, set_by_itself: bool = False) -> list[StoredCookie]:
        """The cookies that a request sends, longer paths first (RFC 6265 §5.4).

        Args:
            url: The URL of the request.
            now: Epoch seconds.
            set_by_itself: Only cookies that the origin of the URL set itself.
        """
        if not self._cookies:
            return []
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path or "/"
        found = [
            cookie
            for cookie in self._cookies.values()
            if (host == cookie.domain or (not cookie.host_only and _domain_matches(host, cookie.domain)))
            and _path_matches(path, cookie.path)
            and (parts.scheme == "https" or not cookie.secure)
            and (cookie.expires is None or cookie.expires > now)
            and (not set_by_itself or cookie.origin == origin_of(url))
        ]
        return sorted(found, key=lambda cookie: -len(cookie.path))

    def values(self, now: float) -> dict[str, str]:
        """Names and values of all cookies; if a name is there several times, the one that was set last."""
        return {c.name: c.value for c in self._cookies.values() if c.expires is None or c.expires > now}


def _accepted(line: SetCookie, url: str, now: float) -> StoredCookie | None:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    domain = line.attributes.get("domain", "").lstrip(".").lower()
    if domain and domain != host and (not _domain_matches(host, domain) or "." not in domain):
        return None  # a host cannot set a cookie for another host, nor for a whole top-level domain
    secure = "secure" in line.attributes
    if secure and parts.scheme != "https":
        return None
    path = line.attributes.get("path", "")
    if not path.startswith("/"):
        path = parts.path.rpartition("/")[0] or "/"
    if line.name.startswith("__Secure-") and not secure:
        return None
    if line.name.startswith("__Host-") and (not secure or domain or path != "/"):
        return None
    if len(line.name) + len(line.value) > MAX_COOKIE_BYTES:
        return None
    expires = line.lifetime(now)
    return StoredCookie(line.name, line.value, domain or host, path, not domain, secure, expires, origin_of(url))


def _domain_matches(host: str, domain: str) -> bool:
    """RFC 6265 §5.1.3: an address matches only itself."""
    return host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265 §5.1.4."""
    return path == cookie_path or (
        path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")
    )
