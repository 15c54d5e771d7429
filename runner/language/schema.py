"""Generates the JSON Schema of the language from the structs."""

from __future__ import annotations

from typing import Any

import msgspec

from .document import Document


def struct_schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a struct of the language."""
    schema = msgspec.json.schema(struct)
    definitions = schema.pop("$defs")
    name = schema.pop("$ref").rsplit("/", 1)[1]
    root: dict[str, Any] = definitions.pop(name)
    for definition in (root, *definitions.values()):
        if not definition.get("required"):
            definition.pop("required", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions}


def workflow_schema() -> dict[str, Any]:
    """The schema of a workflow file, as editors use it."""
    schema = struct_schema(Document)
    schema["patternProperties"] = {"^x-": {"description": "free for your own use, such as anchors"}}
    return schema
