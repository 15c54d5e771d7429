"""What a rule is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ..model.errors import DocumentPath, Edit
from ..model.finding import Severity
from .subject import Subject


class Remark(msgspec.Struct, frozen=True):
    """One result of a rule: where in the file, what is wrong, and a hint."""

    path: DocumentPath
    message: str
    hint: str = ""
    on_key: bool = False
    edit: Edit | None = None


class Rule(msgspec.Struct, frozen=True):
    """A rule. An `error` cannot work; a `warning` works and should be changed."""

    severity: Severity
    find: Callable[[Subject], Iterable[Remark]]
