"""Builds the JSON Schema for editors: that of the language's structs, extended by selectors and operators for `expect`."""

from __future__ import annotations

from inspect import cleandoc

import msgspec

from ..language.schema import workflow_schema
from ..matchers.table import MATCHERS
from ..model.json_types import JSON
from ..selectors.table import KINDS

_SCALAR: dict[str, JSON] = {"type": ["string", "number", "boolean", "null", "array"]}


def schema_text() -> str:
    """The schema of workflows, as in `schemas/workflow.schema.json`."""
    schema = workflow_schema()
    schema["$defs"]["Conditions"] = _conditions()
    schema["$defs"]["Expectations"] = _expectations()
    for definition in (schema, *schema["$defs"].values()):
        expect = definition.get("properties", {}).get("expect")
        if expect is not None and "anyOf" in expect:
            maps = [each for each in expect["anyOf"] if each.get("type") != "object"]
            expect["anyOf"] = [*maps, {"$ref": "#/$defs/Expectations"}]
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def _conditions() -> dict[str, JSON]:
    """The schema of what must hold of one value: operators, and paths into the value."""
    return {
        "description": "what must hold: a value (equals), or operators, all of which must hold",
        "anyOf": [
            _SCALAR,
            {
                "type": "object",
                "properties": {name: _operator(name) for name in MATCHERS},
                "patternProperties": {
                    r"^\$": {"$ref": "#/$defs/Conditions", "description": "a place inside the value"}
                },
                "additionalProperties": False,
            },
        ],
    }


def _operator(name: str) -> dict[str, JSON]:
    matcher = MATCHERS[name]
    described: dict[str, JSON] = {"description": matcher.summary}
    if matcher.argument == "conditions":
        described["$ref"] = "#/$defs/Conditions"
    elif matcher.argument == "conditions list":
        described |= {"type": "array", "items": {"$ref": "#/$defs/Conditions"}, "minItems": 1}
    return described


def _expectations() -> dict[str, JSON]:
    """The schema of `expect`: selectors, each with what must hold of its value."""
    conditions: dict[str, JSON] = {"$ref": "#/$defs/Conditions"}
    plain: dict[str, JSON] = {
        kind.name: {**conditions, "description": kind.summary} for kind in KINDS.values() if not kind.argument
    }
    patterns: dict[str, JSON] = {
        rf"^{kind.name} ": {**conditions, "description": kind.summary}
        for kind in KINDS.values()
        if kind.argument and kind.name != "$"
    }
    path: dict[str, JSON] = {**conditions, "description": KINDS["$"].summary}
    return {
        "type": "object",
        "description": "selectors, each with what must hold of its value",
        "properties": plain,
        "patternProperties": {r"^\$": path, **patterns, r"\{\{": conditions},
        "minProperties": 1,
        "additionalProperties": False,
    }


def report_schema_text() -> str:
    """The schema of the report format, as in `schemas/report.schema.json`: `#/$defs/Report` and `#/$defs/Line`."""
    from ..reporters.format.schema import Report, ReportLine

    (report, line), definitions = msgspec.json.schema_components([Report, ReportLine], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:  # Python 3.13 removes the indentation of docstrings, earlier ones keep it
            definition["description"] = cleandoc(definition["description"])
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "runflow report",
        "description": "A JSON report is a Report; each line of a JSON Lines report is a Line. `format` is 1.",
        "anyOf": [report, {"$ref": "#/$defs/Line"}],
        "$defs": {**definitions, "Line": line},
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
