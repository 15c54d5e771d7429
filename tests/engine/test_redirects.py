"""Redirects as a table of status, method and origin; and what never leaves home."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import BASE, answer, failure, run
from hypothesis import given
from hypothesis import strategies as st

from runflow.engine.redirects import SAFE_CROSS_ORIGIN, redirected
from runflow.model.errors import StepError
from runflow.model.exchange import Request, Response
from runflow.model.urls import origin_of

HOME, OTHER = "http://h.test/a", "http://other.test/b"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
TABLE = {  # status: method -> method of the next request
    301: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "PUT", "DELETE": "DELETE"},
    302: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "PUT", "DELETE": "DELETE"},
    303: {"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "GET", "DELETE": "GET"},
    307: dict(zip(METHODS, METHODS, strict=True)),
    308: dict(zip(METHODS, METHODS, strict=True)),
}
HEADERS = (
    ("Authorization", "Bearer x"),
    ("X-Api-Key", "k"),
    ("Cookie", "a=b"),
    ("Accept", "text/x"),
    ("Content-Type", "application/json"),
)


def follow(
    status: int, method: str, location: str, *, body: bytes | None = None, trusted: frozenset[str] = frozenset()
) -> Request | None:
    response = Response(status, HOME, headers=(("Location", location),))
    return redirected(Request(method, HOME, HEADERS, body), response, trusted)


@pytest.mark.parametrize("status", TABLE)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("origin", ["same", "other host", "other port", "other scheme", "trusted"])
def test_the_table(status: int, method: str, origin: str) -> None:
    target = {
        "same": "/b",
        "other host": OTHER,
        "other port": "http://h.test:81/b",
        "other scheme": "https://h.test/b",
        "trusted": OTHER,
    }[origin]
    trusted = frozenset({"http://other.test"}) if origin == "trusted" else frozenset()
    body = b"x" if method in {"POST", "PUT"} else None
    becomes = TABLE[status][method]
    keeps_body = body is not None and becomes == method
    home = origin in {"same", "trusted"}
    if keeps_body and not home:
        with pytest.raises(StepError, match="would send the body to another origin") as caught:
            follow(status, method, target, body=body, trusted=trusted)
        assert "trust_redirects" in caught.value.hint
        return
    following = follow(status, method, target, body=body, trusted=trusted)
    assert following is not None
    assert following.method == becomes
    assert following.body == (body if keeps_body else None)
    names = {name for name, _ in following.headers}
    assert ("Authorization" in names) == ("X-Api-Key" in names) == ("Cookie" in names) == home
    assert "Accept" in names
    assert ("Content-Type" in names) == (becomes == method)


NAMES = st.sampled_from(["Authorization", "X-Api-Key", "Cookie", "accept", "User-Agent", "Proxy-Authorization", "X-Csrf"]) | st.text(
    "abcdefgXYZ-", min_size=1, max_size=9
)  # fmt: skip
PLACES = st.sampled_from(
    ["http://h.test", "https://h.test", "http://h.test:81", "http://other.test", "http://H.test:80"]
)


@given(
    st.sampled_from([*TABLE, 200, 300, 304]), st.sampled_from([*METHODS, "PATCH", "PURGE", "get"]),
    st.lists(st.tuples(NAMES, st.text("abc", max_size=3))), PLACES, st.none() | st.binary(max_size=3), st.booleans(),
)  # fmt: skip
def test_whatever_redirects_what_authenticates_goes_to_no_other_origin(
    status: int, method: str, headers: list[tuple[str, str]], place: str, body: bytes | None, is_trusted: bool
) -> None:
    trusted = frozenset({place}) if is_trusted else frozenset()
    response = Response(status, HOME, headers=(("Location", f"{place}/b"),))
    home = is_trusted or origin_of(place) == origin_of(HOME)
    request = Request(method, HOME, tuple(headers), body)
    if status in {307, 308} and body is not None and not home:
        with pytest.raises(StepError, match="to another origin"):
            redirected(request, response, trusted)
        return
    try:
        following = redirected(request, response, trusted)
    except StepError:
        assert (home, body is None) == (False, False)  # 301 and 302 keep the body of some methods
        return
    assert (following is not None) == (status in TABLE)
    if following is None:
        return
    assert following.method in {method, "GET"}
    assert following.body in {body, None}
    assert following.method == method or following.body is None
    went = {name.lower() for name, _ in following.headers}
    assert went <= {name.lower() for name, _ in headers}
    if home and following.method == method:
        assert following.headers == tuple(headers)
        assert following.body == body
    if not home:
        assert went <= SAFE_CROSS_ORIGIN
        assert following.body is None


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306])
def test_other_statuses_lead_nowhere(status: int) -> None:
    assert follow(status, "GET", "/b") is None


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("b", "http://h.test/b"),
        ("?q", "http://h.test/a?q"),
        ("//x.test/c", "http://x.test/c"),
        ("/ü b", "http://h.test/%C3%BC%20b"),
        ("/\xc3\xbc", "http://h.test/%C3%BC"),
        ("HTTP://H.test/b", "http://h.test/b"),
        ("/b#f", "http://h.test/b"),
    ],
)
def test_a_location_is_read_from_where_it_stands(location: str, url: str) -> None:
    following = follow(302, "GET", location)
    assert following is not None
    assert following.url == url


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://h/x",
        "javascript:1",
        "http://a b/",
        "http://h:0/",
        "http://u:p@h/",
        "/a\x00b",
        "http://[::1",
    ],
)
def test_a_location_that_is_no_http_url_is_an_error(location: str) -> None:
    with pytest.raises(StepError) as caught:
        follow(302, "GET", location)
    assert caught.value.kind == "policy"


def test_an_empty_or_missing_location_ends_the_way() -> None:
    assert follow(302, "GET", "") is None
    assert redirected(Request("GET", HOME), Response(302, HOME), frozenset()) is None


def chain(*hops: tuple[str, Any]) -> Any:
    table = dict(hops)
    return lambda request: table[request.url]


def test_the_engine_follows_counts_and_reports_redirects() -> None:
    text = f"steps:\n  - get: /1\n    expect: {{status: 200, redirects: ['{BASE}/1', '{BASE}/2'], url: '{BASE}/3'}}\n"
    serve = chain(
        (f"{BASE}/1", answer(302, location="/2")), (f"{BASE}/2", answer(301, location="/3")), (f"{BASE}/3", answer(200))
    )
    assert run(text, serve).verdict == "passed"
    assert run("steps:\n  - get: /1\n    http: {follow_redirects: false}\n    expect: 302\n", serve).verdict == "passed"
    one = run("steps:\n  - get: /1\n    http: {max_redirects: 1}\n", serve)
    assert one.errors[0].kind == "limit"
    loop = run("steps:\n  - get: /1\n", lambda _: answer(302, location="/1"))
    assert "more than 10 redirects" in loop.errors[0].message
    assert len(loop.requests) == 11
    assert len(loop.steps[0].last.exchanges) == 11


def test_credentials_stay_home_across_origins() -> None:
    other = "http://other.test"
    text = f"""
defaults: {{http: {{trust_redirects: []}}}}
steps:
  - get: /cookie
  - get: /go
    auth: {{bearer: tok-en}}
    headers: {{X-Own: secret, Accept: text/x}}
    cookies: {{mine: own}}
  - get: {other}/again
"""

    def serve(request: Request) -> Any:
        if request.url == f"{BASE}/cookie":
            return answer(200, set_cookie="sid=home; Path=/")
        if request.url == f"{BASE}/go":
            return answer(302, location=f"{other}/set")
        if request.url == f"{other}/set":
            return answer(302, location=f"{other}/end", set_cookie="theirs=1; Path=/")
        return answer(200)

    ran = run(text, serve)
    home, away, end, again = (dict(request.headers) for request in ran.requests[1:])
    assert home == {
        "X-Own": "secret",
        "Accept": "text/x",
        "Authorization": "Bearer tok-en",
        "Cookie": "sid=home; mine=own",
    }
    assert away == {"Accept": "text/x"}
    assert end == {"Accept": "text/x", "Cookie": "theirs=1"}
    assert again == {"Cookie": "theirs=1"}


def test_cookies_do_not_follow_to_another_port_of_the_same_host() -> None:
    def serve(request: Request) -> Any:
        if request.url == f"{BASE}/a":
            return answer(302, location=f"{BASE}:81/b", set_cookie="sid=1; Path=/")
        return answer(200)

    ran = run("steps:\n  - get: /a\n", serve)
    assert dict(ran.sent(1).headers) == {}


def test_a_trusted_origin_gets_everything() -> None:
    text = "steps:\n  - post: /a\n    json: 1\n    auth: {bearer: tok-en}\n    http: {trust_redirects: ['http://other.test/']}\n"
    ran = run(text, [answer(307, location="http://other.test/b"), answer(200)])
    assert (ran.sent(1).method, ran.sent(1).body) == ("POST", b"1")
    assert ("Authorization", "Bearer tok-en") in ran.sent(1).headers


@pytest.mark.parametrize(
    ("method", "sent"), [("get", 2), ("head", 2), ("put", 2), ("delete", 2), ("post", 1), ("patch", 1)]
)
def test_only_an_idempotent_request_is_sent_again_over_a_stale_connection_and_once(method: str, sent: int) -> None:
    ran = run(f"steps:\n  - {method}: /x\n", lambda _: failure("reset", stale=True))
    assert len(ran.requests) == sent
    assert ran.verdict == "error"
    exchanges = ran.steps[0].last.exchanges
    assert len(exchanges) == sent
    assert bool(exchanges[0].note) == (sent == 2)
    assert run(f"steps:\n  - {method}: /x\n", lambda _: failure("reset")).requests[1:] == []
