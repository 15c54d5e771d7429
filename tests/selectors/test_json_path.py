"""JSONPath in workflows: plain paths find what the library finds, and what is not a path is refused with a hint."""

from __future__ import annotations

import json
from typing import Any

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.model.answer import Answer
from runflow.model.errors import InvalidArgument, StepError
from runflow.model.exchange import Response
from runflow.model.kinds import MISSING
from runflow.selectors.json_path import Definite, compile_path
from runflow.selectors.table import compile_selector


def answer(body: Any) -> Answer:
    return Answer(
        Response(200, "http://x/", headers=(("Content-Type", "application/json"),), body=json.dumps(body).encode())
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c_1"]), inner, max_size=3),
    max_leaves=15,
)
STEPS = st.lists(st.sampled_from([".a", ".b", ".c_1", "[0]", "[1]", "[2]"]), max_size=5)


@given(VALUES, STEPS)
def test_a_plain_path_finds_what_the_library_finds(value: Any, steps: list[str]) -> None:
    text = "$" + "".join(steps)
    nodes = jsonpath_rfc9535.find(text, value)
    found = compile_path(text).find(value)
    assert isinstance(compile_path(text), Definite)
    assert found is MISSING if not nodes else found is nodes[0].value or found == nodes[0].value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", {"a": [1, {"b": None}], "x-y": 1, "n": 9007199254740993}), ("$.a[0]", 1), ("$.a[1].b", None), ("$.a[-1]", {"b": None}), ("$['x-y']", 1),
        ("$.n", 9007199254740993), ("$.a[*]", [1, {"b": None}]), ("$.nope[*]", []), ("$..b", [None]), ("$.a[?@.b == null]", [{"b": None}]),
        ("$.a[0:1]", [1]),
    ],
)  # fmt: skip
def test_a_definite_path_gives_the_value_and_any_other_a_list(path: str, value: Any) -> None:
    assert compile_selector(path).select(answer({"a": [1, {"b": None}], "x-y": 1, "n": 9007199254740993})) == value


@pytest.mark.parametrize("path", ["$.nope", "$.a.b", "$.a[7]", "$['q']", "$.a['0']", "$.s.length"])
def test_a_definite_path_that_finds_nothing_is_missing(path: str) -> None:
    assert compile_selector(path).select(answer({"a": [1], "s": "text"})) is MISSING


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("$.x-y", "['x-y']"),
        ("$.a[@.b]", "[?@.price < 10]"),
        ("$.a[", "see RFC 9535"),
        ("$a", "see RFC 9535"),
        ("$.a[?length(@)]", "see RFC 9535"),
        ("$.a[99999999999999999999]", "see RFC"),
    ],
)
def test_what_is_no_path_is_refused_with_a_hint(path: str, hint: str) -> None:
    with pytest.raises(InvalidArgument, match="is not a valid JSONPath") as caught:
        compile_path(path)
    assert hint in caught.value.hint


def test_depth_is_an_error_not_a_crash() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(StepError, match=r"cannot be followed|too deeply"):
        compile_path("$..a").find(deep)
    assert compile_path("$[0][0][0]").find(deep) is deep[0][0][0]


@pytest.mark.parametrize(
    ("path", "value"),
    [("ng $.a.`len`", 3), ("ng $.s.`sub(/x/, y)`", "ayb"), ("ng $.a[*]", [3, 1, 2]), ("ng $.a[0]", 3), ("ng $.nope", MISSING),
        ("ng $.o[?(@.k==1)].k", [1]), ("ng $.o[0].k + $.o[1].k", [3])],
)  # fmt: skip
def test_the_other_dialect_has_its_own_functions(path: str, value: Any) -> None:
    found = compile_selector(path).select(answer({"a": [3, 1, 2], "s": "axb", "o": [{"k": 1}, {"k": 2}]}))
    assert found is MISSING if value is MISSING else found == value


@pytest.mark.parametrize("path", ["ng $.a[", "ng", "ng ((", "ng $.a.`nope(`", "ng $.a.`sub(`"])
def test_what_is_no_path_in_the_other_dialect_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"jsonpath-ng|lacks its argument"):
        compile_selector(path)
