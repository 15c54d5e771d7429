"""The drawing of a workflow: every step, who gives what to whom; hostile names draw nothing of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

Write = Callable[[str, str], Path]
FLOW = """
vars: {a: 1, unused: 2}
auth:
  api: {login: {post: http://x/login, extract: {token: $.token}}}
steps:
  - {name: first, get: "http://x/{{ a }}", expect: 200, extract: {b: $.b}}
  - {name: again, get: "http://x/{{ b }}", auth: api, expect: 200, extract: {b: $.b, c: $.c}}
  - {name: each, if: c == 1, for_each: [1], get: "http://x/{{ b }}/{{ item }}", retry: 2, expect: 200}
finally:
  - {name: away, delete: "http://x/{{ c }}", expect: 200}
"""


def test_mermaid_says_who_gives_what_to_whom_and_what_runs_next(write: Write, runflow: Any) -> None:
    write("a.yaml", FLOW)
    assert runflow("graph", "a.yaml").out.splitlines() == [
        "flowchart TD",
        '    given(["given<br>a"])',
        '    auth_api{{"auth api"}}',
        '    s0["1. first"]',
        '    s1["2. again"]',
        '    s2["3. each<br>if c == 1<br>for each item<br>retried"]',
        '    s3[/"4. away<br>finally"/]',
        '    given -->|"a"| s0',
        '    s0 -->|"b"| s1',
        '    auth_api -->|"token"| s1',
        '    s1 -->|"b, c"| s2',
        '    s1 -->|"c"| s3',
        "    s2 -.-> s3",
    ]


def test_svg_draws_the_same_without_asking_a_network(write: Write, runflow: Any, tmp_path: Path) -> None:
    write("a.yaml", FLOW)
    assert runflow("graph", "a.yaml", "-o", "a.svg").code == 0
    text = (tmp_path / "a.svg").read_text()
    assert runflow("graph", "a.yaml", "--format", "svg").out == text
    drawn = etree.fromstring(text.encode())
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:4] == ["given", "a", "auth api", "1. first"]
    assert texts[-5:] == ["a", "b", "token", "b, c", "c"]
    assert len(drawn.findall(".//{*}rect")) == 6
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize(
    "name", ['"]; evil --> x["', "<script>alert(1)</script>", "a|b{c}(d)[e]", "%%{init: {}}%%", "\u202e\x07"]
)
def test_a_name_is_text_whatever_is_in_it(write: Write, runflow: Any, name: str) -> None:
    import json

    write("a.yaml", f"steps:\n  - name: {json.dumps(name)}\n    get: http://x/\n    expect: 200\n")
    drawn = runflow("graph", "a.yaml").out
    assert re.fullmatch(r'flowchart TD\n    s0\["1\. [\w .,:/=!()#;-]*"\]\n', drawn), drawn
    svg = etree.fromstring(runflow("graph", "a.yaml", "--format", "svg").out.encode())
    assert svg.findall(".//{*}script") == []


def test_what_cannot_be_drawn_or_written_is_said(write: Write, runflow: Any, tmp_path: Path) -> None:
    write("a.yaml", "steps: []\n")
    assert runflow("graph", "a.yaml").code == 2
    write("a.yaml", FLOW)
    write("b.yaml", FLOW)
    assert "name one file" in runflow("graph", ".").err
    ended = runflow("graph", "a.yaml", "-o", "nowhere/a.svg")
    assert (ended.code, "cannot be written" in ended.err) == (2, True)
