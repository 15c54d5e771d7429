"""`--from STEP`: nothing before it is sent again but what gives a secret; the names are those of the run before."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[[str, str], Path]
FLOW = """
base_url: "{{ env.API_URL }}"
secrets: [token]
vars: {mark: "{{ uuid() }}"}
steps:
  - name: log in
    post: /login
    json: {username: ada, password: "{{ env.API_PASSWORD }}"}
    expect: 200
    extract: {token: $.token}
  - name: echo
    post: /echo
    json: {mark: "{{ mark }}"}
    expect: 200
    extract: {seen: $.json.mark}
  - name: each
    for_each: [1, 2]
    get: /items/{{ item }}
    expect: 200
    extract: {ids: $.id}
  - name: use
    post: /echo
    headers: {Authorization: "Bearer {{ token }}"}
    json: {ids: "{{ ids }}", mark: "{{ seen }}"}
    expect: {status: 200, $.json.ids: [1, 2], $.json.mark: "{{ mark }}"}
"""


@pytest.fixture
def project(write: Write, runflow: Any, demo_env: dict[str, str]) -> Any:
    write("a.yaml", FLOW)
    return lambda *words: runflow("run", "a.yaml", *words, env=demo_env)


def _steps(out: str) -> list[tuple[str, str]]:
    return re.findall(r"^  (\S) (\w+(?: in)?)", out, re.MULTILINE)


def test_it_goes_on_with_the_variables_and_sends_again_only_what_gives_a_secret(project: Any) -> None:
    assert project().code == 0
    again = project("--from", "use")
    assert again.code == 0, again.out
    assert _steps(again.out) == [("✓", "log in"), ("-", "echo"), ("-", "each"), ("✓", "use")]
    assert "a.yaml continues at 'use' with the variables of 2" in again.err
    assert "; steps that provide secrets run again: log in" in again.err
    assert "it ran before (--from)" in again.out
    once_more = project("--from", "use")  # of a run that itself went on
    assert (once_more.code, _steps(once_more.out)) == (0, _steps(again.out))


def test_what_no_later_step_needs_is_not_sent_again(project: Any) -> None:
    project()
    assert _steps(project("--from", "echo").out)[0] == ("✓", "log in")  # `use` needs its token
    assert _steps(project("--from", "log in").out) == [
        ("✓", name) for name in ("log in", "echo", "each", "each", "use")
    ]


def test_what_cannot_go_on_is_said(project: Any, write: Write) -> None:
    ended = project("--from", "use")
    assert (ended.code, "no run of a.yaml is stored" in ended.err) == (2, True)
    write("a.yaml", FLOW.replace("post: /echo", "post: /nope", 1))
    assert project().code == 1
    ended = project("--from", "use")
    assert (ended.code, "the earlier run ended before it defined ids, seen" in ended.err) == (2, True)
    ended = project("--from", "usee")
    assert (ended.code, "did you mean 'use'?" in ended.err) == (2, True)
