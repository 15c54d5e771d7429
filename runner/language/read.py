"""Data into structs: the fast path, and where it refuses, every mistake with its exact place and a did-you-mean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec

from ..model.errors import MAX_PROBLEMS, DocumentPath, Place, Problem
from ..model.units import bare_number_hint
from ..model.wording import did_you_mean, listed, nearest, shown
from .document import Document
from .schema import struct_schema

T = TypeVar("T", bound=msgspec.Struct)

_ELSEWHERE = {
    ("Document", "headers"): "put them under `defaults: {headers: …}`, or on a step",
    ("Document", "params"): "put them under `defaults: {params: …}`, or on a step",
    ("Document", "expect"): "put it under `defaults: {expect: …}`, or on a step",
    ("Document", "retry"): "put it under `defaults: {retry: …}`, or on a step",
    ("Document", "http"): "put it under `defaults: {http: …}`, or on a step",
    ("Document", "json"): "a body belongs to a step",
    ("Document", "body"): "a body belongs to a step",
    ("Document", "url"): "a step names its URL: `get: /path`; `base_url` stands at the top",
    ("Document", "env"): "`env.NAME` reads the environment; values of your own stand under `vars`",
    ("Document", "variables"): "variables stand under `vars`",
    ("Step", "url"): "write the method and the URL as one key: `get: /path`",
    ("Step", "method"): "write the method and the URL as one key: `post: /path`, or `request: METHOD /path`",
    ("Step", "status"): "put it under `expect`: `expect: 200`",
    ("Step", "data"): "a body is one of `json`, `form`, `multipart`, `body`, `xml`, `graphql`",
    ("Step", "query"): "query parameters stand under `params`",
    ("Step", "vars"): "compute variables with a step of its own: `set: {name: value}`",
    ("Step", "capture"): "take values out with `extract: {name: selector}`",
    ("Step", "save"): "take values out with `extract: {name: selector}`",
    ("Step", "asserts"): "`expect` judges the answer, `assert` is a list of expressions",
    ("Retry", "count"): "write `times`",
    ("Retry", "interval"): "write `every`",
    ("Retry", "delay"): "write `every`",
    ("Http", "timeout"): "`timeout` stands on the step",
}


_ONE_AT_A_TIME = threading.Lock()
"""msgspec makes what it knows of a struct when it is first asked for, and a second thread that asks meanwhile breaks the process."""


def _converted(data: Any, struct: type[T]) -> T:
    with _ONE_AT_A_TIME:
        return msgspec.convert(data, struct)


def read_struct(data: Any, struct: type[T], file: str, problems: list[Problem]) -> T | None:
    """The struct, or None with every mistake added to `problems`."""
    try:
        return _converted(data, struct)
    except msgspec.ValidationError:
        found = list(islice(_mistakes(data, struct, file), MAX_PROBLEMS))
    problems += found
    return None


class ReadResult(msgspec.Struct, frozen=True):
    """A document as far as it could be read.

    Attributes:
        lost: The places that were wrong and left out, so that the rest could be read and judged too.
        lost_names: Every name that stood in them: what it would have given is not reported as missing.
    """

    document: Document | None = None
    lost: tuple[DocumentPath, ...] = ()
    lost_names: frozenset[str] = frozenset()

    def explains(self, problem: Problem) -> bool:
        """The problem only follows from what was left out."""
        path = problem.place.path if problem.place else ()
        return any(lost[: len(path)] == path for lost in self.lost)


def read_document(data: Any, file: str, problems: list[Problem]) -> ReadResult:
    """A workflow's data as a Document, as much of it as can be read; `x-…` keys at the top are free."""
    if data is None:
        place = Place(file, line=1, column=1)
        problems.append(Problem("the file is empty", place, "a workflow needs at least `steps:` with one step"))
        return ReadResult()
    if not isinstance(data, dict):
        message = f"a workflow is a map with a `steps` list, not {shown(data, 60)}"
        problems.append(Problem(message, Place(file), "begin with `name:` and `steps:`"))
        return ReadResult()
    free = {key: value for key, value in data.items() if not key.startswith("x-")}
    found: list[Problem] = []
    document = read_struct(free, Document, file, found)
    problems += found
    if document is not None:
        return ReadResult(document)
    return _read_rest(free, tuple(problem.place.path for problem in found if problem.place))


def _read_rest(data: Any, lost: tuple[DocumentPath, ...]) -> ReadResult:
    """The document without what is wrong in it."""
    names: set[str] = set()
    rest = _without(data, set(lost), (), names)
    try:
        return ReadResult(_converted(rest, Document), lost, frozenset(names))
    except msgspec.ValidationError:
        return ReadResult()


_STAND_INS = {
    "assert": True, "steps": {"assert": [True]}, "finally": {"assert": [True]}, "login": {"assert": [True]},
    "refresh": {"assert": [True]}, "logout": {"assert": [True]}, "on_status": 401,
}  # fmt: skip
"""What can take the place of a wrong entry of a list, by the key of the list; a text elsewhere."""


def _without(data: Any, lost: set[DocumentPath], path: DocumentPath, names: set[str]) -> Any:
    if isinstance(data, list):
        stand_in = _STAND_INS.get(str(path[-1]), "")
        return [  # a stand-in keeps the places of those behind it right
            stand_in if (*path, index) in lost else _without(member, lost, (*path, index), names)
            for index, member in enumerate(data)
        ]
    if not isinstance(data, dict):
        return data
    rest = {}
    for key, member in data.items():
        if (*path, key) in lost:
            names.add(key)
            names.update(_keys(member))
        else:
            rest[key] = _without(member, lost, (*path, key), names)
    return rest


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        yield from data
    members = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for member in members:
        yield from _keys(member)
    if isinstance(data, str):
        yield data


def _mistakes(data: Any, struct: type[msgspec.Struct], file: str) -> Iterator[Problem]:
    # jsonschema takes 60 ms to import, and a good file never needs it
    import jsonschema  # noqa: PLC0415  # see above

    schema = struct_schema(struct)
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(data):
        yield from _worded(error, (), schema, struct.__name__, file)


def _worded(error: Any, above: DocumentPath, schema: dict[str, Any], title: str, file: str) -> Iterator[Problem]:
    path: DocumentPath = (*above, *error.relative_path)
    title = error.schema.get("title", title)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, path, title, file)
    elif error.validator == "anyOf":
        yield from _no_alternative(error, path, schema, title, file)
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                hint = error.schema["properties"][name].get("description", "")
                yield Problem(f"`{name}` is missing", Place(file, path), f"{name}: {hint}" if hint else "")
    elif error.validator == "type":
        yield _wrong_type(error.instance, [error.schema], path, file)
    elif error.validator in {"enum", "pattern"}:
        known = error.schema.get("enum", [])
        hint = did_you_mean(str(error.instance), known) or f"one of: {', '.join(known)}"
        yield Problem(f"{shown(error.instance, 60)} is not allowed here", Place(file, path), hint)
    elif error.validator == "minItems":
        yield Problem(f"`{path[-1]}` is empty", Place(file, path, on_key=True), "it needs at least one entry")
    else:
        limit = {"minimum": "at least", "exclusiveMinimum": "more than"}.get(error.validator, error.validator)
        yield Problem(f"{shown(error.instance, 60)} must be {limit} {error.validator_value}", Place(file, path))


def _unknown_keys(error: Any, path: DocumentPath, title: str, file: str) -> Iterator[Problem]:
    known = error.schema["properties"]
    for name in error.instance:
        if name not in known:
            place = Place(file, (*path, name), on_key=True)
            elsewhere = [key for owner, key in _ELSEWHERE if owner == title]
            there = _ELSEWHERE.get((title, name), "")
            near = "" if there else nearest(name, [*known, *elsewhere])
            hint = there or (f"did you mean '{near}'?" if near else f"known here: {listed(known, 40)}")
            instead = near if near in known and near not in error.instance else ""
            yield Problem(f"unknown key '{name}' in {_noun(title)}", place, hint, instead)


def _noun(title: str) -> str:
    return {"Document": "a workflow", "Step": "a step"}.get(title, f"`{title.lower()}`")


_SCHEMA_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def _no_alternative(error: Any, path: DocumentPath, schema: dict[str, Any], title: str, file: str) -> Iterator[Problem]:
    """Of several alternatives, speak of the one that was meant: the one whose type is that of the value."""
    alternatives = [_resolved(alternative, schema) for alternative in error.validator_value]
    kind = _SCHEMA_TYPES.get(type(error.instance), "null")
    for index, alternative in enumerate(alternatives):
        if kind == alternative.get("type"):
            for inner in error.context:
                if inner.schema_path[0] == index:
                    yield from _worded(inner, path, schema, title, file)
            return
    yield _wrong_type(error.instance, alternatives, path, file)


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


_DURATIONS = ("timeout", "delay", "every", "for", "max_every", "before_expiry", "think_time")


def _type_hint(value: Any, alternatives: list[dict[str, Any]], path: DocumentPath) -> str:
    key = path[-1] if path else ""
    if value is None:
        return "a key with nothing after it is never ignored; give it a value or take it away"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if key in _DURATIONS:
            return bare_number_hint(value)
        if key == "max_response_size":
            return bare_number_hint(value, size=True)
    if isinstance(value, dict) and "assert" in path:
        return "quote the whole expression: YAML read a `: ` in it as a key and a value"
    if isinstance(value, (bool, int, float)) and [each.get("type") for each in alternatives] == ["string"]:
        return f'quote it to make it a text: "{str(value).lower() if isinstance(value, bool) else value}"'
    return ""
