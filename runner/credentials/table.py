"""All credentials by their key: each has a file here and a line below. Kinds that fetch a token are sessions."""

from __future__ import annotations

from ..model.kinds import Credential
from . import api_key, aws_sigv4, basic, bearer, digest

CREDENTIALS: dict[str, Credential] = {
    kind.name: kind
    for kind in (
        bearer.BearerCredential(),
        basic.BasicCredential(),
        digest.DigestCredential(),
        api_key.ApiKeyCredential(),
        aws_sigv4.AwsSigv4Credential(),
    )
}

SESSIONS = ("oauth2", "login")
"""Kinds whose token is fetched when it is first needed: `plan/sessions.py` compiles them, `engine/auth/tokens.py` runs them."""

SESSION_KEYS = {"oauth2": ("logout", "attach", "renew"), "login": ("refresh", "logout", "attach", "renew")}
"""The keys that can be used with each kind."""
