"""Generates `schemas/REFERENCE.md` from structs, selectors, operators, functions and filters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..engine.redirects import REDIRECTS, SAFE_CROSS_ORIGIN, redirected
from ..language.document import Document
from ..language.project import Project
from ..language.schema import struct_schema
from ..matchers.table import MATCHERS
from ..model.exchange import Request, Response
from ..model.wording import json_text
from ..plan import compile as _compile  # noqa: F401  # adds the filter `jsonpath`
from ..selectors.table import KINDS
from ..templating.reference_text import FUNCTIONS_PROSE, REFERENCE_PROSE, filters_prose


def reference_text() -> str:
    """The text of `schemas/REFERENCE.md`."""
    return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    yield REFERENCE_PROSE.strip()
    yield ""
    yield "## Keys"
    described: set[str] = set()
    for title, root in (("The document", Document), ("The project file", Project)):
        yield from _structs(title, struct_schema(root), described)
    yield from _table("## Selectors", ("selector", "value"), _selectors())
    yield from _table("## Operators", ("operator", "matches"), _operators())
    yield from _redirects()
    yield from _table("## Functions", ("function", "value"), FUNCTIONS_PROSE.items())
    yield from _table("## Filters", ("filter", "value"), sorted(filters_prose().items()))


def _structs(title: str, schema: dict[str, Any], described: set[str]) -> Iterator[str]:
    """The keys of a file, then those of each struct in it that is not described yet, in the order of the keys."""
    found = [(title, schema)]
    for each, struct in found:  # the list grows meanwhile
        yield from _struct(each, struct)
        for name in re.findall(r"#/\$defs/(\w+)", json_text(struct["properties"])):
            if name not in described:
                described.add(name)
                found.append((name, schema["$defs"][name]))


def _struct(title: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {title}", "", str(schema.get("description", "")), "")
    yield "| key | type | meaning |"
    yield "| --- | --- | --- |"
    required = schema.get("required", ())
    for name, member in schema["properties"].items():
        examples = ", ".join(f"`{json_text(example)}`" for example in member.get("examples", ()))
        meaning = str(member.get("description", "")) + (
            f" (required; {examples})" if name in required and examples else ""
        )
        meaning += " (required)" if name in required and not examples else ""
        meaning += f" — for example {examples}" if examples and name not in required else ""
        yield f"| `{name}` | {_type(member)} | {_cell(meaning)} |"


_TYPES = {"string": "text", "array": "list", "object": "map", "boolean": "true, false", "integer": "whole number"}


def _type(member: dict[str, Any]) -> str:
    if "enum" in member:
        return " or ".join(f"`{word}`" for word in member["enum"])
    if "anyOf" in member:
        return " or ".join(dict.fromkeys(_type(each) for each in member["anyOf"]))
    if "$ref" in member:
        return str(member["$ref"]).rsplit("/", 1)[1]
    kind = str(member.get("type", "any value"))
    items = member.get("items", {})
    if kind == "array" and "$ref" in items:
        return f"list of {_type(items)}"
    return _TYPES.get(kind, kind)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(title: str, head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from ("", title, "", f"| {head[0]} | {head[1]} |", "| --- | --- |")
    for name, meaning in rows:
        yield f"| `{name}` | {_cell(meaning)} |"


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PURGE")


def _redirects() -> Iterator[str]:
    """The next request of each method and status, computed by the engine."""
    yield from (
        "",
        "## Redirects",
        "",
        "Redirects are followed unless `follow_redirects` is false (RFC 9110 §15.4). The next request for each method:",
        "",
    )
    yield f"| status | {' | '.join(_METHODS)} |"
    yield "| --- " * (len(_METHODS) + 1) + "|"
    for status in sorted(REDIRECTS):
        response = Response(status, "http://a.test/", headers=(("Location", "/b"),))
        following = (redirected(Request(each, "http://a.test/", body=b"x"), response, frozenset()) for each in _METHODS)
        cells = ("unchanged" if each.body else f"{each.method}, no body" for each in following if each)
        yield f"| {status} | {' | '.join(cells)} |"
    safe = ", ".join(f"`{name}`" for name in sorted(SAFE_CROSS_ORIGIN))
    yield from (
        "",
        "To another origin (scheme, host and port) only these headers are sent, without cookies and credentials, and a body is an error,",
        f"unless `trust_redirects` lists the origin: {safe}.",
    )


def _selectors() -> Iterator[tuple[str, str]]:
    for kind in KINDS.values():
        argument = kind.argument if kind.name == "$" else f" {kind.argument}" if kind.argument else ""
        yield f"{kind.name}{argument}", kind.summary


def _operators() -> Iterator[tuple[str, str]]:
    for matcher in MATCHERS.values():
        yield matcher.name, matcher.summary
