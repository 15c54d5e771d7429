"""Checks that values are valid in headers and cookies."""

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
    """Check that no value ends its header line or begins another (RFC 9110 §5.5).

    Args:
        headers: Names and values.
        cookies: Names and values.
        file: The file of the step, for the error's place.
        step: The document path of the step.

    Raises:
        StepError: a name or a value is not valid (`policy`).
    """
    for name, value in headers:
        if not TOKEN.fullmatch(name):
            raise StepError(f"{name!r} is not a valid header name (RFC 9110 §5.1)", "policy").at(
                file, (*step, "headers")
            )
        bad = _BAD_VALUE.search(value)
        if bad:
            message = f"the value of header {name} contains a control character ({bad[0]!r})"
            raise StepError(
                message, "policy", hint="remove the control characters: a header value is one line of text"
            ).at(file, (*step, "headers", name))
    for name, value in cookies:
        if not TOKEN.fullmatch(name) or _BAD_COOKIE.search(value):
            hint = "encode it: `{{ value | urlencode }}`"
            raise StepError(
                f"the cookie {name!r} contains a character that cookies do not allow", "policy", hint=hint
            ).at(file, (*step, "cookies"))


def with_headers(headers: Headers, added: Headers) -> Headers:
    """The headers, with `added` in place of those with the same names, in upper or lower case (RFC 9110 §5.1)."""
    if not added:
        return headers
    names = {name.lower() for name, _ in added}
    return (*(line for line in headers if line[0].lower() not in names), *added)
