"""Maps whose values are texts or lists of texts (`params`, `headers`, `form`, `cookies`), as pairs. Knows no key that holds one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import StepError
from .kinds import Mistake
from .wording import json_text, shown


def check_pairs(data: Mapping[str, Any]) -> Iterable[Mistake]:
    """What is wrong with the document's value: a map or a list of maps where text belongs."""
    for name, value in data.items():
        members = value if isinstance(value, list) else [value]
        for index, member in enumerate(members):
            path = (name, index) if isinstance(value, list) else (name,)
            if isinstance(member, (dict, list)):
                hint = 'to send it as JSON text, write "{{ value | tojson }}"'
                yield path, f"a text belongs here, not {shown(member, 60)}", hint
            elif member is None and isinstance(value, list):
                yield path, "null stands alone: it takes the whole name away", "leave it out of the list"


def pairs(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rendered data as pairs, a list as several.

    Raises:
        StepError: a template gave null, or a map or list where text belongs.
    """
    return [
        (name, scalar_text(member, name))
        for name, value in data.items()
        for member in (value if isinstance(value, list) else [value])
    ]


def scalar_text(value: Any, name: str) -> str:
    """A text, number or boolean as text, `true` as `true`.

    Raises:
        StepError: it is null, a map or a list.
    """
    if isinstance(value, str):
        return value
    if value is None:
        hint = "a literal null takes the name away; a template that may be null needs `default('…')`"
        raise StepError(f"the template of `{name}` gives null", "template", hint=hint).under(name)
    if isinstance(value, (dict, list)):
        hint = "to send it as JSON text, add the filter `tojson`"
        raise StepError(f"`{name}` must be a text, not {shown(value, 60)}", "template", hint=hint).under(name)
    return json_text(value)
