"""A secret is masked in every form, wherever it stands, and what is no secret is left as it is."""

from __future__ import annotations

import base64
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runflow.model.events import SecretLearned, StepFinished, SuiteStarted
from runflow.model.results import AttemptResult, Check, StepResult, Verdict
from runflow.model.wording import cut
from runflow.redaction import MASK, SHORTEST_SECRET, Redactor, forms, secret_texts, too_short

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=4, max_size=20)


def taught(*secrets: object) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.learn(secret, "secret")
    return redactor


@given(SECRETS, st.text(max_size=5), st.text(max_size=5))
@example('p"/+\\\n<&>ü', "a", "b")
def test_no_encoding_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    assume(secret.strip(" *") and secret not in MASK * 3)
    redactor = taught(secret)
    plain = before + secret + after
    texts = [
        plain, json.dumps(plain), json.dumps(plain, ensure_ascii=False), quote(plain, safe=""), quote_plus(plain), html.escape(plain),
        json.dumps(json.dumps(plain)),
    ]  # fmt: skip
    for text in texts:
        masked = redactor.text(text)
        assert secret not in masked or secret in MASK
        assert MASK in masked
    for name in ("ada", "x", "ab"):
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        if len(secret.encode()) >= 6:
            assert base64.b64encode(secret.encode()).decode().rstrip("=")[2:-2] not in redactor.text(pair)
            assert MASK in redactor.text(pair)


@given(st.text("abcdefghij0123456789/+", min_size=8, max_size=40), st.integers(0, 60))
@example("0000000000", 5)
def test_no_piece_of_a_secret_stands_before_a_cut(secret: str, limit: int) -> None:
    left = limit - 6
    masked = taught(secret).text(f"{cut('value ' + secret + ' and more', limit)} and {cut('x ' * 40, 9)}")
    if left >= SHORTEST_SECRET:
        assert secret[: min(left, len(secret))] not in masked
        assert MASK in masked
    assert masked.endswith("and x x x x x…")


def test_each_line_of_a_secret_is_masked_where_a_text_shows_them_apart() -> None:
    redactor = taught("-----BEGIN KEY-----\n  c2VjcmV0LWtleQ==\r\nshort\n-----END KEY-----")
    assert redactor.text("   12 |   c2VjcmV0LWtleQ==") == f"   12 |   {MASK}"
    assert redactor.text("a short text") == "a short text"


def test_events_are_masked_everywhere_and_secrets_never_pass_the_door() -> None:
    seen: list[Any] = []
    emit = taught().sink(seen.append)
    emit(SecretLearned("t", {"a": ["s3cret-1", 1234567], "b": True}))
    check = Check(
        "$.t", "equals", {"k s3cret-1": ["s3cret-1", 1234567, 5]}, b"..s3cret-1..", parts=(("x", "s3cret-1"),)
    )
    step = StepResult(
        "name s3cret-1", Verdict.FAILED, url="http://h/?q=s3cret-1", attempts=(AttemptResult(checks=(check,)),)
    )
    emit(StepFinished("w", "f", step))
    (event,) = seen
    assert b"s3cret-1" not in msgspec.json.encode(event)
    assert event.step.last.checks[0].expected == {f"k {MASK}": [MASK, MASK, 5]}
    assert event.step.last.checks[0].actual == f"..{MASK}..".encode()


def test_what_holds_no_secret_is_given_back_uncopied() -> None:
    event = SuiteStarted(3)
    assert taught("s3cret").mask(event) is event
    step = StepResult("n", Verdict.PASSED)
    assert taught("s3cret").mask(step) is step
    assert Redactor().mask("anything") == "anything"


def test_a_body_in_another_charset_is_masked_too() -> None:
    redactor = taught("geheim-ü")
    for charset in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        assert "geheim".encode(charset) not in redactor.mask("xx geheim-ü yy".encode(charset))
    assert taught("日本語日本語").mask(b"\xff binary") == b"\xff binary"


def test_a_child_knows_its_parents_secrets_and_keeps_its_own() -> None:
    parent = taught("parent-1")
    child = Redactor(parent)
    child.learn("child-22", "child")
    assert child.text("parent-1 child-22") == f"{MASK} {MASK}"
    assert parent.text("parent-1 child-22") == f"{MASK} child-22"


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("abc", True),
        ("abcd", False),
        ("", True),
        (None, True),
        (True, True),
        (12, True),
        (12345, False),
        ({"a": "abcd"}, False),
        (["abcd", "x"], True),
    ],
)
def test_a_secret_too_short_to_mask_is_known(value: object, short: bool) -> None:
    assert too_short(value) is short


def test_the_longest_form_is_masked_first() -> None:
    assert taught("abcd", "abcdefgh").text("abcdefgh abcd") == f"{MASK} {MASK}"
    assert list(secret_texts(b"bytes")) == ["bytes"]
    assert list(map(len, forms("longer secret/+"))) == sorted(map(len, forms("longer secret/+")), reverse=True)
