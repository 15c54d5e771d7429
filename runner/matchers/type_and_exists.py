"""`type`, `exists`: the JSON type of a value, and whether there is a value."""

from __future__ import annotations

from typing import Any

from ..model.json_types import JSON
from ..model.kinds import MISSING, Miss
from ..model.wording import JSON_TYPES, did_you_mean, json_type, shown
from .base import MISS, FlagMatcher, ValueMatcher


class Type(ValueMatcher):
    """Of a JSON type."""

    name = "type"
    summary = f"a JSON type, or a list of types: {', '.join(f'`{name}`' for name in JSON_TYPES)}; `1.0` is an integer"

    def check(self, argument: Any, /) -> str:
        """A known type, or a list of them."""
        names = argument if isinstance(argument, list) else [argument]
        if not names:
            return "`type` takes a type or a list that is not empty"
        for name in names:
            if name not in JSON_TYPES:
                near = did_you_mean(str(name), JSON_TYPES)
                return f"there is no type {shown(name, 60)}; {near or 'types: ' + ', '.join(JSON_TYPES)}"
        return ""

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """An integer is a number too."""
        kind = json_type(actual)
        kinds = {kind, "number"} if kind == "integer" else {kind}
        wanted = argument if isinstance(argument, list) else [argument]
        return None if kinds & set(wanted) else Miss(f"the type is {kind}")


class Exists(FlagMatcher):
    """Whether it is there."""

    name = "exists"
    summary = "true or false: whether the selector finds a value; an empty list of found values counts as none"

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """The only operator that can match a missing value, as `exists: false`."""
        return None if (actual is not MISSING) is argument else MISS
