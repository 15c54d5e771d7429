"""A session: the token of one credential, and what is known about it. Fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ...model.errors import StepError
from ...model.kinds import Attachment, Variables
from ...model.results import SessionStep
from ...plan.plan import CredentialPlan, Plan, SessionPlan
from ..cookies import CookieJar


class Token(msgspec.Struct, frozen=True):
    """One token of a session.

    Attributes:
        number: From 1; each renewal makes the next one.
        names: Every value that the session has so far, under the names that its steps provide.
        attachment: What is added to requests.
        since: When it was requested, in seconds of the monotonic clock.
        expires: When it expires, in seconds of the same clock, or None if that is unknown.
        renew_at: When it is renewed, in seconds of the same clock, or None.
        refused: It was fetched because a server rejected the one before.
    """

    number: int
    names: Variables
    attachment: Attachment
    since: float
    expires: float | None = None
    renew_at: float | None = None
    refused: bool = False


class Session:
    """The token of one credential with one set of values, shared by all runs that use this credential.

    It changes only inside the flow of a `Once`, of which one runs at a time; everything else only reads.

    Args:
        key: Identifies the session: credentials with the same key share it.
        name: The credential's name.
        credential: The credential, which has a session.
        owner: The workflow whose file defines it.
        base_url: The workflow's base URL.
        names: What its templates see beside its own values: the workflow's names before its first step.

    Attributes:
        token: The newest one, or None.
        failure: Why there is no token; final.
        accepted: The number of the newest token that a server accepted, or 0.
        secrets: Every secret that it sent or received.
        steps: Its own steps so far.
        users: How many requests carried the token, by workflow.
    """

    def __init__(
        self, key: str, name: str, credential: CredentialPlan, *, owner: Plan, base_url: str, names: Variables
    ) -> None:
        assert credential.session is not None  # a session's credential
        self.key = key
        self.name = name
        self.plan: SessionPlan = credential.session
        self.path = credential.path
        self.owner = owner
        self.base_url = base_url
        self.names = names
        self.jars: dict[str, CookieJar] = {}
        self.token: Token | None = None
        self.failure: StepError | None = None
        self.accepted = 0
        self.secrets: tuple[str, ...] = ()
        self.steps: list[SessionStep] = []
        self.users: dict[str, int] = {}

    @property
    def begun(self) -> bool:
        """Whether a run needed its token."""
        return bool(self.steps) or self.token is not None or self.failure is not None

    def used_by(self, run: str) -> None:
        """Count a request of a run that carries the token."""
        self.users[run] = self.users.get(run, 0) + 1

    def accept(self, token: Token) -> None:
        """Remember that a server accepted a token."""
        self.accepted = max(self.accepted, token.number)

    def renew(self, token: Token) -> Token:
        """Replace the token by a new one."""
        self.token = token
        return token

    def fail(self, error: StepError) -> StepError:
        """Remember why there will be no token."""
        self.failure = error
        return error

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember texts that must be masked."""
        self.secrets = tuple(dict.fromkeys((*self.secrets, *secrets)))

    def record(self, steps: Iterable[SessionStep]) -> None:
        """Add steps that were run for it."""
        self.steps += steps
