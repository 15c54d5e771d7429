"""What authenticates goes where the file says, is masked, and stays home."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fakes import Ran, answer, problems, run

from runflow.credentials.table import CREDENTIALS, SESSIONS


def ask(auth: str, *, top: str = "", url: str = "/x", env: dict[str, str] | None = None, more: str = "") -> Ran:
    return run(f"{top}\nsteps:\n  - get: {url}\n    auth: {auth}\n{more}", [answer()] * 3, env=env)


def test_bearer_basic_and_api_key_go_where_they_belong() -> None:
    assert ("Authorization", "Bearer tok-en") in ask("{bearer: tok-en}").sent().headers
    pair = base64.b64encode(b"ada:correct").decode()
    assert ("Authorization", f"Basic {pair}") in ask("{basic: {username: ada, password: correct}}").sent().headers
    assert ("X-Key", "k-123") in ask("{api_key: {name: X-Key, value: k-123}}").sent().headers
    assert ask("{api_key: {name: key, value: k 123, in: query}}").sent().url.endswith("/x?key=k%20123")
    assert ("Cookie", "key=k-123") in ask("{api_key: {name: key, value: k-123, in: cookie}}").sent().headers


def test_everything_a_credential_sends_is_a_secret_without_being_named() -> None:
    assert "tok-en" in ask("{bearer: tok-en}").secrets
    assert set(ask("{basic: {username: ada, password: correct}}").secrets) == {
        "correct",
        base64.b64encode(b"ada:correct").decode(),
    }
    assert "k-123" in ask("{api_key: {name: X-Key, value: k-123}}").secrets


def test_a_named_credential_is_rendered_over_the_names_of_its_file() -> None:
    ran = ask("api", top="vars: {tok: abcd}\nauth: {api: {bearer: '{{ tok }}-{{ env.E }}'}}", env={"E": "1234"})
    assert ("Authorization", "Bearer abcd-1234") in ran.sent().headers


def test_a_default_credential_stays_with_the_origin_of_base_url_and_none_takes_it_back() -> None:
    text = (
        "defaults: {auth: {bearer: tok-en}}\nsteps:\n  - get: /x\n  - get: http://other.test/x\n  - get: /y\n    auth: none\n"
        "  - get: /z\n    headers: {Authorization: own}\n"
    )
    ran = run(text, lambda _: answer())
    assert [dict(request.headers).get("Authorization") for request in ran.requests] == [
        "Bearer tok-en",
        None,
        None,
        "own",
    ]
    elsewhere = ask("{bearer: tok-en}", url="http://other.test/x")
    assert ("Authorization", "Bearer tok-en") in elsewhere.sent().headers


def test_an_included_workflow_may_use_the_credentials_of_the_including_one() -> None:
    child = "steps:\n  - get: /c\n    auth: api\n"
    ran = run(
        "auth: {api: {bearer: '{{ t }}'}}\nvars: {t: tok-en}\nsteps:\n  - include: c.yaml\n",
        [answer()],
        files={"c.yaml": child},
    )
    assert ("Authorization", "Bearer tok-en") in ran.sent().headers


def test_a_credential_of_the_including_workflow_sees_what_was_extracted_there() -> None:
    text = "auth: {api: {bearer: '{{ t }}'}}\nsteps:\n  - post: /login\n    extract: {t: $.t}\n  - include: c.yaml\n"
    ran = run(text, [answer(200, {"t": "tok-en"}), answer()], files={"c.yaml": "steps:\n  - get: /c\n    auth: api\n"})
    assert ("Authorization", "Bearer tok-en") in ran.sent(1).headers


@pytest.mark.parametrize(
    ("auth", "message", "hint"),
    [
        ("apu", "there is no credential `apu`", "did you mean 'api'?"),
        ("'Bearer {{ x }}'", "is not the name of a credential", 'auth: {bearer: "{{ x }}"}'),
        ("zzz", "there is no credential `zzz`", "credentials of this file: api"),
        ("{}", f"exactly one of {', '.join((*CREDENTIALS, *SESSIONS))}; this one has none", ""),
        ("{bearer: a, basic: {username: u, password: p}}", "bearer and basic", ""), ("{bearer: ''}", "the token is empty", ""),
        ("{basic: {username: 'a:b', password: p}}", "cannot contain a colon", "RFC 7617"),
        ("{api_key: {name: '', value: v}}", "`name` is empty", ""),
        ("{digest: {username: '', password: b}}", "the user name is empty", ""),
        ("{aws_sigv4: {access_key: a, secret_key: '', region: c, service: d}}", "`secret_key` is empty", ""),
        ("{bearer: a, renew: {before_expiry: 1s}}", "`renew` can be used with `oauth2` or `login`, not with `bearer`", ""),
        ("{oauth2: {grant: password, token_url: /t, username: a, password: b}, refresh: {post: /r}}",
            "`refresh` can be used with `login`, not with `oauth2`", ""),
        ("{bearer: abcd, origins: [api.test]}", "'api.test' is not a valid origin", "https://api.example.com"),
        ("{bearer: abcd, origins: ['http://api.test/x']}", "is not a valid origin", ""),
        ("{baerer: x}", "unknown key 'baerer'", "did you mean 'bearer'?"),
    ],
)  # fmt: skip
def test_a_wrong_credential_is_refused(auth: str, message: str, hint: str) -> None:
    found = problems(f"auth: {{api: {{bearer: x}}}}\nsteps:\n  - get: /x\n    auth: {auth}\n")
    assert any(message in problem.message and hint in problem.hint for problem in found), found


def test_auth_beside_a_literal_authorization_header_is_an_error() -> None:
    (found,) = problems("steps:\n  - get: /x\n    auth: {bearer: x}\n    headers: {authorization: y}\n")
    assert "has both `auth` and a literal Authorization header" in found.message
    assert (
        "a credential cannot be called `none`" in problems("auth: {none: {bearer: x}}\nsteps: [{get: /x}]")[0].message
    )


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ("{bearer: '{{ e }}'}", "the token is empty"), ("{basic: {username: '{{ c }}', password: long}}", "cannot contain a colon"),
        ("{api_key: {name: k, value: '{{ e }}'}}", "the key is empty"), ("{bearer: abc}", "too short to be masked safely"),
        ("{bearer: '{{ n }}'}", "is null"),
    ],
)  # fmt: skip
def test_what_only_shows_while_it_runs_is_an_error_at_its_place(auth: str, message: str) -> None:
    ran: Any = ask(auth, top="vars: {e: '', c: 'a:b', n: null}")
    assert message in ran.errors[0].message
    assert ran.errors[0].where.line == 4
    assert not ran.requests


def test_a_key_in_the_query_takes_the_place_of_the_same_parameter() -> None:
    key = "{api_key: {name: key, value: k-123, in: query}}"
    assert ask(key, url="'/x?key=old&a=%20b&key=older'").sent().url == "http://api.test/x?a=%20b&key=k-123"
    pages = run(
        f"steps:\n  - {{get: /p, auth: {key}, paginate: {{next: $.next}}}}\n",
        [answer(200, {"next": "/p?n=2&key=k-123"}), answer(200, {})],
    )
    assert pages.sent(1).url == "http://api.test/p?n=2&key=k-123"


def test_a_header_that_a_credential_writes_is_there_once() -> None:
    ran = ask("{api_key: {name: X-Key, value: k-123}}", more="    headers: {x-key: by-hand, X-Other: o}\n")
    assert [line for line in ran.sent().headers if line[0].lower() == "x-key"] == [("X-Key", "k-123")]
    assert ("X-Other", "o") in ran.sent().headers
