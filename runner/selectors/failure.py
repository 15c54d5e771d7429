"""`failure`: how the request failed. A step that expects it passes if the request fails."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.answer import Answer
from ..model.exchange import FAILURE_KINDS
from ..model.kinds import MISSING
from .final_response import Fact


class FailureSelector(Fact):
    """The kind of the failure."""

    name: ClassVar[str] = "failure"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = f"how the request failed: {', '.join(f'`{kind}`' for kind in FAILURE_KINDS)}"

    def fact(self, answer: Answer, /) -> Any:
        """The kind, or MISSING if a response was received."""
        return answer.failure.kind if answer.failure else MISSING
