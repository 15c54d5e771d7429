"""Values of the document as they are rendered: literals, plain names, whole trees. Knows Jinja only as the fallback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ..model.errors import DocumentPath, StepError
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

    def __init__(self, value: Any) -> None:
        self.value = value

    def render(self, _: Names, /) -> Any:
        """The value itself, never a copy."""
        return self.value


class Plain:
    """One variable, or a member of it: `{{ name }}`, `{{ env.NAME }}`, `{{ order.id }}`."""

    __slots__ = ("_whole", "env", "head", "names", "needed", "tail", "text")
    literal = False

    def __init__(self, text: str, head: str, tail: tuple[str, ...]) -> None:
        self.text = text
        self.head = head
        self.tail = tail
        self.names = self.needed = frozenset((head,))
        self.env = frozenset(tail[:1]) if head == "env" else NONE

    def render(self, names: Names, /) -> Any:
        """The value with its type; what is not there is explained by Jinja's own look-up."""
        try:
            value = names[self.head]
            for step in self.tail:
                if not isinstance(value, Mapping):
                    return _jinja().template(self.text).render(names)
                value = value[step]
        except KeyError:
            if self.tail and self.head in names:
                return _jinja().template(self.text).render(names)
            raise undefined(self.head, names) from None
        return value if not callable(value) else _jinja().template(self.text).render(names)


class Mixed:
    """Text with plain variables in it."""

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
    """A URL with plain variables: the first value may be a URL, every other one is data and is encoded whole."""

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

    def render(self, names: Names, /) -> list[Any]:
        """A new list."""
        rendered = []
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

    def render(self, names: Names, /) -> dict[str, Any]:
        """A new map. Raises StepError where a key is no text or two keys become the same."""
        rendered: dict[str, Any] = {}
        for key, member in self.members:
            written = key.value if isinstance(key, Literal) else ""
            try:
                name = written if key.literal else as_text(key.render(names))
                value = member.render(names)
            except StepError as error:
                raise (error.under(written) if written else error) from None
            if name in rendered:
                raise StepError(f"two keys of this map become {name!r}", "template")
            rendered[name] = value
        return rendered


def _jinja() -> Any:
    # Jinja takes 35 ms to import; a run whose templates only name variables never needs it
    from . import jinja  # noqa: PLC0415  # see above

    return jinja


def _split(text: str) -> tuple[str | Plain, ...] | None:
    """The parts of a text whose templates only name variables, or None."""
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
    """A text, which may hold templates; exactly one `{{ expression }}` keeps the type of its value.

    Raises:
        TemplateProblem: it does not parse.
    """
    return Literal(text) if "{{" not in text and "{%" not in text else _template(text)


@lru_cache(maxsize=16384)
def _template(text: str) -> Value:
    parts = _split(text)
    if parts is None:
        return _jinja().template(text)  # type: ignore[no-any-return]  # the module is imported late
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Plain) else Mixed(parts)


def compile_url(text: str) -> Value:
    """A URL, which may hold templates; values in it are data and are percent-encoded.

    Raises:
        TemplateProblem: it does not parse.
    """
    return Literal(text) if "{{" not in text and "{%" not in text else _url(text)


@lru_cache(maxsize=16384)
def _url(text: str) -> Value:
    parts = _split(text)
    return UrlValue(Mixed(parts)) if parts is not None else _jinja().url_template(text)


@lru_cache(maxsize=16384)
def compile_expression(text: str) -> Value:
    """A bare expression.

    Raises:
        TemplateProblem: it does not parse.
    """
    return _jinja().expression(text)  # type: ignore[no-any-return]  # the module is imported late


def expression_parts(text: str) -> Iterable[tuple[str, Value]]:
    """The parts of an expression that a reader wants to see the values of, as text and value."""
    return _jinja().parts(text)  # type: ignore[no-any-return]  # the module is imported late


Complain = Callable[[DocumentPath, str, str], None]
"""Takes a path below the value, what is wrong there, and a hint."""


def compile_value(data: Any, complain: Complain, path: DocumentPath = ()) -> Value:
    """Any value of the document: text, number, list or map with templates anywhere in it, keys included."""
    match data:
        case str():
            try:
                return compile_text(data)
            except TemplateProblem as problem:
                complain(path, problem.message, problem.hint)
                return Literal(data)
        case list():
            items = [compile_value(member, complain, (*path, index)) for index, member in enumerate(data)]
            return Literal(data) if all(item.literal for item in items) else ListTree(items)
        case dict():
            pairs = [
                (compile_value(key, complain, (*path, key)), compile_value(member, complain, (*path, key)))
                for key, member in data.items()
            ]
            return Literal(data) if all(k.literal and v.literal for k, v in pairs) else MapTree(pairs)
        case _:
            return Literal(data)


def boolean(value: Any, what: str) -> bool:
    """A condition's value.

    Raises:
        StepError: it is not true or false.
    """
    if value is True or value is False:
        return value
    hint = "compare it with something: `x == 'yes'`, `x | length > 0`, `x is not none`"
    raise StepError(
        f"{what} gives {cut(json_text(value), 80)} ({json_type(value)}), not true or false", "template", hint=hint
    )
