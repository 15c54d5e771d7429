"""`digest:` HTTP Digest authentication (RFC 7616): MD5 and SHA-256, `qop=auth`, reused nonces."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..model.challenges import challenges
from ..model.exchange import Request, Response
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text

_HASHES = {"SHA-256": "sha256", "MD5": "md5"}
"""The strongest first: of the challenges that a server sends, we use the first of these (RFC 7616 §3.7)."""


class DigestCredential:
    """User and password."""

    name: ClassVar[str] = "digest"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """A user name."""
        if not data["username"]:
            yield ("username",), "the user name is empty", ""

    def attach(self, data: Any, /) -> Attachment:
        """Nothing until the server has sent a challenge; then the response to it."""
        username, password = scalar_text(data["username"], "username"), scalar_text(data["password"], "password")
        return Attachment(secrets=(password,), signer=DigestSigner(username, password))


class DigestSigner:
    """Responds to challenges, and reuses a nonce until the server calls it stale.

    Args:
        username: The user name.
        password: The password, which is never sent.
        new_nonce: Returns a new nonce of the client.
    """

    def __init__(
        self, username: str, password: str, new_nonce: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self.username = username
        self.password = password
        self.new_nonce = new_nonce
        self._challenge: dict[str, str] = {}
        self._count = 0

    def challenged(self, response: Response, /) -> bool:
        """Whether the response has a first challenge, or a new nonce for a stale one. A wrong password is final."""
        if response.status != 401:
            return False
        offered = [each for each in challenges(response.header_values("www-authenticate")) if _usable(each.params)]
        for algorithm in _HASHES:
            for challenge in offered:
                params = challenge.params
                if challenge.scheme.lower() == "digest" and _algorithm(params) == algorithm and params.get("nonce"):
                    worked = self._count > 1  # a server may reject an old nonce without calling it stale
                    stale = params.get("stale", "").lower() == "true"
                    fresh = stale or worked or params.get("realm") != self._challenge.get("realm")
                    self._challenge, self._count = params, 0
                    return fresh
        return False

    def sign(self, request: Request, now: float, /) -> Attachment:  # noqa: ARG002  # the Protocol has it
        """`Authorization: Digest …` (RFC 7616 §3.4), once there is a challenge."""
        challenge = self._challenge
        if not challenge:
            return Attachment()
        self._count += 1
        parts = urlsplit(request.url)
        uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        count, own = f"{self._count:08x}", self.new_nonce()
        session = challenge.get("algorithm", "").lower().endswith("-sess")
        first = self._hash(f"{self.username}:{challenge.get('realm', '')}:{self.password}")
        if session:
            first = self._hash(f"{first}:{challenge['nonce']}:{own}")
        second = self._hash(f"{request.method}:{uri}")
        with_qop = "qop" in challenge
        middle = f"{challenge['nonce']}:{count}:{own}:auth" if with_qop else challenge["nonce"]
        proof = self._hash(f"{first}:{middle}:{second}")
        quoted = {"username": self.username, "realm": challenge.get("realm", ""), "nonce": challenge["nonce"]}
        quoted |= {"uri": uri, "response": proof}
        quoted |= {name: challenge[name] for name in ("opaque",) if name in challenge}
        fields = [f'{name}="{_escaped(value)}"' for name, value in quoted.items()]
        if "algorithm" in challenge:
            fields.append(f"algorithm={challenge['algorithm']}")
        if with_qop or session:
            fields.append(f'cnonce="{own}"')
        if with_qop:
            fields += ["qop=auth", f"nc={count}"]
        return Attachment(headers=(("Authorization", f"Digest {', '.join(fields)}"),), secrets=(proof,))

    def _hash(self, text: str) -> str:
        return hashlib.new(_HASHES[_algorithm(self._challenge)], text.encode(), usedforsecurity=False).hexdigest()


def _algorithm(params: dict[str, str]) -> str:
    """The hash of a challenge, MD5 where it names none (RFC 7616 §3.3)."""
    return params.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _usable(params: dict[str, str]) -> bool:
    """Whether the challenge allows `qop=auth`. `auth-int`, which covers the body, is not supported."""
    return "qop" not in params or "auth" in {each.strip().lower() for each in params["qop"].split(",")}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
