"""The jar keeps and gives back cookies as RFC 6265 says."""

from __future__ import annotations

import pytest

from runflow.engine.cookies import CookieJar
from runflow.model.exchange import Response
from runflow.model.set_cookie import parse_set_cookie

NOW = 1_000_000.0


def jar(*lines: str, url: str = "https://api.example.com/a/b") -> CookieJar:
    made = CookieJar()
    made.store(Response(200, url, headers=tuple(("Set-Cookie", line) for line in lines)), NOW)
    return made


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        ("a=1", "https://api.example.com/a/x", True), ("a=1", "https://api.example.com/a", True),
        ("a=1", "https://api.example.com/", False), ("a=1", "https://api.example.com/ab", False), ("a=1", "https://example.com/a", False),
        ("a=1", "https://x.api.example.com/a", False),
        ("a=1; Path=/", "https://api.example.com/", True), ("a=1; Path=relative", "https://api.example.com/a", True),
        ("a=1; Path=/a/", "https://api.example.com/a/q", True), ("a=1; Domain=example.com; Path=/", "https://other.example.com/", True),
        ("a=1; Domain=.example.com; Path=/", "https://example.com/", True),
        ("a=1; Domain=other.com; Path=/", "https://other.com/", False), ("a=1; Domain=com; Path=/", "https://x.com/", False),
        ("a=1; Domain=ample.com; Path=/", "https://ample.com/", False), ("a=1; Secure; Path=/", "http://api.example.com/", False),
        ("a=1; Secure; Path=/", "https://api.example.com/", True),
        ("a=1; Max-Age=0; Path=/", "https://api.example.com/", False), ("a=1; Max-Age=-5; Path=/", "https://api.example.com/", False),
        ("a=1; Max-Age=60; Path=/", "https://api.example.com/", True), ("a=1; Max-Age=x; Path=/", "https://api.example.com/", True),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", "https://api.example.com/", False),
        ("a=1; Expires=Wed, 01-Jan-2070 00:00:00 GMT; Path=/", "https://api.example.com/", True),
        ("a=1; Expires=nonsense; Path=/", "https://api.example.com/", True), ("__Secure-a=1; Path=/", "https://api.example.com/", False),
        ("__Host-a=1; Secure; Path=/", "https://api.example.com/", True), ("__Host-a=1; Secure; Path=/a", "https://api.example.com/a", False),
        ("a=1; Path=/", "https://api.example.com:8443/", True), ("nonsense", "https://api.example.com/a", False),
        ("=x", "https://api.example.com/a", False), (f"a={'x' * 5000}; Path=/", "https://api.example.com/", False),
    ],
)  # fmt: skip
def test_a_cookie_goes_back_where_it_belongs(line: str, url: str, sent: bool) -> None:
    assert bool(jar(line).cookies_for(url, NOW)) == sent


def test_longer_paths_come_first_and_later_values_win() -> None:
    kept = jar("a=1; Path=/", "b=2; Path=/a", "a=3; Path=/")
    assert [(cookie.name, cookie.value) for cookie in kept.cookies_for("https://api.example.com/a", NOW)] == [
        ("b", "2"),
        ("a", "3"),
    ]
    assert kept.values(NOW) == {"a": "3", "b": "2"}


def test_a_cookie_expires_and_can_be_taken_back() -> None:
    kept = jar("a=1; Max-Age=60; Path=/")
    assert kept.values(NOW + 61) == {}
    kept.store(Response(200, "https://api.example.com/", headers=(("Set-Cookie", "a=; Path=/; Max-Age=0"),)), NOW)
    assert kept.values(NOW) == {}


def test_a_secure_cookie_is_not_taken_from_plain_http_and_an_address_matches_only_itself() -> None:
    assert jar("a=1; Secure", url="http://api.example.com/").values(NOW) == {}
    assert jar("a=1; Domain=0.0.1", url="http://127.0.0.1/").values(NOW) == {}
    assert jar("a=1; Path=/", url="http://127.0.0.1/").cookies_for("http://127.0.0.1/x", NOW)


def test_the_jar_has_a_limit() -> None:
    assert len(jar(*(f"c{number}=1; Path=/" for number in range(3100))).values(NOW)) == 3000


def test_attributes_are_read_without_regard_to_case() -> None:
    cookie = parse_set_cookie("sid=a=b; HTTPONLY; path=/x ; SameSite=Lax")
    assert cookie is not None
    assert (cookie.value, cookie.attributes) == ("a=b", {"httponly": "", "path": "/x", "samesite": "Lax"})
