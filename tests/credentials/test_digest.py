"""A password is proved as RFC 7616 says, and a nonce is gone on with until the server wants another."""

from __future__ import annotations

import pytest
from fakes import answer, run

from runflow.credentials.digest import DigestSigner
from runflow.model.exchange import Request, Response

CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
NONCE = 'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
MD5 = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, {NONCE}'
SHA = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, {NONCE}'
GET = Request("GET", "http://www.example.org/dir/index.html")


def challenged(*lines: str, status: int = 401) -> Response:
    return Response(status, "", headers=tuple(("WWW-Authenticate", line) for line in lines))


def mufasa() -> DigestSigner:
    return DigestSigner("Mufasa", "Circle of Life", lambda: CNONCE)


def line(signer: DigestSigner, request: Request = GET) -> str:
    return dict(signer.sign(request, 0.0).headers).get("Authorization", "")


@pytest.mark.parametrize(
    ("offered", "response"),
    [
        ([MD5], "8ca523f5e9506fed4657c9700eebdbec"),
        ([MD5, SHA], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc_and_the_stronger_hash_where_both_are_offered(
    offered: list[str], response: str
) -> None:
    """RFC 7616 §3.9.1."""
    signer = mufasa()
    assert line(signer) == ""
    assert signer.challenged(challenged(*offered))
    sent = line(signer)
    for part in (
        f'response="{response}"',
        'username="Mufasa"',
        'uri="/dir/index.html"',
        "qop=auth",
        "nc=00000001",
        f'cnonce="{CNONCE}"',
        "opaque=",
    ):
        assert part in sent


def test_an_old_challenge_without_qop_is_answered_as_rfc_2069_did() -> None:
    signer = DigestSigner("Mufasa", "Circle Of Life", lambda: CNONCE)
    assert signer.challenged(
        challenged('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    )
    sent = line(signer)
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in sent
    assert "cnonce" not in sent
    assert "algorithm" not in sent


def test_a_session_algorithm_hashes_the_nonces_too() -> None:
    signer = mufasa()
    assert signer.challenged(challenged(MD5.replace("MD5", "MD5-sess")))
    assert "algorithm=MD5-sess" in line(signer)
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' not in line(signer)


def test_the_count_rises_the_query_is_part_of_the_uri_and_quotes_are_escaped() -> None:
    signer = DigestSigner('a"b\\', "password", lambda: CNONCE)
    signer.challenged(challenged(SHA))
    sent = [line(signer, Request("POST", "http://h/x?a=1&b=2")) for _ in range(2)]
    assert 'uri="/x?a=1&b=2"' in sent[0]
    assert "nc=00000002" in sent[1]
    assert 'username="a\\"b\\\\"' in sent[0]


@pytest.mark.parametrize(
    ("lines", "again"),
    [
        ([SHA.replace("7ypf", "8888")], False), ([SHA.replace("7ypf", "8888") + ", stale=TRUE"], True),
        ([SHA.replace("http-auth", "other")], True), (["Basic realm=x"], False),
        ([SHA.replace("SHA-256", "SHA-512-256")], False), ([SHA.replace('"auth, auth-int"', "auth-int")], False),
        (['Digest realm="x"'], False), ([], False),
    ],
)  # fmt: skip
def test_a_refused_proof_is_final_but_for_a_stale_nonce_or_another_realm(lines: list[str], again: bool) -> None:
    signer = mufasa()
    assert signer.challenged(challenged(SHA))
    line(signer)
    assert signer.challenged(challenged(*lines)) is again


def test_a_nonce_that_worked_and_is_forgotten_is_asked_for_again() -> None:
    signer = mufasa()
    signer.challenged(challenged(SHA))
    line(signer)
    line(signer)
    assert signer.challenged(challenged(SHA.replace("7ypf", "9999")))
    assert not signer.challenged(challenged(SHA, status=403))


def test_a_step_sends_its_body_again_with_the_proof_and_the_next_step_proves_at_once() -> None:
    text = (
        "defaults: {auth: {digest: {username: ada, password: correct}}}\nsteps:\n  - {post: /a, json: {n: 1}, expect: 200}\n"
        "  - {get: /b, expect: 200}\n"
    )
    ran = run(text, [answer(401, www_authenticate=SHA, set_cookie="c=1"), answer(), answer()], record_details=True)
    assert ran.verdict == "passed"
    assert [request.body for request in ran.requests] == [b'{"n":1}', b'{"n":1}', None]
    lines = [dict(request.headers).get("Authorization", "") for request in ran.requests]
    assert lines[0] == ""
    assert "nc=00000001" in lines[1]
    assert "nc=00000002" in lines[2]
    assert ("Cookie", "c=1") in ran.sent(1).headers
    assert ran.steps[0].last.exchanges[0].note == "the request was sent again in response to the server's challenge"
    assert "correct" in ran.secrets


def test_a_wrong_password_is_tried_once() -> None:
    text = "steps:\n  - {get: /a, auth: {digest: {username: ada, password: wrong}}, expect: 200}\n"
    ran = run(text, lambda _: answer(401, www_authenticate=SHA))
    assert len(ran.requests) == 2
    assert ran.verdict == "failed"
    assert "the server asks for Digest (realm 'http-auth@example.org')" in ran.steps[0].last.notes


def test_a_proof_never_follows_to_another_origin() -> None:
    text = "steps:\n  - {get: /a, auth: {digest: {username: ada, password: correct}}}\n"
    ran = run(
        text,
        [
            answer(401, www_authenticate=SHA),
            answer(302, location="http://evil.test/x"),
            answer(401, www_authenticate=SHA),
        ],
    )
    assert len(ran.requests) == 3
    assert "Authorization" not in dict(ran.sent(2).headers)
