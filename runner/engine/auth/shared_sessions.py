"""Finds the session of a credential: credentials whose rendered definitions are the same share one session."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ...language.document import METHODS
from ...model.errors import StepError
from ...model.json_types import JSON
from ...model.kinds import Names
from ...plan.plan import CredentialPlan, SessionPlan
from ...templating.names import FUNCTIONS
from ...templating.values import compile_text
from ..frame import Frame
from .session import Session

_URL_KEYS = frozenset({*METHODS, "token_url"})


def session_of(credential: CredentialPlan, name: str, owner: Frame) -> Session:
    """The session of a credential; a new one if none has the same rendered definition yet.

    Raises:
        StepError: the definition cannot be rendered.
    """
    known = owner.sessions.get(credential.path)
    if known is None:
        assert credential.session is not None  # only such credentials come here
        try:
            key = _identity(credential.session, owner)
        except StepError as error:
            error.below = ()
            raise error.at(owner.plan.file, credential.path) from None
        known = Session(key, name, credential, owner=owner.plan, base_url=owner.base_url, names=owner.first_names)
        known = owner.world.sessions.setdefault(key, known)
        owner.sessions[credential.path] = known
    return known


def _identity(plan: SessionPlan, owner: Frame) -> str:
    own = plan.provides | FUNCTIONS
    rendered = _rendered(plan.definition, "", owner.first_names, own, owner.base_url)
    judged = {name: owner.first_names[name] for name in sorted(plan.judged_by - own) if name in owner.first_names}
    text = json.dumps([plan.kind, plan.folder, rendered, judged], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _rendered(data: JSON, key: str, names: Names, own: frozenset[str], base_url: str) -> Any:
    """A definition rendered over the names before the first step; a text that uses the session's own names stays a template."""
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
            if key in _URL_KEYS and isinstance(text, str) and text.startswith(("/", "?")):
                return base_url.rstrip("/") + text
            return [base_url, text] if late or key in {"request", "include"} else text
        case _:
            return data
