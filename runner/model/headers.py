"""What may stand in a header line and in a cookie. Pure; knows no request."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import DocumentPath, StepError
from .exchange import Headers
from .urls import TOKEN

_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_COOKIE = re.compile(r'[\x00-\x20\x7f;,"\\]')


def check_header_values(
    headers: Iterable[tuple[str, str]], cookies: Iterable[tuple[str, str]], file: str, step: DocumentPath
) -> None:
    """Nothing that a value holds may end a header line or begin another (RFC 9110 §5.5).

    Raises:
        StepError: one would.
    """
    for name, value in headers:
        if not TOKEN.fullmatch(name):
            raise StepError(f"{name!r} is no header name (RFC 9110 §5.1)", "policy").at(file, (*step, "headers"))
        bad = _BAD_VALUE.search(value)
        if bad:
            message = f"the value of header {name} holds a control character ({bad[0]!r})"
            raise StepError(message, "policy", hint="a header value is one line of text").at(
                file, (*step, "headers", name)
            )
    for name, value in cookies:
        if not TOKEN.fullmatch(name) or _BAD_COOKIE.search(value):
            hint = "encode it: `{{ value | urlencode }}`"
            raise StepError(f"the cookie {name!r} holds a character that a cookie cannot", "policy", hint=hint).at(
                file, (*step, "cookies")
            )


def with_headers(headers: Headers, added: Headers) -> Headers:
    """Header lines with others in place of those of the same names (RFC 9110 §5.1: in any case)."""
    if not added:
        return headers
    names = {name.lower() for name, _ in added}
    return (*(line for line in headers if line[0].lower() not in names), *added)
