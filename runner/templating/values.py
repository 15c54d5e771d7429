"""Compiles the values of a document: literals, texts with variables, whole trees. Imports Jinja only where it is needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import ModuleType
from urllib.parse import quote

from ..model.errors import DocumentPath, StepError
from ..model.json_types import JSON
from ..model.kinds import Names, Value
from ..model.wording import cut, json_text, json_type
from .names import FUNCTIONS, NONE, RESERVED, TemplateProblem, undefined
from .text import as_text, joined_url

_BRACES = re.compile(r"\{\{|\{%")
_PLAIN = re.compile(r"\{\{\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*\}\}", re.ASCII)


class Literal:
    """A value without templates."""

    __slots__ = ("value",)
    literal = True
    names = needed = env = NONE

    def __init__(self, value: JSON) -> None:
        self.value = value

    def render(self, _: Names, /) -> JSON:
        """The value itself, not a copy."""
        return self.value


class Plain:
    """One variable, or a member of it: `{{ name }}`, `{{ env.NAME }}`, `{{ order.id }}`."""

    __slots__ = ("env", "head", "names", "needed", "tail", "text")
    literal = False

    def __init__(self, text: str, head: str, tail: tuple[str, ...]) -> None:
        self.text = text
        self.head = head
        self.tail = tail
        self.names = self.needed = frozenset((head,))
        self.env = frozenset(tail[:1]) if head == "env" else NONE

    def render(self, names: Names, /) -> JSON:
        """The value with its type; if it is missing, Jinja's look-up explains why."""
        try:
            value: JSON = names[self.head]
            for step in self.tail:
                if not isinstance(value, Mapping):
                    return _rendered_by_jinja(self.text, names)
                value = value[step]
        except KeyError:
            if self.tail and self.head in names:
                return _rendered_by_jinja(self.text, names)
            raise undefined(self.head, names) from None
        return value if not callable(value) else _rendered_by_jinja(self.text, names)


class Mixed:
    """A text with plain variables in it."""

    __slots__ = ("env", "names", "needed", "parts")
    literal = False

    def __init__(self, parts: tuple[str | Plain, ...]) -> None:
        self.parts = parts
        plain = [part for part in parts if not isinstance(part, str)]
        self.names = self.needed = frozenset(part.head for part in plain)
        self.env = frozenset().union(*(part.env for part in plain))

    def render(self, names: Names, /) -> str:
        """The text."""
        return "".join([part if isinstance(part, str) else as_text(part.render(names)) for part in self.parts])


class UrlValue:
    """A URL with plain variables: a value at its start may be a URL, every other value is data and is percent-encoded."""

    __slots__ = ("env", "names", "needed", "parts")
    literal = False

    def __init__(self, mixed: Mixed) -> None:
        self.parts = mixed.parts
        self.names, self.needed, self.env = mixed.names, mixed.needed, mixed.env

    def render(self, names: Names, /) -> str:
        """The URL. Raises StepError if a value would leave the path that the file names."""
        pieces = [part if isinstance(part, str) else as_text(part.render(names)) for part in self.parts]
        for index, part in enumerate(self.parts):
            if index and not isinstance(part, str):
                pieces[index] = quote(pieces[index], safe="")
        head = 0 if isinstance(self.parts[0], str) else 1
        return joined_url("".join(pieces[:head]), "".join(pieces[head:]))


class Tree:
    """A list or map with templates in it, keys included."""

    __slots__ = ("env", "members", "names", "needed")
    literal = False

    def __init__(self, members: list[Value] | list[tuple[Value, Value]]) -> None:
        self.members = members
        every = [part for member in members for part in (member if isinstance(member, tuple) else (member,))]
        self.names = frozenset().union(*(part.names for part in every))
        self.needed = frozenset().union(*(part.needed for part in every))
        self.env = frozenset().union(*(part.env for part in every))


class ListTree(Tree):
    """A list with templates in it."""

    __slots__ = ()
    members: list[Value]

    def render(self, names: Names, /) -> list[JSON]:
        """A new list."""
        rendered: list[JSON] = []
        for index, member in enumerate(self.members):
            try:
                rendered.append(member.render(names))
            except StepError as error:
                raise error.under(index) from None
        return rendered


class MapTree(Tree):
    """A map with templates in its values or keys."""

    __slots__ = ()
    members: list[tuple[Value, Value]]

    def render(self, names: Names, /) -> dict[str, JSON]:
        """A new map. Raises StepError if two keys become the same."""
        rendered: dict[str, JSON] = {}
        for key, member in self.members:
            written = str(key.value) if isinstance(key, Literal) else ""
            try:
                name = written if key.literal else as_text(key.render(names))
                value = member.render(names)
            except StepError as error:
                raise (error.under(written) if written else error) from None
            if name in rendered:
                raise StepError(f"two keys of this map become {name!r}", "template", hint="give each key another name")
            rendered[name] = value
        return rendered


def _jinja() -> ModuleType:
    # importing Jinja takes 35 ms, and templates that only name variables do not need it
    from . import jinja  # noqa: PLC0415  # see above

    return jinja


def _split(text: str) -> tuple[str | Plain, ...] | None:
    """The parts of a text if its templates only name variables, else None."""
    parts: list[str | Plain] = []
    position = 0
    for found in _PLAIN.finditer(text):
        if found[1] in RESERVED or found[1] in FUNCTIONS:
            return None
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(Plain(found[0], found[1], tuple(found[2].split(".")[1:])))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    if any(isinstance(part, str) and _BRACES.search(part) for part in parts):
        return None
    return tuple(parts)


def compile_text(text: str) -> Value:
    """Compile a text; one that is exactly one `{{ expression }}` keeps the type of its value.

    Raises:
        TemplateProblem: it has a syntax error.
    """
    return Literal(text) if "{{" not in text and "{%" not in text else _template(text)


def _rendered_by_jinja(text: str, names: Names) -> JSON:
    value: JSON = _jinja().template(text).render(names)
    return value


@lru_cache(maxsize=16384)
def _template(text: str) -> Value:
    parts = _split(text)
    if parts is None:
        return _jinja().template(text)  # type: ignore[no-any-return]  # the module is imported late
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Plain) else Mixed(parts)


def compile_url(text: str) -> Value:
    """Compile a URL; values in it are data and are percent-encoded.

    Raises:
        TemplateProblem: it has a syntax error.
    """
    return Literal(text) if "{{" not in text and "{%" not in text else _url(text)


@lru_cache(maxsize=16384)
def _url(text: str) -> Value:
    parts = _split(text)
    return UrlValue(Mixed(parts)) if parts is not None else _jinja().url_template(text)


@lru_cache(maxsize=16384)
def compile_expression(text: str) -> Value:
    """Compile a bare expression.

    Raises:
        TemplateProblem: it has a syntax error.
    """
    return _jinja().expression(text)  # type: ignore[no-any-return]  # the module is imported late


def expression_parts(text: str) -> Iterable[tuple[str, Value]]:
    """The parts of an expression whose values explain its result, each as text and compiled."""
    return _jinja().parts(text)  # type: ignore[no-any-return]  # the module is imported late


ReportProblem = Callable[[DocumentPath, str, str], None]
"""Takes a path below the value, a message and a hint."""


def compile_value(data: JSON, report: ReportProblem, path: DocumentPath = ()) -> Value:
    """Compile a value of the document, which may hold templates anywhere, also in keys."""
    match data:
        case str():
            try:
                return compile_text(data)
            except TemplateProblem as problem:
                report(path, problem.message, problem.hint)
                return Literal(data)
        case list():
            items = [compile_value(member, report, (*path, index)) for index, member in enumerate(data)]
            return Literal(data) if all(item.literal for item in items) else ListTree(items)
        case dict():
            pairs = [
                (compile_value(key, report, (*path, key)), compile_value(member, report, (*path, key)))
                for key, member in data.items()
            ]
            return Literal(data) if all(k.literal and v.literal for k, v in pairs) else MapTree(pairs)
        case _:
            return Literal(data)


def boolean(value: JSON, what: str) -> bool:
    """The value of a condition.

    Args:
        value: The rendered value.
        what: The condition in words, for the message.

    Raises:
        StepError: it is not true or false.
    """
    if value is True or value is False:
        return value
    hint = "compare the value: `x == 'yes'`, `x | length > 0`, `x is not none`"
    raise StepError(
        f"{what} is {cut(json_text(value), 80)} ({json_type(value)}), not true or false", "template", hint=hint
    )
