"""Maps document paths to lines and columns of the file, with the marks that the YAML loader leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..model.errors import DocumentPath, Place
from ..model.results import Where
from ..model.wording import cut


class Span(NamedTuple):
    """A range of text. Lines and columns count from 0."""

    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def empty(self) -> bool:
        """Whether nothing is written there (`json:` with nothing after it)."""
        return (self.line, self.column) == (self.end_line, self.end_column)


class Marks(NamedTuple):
    """The span of a value, and its members with the spans of their keys."""

    span: Span
    members: dict[str | int, tuple[Span, Marks]] | None = None


class Source:
    """The text of a file and the positions of its values.

    Marks are large and only needed to explain a failure, so they are dropped and read again from the text when needed.
    The positions of steps are kept, because reports show them for steps that passed, too.
    """

    __slots__ = ("_entries", "_lines", "_marks", "_read_marks", "file", "text")

    def __init__(self, file: str, text: str, marks: Marks | None, read_marks: Callable[[str], Marks | None]) -> None:
        self.file = file
        self.text = text
        self._marks = marks
        self._read_marks = read_marks
        self._lines: list[str] | None = None
        self._entries: dict[DocumentPath, Span] = {}

    @property
    def lines(self) -> list[str]:
        """The text's lines."""
        lines = self._lines  # another thread may drop them at any time
        if lines is None:
            self._lines = lines = self.text.splitlines()
        return lines

    def forget_marks(self) -> None:
        """Drop the marks except those of the entries of top-level lists. They are read again when needed."""
        if self._marks is not None and not self._entries:
            self._entries = {
                (key, entry): marks.span
                for key, (_, below) in (self._marks.members or {}).items()
                for entry, (_, marks) in (below.members or {}).items()
                if isinstance(entry, int)
            }
        self._marks = self._lines = None

    def _read(self) -> Marks | None:
        marks = self._marks  # another thread may drop them at any time
        if marks is None:
            self._marks = marks = self._read_marks(self.text)
        return marks

    def _find(self, path: DocumentPath) -> tuple[Span, Marks] | None:
        """The span of the key and the marks of the value at the deepest part of the path that exists."""
        marks = self._read()
        if marks is None:
            return None
        found = (marks.span, marks)
        for step in path:
            members = found[1].members
            if members is None or step not in members:
                break
            found = members[step]
        return found

    def path_at(self, line: int, column: int) -> DocumentPath:
        """The path of the innermost value at a position: the last one that begins before it. Line and column count from 0."""
        marks = self._read()
        path: DocumentPath = ()
        while marks is not None and marks.members:
            candidates = [each for each in marks.members.items() if each[1][0][:2] <= (line, column)]
            if not candidates:
                break
            name, (key, below) = max(candidates, key=lambda each: each[1][0][:2])
            path = (*path, name)
            marks = below if below.span[:2] >= key[:2] else None  # the value of an alias is at another place
        return path

    def span(self, path: DocumentPath, *, on_key: bool = False) -> Span | None:
        """The span of a value, or of its key; if it does not exist, of the nearest value above it."""
        if not on_key and path in self._entries:
            return self._entries[path]
        found = self._find(path)
        if found is None:
            return None
        key, marks = found
        return key if on_key else marks.span

    def is_empty(self, path: DocumentPath) -> bool:
        """Whether the key has nothing after it."""
        found = self._find(path)
        return found is not None and found[1].span.empty

    def cut_by_comment(self, path: DocumentPath) -> bool:
        """Whether a ` #` follows the value: the rest of the line is a comment, and may have been meant as a part of the value."""
        span = self.span(path)
        if span is None:
            return False
        lines = self.lines
        rest = lines[span.end_line][span.end_column :] if span.end_line < len(lines) else ""
        return rest.lstrip().startswith("#")

    def where(self, place: Place, *, around: int = 2) -> Where:
        """The place as line and column, with the lines around it."""
        lines = self.lines
        if place.line is not None:
            line, column, width = place.line - 1, (place.column or 1) - 1, place.width
        else:
            span = self.span(place.path, on_key=place.on_key) or Span(0, 0, 0, 0)
            line, column = span.line, span.column
            text = lines[line] if line < len(lines) else ""
            end = span.end_column if span.end_line == line else len(text.rstrip())
            width = max(end - column, 1)
        first, last = max(line - around, 0), min(line + around, len(lines) - 1)
        excerpt = tuple((number + 1, cut(lines[number], 300)) for number in range(first, last + 1))
        if any(text.count("\0") > 2 for _, text in excerpt):
            excerpt = ()  # the file is binary
        return Where(self.file, line + 1, column + 1, width, excerpt)
