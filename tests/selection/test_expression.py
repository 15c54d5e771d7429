"""Expressions of `--tag` and `-k`: what they mean, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.selection.expression import ExpressionError, parse_expression


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a", {"a"}, {"b"}), ("a,b", {"b"}, {"c"}), ("a or b", {"a"}, set()), ("a and b", {"a", "b"}, {"a"}), ("not a", set(), {"a"}),
        ("a and not b", {"a"}, {"a", "b"}), ("not a or b", {"a", "b"}, {"a"}), ("not (a or b)", {"c"}, {"b"}), ("a or b and c", {"a"}, {"b"}),
        ("(a or b) and c", {"b", "c"}, {"a"}), ("'log in' and x", {"log in", "x"}, {"log", "x"}), ('"not"', {"not"}, {"a"}),
        ("not not a", {"a"}, set()),
        ("  a  ", {"a"}, set()), ("nota", {"nota"}, {"a"}), ("a-b:c/d.yaml", {"a-b:c/d.yaml"}, {"a"}), ("a , b,c", {"c"}, {"d"}),
    ],
)  # fmt: skip
def test_and_binds_before_or_and_a_comma_is_or(text: str, true: set[str], false: set[str]) -> None:
    expression = parse_expression(text)
    assert expression(true.__contains__) is True
    assert expression(false.__contains__) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a word is missing at its end"), ("a and", "missing at its end"), ("and a", "missing before `and`"),
        ("a,,b", "missing before `,`"), ("a b", "`b` is unexpected"),
        ("(a", "a bracket is not closed"), ("a)", "`)` is unexpected"), ("()", "missing before `)`"), ("'a", "a quote is not closed: 'a"),
        ("not", "missing at its end"), ("''", "a word is empty"), ("a or " * 400 + "a", "more than 500 words"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert message in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        parse_expression(text)(lambda _: True)
    except ExpressionError:
        pass


def test_deep_brackets_end_in_an_answer() -> None:
    assert parse_expression("(" * 200 + "a" + ")" * 200)({"a"}.__contains__)
