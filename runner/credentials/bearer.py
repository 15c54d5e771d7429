"""`bearer:` a token in the Authorization header (RFC 6750 §2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import InvalidArgument
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text


class BearerCredential:
    """A bearer token."""

    name: ClassVar[str] = "bearer"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Whether the token is empty."""
        if not data:
            yield (), "the token is empty", ""

    def attach(self, data: Any, /) -> Attachment:
        """`Authorization: Bearer …`."""
        token = scalar_text(data, "bearer")
        if not token:
            raise InvalidArgument("the token is empty")
        return Attachment(headers=(("Authorization", f"Bearer {token}"),), secrets=(token,))
