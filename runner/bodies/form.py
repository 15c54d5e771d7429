"""`form:` names and values, a list for several (application/x-www-form-urlencoded, WHATWG URL §5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlencode

from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile
from ..model.pairs import check_pairs, pairs


class FormBody:
    """A form body."""

    name: ClassVar[str] = "form"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Texts, numbers, booleans, or lists of them."""
        yield from check_pairs(data)
        for name, value in data.items():
            if value is None:
                yield (name,), "a form field cannot be null", "remove the field, or write an empty text"

    def files(self, _: Any, /) -> Iterable[NamedFile]:
        """None."""
        return ()

    def encode(self, data: Any, _: ReadFile, /) -> Encoded:
        """Spaces as +."""
        return Encoded(urlencode(pairs(data)).encode("ascii"), "application/x-www-form-urlencoded")
