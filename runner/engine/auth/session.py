"""A session: one token and what it is for, and which credentials mean the same one. Fetches nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from ...language.document import METHODS
from ...model.errors import StepError
from ...model.kinds import Attachment, Names
from ...model.results import SessionStep
from ...plan.plan import CredentialPlan, SessionPlan
from ...templating.values import FUNCTIONS, compile_text
from ..cookies import CookieJar
from ..frame import Frame

_URLS = frozenset({*METHODS, "token_url"})


class Token(msgspec.Struct, frozen=True):
    """One token of a session.

    Attributes:
        number: From 1; each renewal makes the next one.
        names: Everything that the session has got so far, under the names that its steps gave.
        attachment: What goes on requests.
        since: When it was asked for, in the clock's seconds.
        expires: When it ends, in the clock's seconds, or None where nothing says.
        renew_at: When it is renewed, likewise.
        refused: It was fetched because a server refused the one before.
    """

    number: int
    names: dict[str, Any]
    attachment: Attachment
    since: float
    expires: float | None = None
    renew_at: float | None = None
    refused: bool = False


class Session:
    """The token of one credential with one set of values, shared by all who name it in a run of many workflows.

    It changes only inside the flow of a `Once`, of which one runs at a time; all others read.

    Attributes:
        key: Says which sessions are the same.
        names: What its templates see beside what it was given: the file's own names before its first step.
        token: The newest, or None.
        failure: Why there will be none; final.
        accepted: The number of the newest token that a server took.
        secrets: Everything it sent or got.
        users: Requests that carried the token, by workflow.
    """

    def __init__(self, key: str, name: str, credential: CredentialPlan, owner: Frame) -> None:
        assert credential.session is not None  # a session's credential
        self.key = key
        self.name = name
        self.plan: SessionPlan = credential.session
        self.path = credential.path
        self.owner = owner.plan
        self.base_url = owner.base_url
        self.names = owner.first_names
        self.jars: dict[str, CookieJar] = {}
        self.token: Token | None = None
        self.failure: StepError | None = None
        self.accepted = 0
        self.secrets: tuple[str, ...] = ()
        self.steps: list[SessionStep] = []
        self.users: dict[str, int] = {}

    @property
    def begun(self) -> bool:
        """Somebody needed its token."""
        return bool(self.steps) or self.token is not None or self.failure is not None

    def used_by(self, run: str) -> None:
        """One more request of a workflow carries the token."""
        self.users[run] = self.users.get(run, 0) + 1


def session_of(credential: CredentialPlan, name: str, owner: Frame) -> Session:
    """The session that a credential means here: the one whose rendered definition is the same.

    Raises:
        StepError: the definition cannot be rendered.
    """
    known = owner.sessions.get(credential.path)
    if known is None:
        assert credential.session is not None  # asked only for such
        try:
            key = _identity(credential.session, owner)
        except StepError as error:
            error.below = ()
            raise error.at(owner.plan.file, credential.path) from None
        known = owner.world.sessions.setdefault(key, Session(key, name, credential, owner))
        owner.sessions[credential.path] = known
    return known


def _identity(plan: SessionPlan, owner: Frame) -> str:
    own = plan.provides | FUNCTIONS
    rendered = _rendered(plan.definition, "", owner.first_names, own, owner.base_url)
    judged = {name: owner.first_names[name] for name in sorted(plan.judged_by - own) if name in owner.first_names}
    text = json.dumps([plan.kind, plan.folder, rendered, judged], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _rendered(data: Any, key: str, names: Names, own: frozenset[str], base_url: str) -> Any:
    """A definition over the names that are there before the first step; what the session itself gives stays a template."""
    match data:
        case dict():
            return {
                str(_rendered(name, "", names, own, base_url)): _rendered(value, name, names, own, base_url)
                for name, value in data.items()
            }
        case list():
            return [_rendered(member, key, names, own, base_url) for member in data]
        case str():
            value = compile_text(data)
            late = value.names & own
            seen = {name: names[name] for name in sorted(value.names - own - {"env"}) if name in names}
            text = [data, seen] if late else value.render(names)
            if key in _URLS and isinstance(text, str) and text.startswith(("/", "?")):
                return base_url.rstrip("/") + text
            return [base_url, text] if late or key in {"request", "include"} else text
        case _:
            return data
