"""How values become part of a text or a URL."""

from __future__ import annotations

from typing import Any

from ..model.errors import StepError
from ..model.wording import json_text


def as_text(value: Any) -> str:
    """A value inside text: strings as they are, everything else as JSON, never as Python."""
    return value if isinstance(value, str) else json_text(value)


def joined_url(head: str, rest: str) -> str:
    """The URL, if no value in it makes a dot segment (RFC 3986 §5.2.4), which would leave the path that the file names.

    Args:
        head: The part that comes from the file.
        rest: The part with values in it.

    Raises:
        StepError: there is a dot segment in `rest`.
    """
    path = rest.split("?", 1)[0].lower().replace("%2e", ".")
    if "./" in f"{path}/" and any(segment in {".", ".."} for segment in path.split("/")):
        message = f"a value changes the path of the URL: {head}{rest}"
        raise StepError(message, "template", hint="values in a path must not be . or ..")
    return head + rest
