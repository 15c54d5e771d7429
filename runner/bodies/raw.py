"""`body:` text, or bytes from a file, Base64 or hex."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import StepError
from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile

_SOURCES = ("file", "base64", "hex")


def _decoded(source: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if source == "base64" else bytes.fromhex(text)
    except (ValueError, binascii.Error) as error:
        raise StepError(f"the text is not {'Base64' if source == 'base64' else 'hex'}: {error}", "template").under(
            source
        ) from None


class RawBody:
    """A body of text or bytes."""

    name: ClassVar[str] = "body"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """A text, or exactly one source."""
        if not isinstance(data, dict):
            return
        if len(data) != 1:
            yield (), f"a body must be a text, or have exactly one of {', '.join(_SOURCES)}", ""
        for source in ("base64", "hex"):
            text = data.get(source)
            if isinstance(text, str) and "{{" not in text:
                try:
                    _decoded(source, text)
                except StepError as error:
                    yield (source,), error.message, ""

    def files(self, data: Any, /) -> Iterable[NamedFile]:
        """That of `file`."""
        if isinstance(data, dict) and isinstance(data.get("file"), str):
            yield ("file",), data["file"]

    def encode(self, data: Any, read: ReadFile, /) -> Encoded:
        """Text as UTF-8 with a Content-Type that says so; bytes unchanged."""
        if isinstance(data, str):
            return Encoded(data.encode("utf-8"), "text/plain; charset=utf-8")
        source, value = next(iter(data.items()))
        if source == "file":
            return Encoded(read(str(value)), "application/octet-stream")
        return Encoded(_decoded(source, str(value)), "application/octet-stream")
