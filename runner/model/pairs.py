"""Converts maps of texts or lists of texts (`params`, `headers`, `form`, `cookies`) to name and value pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import StepError
from .kinds import Mistake
from .wording import json_text, shown


def check_pairs(data: Mapping[str, Any]) -> Iterable[Mistake]:
    """Find the mistakes in a map of the document: values that are neither texts nor lists of texts."""
    for name, value in data.items():
        members = value if isinstance(value, list) else [value]
        for index, member in enumerate(members):
            path = (name, index) if isinstance(value, list) else (name,)
            if isinstance(member, (dict, list)):
                hint = 'to send it as JSON text, write "{{ value | tojson }}"'
                yield path, f"expected a text, not {shown(member, 60)}", hint
            elif member is None and isinstance(value, list):
                yield (
                    path,
                    "null is not allowed inside a list",
                    f"remove it from the list; `{name}: null` removes the whole name",
                )


def pairs(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rendered data as pairs of name and value; a list gives one pair for each member.

    Raises:
        StepError: a value is null, or is a map or a list where a text is expected.
    """
    return [
        (name, scalar_text(member, name))
        for name, value in data.items()
        for member in (value if isinstance(value, list) else [value])
    ]


def scalar_text(value: Any, name: str) -> str:
    """A text, a number or a boolean as text; `true` stays `true`.

    Args:
        value: The value.
        name: Its name, for the message.

    Raises:
        StepError: it is null, a map or a list.
    """
    if isinstance(value, str):
        return value
    if value is None:
        hint = (
            "to remove the name, write null without a template; else give a default: `{{ value | default('…', true) }}`"
        )
        raise StepError(f"the value of the template of `{name}` is null", "template", hint=hint).under(name)
    if isinstance(value, (dict, list)):
        hint = "to send it as JSON text, add the filter `tojson`"
        raise StepError(f"`{name}` must be a text, not {shown(value, 60)}", "template", hint=hint).under(name)
    return json_text(value)
