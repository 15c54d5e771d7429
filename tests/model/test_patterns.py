"""Patterns are bounded when they are compiled, and stopped when they search."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.model import patterns
from runflow.model.errors import StepError


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3), ("a{10}", 10), ("(ab){10}", 20), ("((a{10}){10}){10}", 1000), (r"\d{4}-\d{2}-\d{2}", 10), ("[a-z]{3}", 3),
        ("[]{9}]{3}", 3), (r"\({5}", 5), ("a{2,}", 2), ("a{0,9}", 1), ("(a|b){4}", 12), ("x{", 2), ("{3}", 0), ("a)){9}", 20), ("", 0),
    ],
)  # fmt: skip
def test_fixed_counts_multiply(text: str, count: int) -> None:
    assert patterns.expanded_length(text) == count


def test_a_pattern_that_would_be_huge_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        patterns.compile("(a{1000}){1000}")
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert patterns.search(f"{uuid} {uuid}", "x") is None


def test_a_search_that_backtracks_is_an_error_and_never_a_verdict() -> None:
    with pytest.raises(StepError) as caught:
        patterns.search("^(a|aa)+$", "a" * 60 + "b")
    assert caught.value.kind == "limit"


@given(st.text(alphabet="ab01.*+?()[]{}|^$\\-, ", max_size=12), st.text(alphabet="ab01", max_size=12))
def test_what_both_engines_take_they_find_alike(pattern: str, text: str) -> None:
    """`re` is what people know: the same pattern gives the same answer."""
    try:
        known = re.compile(pattern)
        ours = patterns.compile(pattern)
    except (re.error, ValueError, FutureWarning, OverflowError, RecursionError):
        return
    found, expected = ours.search(text), known.search(text)
    assert (found and found[0]) == (expected and expected[0])
