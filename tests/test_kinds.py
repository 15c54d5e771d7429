"""The tables of kinds and what else names the kinds: the fields of the language, the schema, the reference and the help texts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from runflow.bodies.table import BODIES
from runflow.cli.root import cli
from runflow.credentials.table import CREDENTIALS, SESSION_KEYS, SESSIONS
from runflow.language import document
from runflow.matchers.table import MATCHERS
from runflow.model.kinds import Body, Credential
from runflow.reporters.table import REPORTERS
from runflow.selectors.table import KINDS

PROJECT = Path(__file__).parents[1]
REFERENCE = (PROJECT / "schemas" / "REFERENCE.md").read_text(encoding="utf-8")
SCHEMA = json.loads((PROJECT / "schemas" / "workflow.schema.json").read_text(encoding="utf-8"))


def keys_of(struct: type[msgspec.Struct]) -> set[str]:
    return {each.encode_name for each in msgspec.structs.fields(struct)}


def section(title: str) -> str:
    return REFERENCE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def text_of_tests(folder: str) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests" / folder).glob("*.py"))


def test_each_body_is_a_field_of_a_step_and_the_other_way_round() -> None:
    assert set(document.BODIES) == set(BODIES)
    assert set(BODIES) <= keys_of(document.Step)
    assert set(BODIES) <= set(document.REQUEST_ONLY)
    assert set(BODIES) <= SCHEMA["$defs"]["Step"]["properties"].keys()


def test_each_auth_kind_is_a_field_of_auth_and_the_other_way_round() -> None:
    keys = {key for each in SESSION_KEYS.values() for key in each}
    assert set(SESSION_KEYS) == set(SESSIONS)
    assert keys_of(document.Auth) == {*CREDENTIALS, *SESSIONS, *keys, "origins"}
    assert set(SCHEMA["$defs"]["Auth"]["properties"]) == keys_of(document.Auth)


def test_each_kind_is_under_its_own_name() -> None:
    bodies: dict[str, Body] = BODIES
    credentials: dict[str, Credential] = CREDENTIALS
    for table in (bodies, credentials, MATCHERS, KINDS):
        assert all(name == kind.name for name, kind in table.items())  # type: ignore[attr-defined]  # each kind has a name


def test_the_reference_describes_each_selector_and_each_operator() -> None:
    selectors, operators = section("Selectors"), section("Operators")
    for name, selector in KINDS.items():
        assert f"`{name}" in selectors
        assert selector.summary in selectors
    for name, matcher in MATCHERS.items():
        assert f"| `{name}` | {matcher.summary}" in operators


def test_the_reference_describes_each_body_and_each_auth_kind() -> None:
    for name in (*BODIES, *CREDENTIALS, *SESSIONS):
        assert f"| `{name}` |" in REFERENCE


@pytest.mark.parametrize(
    ("folder", "names"),
    [("bodies", BODIES), ("credentials", CREDENTIALS), ("selectors", KINDS)],
)
def test_the_tests_of_each_folder_use_each_kind(folder: str, names: Iterable[str]) -> None:
    assert [name for name in names if name not in text_of_tests(folder)] == []


def test_the_tests_use_each_session_and_each_matcher() -> None:
    text = text_of_tests("credentials") + text_of_tests("engine/auth")
    assert [name for name in SESSIONS if f"{name}: " not in text] == []
    text = text_of_tests("matchers") + text_of_tests("engine") + text_of_tests("plan")
    assert [name for name in MATCHERS if f'"{name}"' not in text and f"{name}: " not in text] == []


def test_the_help_names_each_report() -> None:
    told = CliRunner().invoke(cli, ["run", "--help"]).output
    assert all(name in told for name in REPORTERS)
