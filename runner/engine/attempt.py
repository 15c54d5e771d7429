"""What one attempt of a step did, as frozen values; the step builds them while it runs."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ..model.answer import Answer
from ..model.errors import Interrupted
from ..model.exchange import Exchange, Response
from ..model.json_types import JSON
from ..model.results import AttemptResult, Failure, StepResult, Verdict
from .auth.authenticate import AuthenticatedRequest
from .auth.renewal import Answered
from .judge import Judgement


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a step, complete or as far as it got.

    Attributes:
        judgement: What was checked and extracted, and every error.
        exchanges: Every exchange since the last authentication, redirects and pages included.
        provided: Names and values that it extracted or set.
        outcome: The last response, or why there is none.
        authenticated: The last request, with what authenticates it.
        rejected: What was sent before with tokens that the server rejected.
        shortened: The run's deadline left its last request less time than the step's timeout.
        out_of_time: The run's deadline has passed, so no further attempt is made.
        included: The verdict of an included workflow.
        skipped: Why the included workflow was skipped, or "".
        steps: The steps of the included workflow.
        variables: The names that the included workflow had before its first step.
    """

    judgement: Judgement = Judgement()
    exchanges: tuple[Exchange, ...] = ()
    provided: dict[str, JSON] = {}
    outcome: Answer | None = None
    authenticated: AuthenticatedRequest | None = None
    rejected: tuple[AttemptResult, ...] = ()
    shortened: bool = False
    out_of_time: bool = False
    included: Verdict = Verdict.PASSED
    skipped: str = ""
    steps: tuple[StepResult, ...] = ()
    variables: dict[str, JSON] = {}

    @property
    def verdict(self) -> Verdict:
        """A failed expectation outranks an error: both are shown."""
        if self.judgement.failed or self.included is Verdict.FAILED:
            return Verdict.FAILED
        return Verdict.ERROR if self.judgement.errors else self.included

    @property
    def response(self) -> Response | None:
        """The last response, or None."""
        return self.outcome.response if self.outcome else None

    def with_answered(self, answered: Answered) -> Attempt:
        """The attempt after one more request; after a renewal only the exchanges with the new token are its own."""
        rejected = self.rejected
        if answered.rejected is not None:
            exchanges = self.exchanges + answered.rejected.exchanges
            rejected = (*rejected, msgspec.structs.replace(answered.rejected, exchanges=exchanges))
        return msgspec.structs.replace(
            self,
            exchanges=answered.exchanges if answered.renewed else self.exchanges + answered.exchanges,
            outcome=answered.outcome,
            authenticated=answered.authenticated,
            rejected=rejected,
            shortened=answered.shortened,
        )

    def with_judgement(self, judgement: Judgement) -> Attempt:
        """The attempt with what was judged since, and the names that this extracted."""
        judgement = self.judgement.followed_by(judgement)
        return msgspec.structs.replace(self, judgement=judgement, provided=judgement.extracted)

    def with_error(self, failure: Failure) -> Attempt:
        """The attempt with one more error."""
        return msgspec.structs.replace(self, judgement=self.judgement.with_error(failure))


class Attempts(NamedTuple):
    """The attempts of a step so far.

    Attributes:
        last: The last one, which decides.
        results: All that are reported, as data.
    """

    last: Attempt = Attempt()
    results: tuple[AttemptResult, ...] = ()


class AttemptInterrupted(BaseException):
    """An interrupt came during an attempt: carries what the attempt did before."""

    def __init__(self, attempt: Attempt, cause: Interrupted) -> None:
        super().__init__(cause.reason)
        self.attempt = attempt
        self.cause = cause


class AttemptsInterrupted(BaseException):
    """An interrupt came during the attempts of a step: carries those made before."""

    def __init__(self, attempts: Attempts, cause: Interrupted) -> None:
        super().__init__(cause.reason)
        self.attempts = attempts
        self.cause = cause
