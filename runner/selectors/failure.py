"""`failure`: how the request failed. Asking for it makes that failure a pass."""

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
        """The kind, or MISSING where an answer came."""
        return answer.failure.kind if answer.failure else MISSING
