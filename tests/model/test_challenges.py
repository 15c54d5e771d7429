"""A server's challenge is read as RFC 9110 §11.6.1 says, and told in plain words; nothing that it holds can do harm."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.model import jwt
from runflow.model.challenges import Challenge, challenge_text, challenges


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (['Basic realm="a, b"'], [("Basic", {"realm": "a, b"})]), (["Bearer"], [("Bearer", {})]),
        (["Negotiate, NTLM"], [("Negotiate", {}), ("NTLM", {})]),
        (['Digest realm="x", qop="auth, auth-int", nonce=abc, stale=TRUE , Basic realm=y'],
            [("Digest", {"realm": "x", "qop": "auth, auth-int", "nonce": "abc", "stale": "TRUE"}), ("Basic", {"realm": "y"})]),
        (["Negotiate abc123==, Bearer error=invalid_token"], [("Negotiate", {}), ("Bearer", {"error": "invalid_token"})]),
        (['Bearer error_description="a \\"quoted\\" word"'], [("Bearer", {"error_description": 'a "quoted" word'})]),
        (['Bearer REALM = "x"'], [("Bearer", {"realm": "x"})]), (["", '=,,="'], []),
        (['Basic realm="a"', 'Bearer realm="b"'], [("Basic", {"realm": "a"}), ("Bearer", {"realm": "b"})]),
    ],
)  # fmt: skip
def test_challenges_are_read_one_by_one(lines: list[str], found: list[tuple[str, dict[str, str]]]) -> None:
    assert [(each.scheme, each.params) for each in challenges(lines)] == found


@given(st.text(max_size=300))
def test_any_header_is_read_to_its_end(text: str) -> None:
    for challenge in challenges([text]):
        assert challenge_text(challenge).startswith("the server asks for ")


def test_a_long_hostile_header_takes_no_time() -> None:
    for text in ("a=" * 50_000, "," * 100_000, 'B x="' + "\\" * 100_000, "a " * 50_000, " " * 100_000):
        challenges([text])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "the server asks for Bearer"), ({"realm": "demo"}, "the server asks for Bearer (realm 'demo')"),
        ({"error": "odd"}, "the server asks for Bearer; it says odd"),
        ({"error": "invalid_request"},
            "the server asks for Bearer; it says invalid_request, which means: the token is sent twice, or where the server does not expect it"),
            ({"scope": "a b"}, "the server asks for Bearer; it needs the scope 'a b'"),
        ({"error_description": "too old"}, "the server asks for Bearer; its description: 'too old'"),
        ({"stale": "true"}, "the server asks for Bearer; the nonce was too old"),
    ],
)  # fmt: skip
def test_a_challenge_in_plain_words(params: dict[str, str], words: str) -> None:
    assert challenge_text(Challenge("Bearer", params)) == words


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())))
def test_claims_of_anything_that_is_no_token_are_none(value: object) -> None:
    assert jwt.claims_of(value) == {}


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none())))
def test_claims_of_a_token_are_what_was_put_in(claims: dict[str, object]) -> None:
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in ({"alg": "none"}, claims)
    ]
    assert jwt.claims_of(f"{parts[0]}.{parts[1]}.") == claims
    assert jwt.part(f"{parts[0]}.{parts[1]}.", 0) == {"alg": "none"}


def test_a_token_nested_too_deeply_has_no_claims() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    assert jwt.claims_of(f"a.{deep}.b") == {}
    listed = base64.urlsafe_b64encode(b"[1]").decode()
    assert jwt.claims_of(f"a.{listed}.b") == {}
