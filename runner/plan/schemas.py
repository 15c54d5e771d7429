"""Compiles the argument of `schema`: reads the files that it names, and makes one schema that needs no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from ..language.files import FileRefused
from ..model.answer import read_json
from ..model.errors import DocumentPath
from ..model.json_types import JSON
from .context import Context

_DATA = frozenset({"const", "default", "enum", "examples"})
"""Keywords of JSON Schema whose values are data, and hold no schema."""


class SchemaCompiler:
    """Compiles the schemas of one file."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def compile(self, data: Any, path: DocumentPath) -> JSON:
        """Compile an inline schema, or the one in the file that it names; a schema holds no templates.

        Returns:
            A schema without references to other files, or None with the problem noted.
        """
        folder = self.context.path.parent
        if not isinstance(data, dict) or set(data) != {"file"} or not isinstance(data["file"], str):
            return _Bundle(self.context, path).of(data, folder)
        path = (*path, "file")
        bundle = _Bundle(self.context, path)
        number = bundle.file(data["file"], folder)
        return None if number is None else bundle.whole(number)


class _Bundle:
    """A schema with the files that its `$ref` lead to, each under a URI of its own."""

    def __init__(self, context: Context, path: DocumentPath) -> None:
        self._context = context
        self._path = path
        self._numbers: dict[Path, int | None] = {}
        self._documents: list[Any] = []

    def of(self, schema: Any, folder: Path) -> JSON:
        """An inline schema with what it refers to."""
        self._documents.append(schema)
        self._documents[0] = self._rewritten(schema, folder)
        return self.whole(0)

    def file(self, name: str, folder: Path) -> int | None:
        """Read a file: its number, or None with the problem noted."""
        files = self._context.settings.files
        try:
            path = files.resolve(name, folder)
            if path in self._numbers:
                return self._numbers[path]
            self._numbers[path] = None
            content = files.read(name, folder)
        except FileRefused as error:
            self._context.problem(self._path, error.message, error.hint)
            return None
        try:
            document = read_json(content.decode("utf-8"))
        except ValueError as error:
            self._context.problem(self._path, f"{name} is not JSON: {error}")
            return None
        number = len(self._documents)
        self._numbers[path] = number
        self._documents.append(document)
        self._documents[number] = self._rewritten(document, path.parent)
        return number

    def whole(self, number: int) -> JSON:
        """One schema that holds all documents."""
        if len(self._documents) == 1:
            found: JSON = self._documents[0]
            return found
        named: dict[str, JSON] = {
            _uri(index): {**document, "$id": _uri(index)} if isinstance(document, dict) else document
            for index, document in enumerate(self._documents)
        }
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": _uri(number), "$defs": named}

    def _rewritten(self, schema: Any, folder: Path) -> Any:
        """The schema with each reference to a file replaced by the URI of that file here."""
        if isinstance(schema, list):
            return [self._rewritten(member, folder) for member in schema]
        if not isinstance(schema, dict):
            return schema
        return {
            key: self._reference(member, folder)
            if key == "$ref" and isinstance(member, str)
            else (member if key in _DATA else self._rewritten(member, folder))
            for key, member in schema.items()
        }

    def _reference(self, reference: str, folder: Path) -> str:
        file, fragment = urldefrag(reference)
        if not file or urlsplit(file).scheme:
            return reference
        number = self.file(unquote(file), folder)
        return reference if number is None else f"{_uri(number)}#{fragment}"


def _uri(number: int) -> str:
    return f"urn:runflow:schema:{number}"
