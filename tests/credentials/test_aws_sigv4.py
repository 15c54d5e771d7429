"""Requests are signed as AWS documents it, each as it goes out."""

from __future__ import annotations

import sys

import pytest
from fakes import answer, problems, run

from runflow.credentials.aws_sigv4 import AwsSigner

KEYS = {
    "access_key": "AKIDEXAMPLE",
    "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "region": "us-east-1",
    "service": "service",
}
AUTH = (
    "{aws_sigv4: {access_key: AKIDEXAMPLE, secret_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', region: us-east-1, service: "
    "service, session_token: '{{ t }}'}}"
)


def test_a_request_carries_its_date_the_hash_of_its_body_and_its_signature() -> None:
    text = f"vars: {{t: session-token}}\nsteps:\n  - {{post: '/a%20b?x=1', auth: {AUTH}, body: hello, headers: {{Date: Mon, X-Amz-Meta: m}}}}\n"
    ran = run(text, [answer()], wall=lambda: 1440938160.0)
    headers = dict(ran.sent().headers)
    assert headers["x-amz-date"] == "20150830T123600Z"
    assert headers["x-amz-content-sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert headers["x-amz-security-token"] == "session-token"
    assert headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="
    )
    assert "x-amz-meta" in headers["Authorization"]
    known = {text for value in ran.secrets for text in (value if isinstance(value, tuple) else [value])}
    assert {
        KEYS["access_key"],
        KEYS["secret_key"],
        "session-token",
        headers["Authorization"].rpartition("=")[2],
    } <= known


def test_each_try_and_each_hop_at_home_is_signed_afresh_and_no_other() -> None:
    text = f"vars: {{t: session-token}}\nsteps:\n  - {{get: /a, auth: {AUTH}, retry: 1, expect: 200}}\n"
    answers = [answer(503), answer(302, location="/b"), answer(302, location="http://other.test/c"), answer()]
    now = iter(range(1440938160, 1440938200))
    ran = run(text, answers, wall=lambda: float(next(now)))
    signatures = [dict(request.headers).get("Authorization") for request in ran.requests]
    assert len(set(signatures[:3])) == 3
    assert signatures[3] is None
    assert "x-amz-security-token" not in dict(ran.sent(3).headers)


def test_the_host_that_is_signed_is_the_host_that_is_sent() -> None:
    from runflow.model.exchange import Request

    signer = AwsSigner(KEYS)
    plain, with_port = (signer.sign(Request("GET", f"http://h.test{port}/"), 1440938160.0) for port in ("", ":80"))
    assert plain.headers != with_port.headers


def test_without_the_extra_the_file_is_refused_with_the_command_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests_aws4auth", None)
    (found,) = problems(f"vars: {{t: abcd}}\nsteps:\n  - {{get: /, auth: {AUTH}}}\n")
    assert found.message == "`aws_sigv4` needs requests-aws4auth"
    assert found.hint == "pip install 'runflow-http[aws]'"


def test_a_value_that_renders_to_nothing_is_an_error_at_its_place() -> None:
    ran = run(f"vars: {{t: ''}}\nsteps:\n  - {{get: /, auth: {AUTH}}}\n", [])
    assert "`session_token` is empty" in ran.errors[0].message
