"""`basic:` user and password in the Authorization header (RFC 7617)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import InvalidArgument
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text


class BasicCredential:
    """User and password."""

    name: ClassVar[str] = "basic"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """A user name holds no colon (RFC 7617 §2)."""
        if ":" in data["username"] and "{{" not in data["username"]:
            yield (
                ("username",),
                "the user name of HTTP Basic cannot contain a colon",
                "the first colon separates the user name from the password (RFC 7617 §2)",
            )

    def attach(self, data: Any, /) -> Attachment:
        """`Authorization: Basic …`."""
        username, password = scalar_text(data["username"], "username"), scalar_text(data["password"], "password")
        if ":" in username:
            raise InvalidArgument("the user name of HTTP Basic cannot contain a colon")
        pair = base64.b64encode(f"{username}:{password}".encode()).decode()
        return Attachment(headers=(("Authorization", f"Basic {pair}"),), secrets=(pair, password))
