"""A finding: one thing that is wrong in a file, or works and should be changed."""

from __future__ import annotations

from typing import Literal

import msgspec

from .errors import Edit, Place

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong in a file, or works and should be changed.

    Attributes:
        code: The code of its rule, or RF600 for what makes a file invalid.
        edit: The change that fixes it safely, or None.
        instead: The text that fixes it in place of the one that is there, or "".
    """

    code: str
    severity: Severity
    message: str
    place: Place | None
    hint: str = ""
    edit: Edit | None = None
    instead: str = ""
