"""`json:` any value, sent compact, in UTF-8, in the file's order (RFC 8259)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import StepError
from ..model.kinds import Encoded, Mistake, ReadFile


def encode_json(data: Any) -> bytes:
    """Compact JSON in UTF-8.

    Raises:
        StepError: JSON has no form for it.
    """
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise StepError(f"the value has no form in JSON: {error}", "template") from None


class JsonBody:
    """A JSON body."""

    name: ClassVar[str] = "json"

    def check(self, _: Any, /) -> Iterable[Mistake]:
        """Any value will do."""
        return ()

    def encode(self, data: Any, _: ReadFile, /) -> Encoded:
        """Compact."""
        return Encoded(encode_json(data), "application/json")
