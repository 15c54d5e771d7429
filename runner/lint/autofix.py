"""Applies the safe edits of findings to files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..language.atomic_write import replace
from ..language.source import Source
from ..model.errors import Edit, Place
from ..model.finding import Finding


def edits_of(findings: Iterable[Finding], sources: Mapping[str, Source]) -> dict[str, list[Edit]]:
    """The edits of each file, from its end to its beginning, without overlaps."""
    found: dict[str, dict[tuple[int, int], Edit]] = {}
    for finding in findings:
        source = sources.get(finding.place.file) if finding.place is not None else None
        if finding.place is None or source is None:
            continue
        edit = finding.edit or (_in_place(finding.place, source, finding.instead) if finding.instead else None)
        if edit is not None:
            found.setdefault(finding.place.file, {}).setdefault((edit.line, edit.column), edit)
    return {file: [edits[at] for at in sorted(edits, reverse=True)] for file, edits in found.items()}


def _in_place(place: Place, source: Source, text: str) -> Edit:
    where = source.where(place, around=0)
    return Edit(where.line - 1, where.column - 1, where.line - 1, where.column - 1 + where.width, text)


def apply(file: Path, edits: Iterable[Edit]) -> None:
    """Apply edits to a file.

    Args:
        file: The file.
        edits: The edits, from the end of the file to its beginning.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    text = file.read_bytes().decode("utf-8")
    mark, newline = "\ufeff" if text.startswith("\ufeff") else "", "\r\n" if "\r\n" in text else "\n"
    lines = text.removeprefix(mark).splitlines(keepends=True)
    for edit in edits:
        lines += [""] * (edit.end_line + 1 - len(lines))
        head, tail = lines[edit.line][: edit.column], lines[edit.end_line][edit.end_column :]
        lines[edit.line : edit.end_line + 1] = [head + edit.text.replace("\n", newline) + tail]
    replace(file, "".join([mark, *lines]).encode("utf-8"))
