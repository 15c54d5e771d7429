"""`api_key:` a key in a header, a query parameter or a cookie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import InvalidArgument
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text


class ApiKeyCredential:
    """A key under a name."""

    name: ClassVar[str] = "api_key"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Name and key are not empty."""
        for key in ("name", "value"):
            if not data[key]:
                yield (key,), f"`{key}` is empty", ""

    def attach(self, data: Any, /) -> Attachment:
        """In a header, a query parameter or a cookie, as `in` says."""
        value = scalar_text(data["value"], "value")
        if not value:
            raise InvalidArgument("the key is empty")
        pair = ((scalar_text(data["name"], "name"), value),)
        match data.get("in", "header"):
            case "query":
                return Attachment(params=pair, secrets=(value,))
            case "cookie":
                return Attachment(cookies=pair, secrets=(value,))
            case _:
                return Attachment(headers=pair, secrets=(value,))
