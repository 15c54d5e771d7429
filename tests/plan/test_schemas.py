"""A schema may refer to other files below the file root; what it refers to is found when the file is checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import answer, problems, run

FLOW = "steps:\n  - get: /x\n    expect: {$: {schema: {file: schemas/order.json}}}\n"
ORDER = {
    "$id": "https://example.com/order.json",
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"$ref": "item.json"}},
        "owner": {"$ref": "../shared/types.json#/$defs/name"},
        "parent": {"$ref": "#"},
    },
}
ITEM = {
    "type": "object",
    "required": ["price"],
    "properties": {"price": {"multipleOf": 0.01}, "order": {"$ref": "order.json"}},
}
TYPES = {"$defs": {"name": {"type": "string", "minLength": 2}}}
FILES = {"schemas/order.json": ORDER, "schemas/item.json": ITEM, "shared/types.json": TYPES}


def files(**changed: Any) -> dict[str, str]:
    return {name: json.dumps(content) for name, content in (FILES | changed).items()}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"items": [{"price": 19.99}], "owner": "ada"}, "passed"),
        ({"items": [{"price": 19.999}]}, "failed"),
        ({"items": [{}]}, "failed"),
        ({"owner": "a"}, "failed"),
        ({"parent": {"owner": "a"}}, "failed"),
        ({"items": [{"price": 1, "order": {"items": [{"price": 1}]}}]}, "passed"),
        ({"items": [{"price": 1, "order": {"items": [{}]}}]}, "failed"),
    ],
)
def test_references_between_files_are_followed(body: Any, verdict: str) -> None:
    assert run(FLOW, [answer(200, body)], files=files()).verdict == verdict


def test_an_inline_schema_refers_to_files_beside_the_workflow() -> None:
    text = "steps:\n  - get: /x\n    expect: {$.name: {schema: {$ref: 'shared/types.json#/$defs/name'}}}\n"
    assert run(text, [answer(200, {"name": "ada"})], files=files()).verdict == "passed"
    assert run(text, [answer(200, {"name": "a"})], files=files()).verdict == "failed"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"schemas/item.json": {"$ref": "nowhere.json"}}, "there is no file nowhere.json"),
        ({"schemas/item.json": {"$ref": "../../../etc/passwd"}}, "outside the file root"),
        ({"schemas/item.json": {"$ref": "order.json#/$defs/none"}}, "leads to nothing"),
        ({"schemas/item.json": {"$ref": "http://127.0.0.1:1/x.json"}}, "is not downloaded"),
        ({"schemas/item.json": {"type": "strin"}}, "schema"),
    ],
)
def test_what_a_file_refers_to_is_checked_before_anything_is_sent(changed: dict[str, Any], said: str) -> None:
    assert said in " ".join(each.message + each.hint for each in problems(FLOW, files=files(**changed)))
