"""A compiled selector made of one function of the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.answer import Answer


class Function:
    """A compiled selector made of a function."""

    __slots__ = ("indefinite", "select")

    def __init__(self, select: Callable[[Answer], Any], *, indefinite: bool = False) -> None:
        self.select = select
        self.indefinite = indefinite
