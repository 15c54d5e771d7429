"""`json:` any value, sent as compact UTF-8, with keys in the order of the file (RFC 8259)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import StepError
from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile


def encode_json(data: Any) -> bytes:
    """Compact JSON in UTF-8.

    Raises:
        StepError: the value cannot be written as JSON.
    """
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise StepError(f"the value cannot be written as JSON: {error}", "template") from None


class JsonBody:
    """A JSON body."""

    name: ClassVar[str] = "json"

    def check(self, _: Any, /) -> Iterable[Mistake]:
        """Every value is valid."""
        return ()

    def files(self, _: Any, /) -> Iterable[NamedFile]:
        """None."""
        return ()

    def encode(self, data: Any, _: ReadFile, /) -> Encoded:
        """Compact."""
        return Encoded(encode_json(data), "application/json")
