"""What can be written at a place of a workflow, and what a name there means. Knows no protocol."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from ..model.errors import DocumentPath
from ..model.wording import seconds_text, shown
from ..templating.reference_text import FUNCTIONS_PROSE, filters_prose
from .draft import Cursor
from .names import Given, credentials, known_at

RESPONSE = {
    "status": "the status of the answer, a number",
    "headers": "its headers, by name in any case",
    "json": "its JSON body",
    "body": "its body as text",
    "url": "the URL that answered",
    "duration": "seconds from the request to the end of the answer",
}
Kind = Literal["variable", "function", "field", "constant"]


class Suggestion(NamedTuple):
    """Something that can be written.

    Attributes:
        what: In a line.
    """

    name: str
    kind: Kind
    what: str


def suggestions(cursor: Cursor, data: Any, elsewhere: Iterable[Given]) -> list[Suggestion]:
    """What can be written where the cursor stands; nothing outside of templates and expressions."""
    if cursor.path[-1:] == ("auth",) and cursor.before is None:
        return [Suggestion(name, "constant", "a credential of this file") for name in credentials(data)]
    if cursor.is_filter:
        return [Suggestion(name, "function", what) for name, what in filters_prose().items()]
    if cursor.owner == "env":
        return [Suggestion(name, "constant", "an environment variable, set here") for name in sorted(os.environ)]
    if cursor.owner == "response" and cursor.bare:
        return [Suggestion(name, "field", what) for name, what in RESPONSE.items()]
    if not cursor.is_name:
        return []
    known = {each.name: Suggestion(each.name, "variable", each.what) for each in known_at(data, cursor.path, elsewhere)}
    functions = [Suggestion(name, "function", f"{call}: {what}") for name, (call, what) in functions_prose().items()]
    answer = [Suggestion("response", "variable", "the answer: status, headers, json, …")] if cursor.bare else []
    return [*known.values(), *answer, *functions]


def functions_prose() -> dict[str, tuple[str, str]]:
    """Name to how it is called and what it gives."""
    return {call.partition("(")[0].partition(".")[0]: (call, what) for call, what in FUNCTIONS_PROSE.items()}


def givers(cursor: Cursor, data: Any, elsewhere: Iterable[Given]) -> list[Given]:
    """Who gives the name under the cursor its value there; several where the later ones may not run."""
    if not (cursor.is_name or cursor.path[:1] == ("secrets",) or _is_key(cursor)):
        return []
    found: list[Given] = []
    for each in reversed(known_at(data, () if _is_key(cursor) else cursor.path, elsewhere)):
        if each.name == cursor.word and (not _is_key(cursor) or each.path == cursor.path[: len(each.path)]):
            found.append(each)
            if not each.sometimes:
                break
    return found


def _is_key(cursor: Cursor) -> bool:
    """The cursor stands where a name gets its value."""
    return (
        cursor.before is None and cursor.word in cursor.path and not {"extract", "set", "vars"}.isdisjoint(cursor.path)
    )


def place_named(cursor: Cursor, data: Any) -> DocumentPath | None:
    """Where the credential under the cursor stands."""
    return credentials(data).get(cursor.word) if cursor.path[-1:] == ("auth",) and cursor.before is None else None


def explained(cursor: Cursor, found: list[Given], lines: list[str]) -> str:
    """What stands under the cursor, as Markdown; "" where nothing is known of it.

    Args:
        cursor: Where.
        found: Who gives its value.
        lines: What it was worth, if that is known.
    """
    if found:
        return "\n\n".join([f"`{cursor.word}` — {', or '.join(each.what for each in found)}", *lines])
    if cursor.is_filter:
        return f"`{cursor.word}` — {what}" if (what := filters_prose().get(cursor.word)) else ""
    if cursor.owner == "env":
        return f"`env.{cursor.word}` — an environment variable, {'set' if cursor.word in os.environ else 'not set'} in this editor's"
    if cursor.owner == "response":
        return f"`response.{cursor.word}` — {RESPONSE[cursor.word]}" if cursor.word in RESPONSE else ""
    call, what = functions_prose().get(cursor.word, ("", "")) if cursor.is_name else ("", "")
    return f"`{call}` — {what}" if call else ""


def worth(value: Any, verdict: str, ago: float) -> str:
    """What a name was worth, as Markdown."""
    text = shown(value, 1000).replace("```", "` ` `")
    return f"In the last run ({seconds_text(ago)} ago, {verdict}):\n\n```json\n{text}\n```"
