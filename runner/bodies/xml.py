"""`xml:` a text sent as XML (RFC 7303)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile


class XmlBody:
    """An XML body."""

    name: ClassVar[str] = "xml"

    def check(self, _: Any, /) -> Iterable[Mistake]:
        """Every text is valid: tests may send invalid XML on purpose."""
        return ()

    def files(self, _: Any, /) -> Iterable[NamedFile]:
        """None."""
        return ()

    def encode(self, data: Any, _: ReadFile, /) -> Encoded:
        """As UTF-8."""
        return Encoded(str(data).encode("utf-8"), "application/xml; charset=utf-8")
