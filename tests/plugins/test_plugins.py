"""Kinds of another distribution, really installed: the ones that CONTRIBUTING shows work, and broken ones are named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent.parent
SHOWN = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
POINTS = """\
[runflow.matchers]
luhn = acme:Luhn
broken = acme:Nothing
hollow = acme:shout
raises = acme:Raises
[runflow.selectors]
words = acme:Words
bad_select = acme:BadSelect
plain = acme:Plain
[runflow.filters]
shout = acme:shout
fails = acme:fails
[runflow.reporters]
counts = acme:Counts
[runflow.secrets]
folder = acme:FolderSource
"""
MORE = """

class Raises(Luhn):
    def judge(self, actual, argument):
        return actual.nothing


class BadSelect(Words):
    def compile(self, argument):
        return Bad()


class Plain(Words):
    def compile(self, argument):
        raise ValueError(f"{argument} is not an option of `plain`")


class Bad:
    indefinite = False

    def select(self, answer):
        raise KeyError("inside")


def fails(value):
    raise KeyError("within")
"""


@pytest.fixture
def acme(tmp_path: Path, write: Any) -> dict[str, str]:
    """A distribution with them all, as pip leaves one; gives the environment in which it is found."""
    shown = re.findall(r"```python\n(.*?)```", SHOWN, re.DOTALL)
    code = "\n".join(block for block in shown if "class Luhn" in block or "class FolderSource" in block)
    write("site/acme.py", code + MORE)
    write("site/acme-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    write("site/acme-1.dist-info/entry_points.txt", POINTS)
    write("keys/API_PASSWORD", "correct-horse-battery\n")
    return {"PYTHONPATH": f"{PROJECT}:{tmp_path / 'site'}"}


def flow(step: str) -> str:
    return f"base_url: '{{{{ env.API_URL }}}}'\nvars: {{card: '4111 1111 1111 1111'}}\nsteps:\n  - {step}\n"


def test_those_that_the_guide_shows_work(
    runflow_process: Any, write: Any, acme: dict[str, str], tmp_path: Path
) -> None:
    write(
        "good.yaml",
        flow(
            "{post: /echo, json: {card: '{{ card }}', say: \"{{ 'hello' | shout }}\"}, expect: {$.json.card: {luhn: true}, "
            "$.json.say: HELLO!, words 1: {contains: method}}}"
        ),
    )
    write("login.yaml", flow("{post: /login, json: {username: ada, password: '{{ env.API_PASSWORD }}'}, expect: 200}"))
    words = [
        "run",
        "--demo",
        "good.yaml",
        "login.yaml",
        "--secrets",
        f"folder:{tmp_path / 'keys'}",
        "--report",
        "counts=counts.txt",
    ]
    ended = runflow_process(*words, env=acme)
    assert ended.code == 0, ended.out + ended.err
    assert (tmp_path / "counts.txt").read_text() == "{'passed': 2}\n"
    write("bad.yaml", flow("{post: /echo, json: {card: '4111 1111 1111 1112'}, expect: {$.json.card: {luhn: true}}}"))
    failed = runflow_process("run", "--demo", "bad.yaml", env=acme)
    assert failed.code == 1
    assert "its check digit is wrong" in failed.out


BROKEN = {
    "a matcher that is not there": ("expect: {$.a: {broken: true}}", 2, "the matcher `broken` (acme:Nothing) cannot be imported: AttributeError"),
    "a matcher that is none": ("expect: {$.a: {hollow: true}}", 2, "the matcher `hollow` (acme:shout) has no `argument`"),
    "a matcher that raises": ("expect: {$.method: {raises: true}}", 3, "the matcher `raises` (acme:Raises) failed: AttributeError"),
    "a wrong argument": ("expect: {$.method: {luhn: 7}}", 2, "`luhn` takes true"),
    "a selector that raises": ("expect: {bad_select 1: x}", 1, "the selector `bad_select` (acme:BadSelect) failed: KeyError"),
    "a wrong argument of a selector": ("expect: {words x: a}", 2, "`words` takes a number, not x"),
    "the hint of a selector": ("expect: {words x: a}", 2, "→ write `words 1` for the first word"),
    "a ValueError of a selector": ("expect: {plain x: a}", 2, "x is not an option of `plain`"),
    "a filter that raises": ("headers: {X: \"{{ 'a' | fails }}\"}", 3, "within"),
    "a name that nobody has": ("expect: {$.a: {lun: true}}", 2, "unknown operator 'lun'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_named_and_is_no_bug_of_ours(
    name: str, runflow_process: Any, write: Any, acme: dict[str, str]
) -> None:
    step, code, said = BROKEN[name]
    write("flow.yaml", flow(f"{{get: /echo, {step}}}"))
    write("well.yaml", flow("{get: /health, expect: 200}"))
    ended = runflow_process("run", "--demo", "flow.yaml", "well.yaml", env=acme)
    assert ended.code == code, ended.out + ended.err
    assert said in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
    assert "bug in runflow" not in ended.out + ended.err
    assert code == 2 or "1 workflow passed, 1 workflow" in ended.out
