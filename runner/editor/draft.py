"""Reads a text that is being edited, as far as possible, and finds what is at the cursor. Independent of the protocol."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

from ..language.source import Source
from ..language.yaml import load_yaml
from ..model.errors import DocumentPath, WorkflowError
from ..model.json_types import JSON

_KEY = re.compile(r"(\s*(?:- +)*(?:\"[^\"]*\"|'[^']*'|[^\s\"'{\[#-][^:#]*):)(?:\s|$)")
_ENTRY = re.compile(r"(\s*(?:- +)*-)(?:\s|$)")
_WORD = re.compile(r"[^\W\d]\w*")
_BARE = ("if", "abort_if", "when")
_LISTS_OF_BARE = ("assert",)


class Draft(NamedTuple):
    """The readable part of a text."""

    data: JSON
    source: Source


def read(text: str, line: int) -> Draft | None:
    """Read a text; if that fails, without what follows the key on one line (counted from 0), which may be incomplete. None if that fails too."""
    lines = text.split("\n")
    attempts = [text]
    if line < len(lines):
        attempts += ["\n".join([*lines[:line], each, *lines[line + 1 :]]) for each in _emptied(lines[line])]
    for attempt in attempts:
        with suppress(WorkflowError):
            return Draft(*load_yaml(attempt.encode(), "", []))
    return None


def _emptied(line: str) -> list[str]:
    found = _KEY.match(line) or _ENTRY.match(line)
    return [f'{found[1]} ""', ""] if found else [""]


class Cursor(NamedTuple):
    """The text at the cursor.

    Attributes:
        word: The name at the cursor, or the part of it that is written.
        begin: The column where it begins, from 0.
        before: The expression up to the word; None outside of expressions.
        path: The path of the value in the document that the cursor is in.
        bare: The expression is written without braces.
    """

    word: str
    begin: int
    before: str | None
    path: DocumentPath
    bare: bool

    @property
    def is_filter(self) -> bool:
        """Whether a filter is expected."""
        return self.before is not None and self.before.rstrip().endswith("|")

    @property
    def owner(self) -> str | None:
        """The name whose member is expected, or None."""
        found = re.search(r"([^\W\d]\w*)\.$", (self.before or "").rstrip())
        return found[1] if found else None

    @property
    def is_name(self) -> bool:
        """Whether a variable or a function is expected."""
        return self.before is not None and not self.is_filter and not self.before.rstrip().endswith(".")


def cursor_at(text: str, draft: Draft, line: int, column: int) -> Cursor:
    """The text at a line and column, both from 0."""
    lines = text.split("\n")
    here = lines[line] if line < len(lines) else ""
    column = min(column, len(here))
    word = next((each for each in _WORD.finditer(here) if each.start() <= column <= each.end()), None)
    begin = word.start() if word else column
    path = draft.source.path_at(line, column)
    before = "\n".join([*lines[:line], here[:begin]])
    opened, closed = max(before.rfind("{{"), before.rfind("{%")), max(before.rfind("}}"), before.rfind("%}"))
    bare = _is_bare(path) and opened <= closed
    expression = before[opened + 2 :] if opened > closed else _after_key(here[:begin]) if bare else None
    return Cursor(word[0] if word else "", begin, expression, path, bare)


def _is_bare(path: DocumentPath) -> bool:
    return bool({*path[-1:]} & {*_BARE, *_LISTS_OF_BARE} or {*path[-2:-1]} & {*_LISTS_OF_BARE})


def _after_key(text: str) -> str:
    found = _KEY.match(text) or _ENTRY.match(text)
    return text[found.end() :] if found else text
