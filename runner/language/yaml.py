"""Reads strict YAML into plain data and the positions of its values. The only importer of PyYAML.

It makes one pass over libyaml's events, without recursion, so that no depth can crash it. Scalars follow the rules of JSON; keys are texts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from ..model.errors import MAX_PROBLEMS, Place, Problem, WorkflowError
from .source import Marks, Source, Span

MAX_BYTES = 4_000_000
MAX_DEPTH = 100
MAX_EXPANSION = 100_000
"""The number of values to which all aliases together may expand."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TEMPLATE = re.compile(r"\{\{[^{}\n]*\}\}")
_WORDS = {"true": True, "false": False, "null": None, "": None}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTE_TEMPLATE = 'quote it: "{{ … }}" (YAML reads an unquoted {{ as the beginning of a map)'


def load_yaml(content: bytes, file: str, problems: list[Problem]) -> tuple[Any, Source]:
    """Read a document: its data, and a Source with the positions of its values.

    Args:
        content: The file's bytes: UTF-8, with or without a byte order mark.
        file: Its name, for messages.
        problems: The mistakes that do not end the reading are added here.

    Raises:
        WorkflowError: the text cannot be read to its end; has every problem found until there.
    """
    text = _decode(content, file)
    builder = _Builder(text, file)
    data, marks = builder.build()
    if not builder.complete:
        raise WorkflowError(builder.problems)
    problems += builder.problems
    return data, Source(file, text, marks, marks_of)


def source_of(content: bytes, file: str) -> Source:
    """A Source of a text that may not be valid YAML."""
    return Source(file, content.decode("utf-8", "replace").removeprefix("\ufeff"), None, marks_of)


def marks_of(text: str) -> Marks | None:
    """The positions of all values of a text, or None if it has no value."""
    return _Builder(text, "").build()[1]


def _decode(content: bytes, file: str) -> str:
    def refuse(message: str, hint: str, offset: int = 0) -> WorkflowError:
        before = content[:offset].rpartition(b"\n")[2].decode("utf-8", "replace")
        place = Place(file, line=content.count(b"\n", 0, offset) + 1, column=len(before) + 1)
        return WorkflowError([Problem(message, place, hint)])

    if len(content) > MAX_BYTES:
        hint = "move the rows of data to a file and name it: `cases: {file: rows.csv}`"
        raise refuse(f"the file has {len(content)} bytes; a workflow has at most {MAX_BYTES}", hint)
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or content[:4].count(b"\0") == 2:
        raise refuse("the file is UTF-16", "save it as UTF-8")
    nul = content.find(b"\0")
    if nul >= 0:
        raise refuse("the file is binary: it contains a NUL byte", "write the workflow as YAML in UTF-8", nul)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise refuse(message, "save the file as UTF-8", error.start) from None
    return text.removeprefix("\ufeff")


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line, start.column, end.line, end.column)


class _Frame:
    """An open map or list."""

    __slots__ = (
        "anchor",
        "data",
        "is_key",
        "key",
        "key_span",
        "keys",
        "members",
        "merges",
        "size",
        "span",
        "template_from",
    )

    def __init__(self, data: Any, span: Span, anchor: str | None, *, is_key: bool) -> None:
        self.data = data
        self.span = span
        self.anchor = anchor
        self.is_key = is_key
        self.template_from = -1
        self.members: dict[str | int, tuple[Span, Marks]] = {}
        self.key: str | None = None
        self.key_span = span
        self.keys: dict[str, int] = {}
        self.merges: list[tuple[Any, Marks]] = []
        self.size = 1


class _Builder:
    """Builds data and marks from events, with a stack instead of recursion."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Any, Marks, int]] = {}
        self.open_anchors: set[str] = set()
        self.stack: list[_Frame] = []
        self.expanded = 0
        self.result: tuple[Any, Marks | None] = (None, None)
        self.complete = True

    def problem(self, message: str, span: Span, hint: str = "") -> None:
        self.note(Problem(message, Place(self.file, line=span.line + 1, column=span.column + 1), hint))

    def note(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def build(self) -> tuple[Any, Marks | None]:
        documents = 0
        try:
            for event in self._events():
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self.problem("a second document begins here", _span(event), "a file holds one workflow")
                        break
                elif not self._take(event):
                    self.complete = False
                    break
        except yaml.YAMLError as error:
            self.complete = False
            self._syntax(error)
        return self.result

    def _events(self) -> Iterator[Any]:
        return yaml.parse(self.text, Loader=_LOADER)

    def _take(self, event: Any) -> bool:
        """Process one event. Returns False if reading must end."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            return self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        return True

    def _refuse_tag(self, event: Any, span: Span) -> None:
        if event.tag is not None:
            self.problem(
                f"tags are not part of the language: {event.tag}", span, 'quote a text that begins with !: "!…"'
            )

    def _scalar(self, event: Any) -> None:
        span = _span(event)
        if event.tag is not None and event.tag != "!":
            self._refuse_tag(event, span)
        if self._key_is_next():
            self._key(self.stack[-1], sys.intern(event.value), span, plain=event.implicit[0])
            return
        value: Any = event.value
        if event.implicit[0]:
            value = self._resolved(value, span)
        self._add(value, Marks(span), event.anchor, 1)

    def _resolved(self, text: str, span: Span) -> Any:
        """The value of a plain scalar: a number, true, false or null as in JSON, otherwise a text."""
        if text in _WORDS:
            return _WORDS[text]
        number = _NUMBER.fullmatch(text)
        if number is None:
            return text
        try:
            value = float(text) if number[1] or number[2] else int(text)
        except ValueError:
            value = float("inf")
        if value in (float("inf"), float("-inf")):
            self.problem("the number is too large", span, "quote it to make it a text")
        return value

    def _key(self, frame: _Frame, key: str, span: Span, *, plain: bool) -> None:
        if key == "<<" and plain:
            frame.key, frame.key_span = key, span
            return
        if key in frame.keys:
            message = f"the key '{key}' occurs twice: lines {frame.keys[key] + 1} and {span.line + 1}"
            self.problem(message, span, "remove one of them")
        frame.keys[key] = span.line
        frame.key, frame.key_span = key, span

    def _open(self, event: Any) -> bool:
        span = _span(event)
        self._refuse_tag(event, span)
        if len(self.stack) >= MAX_DEPTH:
            self._too_deep(span)
            return False
        as_key = self._key_is_next()
        if as_key and not self._unquoted_template(event):
            return False
        data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Frame(data, span, event.anchor, is_key=as_key))
        if event.anchor:
            self.open_anchors.add(event.anchor)
        return True

    def _key_is_next(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].data, dict) and self.stack[-1].key is None

    def _unquoted_template(self, event: Any) -> bool:
        """Handle a map as a key: an unquoted `{{ x }}` is read as the text that was meant; anything else ends the reading."""
        outer, start = self.stack[-1], event.start_mark.index
        if self.text[start - 1 : start + 1] == "{{":
            written = _TEMPLATE.match(self.text, start - 1)
            place = Place(
                self.file,
                line=outer.span.line + 1,
                column=outer.span.column + 1,
                width=len(written[0]) if written else 1,
            )
            instead = f'"{written[0]}"' if written and '"' not in written[0] and "\\" not in written[0] else ""
            self.note(Problem("a template must be quoted", place, _QUOTE_TEMPLATE, instead))
            outer.template_from = start - 1
            return True
        hint = "quote a key that begins with [ or {"
        self.problem("a key is a map or a list, not a text", _span(event), hint)
        return False

    def _close(self, event: Any) -> None:
        frame = self.stack.pop()
        end = event.end_mark
        span = Span(frame.span.line, frame.span.column, end.line, end.column)
        if frame.anchor:
            self.open_anchors.discard(frame.anchor)
        if frame.is_key:
            self.stack[-1].key, self.stack[-1].key_span = "{{", span
            return
        if frame.template_from >= 0:
            self._add(self.text[frame.template_from : end.index], Marks(span), None, 1)
            return
        for data, marks in frame.merges:
            for name, value in data.items():
                if name not in frame.data:
                    frame.data[name] = value
                    frame.members[name] = (marks.members or {})[name]
        self._add(frame.data, Marks(span, frame.members), frame.anchor, frame.size)

    def _alias(self, event: Any) -> bool:
        span = _span(event)
        if event.anchor in self.open_anchors:
            self.problem(
                f"the alias *{event.anchor} contains itself", span, "use the alias after the end of its anchor"
            )
            return False
        if event.anchor not in self.anchors:
            self.problem(
                f"the anchor &{event.anchor} is not defined above this alias",
                span,
                "define the anchor above, under an x-… key",
            )
            return False
        value, marks, size = self.anchors[event.anchor]
        self.expanded += size
        if self.expanded > MAX_EXPANSION:
            self.problem(
                f"aliases expand to more than {MAX_EXPANSION} values",
                span,
                "use fewer aliases: write the values instead",
            )
            return False
        self._add(value, Marks(span, marks.members), None, size)
        return True

    def _add(self, value: Any, marks: Marks, anchor: str | None, size: int) -> None:
        if anchor:
            self.anchors[anchor] = (value, marks, size)
        if not self.stack:
            self.result = (value, marks)
            return
        frame = self.stack[-1]
        frame.size += size
        if isinstance(frame.data, list):
            frame.members[len(frame.data)] = (marks.span, marks)
            frame.data.append(value)
            return
        key, frame.key = frame.key, None
        if key == "<<" and frame.key_span is not None and "<<" not in frame.keys:
            self._merge(frame, value, marks)
        elif key is not None:
            frame.data[key] = value
            frame.members[key] = (frame.key_span, marks)

    def _merge(self, frame: _Frame, value: Any, marks: Marks) -> None:
        every = value if isinstance(value, list) else [value]
        if not all(isinstance(member, dict) for member in every):
            self.problem("<< merges a map, or a list of maps", marks.span, "write <<: *name of an anchored map")
            return
        for index, member in enumerate(every):
            part = (marks.members or {})[index][1] if isinstance(value, list) else marks
            frame.merges.append((member, part))

    def _too_deep(self, span: Span) -> None:
        self.problem(f"nested more than {MAX_DEPTH} levels deep", span, "flatten the document")

    def _syntax(self, error: yaml.YAMLError) -> None:
        context = getattr(error, "context", None)
        mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
        unclosed = context == "while scanning a quoted scalar"  # libyaml looks for its end up to the end of the file
        mark = (context_mark if unclosed else mark) or context_mark
        reason = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        line, column = (mark.line, mark.column) if mark else (0, 0)
        lines = self.text.splitlines() or [""]
        line = min(line, len(lines) - 1)
        message = f"this is not valid YAML: {reason}" + (f" ({context})" if context else "")
        if any(known.place and known.place.line == line + 1 for known in self.problems):
            return  # the mistake in this line is reported already
        if "nesting depth" in reason:  # newer versions of libyaml have a limit of their own
            self._too_deep(Span(line, column, line, column))
            return
        before = lines[max(line - 1, 0)]
        near = lines[line] if lines[line].strip() or line == 0 else before
        if unclosed:
            hint = "close the quote that opens here"
        elif line and _UNCLOSED.match(before[:300]):
            hint = "close the quote that opens in the line above"
        else:
            hint = accident_hint(near, before)
        self.problem(message, Span(line, column, line, column), hint)


_UNCLOSED = re.compile(r"""\s*(?:-\s+)?(?:[^'"\s][^'"]*:\s+)?(?:'[^']*|"[^"]*)$""")
"""A line whose value begins with a quote and has no closing one."""

_ACCIDENTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:^\s*-\s+|:\s+)\{\{"), _QUOTE_TEMPLATE),
    (re.compile(r"(?:^\s*-\s+|:\s+)>\s*=?\s*[\w\"']"), "quote a text that begins with > (YAML reads it as the beginning of a block text)"),
    (re.compile(r"(?:^\s*-\s+|:\s+)[!%@`]"), "quote a text that begins with !, %, @ or `"),
    (re.compile(r"^\s*-\s+(['\"]).*\1\s*\S"), "quote the whole item: a text that begins with a quote ends at the next one"),
    (re.compile(r"\{.*(?:\$[^,}]*\[|\bmatches\b|\bregex\b)"),
     "inside { } the characters [ ] { } and , have a meaning; quote the selector or pattern, or write the map as a block"),
    (re.compile(r"(?:-|:)\s+\[.*\w\["),
     "inside [ ] the characters [ ] { } and , have a meaning; quote the expression, or write each entry on its own line"),
    (re.compile(r"\t"), "indent with spaces, not with tabs"),
    (re.compile(r":\s+\S+.*:\s"), "quote a text that contains `: `"),
)  # fmt: skip


def accident_hint(*lines: str) -> str:
    """A hint for the usual mistake that a line of invalid YAML shows, or a general hint."""
    for line in (text[:300] for text in lines):  # a hostile line is long, and the patterns may backtrack
        for pattern, hint in _ACCIDENTS:
            if pattern.search(line):
                return hint
    return "check the indentation and the quotes of this line and the one above"
