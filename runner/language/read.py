"""Converts data to structs. If that fails, finds every mistake with its exact place and a hint."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET

from ..model.errors import MAX_PROBLEMS, DocumentPath, Place, Problem
from ..model.units import bare_number_hint
from ..model.wording import did_you_mean, listed, nearest, shown
from .document import BODIES, Document
from .schema import struct_schema
from .structs import DURATIONS, SIZES

T = TypeVar("T", bound=msgspec.Struct)

_MISPLACED = {
    ("Document", "headers"): "put them under `defaults: {headers: …}`, or on a step",
    ("Document", "params"): "put them under `defaults: {params: …}`, or on a step",
    ("Document", "expect"): "put it under `defaults: {expect: …}`, or on a step",
    ("Document", "retry"): "put it under `defaults: {retry: …}`, or on a step",
    ("Document", "http"): "put it under `defaults: {http: …}`, or on a step",
    ("Document", "json"): "a body belongs to a step",
    ("Document", "body"): "a body belongs to a step",
    ("Document", "url"): "a step names its URL: `get: /path`; `base_url` is a key of the workflow",
    ("Document", "env"): "`env.NAME` reads an environment variable; define your own values under `vars`",
    ("Document", "variables"): "define variables under `vars`",
    ("Step", "url"): "write the method and the URL as one key: `get: /path`",
    ("Step", "method"): "write the method and the URL as one key: `post: /path`, or `request: METHOD /path`",
    ("Step", "status"): "put it under `expect`: `expect: 200`",
    ("Step", "data"): f"a body is one of {', '.join(f'`{name}`' for name in BODIES)}",
    ("Step", "query"): "query parameters belong under `params`",
    ("Step", "vars"): "compute variables in a step of their own: `set: {name: value}`",
    ("Step", "capture"): "extract values with `extract: {name: selector}`",
    ("Step", "save"): "extract values with `extract: {name: selector}`",
    ("Step", "asserts"): "`expect` checks the response, `assert` is a list of expressions",
    ("Retry", "count"): "write `times`",
    ("Retry", "interval"): "write `every`",
    ("Retry", "delay"): "write `every`",
    ("Http", "timeout"): "`timeout` is a key of the step",
}


_ONE_AT_A_TIME = threading.Lock()
"""msgspec prepares a struct when it is first used; a second thread that uses it meanwhile crashes the process."""


def _converted(data: Any, struct: type[T]) -> T:
    with _ONE_AT_A_TIME:
        return msgspec.convert(data, struct)


def read_struct(data: Any, struct: type[T], file: str, problems: list[Problem]) -> T | None:
    """Return the struct, or None after adding every mistake to `problems`."""
    try:
        return _converted(data, struct)
    except msgspec.ValidationError as error:
        problems += _described(list(_mistakes(data, struct)), file, error)
    return None


def _described(mistakes: list[_Mistake], file: str, error: msgspec.ValidationError) -> list[Problem]:
    """The problems to show: at least one, at most MAX_PROBLEMS."""
    found = list(islice((problem for each in mistakes for problem in _problems(each, file)), MAX_PROBLEMS))
    return found or [Problem(f"the file does not fit the language: {error}", Place(file))]


class ReadResult(msgspec.Struct, frozen=True):
    """A document as far as it could be read.

    Attributes:
        lost: The places whose values could not be read: a placeholder is there instead, so that all the rest is judged.
        unclear: Maps of which an unknown key, or a word that is not allowed, was lost: what they should hold is unclear.
        lost_names: Every name in what was lost: it may have been defined there, so it is not reported as missing.
    """

    document: Document | None = None
    lost: tuple[DocumentPath, ...] = ()
    unclear: frozenset[DocumentPath] = frozenset()
    lost_names: frozenset[str] = frozenset()

    def explains(self, problem: Problem) -> bool:
        """Whether the problem only follows from what could not be read."""
        path = problem.place.path if problem.place else ()
        return path in self.unclear or any(path[: len(lost)] == lost for lost in self.lost)


def read_document(data: Any, file: str, problems: list[Problem]) -> ReadResult:
    """Read the data of a workflow as a Document, as far as it is valid; `x-…` keys at the top are ignored."""
    if data is None:
        place = Place(file, line=1, column=1)
        problems.append(Problem("the file is empty", place, "a workflow needs at least `steps:` with one step"))
        return ReadResult()
    if not isinstance(data, dict):
        message = f"a workflow is a map with a `steps` list, not {shown(data, 60)}"
        problems.append(Problem(message, Place(file), "begin with `name:` and `steps:`"))
        return ReadResult()
    free = {key: value for key, value in data.items() if not key.startswith("x-")}
    try:
        return ReadResult(_converted(free, Document))
    except msgspec.ValidationError as error:
        mistakes = list(_mistakes(free, Document))
        problems += _described(mistakes, file, error)
    return _read_rest(free, mistakes)


def _read_rest(data: dict[str, Any], mistakes: list[_Mistake]) -> ReadResult:
    """The document with a placeholder for each wrong or missing value, so that all the rest is read and judged."""
    lost: list[DocumentPath] = []
    unclear = {each.path for each in mistakes if each.error.validator == "additionalProperties"}
    unclear |= {each.path[:-1] for each in mistakes if each.error.validator == "enum"}
    names: set[str] = set()
    rest = _copy(data)
    for mistake in sorted(mistakes, key=lambda each: len(each.path), reverse=True):
        for path, placeholder in mistake.placeholders():
            owner: Any = rest
            for key in path[:-1]:
                owner = owner[key]
            with suppress(KeyError):  # a missing key has no names in it
                names |= {*_keys(owner[path[-1]]), str(path[-1])}
            if placeholder is UNSET:
                del owner[path[-1]]
            else:
                owner[path[-1]] = placeholder
            lost.append(path)
    try:
        return ReadResult(_converted(rest, Document), tuple(lost), frozenset(unclear), frozenset(names))
    except msgspec.ValidationError:
        return ReadResult()


def _copy(data: Any) -> Any:
    """A copy in which no part is shared: an alias stands for a value of its own."""
    if isinstance(data, dict):
        return {key: _copy(member) for key, member in data.items()}
    return [_copy(member) for member in data] if isinstance(data, list) else data


def _smallest(part: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The smallest value that a part of the schema accepts."""
    part = _resolved(part, schema)
    if "anyOf" in part:
        return _smallest(part["anyOf"][0], schema)
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            return {name: _smallest(part["properties"][name], schema) for name in part.get("required", ())}
        case "array":
            return [_smallest(part["items"], schema) for _ in range(part.get("minItems", 0))]
        case "integer" | "number":
            return part.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return ""


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from data
    members = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for member in members:
        yield from _keys(member)
    if isinstance(data, str):
        yield data


class _Mistake(NamedTuple):
    """Where data does not fit the schema.

    Attributes:
        error: What jsonschema found; of several alternatives, in the one that was meant.
        path: The value.
        schema: The whole schema, in which references are looked up.
        title: The struct that the value belongs to.
    """

    error: Any
    path: DocumentPath
    schema: dict[str, Any]
    title: str

    def placeholders(self) -> Iterator[tuple[DocumentPath, Any]]:
        """The values that cannot be read, each with one that can; UNSET where the key is removed."""
        part = self.error.schema
        match self.error.validator:
            case "additionalProperties":
                for name in self.error.instance:
                    if name not in part["properties"]:
                        yield (*self.path, name), UNSET
            case "required":
                for name in self.error.validator_value:
                    if name not in self.error.instance:
                        yield (*self.path, name), _smallest(part["properties"][name], self.schema)
            case _:
                yield self.path, _smallest(part, self.schema)


def _mistakes(data: Any, struct: type[msgspec.Struct]) -> Iterator[_Mistake]:
    # jsonschema takes 60 ms to import, and a good file never needs it
    import jsonschema  # noqa: PLC0415  # see above

    types = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    schema = struct_schema(struct)
    validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=types)(schema)  # type: ignore[no-untyped-call]  # its stubs have no types for it
    for error in validator.iter_errors(data):
        yield from _meant(error, (), schema, struct.__name__)


def _is_integer(_: Any, value: Any) -> bool:
    """As msgspec sees it: not a float with nothing after its point."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    """As msgspec sees it: a double."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _meant(error: Any, above: DocumentPath, schema: dict[str, Any], title: str) -> Iterator[_Mistake]:
    """The mistake; of several alternatives, those in the one that has the type of the value."""
    path: DocumentPath = (*above, *error.relative_path)
    title = error.schema.get("title", title)
    if error.validator == "anyOf":
        kind = _SCHEMA_TYPES.get(type(error.instance), "null")
        for index, alternative in enumerate(error.validator_value):
            if kind == _resolved(alternative, schema).get("type"):
                for inner in error.context:
                    if inner.schema_path[0] == index:
                        yield from _meant(inner, path, schema, title)
                return
    yield _Mistake(error, path, schema, title)


def _problems(mistake: _Mistake, file: str) -> Iterator[Problem]:
    error, path, schema, title = mistake
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, path, title, file)
    elif error.validator == "anyOf":
        alternatives = [_resolved(alternative, schema) for alternative in error.validator_value]
        yield _wrong_type(error.instance, alternatives, path, file)
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                hint = error.schema["properties"][name].get("description", "")
                yield Problem(f"`{name}` is missing", Place(file, path), f"{name}: {hint}" if hint else "")
    elif error.validator == "type":
        yield _wrong_type(error.instance, [error.schema], path, file)
    elif error.validator == "enum":
        known = error.validator_value
        hint = did_you_mean(str(error.instance), known) or f"one of: {', '.join(known)}"
        yield Problem(f"{shown(error.instance, 60)} is not allowed here", Place(file, path), hint)
    elif error.validator == "minItems":
        yield Problem(f"`{path[-1]}` is empty", Place(file, path, on_key=True), "it needs at least one entry")
    else:
        limit = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}[error.validator]
        yield Problem(f"{shown(error.instance, 60)} must be {limit} {error.validator_value}", Place(file, path))


def _unknown_keys(error: Any, path: DocumentPath, title: str, file: str) -> Iterator[Problem]:
    known = error.schema["properties"]
    for name in error.instance:
        if name not in known:
            place = Place(file, (*path, name), on_key=True)
            misplaced = [key for owner, key in _MISPLACED if owner == title]
            there = _MISPLACED.get((title, name), "")
            near = "" if there else nearest(name, [*known, *misplaced])
            hint = there or (f"did you mean '{near}'?" if near else f"known keys: {listed(known, 40)}")
            instead = near if near in known and near not in error.instance else ""
            yield Problem(f"unknown key '{name}' in {_noun(title)}", place, hint, instead)


def _noun(title: str) -> str:
    return {"Document": "a workflow", "Step": "a step"}.get(title, f"`{title.lower()}`")


_SCHEMA_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def _resolved(alternative: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = alternative.get("$ref", "").rsplit("/", 1)[-1]
    return schema["$defs"].get(name, alternative) if name else alternative


_TYPE_WORDS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a map", "null": "null",
}  # fmt: skip


def _wrong_type(value: Any, alternatives: list[dict[str, Any]], path: DocumentPath, file: str) -> Problem:
    wanted = list(dict.fromkeys(_TYPE_WORDS.get(str(each.get("type")), "something else") for each in alternatives))
    name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this entry"
    if not path:
        name = "the file"
    message = f"{name} must be {' or '.join(wanted)}, not {shown(value, 60)}"
    return Problem(message, Place(file, path), _type_hint(value, alternatives, path))


def _type_hint(value: Any, alternatives: list[dict[str, Any]], path: DocumentPath) -> str:
    examples = [each.get("examples") for each in alternatives]
    if value is None:
        return "write a value after the key, or remove the key"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if DURATIONS in examples:
            return bare_number_hint(value)
        if SIZES in examples:
            return bare_number_hint(value, size=True)
    if isinstance(value, dict) and "assert" in path:
        return "quote the whole expression: YAML reads the `: ` in it as a key and a value"
    if isinstance(value, (bool, int, float)) and [each.get("type") for each in alternatives] == ["string"]:
        return f'quote it to make it a text: "{str(value).lower() if isinstance(value, bool) else value}"'
    return ""
