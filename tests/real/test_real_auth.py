"""Credentials against servers that were not written for us."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from limits import limit

import runflow
from runflow.model.results import Result

Run = Callable[..., Result]

CLIENT = 'client_id: checks, client_secret: "{{ env.SECRET }}"'
SECRET = "client-secret/with:odd chars+&"


@pytest.fixture
def flow(tmp_path: Path) -> Run:
    """Runs a workflow's text."""

    def call(text: str, **env: str) -> Result:
        path = tmp_path / "flow.yaml"
        path.write_text(f"base_url: '{{{{ env.URL }}}}'\n{text}", encoding="utf-8")
        return runflow.run(path, env=env)

    return call


def failures(result: Result) -> list[Any]:
    steps = [step for workflow in result.workflows for step in workflow.steps]
    return [error for step in steps for error in step.last.errors] + [
        check for step in steps for check in step.last.checks if not check.passed
    ]


def purposes(result: Result) -> list[str]:
    return [step.purpose for session in result.sessions for step in session.steps]


@pytest.mark.parametrize(
    "client",
    [
        f"{CLIENT}, client_auth: basic",
        CLIENT,
        "client_id: poster, client_secret: client-secret-in-the-body, client_auth: body",
    ],
)
def test_client_credentials_with_the_client_in_the_header_or_in_the_body(oidc: Any, flow: Run, client: str) -> None:
    url = oidc()
    result = flow(
        f"auth: {{api: {{oauth2: {{grant: client_credentials, token_url: /token, {client}, scope: orders}}}}}}\ndefaults: {{auth: api}}\n"
        "steps:\n  - get: /whoami\n    expect: {$.user: null, $.scope: orders}\n  - get: /whoami\n    expect: 200\n",
        URL=url, SECRET=SECRET,
    )  # fmt: skip
    assert not failures(result)
    assert result.exit_code == 0
    assert requests.get(f"{url}/counts", timeout=limit(1)).json()["/token"] == 1


def test_a_password_grant_is_renewed_by_its_rotating_refresh_token_before_it_expires(oidc: Any, flow: Run) -> None:
    url = oidc(ttl=2)
    step = "  - get: /whoami\n    delay: 1900ms\n    expect: {$.user: ada}\n"
    result = flow(
        f'auth: {{api: {{oauth2: {{grant: password, token_url: /token, {CLIENT}, username: ada, password: "{{{{ '
        f'env.PASSWORD }}}}", scope: "openid offline_access"}}}}}}\ndefaults: {{auth: api}}\n'
        f"steps:\n  - get: /whoami\n    expect: 200\n{step}{step}",
        URL=url, SECRET=SECRET, PASSWORD="correct-horse-battery",
    )  # fmt: skip
    assert not failures(result)
    assert purposes(result) == ["login", "refresh", "refresh"]


def test_a_refresh_token_is_a_grant_of_its_own(oidc: Any, flow: Run) -> None:
    url = oidc()
    got = requests.post(
        f"{url}/token",
        data={"grant_type": "password", "username": "ada", "password": "correct-horse-battery"},
        auth=("checks", "client-secret%2Fwith%3Aodd+chars%2B%26"),
        timeout=limit(1),
    ).json()
    text = (
        f"auth: {{api: {{oauth2: {{grant: refresh_token, token_url: /token, {CLIENT}, refresh_token: '{{{{ env.REFRESH "
        f"}}}}'}}}}}}\nsteps:\n  - get: /whoami\n    auth: api\n    expect: {{$.user: ada}}\n"
    )
    assert not failures(flow(text, URL=url, SECRET=SECRET, REFRESH=got["refresh_token"]))
    wrong = flow(text, URL=url, SECRET=SECRET, REFRESH="never-given")
    assert "the token endpoint refused with invalid_grant" in failures(wrong)[0].message


def test_a_token_that_is_revoked_by_another_is_renewed_and_the_request_sent_again(oidc: Any, flow: Run) -> None:
    url = oidc()
    revoke = (
        "  - post: /token/revocation\n    auth: none\n"
        "    form: {token: '{{ stolen }}', client_id: poster, client_secret: client-secret-in-the-body}\n    expect: 200\n"
    )
    result = flow(
        "auth: {api: {oauth2: {grant: client_credentials, token_url: /token, client_id: poster, client_secret: client-secret-in-the-body}}}\n"
        "steps:\n  - post: /whoami\n    auth: api\n    expect: 200\n"
        "    extract: {stolen: {from: $.token}}\n" + revoke + "  - post: /whoami\n    auth: api\n    json: {once: 1}\n    expect: 200\n",
        URL=url,
    )  # fmt: skip
    assert not failures(result)
    assert purposes(result) == ["login", "login"]
    refused = result.workflows[0].steps[-1].attempts[0]
    assert refused.exchanges[0].outcome.status == 401


def test_logout_can_revoke_a_token(oidc: Any, flow: Run) -> None:
    text = (
        "auth:\n  api:\n    oauth2: {grant: client_credentials, token_url: /token, client_id: poster, client_secret: client-secret-in-the-body}\n"
        "    logout: {post: /token/revocation, auth: none, form: {token: '{{ token }}', client_id: poster, client_secret: "
        "client-secret-in-the-body}, expect: 200}\n"
        "steps:\n  - get: /whoami\n    auth: api\n    expect: 200\n"
    )
    result = flow(text, URL=oidc())
    assert not failures(result)
    assert purposes(result) == ["login", "logout"]
    assert result.exit_code == 0


def test_an_extra_parameter_asks_for_a_jwt_and_its_claims_are_shown_where_it_is_refused(oidc: Any, flow: Run) -> None:
    result = flow(
        f"auth: {{api: {{oauth2: {{grant: client_credentials, token_url: /token, {CLIENT}, scope: orders, extra: "
        f"{{resource: 'http://orders.test'}}}}}}}}\n"
        "steps:\n  - get: /whoami\n    auth: api\n    expect: 200\n",
        URL=oidc(), SECRET=SECRET,
    )  # fmt: skip
    notes = result.workflows[0].steps[0].last.notes
    assert 'aud "http://orders.test"; scope "orders"' in notes[1], notes
    assert "it says invalid_token" in notes[2]


@pytest.mark.parametrize(
    ("path", "secret", "message"),
    [
        ("/token", "wrong-secret", "the token endpoint refused with invalid_client: client authentication failed"),
        ("/whoami", SECRET, "the token endpoint refused with invalid_token"),
        ("/counts", SECRET, "the token endpoint returned no token: there is no `access_token` among /counts"),
        ("/jwks/no", SECRET, "the token endpoint responded 404 with text/plain, not JSON"),
    ],
)  # fmt: skip
def test_what_a_token_endpoint_refuses_is_named_as_the_rfc_names_it(
    oidc: Any, flow: Run, path: str, secret: str, message: str
) -> None:
    text = f"auth: {{api: {{oauth2: {{grant: client_credentials, token_url: {path}, {CLIENT}}}}}}}\nsteps:\n  - get: /whoami\n    auth: api\n"
    result = flow(text, URL=oidc(), SECRET=secret)
    assert result.exit_code == 3
    assert message in failures(result)[0].message
    assert failures(result)[0].hint


def test_etcd_gives_a_token_by_login_and_takes_it_where_attach_puts_it(etcd: str, flow: Run) -> None:
    login = (
        "auth: {etcd: {login: {post: /v3/auth/authenticate, json: {name: root, password: '{{ env.PASSWORD }}'}, extract: "
        "{token: $.token}}, attach: {header Authorization: '{{ token }}'}}}\ndefaults: {auth: etcd}\n"
    )
    steps = (
        "steps:\n  - post: /v3/kv/put\n    json: {key: \"{{ 'greeting' | b64encode }}\", value: \"{{ 'hello' | b64encode }}\"}\n    expect: 200\n"
        '  - post: /v3/kv/range\n    json: {key: "{{ \'greeting\' | b64encode }}"}\n    expect: {"$.kvs[0].value": "{{ \'hello\' | b64encode }}"}\n'
        "  - post: /v3/auth/disable\n    json: {}\n    expect: 200\n  - post: /v3/auth/enable\n    auth: none\n    json: {}\n    expect: 200\n"
        "  - name: the old token is unknown now\n    post: /v3/kv/range\n"
        '    json: {key: "{{ \'greeting\' | b64encode }}"}\n    expect: {"$.kvs[0].value": "{{ \'hello\' | b64encode }}"}\n'
    )
    result = flow(login + steps, URL=etcd, PASSWORD="root-password")
    assert not failures(result)
    assert purposes(result) == ["login", "login"]
    assert "the token of `etcd` was renewed" in result.workflows[0].steps[-1].attempts[0].notes[0]
    wrong = flow(login + steps, URL=etcd, PASSWORD="not-the-password")
    assert wrong.exit_code == 3
    assert "the login of `etcd` failed: POST" in failures(wrong)[0].message


def test_moto_checks_a_signature_of_query_and_body(moto: tuple[str, dict[str, str]], flow: Run) -> None:
    url, keys = moto
    auth = 'aws: {aws_sigv4: {access_key: "{{ env.AWS_KEY }}", secret_key: "{{ env.AWS_SECRET }}", region: us-east-1, service: SERVICE}}'
    iam = f"auth: {{{auth}}}\ndefaults: {{auth: aws}}\nsteps:\n".replace("SERVICE", "sts")
    who = "  - post: /\n    form: {Action: GetCallerIdentity, Version: '2011-06-15'}\n    expect: {status: 200, body: {contains: user/checks}}\n"
    query = (
        "  - get: /\n    params: {Action: GetCallerIdentity, Version: '2011-06-15', Note: 'a b/c+d'}\n"
        "    expect: {status: 200, body: {contains: user/checks}}\n"
    )
    assert not failures(flow(iam + who + query, URL=url, **keys))
    wrong = flow(iam + who, URL=url, **keys | {"AWS_SECRET": "wrong-secret"})
    assert wrong.exit_code == 1
    assert wrong.workflows[0].steps[0].status == 403
    s3 = f"auth: {{{auth}}}\ndefaults: {{auth: aws}}\nsteps:\n".replace("SERVICE", "s3")
    put = (
        "  - put: /bucket-1\n    expect: 200\n  - put: '/bucket-1/a%20b.txt'\n    body: hello\n    expect: 200\n"
        "  - get: '/bucket-1/a%20b.txt'\n    expect: {status: 200, body: hello}\n"
    )
    assert not failures(flow(s3 + put, URL=url, **keys))


def test_nginx_lets_in_whoever_it_knows(nginx_basic: str, flow: Run) -> None:
    text = (
        "auth: {staff: {basic: {username: ada, password: '{{ env.PASSWORD }}'}}}\ndefaults: {auth: staff}\nsteps:\n"
        "  - get: /page.json\n    expect: {status: 200, $.in: true}\n  - get: /page.json\n    auth: none\n    expect: 401\n"
    )
    assert not failures(flow(text, URL=nginx_basic, PASSWORD="correct-horse"))
    wrong = flow(text, URL=nginx_basic, PASSWORD="wrong-horse")
    assert wrong.exit_code == 1
    assert wrong.workflows[0].steps[0].last.notes == (
        "`staff` was sent as header Authorization",
        "the server asks for Basic (realm 'staff only')",
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("stale_after", ["never", "2"])
def test_httpbin_takes_a_digest_and_asks_again_where_the_nonce_is_stale(
    httpbin_url: str, flow: Run, algorithm: str, stale_after: str
) -> None:
    path = f"/digest-auth/auth/ada/correct-horse/{algorithm}/{stale_after}"
    step = f"  - get: {path}\n    expect: {{status: 200, $.user: ada}}\n"
    text = f"defaults: {{auth: {{digest: {{username: ada, password: '{{{{ env.PASSWORD }}}}'}}}}}}\nsteps:\n{step * 4}"
    result = flow(text, URL=httpbin_url, PASSWORD="correct-horse")
    assert not failures(result)
    sent = [len(step.last.exchanges) for step in result.workflows[0].steps]
    assert sent[0] == 2
    assert (sum(sent) == 5) is (stale_after == "never")
    wrong = flow(text, URL=httpbin_url, PASSWORD="wrong-horse")
    assert wrong.exit_code == 1
    assert len(wrong.workflows[0].steps[0].last.exchanges) == 2
