"""Every credential by its key. A new one is a file here and a line below."""

from __future__ import annotations

from runner.credentials import api_key, basic, bearer
from runner.model.kinds import Credential

CREDENTIALS: dict[str, Credential] = {kind.name: kind for kind in (bearer.Bearer(), basic.Basic(), api_key.ApiKey())}

LATER = ("digest", "aws_sigv4", "oauth2", "login", "refresh", "logout", "attach", "renew")
"""Keys of `auth` that are refused until they are built."""
