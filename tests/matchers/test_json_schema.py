"""`schema` judges as JSON Schema says: numbers exactly, patterns as ECMA-262 reads them."""

from __future__ import annotations

from typing import Any

import pytest

from runflow.matchers.table import MATCHERS

SCHEMA = MATCHERS["schema"]


@pytest.mark.parametrize(
    ("schema", "fits", "does_not"),
    [
        ({"multipleOf": 0.01}, (19.99, 0, 4.35, 1e-2, 10**30, 1e300), (19.995, 0.001, 1e-3)),
        ({"multipleOf": 0.1}, (0.3, 0.7, 1.1), (0.35,)),
        ({"multipleOf": 7}, (7 * 10**40, 14.0), (7 * 10**40 + 1, 7.5)),
        ({"multipleOf": 1e-8}, (123456789.12345678, 0.00000001), (1e-9,)),
        ({"multipleOf": 2.5}, (7.5, 10, "text"), (7,)),
        ({"pattern": r"^\d+$"}, ("12",), ("\u0661\u0662", "12\n")),
        ({"pattern": "^[0-9]+$"}, ("12",), ("12\n",)),
        ({"pattern": r"^\w+$"}, ("a_1",), ("\u00e9",)),
        ({"pattern": r"^\p{L}+$"}, ("\u00e9",), ("1",)),
        ({"pattern": r"^(?<a>.)\k<a>$"}, ("xx",), ("xy",)),
        ({"patternProperties": {r"^\d$": False}}, ({"\u0661": 1},), ({"1": 1},)),
        ({"format": "regex"}, (r"(?<a>x)", r"\p{L}"), ("(?P<a>x)", "(", r"\A")),
        ({"properties": {"price": {"multipleOf": 0.05}}}, ({"price": 1.15},), ({"price": 1.17},)),
    ],
)  # fmt: skip
def test_a_value_fits_a_schema_or_does_not(schema: Any, fits: tuple[Any, ...], does_not: tuple[Any, ...]) -> None:
    assert SCHEMA.check(schema) in {"", None}
    assert [value for value in fits if SCHEMA.judge(value, schema) is not None] == []
    assert [value for value in does_not if SCHEMA.judge(value, schema) is None] == []


@pytest.mark.parametrize("pattern", ["(", "(?P<a>x)", r"\Z", "a++"])
def test_a_pattern_that_is_not_of_ecma_262_is_refused_when_the_file_is_checked(pattern: str) -> None:
    assert SCHEMA.check({"pattern": pattern})


@pytest.mark.parametrize("reference", ["#/$defs/b", "#nothing", "http://127.0.0.1:1/x.json", "other.json", "urn:x"])
def test_a_reference_that_leads_to_nothing_is_refused_when_the_file_is_checked(reference: str) -> None:
    said = SCHEMA.check({"items": {"anyOf": [{"$ref": reference}]}, "$defs": {"a": {}}})
    assert f"`$ref: {reference}` leads to nothing" in said


def test_a_reference_in_data_is_data() -> None:
    assert not SCHEMA.check({"enum": [{"$ref": "nowhere.json"}], "properties": {"$ref": {"type": "string"}}})
