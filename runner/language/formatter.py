"""Formats workflow files; keeps comments, the order of keys and the quotes that matter. The only importer of ruamel.yaml."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..model.errors import DocumentPath, Place, Problem, RunflowError, WorkflowError
from .source import Marks
from .yaml import load_yaml, marks_of

WIDTH = 160
"""Columns. A longer map or list in braces is written on several lines; texts are never broken."""

_COMMENT = re.compile(r"(?:^|\s)(#.*)$", re.MULTILINE)
_BLANK = re.compile(r"\n{3,}")
_ROUNDS = 4
_MISSING = "`runflow fmt` needs the extra `fmt`"


def formatted(content: bytes, file: str) -> str:
    """Format a file. The result means the same, and formatting it again changes nothing.

    Args:
        content: The file's bytes.
        file: Its name, for messages.

    Raises:
        WorkflowError: it is not valid YAML, or it cannot be formatted without a loss.
        RunflowError: ruamel.yaml is not installed.
    """
    problems: list[Problem] = []
    data, source = load_yaml(content, file, problems)
    if problems:
        raise WorkflowError(problems)
    text = source.text.replace("\r\n", "\n").replace("\r", "\n")
    before = text
    for _ in range(_ROUNDS):
        after = _dumped(before, file)
        if after == before:
            break
        before = after
    else:
        raise _refused(file, "formatting it again changes it again")
    if load_yaml(after.encode(), file, [])[0] != data:
        raise _refused(file, "its meaning would change")
    if _comments(after) != _comments(text):
        raise _refused(file, "a comment would be lost")
    return after


def _refused(file: str, why: str) -> WorkflowError:
    hint = "the file is unchanged; please report this, with the file"
    return WorkflowError([Problem(f"the file cannot be formatted: {why}", Place(file, unread=True), hint)])


def _comments(text: str) -> Counter[str]:
    return Counter(comment.rstrip() for comment in _COMMENT.findall(text))


def _dumped(text: str, file: str) -> str:
    yaml, stream = _yaml(), io.StringIO()
    try:
        tree = yaml.load(text)
        for path in _too_wide(text):
            _at(tree, path).fa.set_block_style()
        yaml.dump(tree, stream)
    except Exception as error:  # noqa: BLE001  # ruamel.yaml raises exceptions of many types
        raise _refused(file, str(error).split("\n", 1)[0] or type(error).__name__) from None
    written = stream.getvalue()
    fewer = _BLANK.sub("\n\n", written).strip("\n") + "\n"
    if fewer != written and load_yaml(fewer.encode(), file, [])[0] == load_yaml(written.encode(), file, [])[0]:
        return fewer  # otherwise a block text contains the empty lines
    return written


def _too_wide(text: str) -> list[DocumentPath]:
    """The outermost maps and lists in braces that begin in a line that is too long."""
    lines = text.splitlines()
    marks = marks_of(text)
    return [] if marks is None else list(_wide_below(marks, (), lines))


def _wide_below(marks: Marks, path: DocumentPath, lines: list[str]) -> Iterator[DocumentPath]:
    span = marks.span
    if marks.members and lines[span.line][span.column] in "{[":
        if len(lines[span.line]) > WIDTH and not lines[span.line].lstrip().startswith("#"):
            yield path
        return
    for name, (_, below) in (marks.members or {}).items():
        yield from _wide_below(below, (*path, name), lines)


def _at(tree: Any, path: DocumentPath) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _yaml() -> Any:
    """The library, set up to treat every plain scalar as text: only our loader decides what it means."""
    # only for `fmt`, and an extra
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415  # see above
        from ruamel.yaml.emitter import Emitter  # noqa: PLC0415  # see above
        from ruamel.yaml.events import MappingEndEvent  # noqa: PLC0415  # see above
        from ruamel.yaml.nodes import ScalarNode  # noqa: PLC0415  # see above
        from ruamel.yaml.representer import RoundTripRepresenter  # noqa: PLC0415  # see above
        from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415  # see above
        from ruamel.yaml.scalarstring import SingleQuotedScalarString  # noqa: PLC0415  # see above
        from ruamel.yaml.tag import Tag  # noqa: PLC0415  # see above
    except ImportError:
        raise RunflowError(_MISSING, hint="pip install 'runflow-http[fmt]'") from None

    class Texts(VersionedResolver):
        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is ScalarNode and implicit[0]:
                return self.DEFAULT_SCALAR_TAG if value else Tag(suffix="tag:yaml.org,2002:null")
            return super().resolve(kind, value, implicit)

    class Quotes(RoundTripRepresenter):
        def single(self, text: Any) -> Any:
            style = "'" if '"' in text or "\\" in text or not text.isprintable() else '"'
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style, anchor=text.yaml_anchor(any=True))

    Quotes.add_representer(SingleQuotedScalarString, Quotes.single)

    class Lines(Emitter):
        def write_double_quoted(self, text: Any, split: Any = True) -> None:
            self.allow_unicode = text.replace("\n", "").replace("\t", "").isprintable()  # otherwise it stays escaped
            super().write_double_quoted(text, split)
            self.allow_unicode = True

        def expect_first_flow_mapping_key(self) -> None:
            if self.flow_context[-1] == "{" and not isinstance(self.event, MappingEndEvent):
                self.stream.write(" ")
                self.column += 1
            super().expect_first_flow_mapping_key()

        def expect_flow_mapping_key(self) -> None:
            self.flow_map_end = " }"
            super().expect_flow_mapping_key()
            self.flow_map_end = "}"

    yaml = YAML(typ="rt")
    yaml.Resolver, yaml.Representer, yaml.Emitter = Texts, Quotes, Lines
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 10**9  # when it breaks lines itself, it leaves spaces at their ends
    yaml.preserve_quotes = yaml.allow_unicode = yaml.brace_single_entry_mapping_in_flow_sequence = True
    return yaml
