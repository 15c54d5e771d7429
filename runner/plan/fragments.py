"""Compiled parts of steps: names with values, fields such as headers, durations, extracts and assertions."""

from __future__ import annotations

from typing import Any

import msgspec

from ..model.errors import DocumentPath, StepError
from ..model.kinds import MISSING, Names, Value
from ..model.pairs import scalar_text
from ..model.units import parse_duration
from .conditions import Pick


class ExtractPlan(msgspec.Struct, frozen=True):
    """An entry of `extract`: a name and a selector.

    Attributes:
        filter: An expression over `value`, or None.
        default: The value if nothing is found, or MISSING.
    """

    name: str
    pick: Pick
    path: DocumentPath
    filter: Value | None = None
    default: Any = MISSING
    secret: bool = False


class NamedValue(msgspec.Struct, frozen=True):
    """A name and its value, with a place: an entry of `vars`, `set`, `outputs`, `with`."""

    name: str
    value: Value
    path: DocumentPath


class AssertPlan(msgspec.Struct, frozen=True):
    """An expression that must be true."""

    text: str
    value: Value
    path: DocumentPath


class Field(msgspec.Struct, frozen=True):
    """An entry of `headers`, `params` or `cookies`.

    Attributes:
        removes: The value is a literal null, which removes a default of this name.
    """

    name: Value
    value: Value
    path: DocumentPath
    removes: bool = False


class Fields(msgspec.Struct, frozen=True):
    """The entries of `headers`, `params` or `cookies`, defaults already merged in."""

    entries: tuple[Field, ...] = ()

    def render(self, names: Names, file: str) -> tuple[list[tuple[str, str]], list[str]]:
        """The names and texts to send, and the names to remove. Raises StepError with its place."""
        pairs: list[tuple[str, str]] = []
        removed: list[str] = []
        for entry in self.entries:
            try:
                name = str(entry.name.render(names))
                if entry.removes:
                    removed.append(name)
                    continue
                value = entry.value.render(names)
                if isinstance(value, list):
                    pairs += [(name, scalar_text(member, name)) for member in value]
                else:
                    pairs.append((name, scalar_text(value, name)))
            except StepError as error:
                error.below = ()
                raise error.at(file, entry.path) from None
        return pairs, removed


class Seconds(msgspec.Struct, frozen=True):
    """A duration with a template in it."""

    value: Value

    def render(self, names: Names, /) -> float:
        """Seconds. Raises StepError."""
        text = self.value.render(names)
        try:
            return parse_duration(text if isinstance(text, str) else repr(text))
        except ValueError as error:
            raise StepError(str(error), "template") from None
