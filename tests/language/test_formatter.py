"""One layout: it means the same, keeps every comment, and comes to rest at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from runflow.language.formatter import WIDTH, formatted
from runflow.language.yaml import load_yaml
from runflow.model.errors import WorkflowError

PROJECT = Path(__file__).parent.parent.parent
LAID_OUT = {
    "indentation": ("steps:\n- get: /x\n  expect:\n      status: 200\n", "steps:\n  - get: /x\n    expect:\n      status: 200\n"),
    "braces": ("vars: {a: 1,b:  [1,2 , 3], c: {}, d: [], e: {f: [{g: 1}]}}\n", "vars: { a: 1, b: [1, 2, 3], c: {}, d: [], e: { f: [{ g: 1 }] } }\n"),
    "quotes": ("a: 'x'\nb: 'it''s'\nc: 'a\"b'\nd: 'a\\d'\ne: \"x\"\n'f': 1\n", "a: \"x\"\nb: \"it's\"\nc: 'a\"b'\nd: 'a\\d'\ne: \"x\"\n\"f\": 1\n"),
    "scalars stay as they are": ("a: no\nb: 012\nc: 0x1F\nd: 1_000\ne: 12:30\nf: 2024-01-01\ng: 1.50\nh: ~\ni: null\nj:\nk: .5\nl: 1e3\nm: =\n",
        None),
    "empty lines": ("\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
    "empty lines of a text": ("a: |\n  x\n\n\n\n  y\nb: 2\n", None),
    "line ends and a mark": ("\ufeffa: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
    "no end": ("a: 1", "a: 1\n"),
    "comments": ("# top\na: 1 # one\n# between\nsteps:\n# first\n- get: /x   # url\n  # inside\n  expect: 200\n# end\n", None),
    "anchors": ("x-a: &a {b: 1}\nvars: *a\nc: {<<: *a}\n", "x-a: &a { b: 1 }\nvars: *a\nc: { <<: *a }\n"),
    "escapes": ('a: "\\e[31m \\u202E"\nb: "ü\\n"\n', None),
    "too wide": (f"a: {{ b: {'x' * 90}, c: {{ d: {'y' * 60} }} }}\n", f"a:\n  b: {'x' * 90}\n  c: {{ d: {'y' * 60} }}\n"),
    "a long text": (f"a: {'word ' * 60}end\n", None),
    "folded": ("a: >-\n    b\n    c\n", "a: >-\n  b\n  c\n"),
}  # fmt: skip


def text_of(content: bytes) -> str:
    text = formatted(content, "flow.yaml")
    assert load_yaml(text.encode(), "flow.yaml", [])[0] == load_yaml(content, "flow.yaml", [])[0]
    assert formatted(text.encode(), "flow.yaml") == text
    return text


@pytest.mark.parametrize("name", LAID_OUT)
def test_there_is_one_layout(name: str) -> None:
    before, after = LAID_OUT[name]
    text = text_of(before.encode())
    if after is not None:
        assert text == after
    assert text.count("#") == before.count("#")
    assert all(len(line) <= WIDTH or "{" not in line for line in text.splitlines())


def test_scalars_and_escapes_stay_what_was_written() -> None:
    for name in ("scalars stay as they are", "escapes", "empty lines of a text", "a long text"):
        before, _ = LAID_OUT[name]
        assert text_of(before.encode()) == before


@pytest.mark.parametrize("path", sorted((PROJECT / "workflows").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_cookbook_is_laid_out(path: Path) -> None:
    assert text_of(path.read_bytes()) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [b"a: [1\n", b"a: {{ x }}\n", b"\xff\xfea", b"a: 1\n---\nb: 2\n", b"a: 1\na: 2\n", b"a: !x 1\n", b"[" * 2000],
)
def test_what_is_no_workflow_is_left_alone(content: bytes) -> None:
    with pytest.raises(WorkflowError):
        formatted(content, "flow.yaml")


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(TREES, st.booleans(), st.sampled_from([2, 4, 7]))
def test_whatever_is_laid_out_means_the_same_or_is_refused(tree: object, flow: bool, indent: int) -> None:
    from io import BytesIO

    stream = BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.indent = flow, indent
    yaml.dump({"a": tree}, stream)
    content = stream.getvalue()
    try:
        load_yaml(content, "flow.yaml", [])
        text_of(content)
    except WorkflowError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_laid_out_or_refused(content: bytes) -> None:
    try:
        text_of(content)
    except WorkflowError:
        return
