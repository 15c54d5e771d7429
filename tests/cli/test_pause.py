"""`--pause STEP` on a real terminal: look, change, go on, or end the run with its cleanup."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import BARE
from processes import on_terminal

Write = Callable[[str, str], Path]
FLOW = """
base_url: "{{ env.API_URL }}"
vars: {id: 1, pw: "{{ env.API_PASSWORD }}"}
secrets: [pw]
steps:
  - {name: item, get: "/items/{{ id }}", expect: {status: 200, $.id: 7}}
finally:
  - {name: away, get: /health, expect: 200}
"""


def talk(folder: Path, env: dict[str, str], step: str, answers: str) -> tuple[int, str]:
    words = [sys.executable, "-m", "runflow", "a.yaml", "--no-store", "--pause", step]
    return on_terminal(words, typed=answers, cwd=folder, env=BARE | {"TERM": "dumb"} | env)


def test_variables_are_shown_masked_and_changed(write: Write, tmp_path: Path, demo_env: dict[str, str]) -> None:
    write("a.yaml", FLOW)
    code, shown = talk(tmp_path, demo_env, "item", "id = seven\nhelp me\nid = 7\n?\n\n")
    assert code == 0, shown
    assert "paused before the step 'item'" in shown
    assert 'pw = "***" (string)' in shown
    assert demo_env["API_PASSWORD"] not in shown
    assert (
        'the value is not valid JSON: Expecting value at line 1, column 1; write text in quotes: id = "seven"' in shown
    )
    assert "id = 7 (integer)" in shown
    assert shown.count("Enter: continue") == 2
    assert "/items/7  200" in shown


@pytest.mark.parametrize("answer", ["q\n", "\x04"])
def test_a_run_that_is_ended_at_a_pause_still_cleans_up(
    write: Write, tmp_path: Path, demo_env: dict[str, str], answer: str
) -> None:
    write("a.yaml", FLOW)
    code, shown = talk(tmp_path, demo_env, "item", answer)
    assert code == 3
    assert "the run was ended at a pause" in shown
    assert "/items/" not in shown.partition("paused before")[2].partition("away")[0].replace("/items/{{ id }}", "")
    assert "away  GET" in shown


def test_a_step_that_is_never_reached_is_said(write: Write, tmp_path: Path, demo_env: dict[str, str]) -> None:
    write("a.yaml", FLOW)
    code, shown = talk(tmp_path, demo_env, "nope", "")
    assert code == 1
    assert "--pause: no step 'nope' was reached" in shown


def test_without_a_terminal_it_is_refused(write: Write, runflow: Any, demo_env: dict[str, str]) -> None:
    write("a.yaml", FLOW)
    ended = runflow("a.yaml", "--pause", "item", env=demo_env)
    assert (ended.code, "--pause needs a terminal" in ended.err) == (2, True)
