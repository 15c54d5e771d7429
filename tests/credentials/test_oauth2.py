"""A token endpoint is asked as RFC 6749 says, and its answers mean what §5 says."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

import pytest
from fakes import Ran, answer, failure, problems, run

ENV = {"SECRET": "se:cret/+ ä"}
CLIENT = "client_id: 'cl:ient', client_secret: '{{ env.SECRET }}'"


def ask(oauth2: str, token: Any, *, more: str = "", steps: str = "{get: /x, expect: 200}") -> Ran:
    text = f"auth: {{api: {{oauth2: {{token_url: 'https://id.test/token', {oauth2}}}{more}}}}}\ndefaults: {{auth: api}}\nsteps:\n  - {steps}\n"
    replies = iter(token if isinstance(token, list) else [token] * 9)
    return run(text, lambda request: next(replies) if "id.test" in request.url else answer(), env=ENV)


def granted(**more: Any) -> Any:
    return answer(200, {"access_token": "tok-1", "token_type": "bearer", "expires_in": 60} | more)


def form(ran: Ran, index: int = 0) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((ran.sent(index).body or b"").decode()).items()}


def test_client_credentials_with_the_client_in_the_header_form_encoded() -> None:
    ran = ask(
        f"grant: client_credentials, {CLIENT}, scope: read write, audience: orders, extra: {{resource: r}}", granted()
    )
    assert ran.verdict == "passed", ran.errors
    request = ran.sent()
    assert (request.method, request.url) == ("POST", "https://id.test/token")
    pair = base64.b64decode(dict(request.headers)["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "cl%3Aient:se%3Acret%2F%2B+%C3%A4"
    assert form(ran) == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "audience": "orders",
        "resource": "r",
    }
    assert dict(request.headers)["Accept"] == "application/json"
    assert dict(ran.sent(1).headers)["Authorization"] == "Bearer tok-1"
    assert "tok-1" in {
        text for value in ran.secrets for text in (value if isinstance(value, (list, tuple)) else [value])
    }


def test_the_client_in_the_body_and_a_public_client_without_a_secret() -> None:
    ran = ask(f"grant: client_credentials, {CLIENT}, client_auth: body", granted())
    assert form(ran) == {"grant_type": "client_credentials", "client_id": "cl:ient", "client_secret": ENV["SECRET"]}
    assert "Authorization" not in dict(ran.sent().headers)
    public = ask("grant: password, client_id: app, username: ada, password: '{{ env.SECRET }}'", granted())
    assert form(public) == {"grant_type": "password", "username": "ada", "password": ENV["SECRET"], "client_id": "app"}


def test_a_refresh_token_is_used_rotates_and_falls_back_to_the_grant() -> None:
    replies = [
        granted(refresh_token="ref-1", expires_in=10),
        granted(access_token="tok-2", refresh_token="ref-2", expires_in=10),
        answer(400, {"error": "invalid_grant"}),
        granted(access_token="tok-3"),
    ]
    ran = ask(
        f"grant: password, {CLIENT}, username: ada, password: password-1, scope: s",
        replies,
        steps="{for_each: [1, 2, 3], delay: 9500ms, get: /x, expect: 200}",
    )
    assert ran.verdict == "passed", ran.errors
    asked = [form(ran, index) for index, request in enumerate(ran.requests) if "id.test" in request.url]
    assert asked[0]["grant_type"] == "password"
    assert asked[1] == {"grant_type": "refresh_token", "refresh_token": "ref-1"}
    assert asked[2]["refresh_token"] == "ref-2"
    assert asked[3]["grant_type"] == "password"
    assert [dict(request.headers)["Authorization"] for request in ran.requests if "id.test" not in request.url] == [
        "Bearer tok-1",
        "Bearer tok-2",
        "Bearer tok-3",
    ]


def test_default_headers_and_expectations_do_not_reach_the_token_endpoint() -> None:
    text = (
        f"auth: {{api: {{oauth2: {{grant: client_credentials, token_url: 'https://id.test/token', {CLIENT}}}}}}}\n"
        f"defaults: {{auth: api, headers: {{X-Key: k}}, params: {{a: 1}}, expect: 201}}\nsteps:\n  - get: /x\n"
    )
    ran = run(text, lambda request: granted() if "id.test" in request.url else answer(201), env=ENV)
    assert ran.verdict == "passed", ran.errors
    assert "X-Key" not in dict(ran.sent().headers)
    assert ran.sent().url == "https://id.test/token"


def test_attach_logout_and_renew_go_with_it() -> None:
    more = (
        ", attach: {header X-Token: '{{ token }}', query t: '{{ scope }}'}, renew: {before_expiry: 1s}, logout: {post: /revoke,"
        " form: {token: '{{ token }}'}, auth: none}"
    )
    ran = ask(f"grant: client_credentials, {CLIENT}", granted(scope="all", token_type="N_A"), more=more)
    assert ran.verdict == "passed", ran.errors
    assert ran.sent(1).url == "http://api.test/x?t=all"
    assert dict(ran.sent(1).headers)["X-Token"] == "tok-1"
    assert ran.sent(2).url == "http://api.test/revoke"


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (answer(400, {"error": "invalid_grant", "error_description": "expired", "error_uri": "https://id.test/e"}),
            "the token endpoint refused with invalid_grant: expired", "revoked, or of another client; see https://id.test/e"),
        (answer(401, {"error": "invalid_client"}), "refused with invalid_client", "`client_auth`: `body` or `basic`"),
        (answer(200, {"error": "invalid_scope"}), "refused with invalid_scope", "more than the client may have"),
        (answer(200, {"error": "no luck today"}), "refused: no luck today", "look up this error"),
        (answer(200, {"error": {"code": 1}}), "refused", ""), (answer(400, {"error": "odd_code"}), "refused with odd_code", "in the documentation"),
        (answer(200, text="<html>login</html>", content_type="text/html"), "responded 200 with text/html, not JSON",
            "begins with: <html>login"), (answer(503, text=""), "responded 503 with no Content-Type, not JSON", "its body is empty"),
        (answer(500, {"message": "oops"}), "responded with 500 and without an error code", "oops"),
        (answer(200, ["a"]), "responded with array, not an object", ""), (answer(200, {}), "it is an empty object", "token_url"),
        (answer(200, {"token": "x"}), "there is no `access_token` among token", ""),
        (granted(access_token=None), "`access_token` is null", ""), (granted(access_token=""), "`access_token` is", ""),
        (granted(token_type="DPoP"), 'the token is of the type "DPoP" (string), not Bearer', "attach"), (granted(token_type=1), "of the type 1", ""),
        (granted(expires_in="soon"), "neither a number of seconds nor a duration", ""), (failure(), "it was refused", "mend it"),
        (granted(expires_in=-1), "had expired when it was received", ""),
    ],
)  # fmt: skip
def test_whatever_an_endpoint_says_instead_is_an_error_of_its_own(reply: Any, message: str, hint: str) -> None:
    ran = ask(f"grant: client_credentials, {CLIENT}", reply)
    assert ran.verdicts == ["error"]
    assert message in ran.errors[0].message, ran.errors
    assert hint in ran.errors[0].hint, ran.errors
    assert ran.errors[0].where is not None
    assert "example" not in ran.errors[0].message


@pytest.mark.parametrize(
    ("oauth2", "message", "line"),
    [
        ("grant: client_credentials", "the grant client_credentials needs `client_id`", 1),
        ("grant: client_credentials, client_id: a", "needs `client_secret`", 1), ("grant: password, client_id: a", "needs `username`", 1),
        ("grant: refresh_token, client_id: a", "needs `refresh_token`", 1),
        ("grant: password, username: a, password: ''", "`password` is empty", 1),
        ("grant: refresh_token, refresh_token: r, client_secret: s", "`client_secret` needs `client_id`", 1),
        ("grant: refresh_token, refresh_token: r, client_id: c, client_auth: basic", "`client_auth: basic` needs", 1),
        (f"grant: client_credentials, {CLIENT}, extra: {{scope: s}}", "`extra` cannot set `scope`", 1),
        (f"grant: client_credentials, {CLIENT}, extra: {{grant_type: s}}", "`extra` cannot set `grant_type`", 1),
        ("grant: implicit", "'implicit' (string) is not allowed", 1), (f"grant: authorization_code, {CLIENT}", "is not allowed here", 1),
        (f"grant: client_credentials, {CLIENT}, scope: '{{{{ x }}}}'", "`x` is never defined in this file", 1),
    ],
)  # fmt: skip
def test_what_a_grant_lacks_is_found_before_anything_is_sent(oauth2: str, message: str, line: int) -> None:
    found = problems(f"auth: {{api: {{oauth2: {{token_url: /t, {oauth2}}}}}}}\nsteps:\n  - {{get: /x, auth: api}}\n")
    assert any(message in problem.message.replace('"', "'") for problem in found), found


def test_a_client_may_prove_itself_by_an_assertion() -> None:
    assert (
        problems(
            "auth: {api: {oauth2: {token_url: /t, grant: client_credentials, client_id: a, extra: {client_assertion: '{{ "
            "env.A }}', client_assertion_type: t}}}}\nsteps:\n  - {get: /x, auth: api}\n"
        )
        == []
    )
