"""The committed schema and reference are what the structs say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import yaml

from runflow.cli.editor_schema import schema_text
from runflow.cli.reference import reference_text
from runflow.matchers.table import MATCHERS
from runflow.selectors.table import KINDS
from runflow.templating.filters import FILTERS

PROJECT = Path(__file__).parent.parent.parent


def test_the_committed_schema_is_fresh() -> None:
    committed = (PROJECT / "schemas" / "workflow.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "run: runflow schema > schemas/workflow.schema.json"


def test_the_committed_reference_is_fresh() -> None:
    committed = (PROJECT / "schemas" / "REFERENCE.md").read_text(encoding="utf-8")
    assert committed == reference_text(), "run: runflow schema --reference > schemas/REFERENCE.md"


def test_the_schema_is_a_schema_and_accepts_the_cookbook() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted((PROJECT / "workflows").rglob("*.yaml")):
        if path.name != "runflow.yaml" and "data" not in path.parts:
            errors = [
                error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
            ]
            assert not errors, f"{path}: {errors}"


def test_the_schema_refuses_what_the_language_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    assert validator.is_valid({"steps": [{"get": "/x"}], "x-free": 1})
    assert not validator.is_valid({"steps": [{"get": "/x", "hedaers": {}}]})
    assert not validator.is_valid({"steps": []})
    for expect in (
        {"statu": 200},
        {"$.a": {"eqals": 1}},
        {"header": 1},
        {},
        {"$.a": {"any_of": []}},
        {"$.a": {"each": {"gtt": 1}}},
    ):
        assert not validator.is_valid({"steps": [{"get": "/x", "expect": expect}]}), expect
    for expect in (
        200,
        "2xx",
        {"$.a": {"each": {"$.b": {"gt": 1}}}},
        {"header X": "y", "status": [200]},
        {"{{ s }}": 1},
    ):
        assert validator.is_valid({"steps": [{"get": "/x", "expect": expect}]}), expect


def test_the_reference_has_a_line_for_every_selector_operator_and_filter() -> None:
    text = reference_text()
    for name in (*KINDS, *MATCHERS, *FILTERS):
        assert f"| `{name}" in text, name
