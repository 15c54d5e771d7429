"""The names of a workflow: who gives which, and which have a value where. Reads plain data, so that half a file will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..model.errors import DocumentPath

_SESSION_STEPS = ("login", "refresh", "logout")
_AFTER_ANSWER = ("assert", "expect")


class Given(msgspec.Struct, frozen=True):
    """A name and who gives it.

    Attributes:
        path: Its key in the document, or () where it comes from elsewhere.
        what: In words: `extracted by 'log in'`.
        step: The step's name as it is written, or "".
        sometimes: The step has an `if`.
    """

    name: str
    path: DocumentPath
    what: str
    step: str = ""
    sometimes: bool = False


def known_at(data: Any, at: DocumentPath, elsewhere: Iterable[Given] = ()) -> list[Given]:
    """The names that have a value at a place of a document, in the order in which they get it: a later one hides an earlier.

    Args:
        data: The document, whatever is there of it.
        at: The place.
        elsewhere: Names that come from outside the file.
    """
    document = _map(data)
    written = [*elsewhere, *_written(document)]
    match at:
        case ("vars", name, *_):
            names = [each.path for each in written]
            path = ("vars", name)
            return written[: names.index(path)] if path in names else written
        case ("auth", str(credential), str(part), *rest) if part in (*_SESSION_STEPS, "attach", "renew"):
            return [*written, *_of_session(_map(_map(document.get("auth")).get(credential)), at[:2], part, rest)]
        case ("steps" | "finally" as key, int(index), *_):
            above = _list(document.get("steps")) if key == "finally" else []
            steps = [*_given(above, ("steps",)), *_given(_list(document.get(key))[:index], (key,))]
            return [*written, *steps, *_inside(_list(document.get(key)), at)]
        case _:
            return [
                *written,
                *_given(_list(document.get("steps")), ("steps",)),
                *_given(_list(document.get("finally")), ("finally",)),
            ]


def credentials(data: Any) -> dict[str, DocumentPath]:
    """The named credentials of a document, and where they stand."""
    return {str(name): ("auth", name) for name in _map(_map(data).get("auth"))}


def steps_of(data: Any) -> Iterator[tuple[DocumentPath, dict[str, Any]]]:
    """Every step of a document with its place."""
    for key in ("steps", "finally"):
        for index, step in enumerate(_list(_map(data).get(key))):
            yield (key, index), _map(step)


def name_of_step(step: dict[str, Any]) -> str:
    """A step's name as it is written, or what it asks."""
    name = step.get("name")
    if isinstance(name, str):
        return name
    return next((f"{key.upper()} {value}" for key, value in step.items() if isinstance(value, str)), "a step")


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _written(document: dict[str, Any]) -> Iterator[Given]:
    """What the file itself gives before the first step."""
    for index, name in enumerate(_list(document.get("inputs"))):
        yield Given(str(name), ("inputs", index), "an input, which the caller gives")
    for name in _map(document.get("vars")):
        yield Given(name, ("vars", name), "a variable of this file")
    for name in _map(document.get("matrix")):
        yield Given(name, ("matrix", name), "an axis of the matrix")
    seen: set[str] = set()
    for index, row in enumerate(_list(document.get("cases"))):
        for name in _map(row):
            if name not in seen:
                yield Given(name, ("cases", index, name), "a column of the cases")
            seen.add(name)


def _given(steps: list[Any], above: DocumentPath) -> Iterator[Given]:
    for index, step in enumerate(steps):
        yield from _of_step(_map(step), (*above, index))


def _of_step(step: dict[str, Any], path: DocumentPath) -> Iterator[Given]:
    name, sometimes = name_of_step(step), "if" in step
    for key, verb in (("extract", "extracted"), ("set", "set")):
        for each in _map(step.get(key)):
            yield Given(each, (*path, key, each), f"{verb} by '{name}'", name, sometimes)


def _inside(steps: list[Any], at: DocumentPath) -> Iterator[Given]:
    """What a step has for its own fields alone."""
    index, inside = at[1], at[2:]
    step = _map(steps[index]) if isinstance(index, int) and index < len(steps) else {}
    path = at[:2]
    if "for_each" in step and inside[:1] != ("for_each",):
        name = step.get("as", "item")
        key = "as" if "as" in step else "for_each"
        yield Given(str(name), (*path, key), "the value of this turn of the loop")
        yield Given("index", (*path, "for_each"), "the number of this turn of the loop, from 0")
    own = [
        each for each in _of_step(step, path) if each.path[2] == "extract" and inside[:1] and inside[0] in _AFTER_ANSWER
    ]
    if inside[:1] == ("set",):
        for each in _of_step(step, path):
            if each.path == at[:4]:
                break
            own += [each] if each.path[2] == "set" else []
    yield from own


def _of_session(credential: dict[str, Any], path: DocumentPath, part: str, rest: list[Any]) -> Iterator[Given]:
    """What the steps of a session have given when a part of it comes to run."""
    before = {"login": ("login",), "refresh": ("login",)}.get(part, ("login", "refresh"))
    for key in before:
        steps = credential.get(key)
        if not isinstance(steps, list):
            yield from _of_step(_map(steps), (*path, key)) if key != part else ()
            continue
        until = rest[0] if key == part and rest and isinstance(rest[0], int) else len(steps)
        yield from _given(steps[:until], (*path, key))
