"""The input of rules: one file, as compiled and as written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ..language.source import Source
from ..model.errors import DocumentPath
from ..plan.conditions import Condition, Conditions, Inside
from ..plan.plan import Plan, RequestPlan, StepPlan


class Subject(msgspec.Struct, frozen=True):
    """One file.

    Attributes:
        data: The document as it was read.
        source: Its text, with the places of its values.
    """

    plan: Plan
    data: Any
    source: Source

    @property
    def steps(self) -> tuple[StepPlan, ...]:
        """Its steps, its cleanup's too."""
        return (*self.plan.steps, *self.plan.cleanup)

    @property
    def requests(self) -> Iterator[tuple[StepPlan, RequestPlan]]:
        """Its steps that send a request."""
        for step in self.steps:
            if isinstance(step.action, RequestPlan):
                yield step, step.action

    def use_of(self, name: str, above: DocumentPath) -> DocumentPath:
        """The first place below `above` that uses a variable; `above` if there is none."""
        for names, path in self.plan.uses:
            if name in names and path[: len(above)] == above:
                return path
        return above


def scalars(data: Any, path: DocumentPath = ()) -> Iterator[tuple[DocumentPath, Any]]:
    """Every scalar of a document with its place."""
    if isinstance(data, dict):
        for key, member in data.items():
            yield from scalars(member, (*path, key))
    elif isinstance(data, list):
        for index, member in enumerate(data):
            yield from scalars(member, (*path, index))
    else:
        yield path, data


def literal(entry: Condition | Inside) -> Any:
    """The argument of a condition, if it holds no template; else None."""
    argument = entry.argument if isinstance(entry, Condition) else None
    known = argument is not None and not isinstance(argument, (Conditions, tuple)) and argument.literal
    return (
        argument.render({})
        if known and not isinstance(argument, (Conditions, tuple)) and argument is not None
        else None
    )
