"""The names of a workflow: where they are defined, and which have a value at a place. Reads plain data, so an incomplete file will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..model.errors import DocumentPath
from ..model.json_types import JSON

_SESSION_STEPS = ("login", "refresh", "logout")
_AFTER_RESPONSE = ("assert", "expect")


class NameDefinition(msgspec.Struct, frozen=True):
    """A definition of a name.

    Attributes:
        path: Its key in the document; () for a name from outside the file.
        what: A description: `extracted by 'log in'`.
        step: The name of the step as it is written; None outside of steps.
        conditional: The step has an `if`.
    """

    name: str
    path: DocumentPath
    what: str
    step: str | None = None
    conditional: bool = False


def names_at(data: JSON, at: DocumentPath, external: Iterable[NameDefinition] = ()) -> list[NameDefinition]:
    """The names that have a value at a place of a document, in the order of their definitions: a later one hides an earlier one.

    Args:
        data: The document, which may be incomplete.
        at: The path of the place.
        external: Names that come from outside the file.
    """
    document = _map(data)
    before = [*external, *_of_document(document)]
    match at:
        case ("vars", name, *_):
            names = [each.path for each in before]
            path = ("vars", name)
            return before[: names.index(path)] if path in names else before
        case ("auth", str(credential), str(part), *rest) if part in (*_SESSION_STEPS, "attach", "renew"):
            return [*before, *_of_session(_map(_map(document.get("auth")).get(credential)), at[:2], part, rest)]
        case ("steps" | "finally" as key, int(index), *_):
            above = _list(document.get("steps")) if key == "finally" else []
            steps = [*_of_steps(above, ("steps",)), *_of_steps(_list(document.get(key))[:index], (key,))]
            return [*before, *steps, *_of_own_step(_list(document.get(key)), at)]
        case _:
            return [
                *before,
                *_of_steps(_list(document.get("steps")), ("steps",)),
                *_of_steps(_list(document.get("finally")), ("finally",)),
            ]


def credentials(data: JSON) -> dict[str, DocumentPath]:
    """The named credentials of a document, with their paths."""
    return {str(name): ("auth", name) for name in _map(_map(data).get("auth"))}


def steps_of(data: JSON) -> Iterator[tuple[DocumentPath, dict[str, JSON]]]:
    """Every step of a document, with its path."""
    for key in ("steps", "finally"):
        for index, step in enumerate(_list(_map(data).get(key))):
            yield (key, index), _map(step)


def step_name(step: dict[str, JSON]) -> str:
    """The name of a step as it is written, or its method and URL."""
    name = step.get("name")
    if isinstance(name, str):
        return name
    return next((f"{key.upper()} {value}" for key, value in step.items() if isinstance(value, str)), "a step")


def _map(value: JSON) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _of_document(document: dict[str, JSON]) -> Iterator[NameDefinition]:
    """The names that a file defines before its first step."""
    for index, name in enumerate(_list(document.get("inputs"))):
        yield NameDefinition(str(name), ("inputs", index), "an input, which the caller provides")
    for name in _map(document.get("vars")):
        yield NameDefinition(name, ("vars", name), "a variable of this file")
    for name in _map(document.get("matrix")):
        yield NameDefinition(name, ("matrix", name), "an axis of the matrix")
    seen: set[str] = set()
    for index, row in enumerate(_list(document.get("cases"))):
        for name in _map(row):
            if name not in seen:
                yield NameDefinition(name, ("cases", index, name), "a column of the cases")
            seen.add(name)


def _of_steps(steps: list[JSON], above: DocumentPath) -> Iterator[NameDefinition]:
    for index, step in enumerate(steps):
        yield from _of_step(_map(step), (*above, index))


def _of_step(step: dict[str, JSON], path: DocumentPath) -> Iterator[NameDefinition]:
    name, conditional = step_name(step), "if" in step
    for key, verb in (("extract", "extracted"), ("set", "set")):
        for each in _map(step.get(key)):
            yield NameDefinition(each, (*path, key, each), f"{verb} by '{name}'", name, conditional)


def _of_own_step(steps: list[JSON], at: DocumentPath) -> Iterator[NameDefinition]:
    """The names that only the fields of one step have."""
    index, inside = at[1], at[2:]
    step = _map(steps[index]) if isinstance(index, int) and index < len(steps) else {}
    path = at[:2]
    if "for_each" in step and inside[:1] != ("for_each",):
        name = step.get("as", "item")
        key = "as" if "as" in step else "for_each"
        yield NameDefinition(str(name), (*path, key), "the value of this iteration")
        yield NameDefinition("index", (*path, "for_each"), "the number of this iteration, from 0")
    own = [
        each
        for each in _of_step(step, path)
        if each.path[2] == "extract" and inside[:1] and inside[0] in _AFTER_RESPONSE
    ]
    if inside[:1] == ("set",):
        for each in _of_step(step, path):
            if each.path == at[:4]:
                break
            own += [each] if each.path[2] == "set" else []
    yield from own


def _of_session(
    credential: dict[str, JSON], path: DocumentPath, part: str, rest: Sequence[str | int]
) -> Iterator[NameDefinition]:
    """The names that the steps of a session have defined before a part of it runs."""
    before = {"login": ("login",), "refresh": ("login",)}.get(part, ("login", "refresh"))
    for key in before:
        steps = credential.get(key)
        if not isinstance(steps, list):
            yield from _of_step(_map(steps), (*path, key)) if key != part else ()
            continue
        until = rest[0] if key == part and rest and isinstance(rest[0], int) else len(steps)
        yield from _of_steps(steps[:until], (*path, key))
