"""`body`, `size`, `sha256`, `hex`: the decoded body as text, its number of bytes, its digest, its bytes in hex."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from ..model.answer import Answer
from .final_response import Fact


class BodySelector(Fact):
    """The body as text."""

    name: ClassVar[str] = "body"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = (
        "the decoded body as text; its charset is that of the header, otherwise UTF-8; bytes that are not valid are an error"
    )

    def fact(self, answer: Answer, /) -> str:
        """Raises StepError if the bytes are not valid in the charset."""
        return answer.text


class SizeSelector(Fact):
    """The body's length."""

    name = "size"
    summary = "the number of bytes of the decoded body; can be compared with sizes: `{ lt: 10kB }`"

    def fact(self, answer: Answer, /) -> int:
        """Bytes."""
        return len(answer.require_response().body)


class Sha256Selector(Fact):
    """The body's digest."""

    name = "sha256"
    text = True
    summary = "the SHA-256 of the decoded body, in hex"

    def fact(self, answer: Answer, /) -> Any:
        """64 hex digits."""
        return hashlib.sha256(answer.require_response().body).hexdigest()


class HexSelector(Fact):
    """The body's bytes."""

    name = "hex"
    text = True
    summary = "the bytes of the decoded body, in hex"

    def fact(self, answer: Answer, /) -> str:
        """Two digits a byte."""
        return answer.require_response().body.hex()
