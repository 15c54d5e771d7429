"""One try of a step as it happens: filled by the step, read by who reports it."""

from __future__ import annotations

from typing import Any

import msgspec

from ..model.answer import Answer
from ..model.exchange import Exchange, Response
from ..model.results import AttemptResult, StepResult, Verdict
from .auth.authenticate import AuthenticatedRequest
from .frame import Frame
from .judge import Judgement


class Attempt(msgspec.Struct):
    """One try as it happens.

    Attributes:
        trail: Every exchange, redirects included.
        given: Names that it extracted or set.
        included: How an included workflow ended, and why it was skipped.
        final: The run's own time is over, so there is no further try.
        held: The last request, with what authenticated it.
        refused: What was sent before, with a token that the server would not take.
        inside: The workflow that it included.
        cut: The request had less time than the step gives it: the run's own ends before.
    """

    judgement: Judgement
    trail: list[Exchange] = []
    given: dict[str, Any] = {}
    steps: tuple[StepResult, ...] = ()
    included: Verdict = Verdict.PASSED
    skipped: str = ""
    answer: Answer | None = None
    final: bool = False
    held: AuthenticatedRequest | None = None
    refused: list[AttemptResult] = []
    cut: bool = False
    inside: Frame | None = None

    @property
    def verdict(self) -> Verdict:
        """A failed expectation outranks an error: both are shown."""
        if self.judgement.failed or self.included is Verdict.FAILED:
            return Verdict.FAILED
        return Verdict.ERROR if self.judgement.errors else self.included

    @property
    def response(self) -> Response | None:
        """The final answer, if one came."""
        return self.answer.response if self.answer else None
