"""Formats the problems of files: place, excerpt with caret, message, hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..language.files import FileRefused, read_file
from ..language.source import Source
from ..language.yaml import source_of
from ..model.errors import Place, Problem
from ..model.results import Where
from .text import excerpt, one_line


def where_of(place: Place | None, sources: dict[str, Source | None]) -> Where | None:
    """A place as line and column, with the lines around it; None where the file cannot be shown.

    Args:
        place: The place.
        sources: A cache of the files that were read; it is filled.
    """
    if place is None or place.unread:
        return None
    if place.file not in sources:
        try:
            sources[place.file] = source_of(read_file(Path(place.file), place.file), place.file)
        except FileRefused:
            sources[place.file] = None
    source = sources[place.file]
    if source is None or not source.text.strip():
        return None
    return source.where(place, around=1)


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """The lines of all problems, with an empty line after each."""
    sources: dict[str, Source | None] = {}
    for problem in problems:
        where = where_of(problem.place, sources)
        at = str(where) if where else problem.place.file if problem.place else ""
        yield f"{one_line(at, 1000)}: {one_line(problem.message, 2000)}" if at else one_line(problem.message, 2000)
        if where is not None:
            yield from (f"  {line}" for line in excerpt(where))
        if problem.hint:
            yield f"  → {one_line(problem.hint, 1000)}"
        yield ""
