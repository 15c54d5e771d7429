"""What a rule finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ..model.errors import DocumentPath, Edit
from ..model.finding import Severity
from .subject import Subject


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
