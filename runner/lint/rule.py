"""What a rule finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from ..model.errors import DocumentPath, Edit, Place
from .subject import Subject

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, or merely bad.

    Attributes:
        code: Of its rule, or RF600 for what makes a file invalid.
        edit: What mends it safely, or None.
        instead: The same, as what stands at the place instead.
    """

    code: str
    severity: Severity
    message: str
    place: Place | None
    hint: str = ""
    edit: Edit | None = None
    instead: str = ""


class Remark(msgspec.Struct, frozen=True):
    """What a rule says: where in the file, what, and what to do."""

    path: DocumentPath
    message: str
    hint: str = ""
    on_key: bool = False
    edit: Edit | None = None


class Rule(msgspec.Struct, frozen=True):
    """A rule: an `error` is what cannot work, a `warning` what may pass and should not."""

    severity: Severity
    find: Callable[[Subject], Iterable[Remark]]
