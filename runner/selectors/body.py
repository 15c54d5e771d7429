"""`body`, `size`, `sha256`, `hex`: the decoded body as text, number of bytes, digest, bytes in hex."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from ..model.answer import Answer
from .final_response import Fact


class BodySelector(Fact):
    """The body as text."""

    name: ClassVar[str] = "body"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "the decoded body as text, by the charset of the header, else UTF-8, strictly"

    def fact(self, answer: Answer, /) -> str:
        """Raises StepError where the bytes are not of the charset."""
        return answer.text


class SizeSelector(Fact):
    """The body's length."""

    name = "size"
    summary = "the number of bytes of the decoded body; held against sizes: `{ lt: 10kB }`"

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
