"""Reads an OpenAPI document (3.0, 3.1, 3.2) and finds its operations, responses and schemas, following references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..language.yaml import load_yaml
from ..model.errors import Place, Problem, WorkflowError
from ..model.urls import origin_of
from ..model.wording import did_you_mean, listed

OPERATION_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
LONG = 100
"""Characters. A longer path is not taken for a misspelt one."""

MAX_REFERENCES = 20
"""The maximum length of a chain of references."""

_VERSION = re.compile(r"3\.([012])(\.|$)")
_PARAMETER = re.compile(r"\{[^{}]*\}")


class Breach(NamedTuple):
    """What an exchange has that the document does not allow.

    Attributes:
        operation: `GET /items/{id}`.
        expected: What is allowed, in words.
        actual: What is there instead.
        detail: Where, and a hint.
    """

    operation: str
    expected: str
    actual: Any
    detail: str = ""


class DocumentNode(NamedTuple):
    """A part of the document and its JSON Pointer (RFC 6901)."""

    data: Any
    pointer: str


class OpenApiDocument:
    """An OpenAPI document.

    Args:
        document: Its data.
        name: Its name in messages.
        version: The second number of its version: 0, 1 or 2.
    """

    def __init__(self, document: dict[str, Any], name: str, version: int) -> None:
        self.name = name
        self.document = document
        self.version = version
        servers = list(_servers(document))
        self.origins = {origin for origin, _ in servers if origin}
        self._prefixes = list(dict.fromkeys([*(path for _, path in servers), ""]))
        self._paths = sorted(
            ((_literals(template), template) for template in as_map(document.get("paths"))),
            key=lambda each: len(_PARAMETER.findall(each[1])),
        )  # a path with fewer parameters takes precedence (OpenAPI 3.1 §4.8.8)

    def operation(self, method: str, path: str, prefix: str = "") -> tuple[str, DocumentNode, DocumentNode] | Breach:
        """Find the operation of a request: its title, the node of its path and its own node."""
        found = list(self._matching(path, prefix))
        for template, item in found:
            for name in (method.lower(), *(["get"] if method == "HEAD" else [])):
                if name in item.data and name in OPERATION_METHODS:
                    return f"{method} {template}", item, self.at(item, name)
        if found:
            known = listed(name.upper() for _, item in found for name in item.data if name in OPERATION_METHODS)
            return Breach(f"{method} {path}", f"a method that {self.name} has for this path: {known}", method)
        rest = path.removeprefix(prefix.rstrip("/"))
        near = did_you_mean(rest, [template for _, template in self._paths]) if len(rest) < LONG else ""
        return Breach(f"{method} {path}", f"a path that {self.name} has", path, near)

    def _matching(self, path: str, prefix: str) -> Iterator[tuple[str, DocumentNode]]:
        for begin in dict.fromkeys([*self._prefixes, prefix.rstrip("/")]):
            rest = path.removeprefix(begin)
            if path.startswith(begin) and (not begin or rest[:1] in {"/", ""}):
                for literals, template in self._paths:
                    if _is_path_of(literals, rest or "/"):
                        yield template, self.at(DocumentNode(self.document["paths"], "/paths"), template)

    def response(self, operation: DocumentNode, status: int) -> DocumentNode | None:
        """The description of the response of an operation with a status, or None."""
        responses = self.at(operation, "responses")
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in as_map(responses.data):
                return self.at(responses, key)
        return None

    def schema(self, described: DocumentNode, kind: str) -> DocumentNode | None:
        """The schema of a media type, in a response or a request body."""
        media = self.media(described, kind)
        return self.at(media, "schema") if media is not None and "schema" in media.data else None

    def media(self, described: DocumentNode, kind: str) -> DocumentNode | None:
        """The description of a media type, or of a range that contains it."""
        content = self.at(described, "content")
        known = {key.partition(";")[0].strip().lower(): key for key in as_map(content.data)}
        for each in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
            if each in known:
                return self.at(content, known[each])
        return None

    def member(self, schema: DocumentNode, part: str | int) -> DocumentNode | bool | None:
        """The schema of a member: a node, None if the document allows any member, False if it has no such member."""
        if not isinstance(schema.data, dict) or {"allOf", "anyOf", "oneOf", "patternProperties"} & schema.data.keys():
            return None
        if isinstance(part, int):
            return self.at(schema, "items") if "items" in schema.data else None
        properties = self.at(schema, "properties")
        if part in as_map(properties.data):
            return self.at(properties, part)
        return False if properties.data and not schema.data.get("additionalProperties") else None

    def at(self, node: DocumentNode, key: str) -> DocumentNode:
        """A member of a part of the document, after following its reference."""
        data = as_map(node.data).get(key, {})
        pointer = f"{node.pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        for _ in range(MAX_REFERENCES):
            if not isinstance(data, dict) or not isinstance(data.get("$ref"), str):
                break
            pointer = data["$ref"].partition("#")[2]
            data = resolved(self.document, pointer)
        return DocumentNode({} if data is None else data, pointer)


def read_openapi(content: bytes, name: str) -> tuple[dict[str, Any], int]:
    """The data of a file in YAML or JSON, and the second number of its version.

    Raises:
        WorkflowError: it is not a valid OpenAPI document, or has a reference to outside.
    """
    problems: list[Problem] = []
    document, _ = load_yaml(content, name, problems)
    if problems:
        raise WorkflowError(problems)
    version = document.get("openapi") if isinstance(document, dict) else None
    found = _VERSION.match(version) if isinstance(version, str) else None
    if found is None:
        old = isinstance(document, dict) and "swagger" in document
        hint = (
            "convert it from Swagger 2 to OpenAPI 3"
            if old
            else "write the version with two dots, or in quotes: `openapi: 3.1.0`"
        )
        raise WorkflowError([Problem(f"{name} is not an OpenAPI document of version 3", Place(name), hint)])
    if not as_map(document.get("paths")):
        raise WorkflowError(
            [Problem(f"{name} has no paths", Place(name), "describe the paths of the API under `paths`")]
        )
    wrong = [
        Problem(
            f"`{reference}` is not in this document",
            Place(name, path),
            "bundle all parts into one file: npx @redocly/cli bundle openapi.yaml",
        )
        for path, reference in _references(document)
        if not _leads_somewhere(document, reference)
    ]
    if wrong:
        raise WorkflowError(wrong)
    return document, int(found[1])


def _leads_somewhere(document: Any, reference: str) -> bool:
    for _ in range(MAX_REFERENCES):
        found = resolved(document, reference[1:]) if reference.startswith("#") else None
        if not isinstance(found, dict) or not isinstance(found.get("$ref"), str):
            return found is not None
        reference = found["$ref"]
    return False


def resolved(document: Any, pointer: str) -> Any:
    """The value at a JSON Pointer (RFC 6901), or None."""
    for token in unquote(pointer).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)] if key.isdigit() and int(key) < len(document) else None
        else:
            document = as_map(document).get(key)
    return document


def _references(document: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        path, data = waiting.pop()
        if isinstance(data, dict):
            if isinstance(data.get("$ref"), str) and path[-1:] != ("properties",):
                yield (*path, "$ref"), data["$ref"]
            waiting += [
                ((*path, key), each)
                for key, each in data.items()
                if key not in {"example", "examples", "const", "enum", "default"}
            ]
        elif isinstance(data, list):
            waiting += [((*path, index), each) for index, each in enumerate(data)]


def _literals(template: str) -> list[list[str]]:
    """The segments of a template, each as the texts around its parameters."""
    return [_PARAMETER.split(segment) for segment in template.split("/")]


def _is_path_of(template: list[list[str]], path: str) -> bool:
    """Whether each segment matches. A regular expression could take exponential time for many parameters."""
    segments = path.split("/")
    return len(segments) == len(template) and all(map(_fits, template, segments))


def _fits(literals: list[str], segment: str) -> bool:
    """Whether the segment contains the texts in order, with at least one character for each parameter between them."""
    first, *others = literals
    if not others:
        return segment == first
    *middle, last = others
    end = len(first)
    if not segment.startswith(first):
        return False
    for literal in middle:
        found = segment.find(literal, end + 1)
        if found < 0:
            return False
        end = found + len(literal)
    return segment.endswith(last) and len(segment) - len(last) > end


def as_map(value: Any) -> dict[str, Any]:
    """The map, or an empty one where a document has something else."""
    return value if isinstance(value, dict) else {}


def _servers(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Origin and path of each server; the origin is empty if it is relative or contains a variable."""
    servers = document.get("servers")
    for each in servers if isinstance(servers, list) else []:
        url = str(as_map(each).get("url", ""))
        with suppress(ValueError):  # the URL of the server is not valid
            path = urlsplit(url).path.rstrip("/")
            authority = url.partition("://")[2].partition("/")[0]
            yield origin_of(url) if authority and "{" not in authority else "", path
