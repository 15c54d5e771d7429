"""Texts for people: nothing live, nothing endless, only what differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runflow.matchers.equality import same
from runflow.model.exchange import Request, Response
from runflow.model.results import Check, Where
from runflow.reporters.text import (
    body_lines,
    check_lines,
    differences,
    excerpt,
    one_line,
    request_lines,
    response_lines,
    safe,
)


def test_control_and_bidi_characters_are_shown_escaped() -> None:
    assert safe("a\x1b[31m\x00\u202e\u200b\x85é日\n") == "a\\x1b[31m\\x00\\u202e\\u200b\\x85é日\n"
    assert one_line("a\nb\tc\r") == "a\\nb\\tc\\r"
    assert one_line("x" * 50, 10) == "xxxxxxxxx…"


@given(st.text())
def test_no_text_can_steer_a_terminal(text: str) -> None:
    shown = safe(text)
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in shown)
    assert "\x1b" not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_there_are_differences_exactly_where_values_differ(left: object, right: object) -> None:
    assert bool(list(differences(left, right))) == (not same(left, right))


def test_a_diff_shows_only_what_differs() -> None:
    lines = list(
        differences({"a": 1, "b": {"c": [1, 2], "d": 1.0}, "e": 5}, {"a": 1, "b": {"c": [1, 3, 4], "d": 1}, "f": 6})
    )
    assert lines == [
        "- $.b.c[1]: 2 (integer)", "+ $.b.c[1]: 3 (integer)", "+ $.b.c[2]: 4 (integer), which was not expected",
        "- $.e: 5 (integer), which is missing", "+ $.f: 6 (integer), which was not expected",
    ]  # fmt: skip
    assert list(differences([1, 2], [1])) == ["- $[1]: 2 (integer), which is missing"]


def test_a_check_says_expected_and_actual_with_types() -> None:
    assert list(check_lines(Check("$.a", "equals", 1, "1"))) == [
        "$.a",
        "  expected  1 (integer)",
        '  actual    "1" (string)',
    ]
    assert list(check_lines(Check("$.a", "equals", 1, found=False, detail="nothing was found there"))) == [
        "$.a",
        "  expected  1 (integer)",
        "  actual    nothing was found",
    ]
    assert list(check_lines(Check("$.a", "each", {"gt": 1}, [0], detail="member 0 is 0"))) == [
        "$.a",
        '  expected  each: {"gt":1}',
        "  actual    [0] (array)",
        "            member 0 is 0",
    ]
    assert list(check_lines(Check("status", "status", [200, "2xx"], 404)))[1] == "  expected  200 or 2xx"
    assert list(check_lines(Check("a == b", "assert", parts=(("a", 1), ("b", "1"))))) == [
        "a == b is false",
        "  a = 1 (integer)",
        '  b = "1" (string)',
    ]
    diff = list(check_lines(Check("body", "equals", "one\ntwo\nthree", "one\n2\nthree")))
    assert diff == [
        "body",
        "  | --- expected",
        "  | +++ actual",
        "  | @@ -1,3 +1,3 @@",
        "  |  one",
        "  | -two",
        "  | +2",
        "  |  three",
    ] or diff[-3:] == ["  | -two", "  | +2", "  |  three"]
    many = list(check_lines(Check("$", "equals", list(range(40)), [9] * 40)))
    assert "more lines" in many[-1]


def test_an_excerpt_has_a_caret_under_the_place() -> None:
    where = Where("f", 10, 3, 4, ((9, "  a: 1"), (10, "\tbcdef"), (11, "x")))
    assert list(excerpt(where)) == ["   9 |   a: 1", "> 10 |  bcdef", "     |   ^^^^", "  11 | x"]
    assert list(excerpt(Where("f", 1, 1))) == []


def test_exchanges_are_shown_cut_to_what_matters() -> None:
    request = Request("POST", "http://h/x", (("Content-Type", "application/json"), ("X", "a\nb")), b'{"a":1}')
    assert list(request_lines(request, (), body=True)) == [
        "POST http://h/x",
        "Content-Type: application/json",
        "X: a\\nb",
        "",
        "{",
        '  "a": 1',
        "}",
    ]
    response = Response(200, "u", "OK", (("Content-Type", "text/plain"),), b"l\n" * 40)
    lines = list(response_lines(response, body=True))
    assert lines[0] == "HTTP/1.1 200 OK"
    assert lines[-1] == "… 56 more characters (show all: -vv)"
    assert len(list(response_lines(response, body=True, full=True))) == 43
    assert list(body_lines(b"\xff\xfe", "")) == ["[2 bytes of binary data]"]
    assert list(body_lines(b"{", "application/json")) == ["{"]
    assert list(body_lines("é".encode(), "text/plain; charset=nope")) == ["é"]
