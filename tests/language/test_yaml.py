"""The loader reads YAML by JSON's rules, knows where everything stands, and survives anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.language.yaml import MAX_BYTES, MAX_DEPTH, load_yaml
from runflow.model.errors import Problem, WorkflowError


def read(text: str | bytes) -> tuple[object, list[Problem]]:
    found: list[Problem] = []
    try:
        data, _ = load_yaml(text.encode() if isinstance(text, str) else text, "f.yaml", found)
    except WorkflowError as error:
        return None, list(error.problems)
    return data, found


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("012", "012"), ("0x1F", "0x1F"), ("12:30", "12:30"), ("~", "~"),
        ("2024-01-01", "2024-01-01"), ("1_000", "1_000"), (".5", ".5"), ("+1", "+1"), ("True", "True"), ("NaN", "NaN"),
        (".inf", ".inf"), ("=", "="), ("1", 1), ("-0", 0), ("1.0", 1.0), ("1e3", 1000.0), ("-2.5E-1", -0.25),
        ("true", True), ("false", False), ("null", None), ("", None), ("'1'", "1"), ('"null"', "null"),
        ("9007199254740993", 9007199254740993), ("123456789012345678901234567890", 123456789012345678901234567890),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_text_unless_json_would_read_it_otherwise(scalar: str, value: object) -> None:
    data, found = read(f"key: {scalar}\n")
    assert not found
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_always_text() -> None:
    assert read("200: ok\ntrue: x\nnull: y\n")[0] == {"200": "ok", "true": "x", "null": "y"}


def test_anchors_aliases_and_merges_work_and_own_keys_win() -> None:
    data, found = read("x-a: &a {p: 1, q: 2}\nx-b: &b {r: 3}\ny:\n  <<: [*a, *b]\n  q: 9\nz: *a\n")
    assert not found
    assert data["y"] == {"q": 9, "p": 1, "r": 3}
    assert data["z"] == {"p": 1, "q": 2}


def test_a_byte_order_mark_and_crlf_are_accepted() -> None:
    assert read(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n y]\r\n") == ({"a": 1, "b": ["x", "y"]}, [])


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' occurs twice: lines 1 and 3", "remove one"),
        ("x:\n  y:\n    k: 1\n    k: 2\n", 4, "lines 3 and 4", "remove one"),
        ("a: !!int 1\n", 1, "tags are not part of the language", "quote"),
        ("a: !x y\n", 1, "tags are not part of the language: !x", "quote a text that begins with !"),
        ("a: *nope\n", 1, "the anchor &nope is not defined", "define the anchor above"),
        ("a: &q [1, *q]\n", 1, "contains itself", "end of its anchor"),
        ("a: 1\n---\nb: 2\n", 2, "a second document", "one workflow"),
        ("url: {{ base }}\n", 1, "a template must be quoted", 'quote it: "{{ … }}"'),
        ("url: {{ base }}/x\n", 1, "a template must be quoted", 'quote it: "{{ … }}"'),
        ("e:\n  - 'a' == b\n", 2, "not valid YAML", "quote the whole item"),
        ("e: { $.a[0]: 1 }\n", 1, "not valid YAML", "write the map as a block"),
        ("e: {a: {b: 1}, $.b[0]: 1 }\n", 1, "not valid YAML", "write the map as a block"),
        ("assert: [a[0] | length == 7]\n", 1, "not valid YAML", "write each entry on its own line"),
        ("e: >=5\n", 1, "not valid YAML", "begins with >"),
        ("e: {gt: >5}\n", 1, "not valid YAML", "begins with >"),
        ("\tb: 1\n", 1, "not valid YAML", "not with tabs"),
        ("a: b: c\n", 1, "not valid YAML", "quote a text that contains `: `"),
        ("a: @x\n", 1, "not valid YAML", "begins with !, %, @ or `"),
        ("a: [1, 2\n", 1, "not valid YAML", "check the indentation"),
        ("a: 1e999\n", 1, "the number is too large", "quote it"),
        (f"a: {'9' * 5000}\n", 1, "the number is too large", "quote it"),
        ("<<: 1\n", 1, "<< merges a map", "write <<"),
        ("[a]: b\n", 1, "a key is a map or a list, not a text", "quote a key"),
        ("? {a: b}\n: c\n", 1, "a key is a map or a list, not a text", "quote a key"),
    ],
)
def test_each_accident_has_its_place_its_words_and_its_remedy(text: str, line: int, message: str, hint: str) -> None:
    _, found = read(text)
    assert found, "nothing was found"
    assert message in found[0].message
    assert hint in found[0].hint
    assert found[0].place is not None
    assert found[0].place.line == line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfea\x00", "UTF-16"), (b"\xfe\xff\x00a", "UTF-16"), (b"a: \x00", "binary"), (b"a: \xff", "0xff is not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "at most"), (b"a: \x01", "not valid YAML"),
    ],
)  # fmt: skip
def test_what_is_no_utf_8_text_says_what_it_is(content: bytes, message: str) -> None:
    assert message in read(content)[1][0].message


def test_depth_stops_the_reading_before_it_crashes_the_process() -> None:
    assert f"more than {MAX_DEPTH} levels" in read("[" * 100_000)[1][0].message
    assert f"more than {MAX_DEPTH} levels" in read("- " * 50_000)[1][0].message
    assert f"more than {MAX_DEPTH} levels" in read("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[1][0].message
    assert not read("[" * 90 + "]" * 90)[1]


def test_exploding_aliases_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "aliases expand" in read("\n".join(lines))[1][0].message


def test_an_unquoted_template_is_read_as_meant_so_that_the_rest_is_judged_too() -> None:
    data, found = read("a: {{ x }}\nb: 1\nb: 2\n")
    assert data["a"] == "{{ x }}"
    assert [problem.message[:10] for problem in found] == ["a template", "the key 'b"]


def test_places_of_keys_and_values_are_exact() -> None:
    text = "steps:\n  - get: /x\n    expect: {status: 200}\n"
    _, source = load_yaml(text.encode(), "f.yaml", [])
    source.forget_marks()
    assert source.span(("steps", 0, "get"))[:2] == (1, 9)
    assert source.span(("steps", 0, "expect", "status"), on_key=True)[:2] == (2, 13)
    assert source.span(("steps", 0, "nothing", "there"))[:2] == (1, 4)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer(content: bytes) -> None:
    read(content)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`, \n\t?<", max_size=80))
def test_any_text_gives_an_answer(text: str) -> None:
    read(text)


LETTERS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LETTERS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(LETTERS, children, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_is_yaml_and_means_the_same(value: object) -> None:
    import json

    text = json.dumps(value, ensure_ascii=False)
    data, found = read(text)
    assert not found
    assert data == value
