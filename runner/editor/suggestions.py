"""Suggests what can be written at a place in a workflow, and explains the names there. Independent of the protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..model.errors import DocumentPath
from ..model.json_types import JSON
from ..model.wording import seconds_text, shown
from ..templating.reference_text import FUNCTIONS_PROSE, filters_prose
from .draft import Cursor
from .names import NameDefinition, credentials, names_at

RESPONSE = {
    "status": "the status code of the response, a number",
    "headers": "its headers; names in any case",
    "json": "its JSON body",
    "body": "its body as text",
    "url": "the URL of the response, after redirects",
    "duration": "seconds from the request to the end of the response",
}
Kind = Literal["variable", "function", "field", "constant"]


class Suggestion(NamedTuple):
    """A text that can be written.

    Attributes:
        what: A description on one line.
    """

    name: str
    kind: Kind
    what: str


def suggestions(cursor: Cursor, data: JSON, external: Iterable[NameDefinition]) -> list[Suggestion]:
    """The texts that can be written at the cursor; none outside of templates and expressions."""
    if cursor.path[-1:] == ("auth",) and cursor.before is None:
        return [Suggestion(name, "constant", "a credential of this file") for name in credentials(data)]
    if cursor.is_filter:
        return [Suggestion(name, "function", what) for name, what in filters_prose().items()]
    if cursor.owner == "env":
        return [Suggestion(name, "constant", "an environment variable of the editor") for name in sorted(os.environ)]
    if cursor.owner == "response" and cursor.bare:
        return [Suggestion(name, "field", what) for name, what in RESPONSE.items()]
    if not cursor.is_name:
        return []
    known = {each.name: Suggestion(each.name, "variable", each.what) for each in names_at(data, cursor.path, external)}
    functions = [Suggestion(name, "function", f"{call}: {what}") for name, (call, what) in functions_prose().items()]
    response = [Suggestion("response", "variable", "the response: status, headers, json, …")] if cursor.bare else []
    return [*known.values(), *response, *functions]


def functions_prose() -> dict[str, tuple[str, str]]:
    """How each function is called, and what it returns, by name."""
    return {call.partition("(")[0].partition(".")[0]: (call, what) for call, what in FUNCTIONS_PROSE.items()}


def definitions_of(cursor: Cursor, data: JSON, external: Iterable[NameDefinition]) -> list[NameDefinition]:
    """The definitions of the name under the cursor; several where the last ones are conditional."""
    if not (cursor.is_name or cursor.path[:1] == ("secrets",) or _is_key(cursor)):
        return []
    found: list[NameDefinition] = []
    for each in reversed(names_at(data, () if _is_key(cursor) else cursor.path, external)):
        if each.name == cursor.word and (not _is_key(cursor) or each.path == cursor.path[: len(each.path)]):
            found.append(each)
            if not each.conditional:
                break
    return found


def _is_key(cursor: Cursor) -> bool:
    """Whether the cursor is where a name is defined."""
    return (
        cursor.before is None and cursor.word in cursor.path and not {"extract", "set", "vars"}.isdisjoint(cursor.path)
    )


def credential_path(cursor: Cursor, data: JSON) -> DocumentPath | None:
    """The path of the credential under the cursor, or None."""
    return credentials(data).get(cursor.word) if cursor.path[-1:] == ("auth",) and cursor.before is None else None


def hover_text(cursor: Cursor, found: list[NameDefinition], lines: list[str]) -> str:
    """A description of the text under the cursor, as Markdown; "" if nothing is known.

    Args:
        cursor: The cursor.
        found: The definitions of the name.
        lines: Its last value, if that is known.
    """
    if found:
        return "\n\n".join([f"`{cursor.word}` — {', or '.join(each.what for each in found)}", *lines])
    if cursor.is_filter:
        return f"`{cursor.word}` — {what}" if (what := filters_prose().get(cursor.word)) else ""
    if cursor.owner == "env":
        return f"`env.{cursor.word}` — an environment variable, {'set' if cursor.word in os.environ else 'not set'} in this editor"
    if cursor.owner == "response":
        return f"`response.{cursor.word}` — {RESPONSE[cursor.word]}" if cursor.word in RESPONSE else ""
    call, what = functions_prose().get(cursor.word, ("", "")) if cursor.is_name else ("", "")
    return f"`{call}` — {what}" if call else ""


def value_text(value: JSON, verdict: str, ago: float) -> str:
    """The last value of a name, as Markdown; `ago` in seconds."""
    text = shown(value, 1000).replace("```", "` ` `")
    return f"In the last run ({seconds_text(ago)} ago, {verdict}):\n\n```json\n{text}\n```"
