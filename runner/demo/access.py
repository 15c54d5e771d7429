"""The authentication of the demo API: login, tokens and their renewal, OAuth 2.0, Basic, Digest, an API key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from typing import TypedDict
from urllib.parse import parse_qs, unquote_plus

from ..model.challenges import challenges
from .request import DemoRequest, DemoResponse, Refused, json_response, require_method

PASSWORDS = {"ada": "correct-horse-battery", "bob": "staple-and-staple"}


class User(TypedDict):
    """A user of the demo API."""

    id: int
    username: str
    email: str
    roles: list[str]
    manager: str | None


PEOPLE: dict[str, User] = {
    "ada": {"id": 1, "username": "ada", "email": "ada@example.com", "roles": ["admin", "user"], "manager": None},
    "bob": {"id": 2, "username": "bob", "email": "bob@example.com", "roles": ["user"], "manager": "ada"},
}
API_KEY = "demo-key-4711"
TOKEN_LIFE = 300
"""Seconds for which a token is valid, unless the login requests less."""
CLIENT = ("demo-client", "demo-client-secret")


def environment(url: str) -> dict[str, str]:
    """The environment variables that the cookbook's workflows read."""
    return {
        "API_URL": url,
        "API_USER": "ada",
        "API_PASSWORD": PASSWORDS["ada"],
        "OTHER_PASSWORD": PASSWORDS["bob"],
        "API_KEY": API_KEY,
        "CLIENT_ID": CLIENT[0],
        "CLIENT_SECRET": CLIENT[1],
    }


class Access:
    """Checks credentials, and issues and revokes tokens.

    Args:
        clock: Returns the current time in epoch seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._refresh: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._nonces: dict[str, int] = {}

    def _token(self, user: str, life: float) -> str:
        now = int(self._clock())
        claims: dict[str, str | float] = {
            "sub": user,
            "iat": now,
            "exp": now + (int(life) if life >= 1 else life),
            "aud": "demo",
            "scope": "orders profile",
            "jti": secrets.token_hex(4),
        }
        signed = _signed(claims)
        return f"{signed}.{_b64(hmac.digest(self._key, signed.encode(), 'sha256'))}"

    def _session(self, user: str, life: float = TOKEN_LIFE) -> DemoResponse:
        refresh = secrets.token_urlsafe(24)
        self._refresh[refresh] = user
        return json_response(
            {"token": self._token(user, life), "token_type": "Bearer", "expires_in": life, "refresh_token": refresh}
        )

    def _on_login(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        require_method(request, "POST")
        data = request.json()
        if PASSWORDS.get(data.get("username")) != data.get("password"):
            raise Refused(401, "wrong user name or password", WWW_Authenticate='Bearer realm="demo"')
        return self._session(data["username"], min(float(data.get("life", TOKEN_LIFE)), TOKEN_LIFE))

    def _on_token(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        require_method(request, "POST")
        user = self._refresh.pop(request.json().get("refresh_token"), None) if rest == ["refresh"] else None
        if user is None:
            raise Refused(401, "the refresh token is not valid")
        return self._session(user)

    def _on_logout(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        require_method(request, "POST")
        self.user(request)
        self._revoked.add(request.headers["authorization"])
        return DemoResponse(204)

    def user(self, request: DemoRequest) -> User:
        """The user of the bearer token. Raises Refused: the token is missing, invalid or expired."""
        line = request.headers.get("authorization", "")
        scheme, _, token = line.partition(" ")
        if scheme != "Bearer" or token.count(".") != 2:
            raise Refused(401, "a bearer token is needed", WWW_Authenticate='Bearer realm="demo"')
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _b64(hmac.digest(self._key, signed.encode(), "sha256"))):
            raise Refused(401, "the token is not from this server", WWW_Authenticate='Bearer error="invalid_token"')
        claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
        if claims["exp"] <= self._clock() or line in self._revoked:
            raise Refused(
                401,
                "the token has expired",
                WWW_Authenticate='Bearer error="invalid_token", error_description="expired"',
            )
        return PEOPLE[claims["sub"]]

    def _on_basic(self, request: DemoRequest, __: list[str]) -> DemoResponse:
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name = password = ""
        try:
            name, _, password = base64.b64decode(pair, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = password = ""
        if scheme != "Basic" or PASSWORDS.get(name) != password:
            raise Refused(401, "user name and password are needed", WWW_Authenticate='Basic realm="demo"')
        return json_response({"user": name})

    def _on_key(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        if API_KEY not in (request.headers.get("x-api-key"), request.query("api_key")):
            raise Refused(403, "an API key is needed")
        return json_response({"key": "accepted"})

    def _on_digest(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        """Digest authentication (RFC 7616). A nonce is valid for three requests, then it is stale."""
        credentials = challenges([request.headers.get("authorization", "")])
        proof = credentials[0].params if credentials and credentials[0].scheme == "Digest" else {}
        left = self._nonces.get(proof.get("nonce", ""), -1)
        if left < 0 or proof.get("response") != _digest(proof, request):
            raise self._challenge(stale=False)
        if left == 0:
            raise self._challenge(stale=True)
        self._nonces[proof["nonce"]] = left - 1
        return json_response({"user": proof["username"]})

    def _challenge(self, *, stale: bool) -> Refused:
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = 3
        line = f'Digest realm="demo", qop="auth", algorithm=SHA-256, nonce="{nonce}", stale={str(stale).lower()}'
        return Refused(401, "user name and password are needed", WWW_Authenticate=line)

    def _on_oauth(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        """A token endpoint (RFC 6749): client credentials, password, refresh token."""
        require_method(request, "POST")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if rest != ["token"]:
            raise Refused(404, f"there is no {request.path}")
        if _client(request, form) != CLIENT:
            return json_response(
                {"error": "invalid_client", "error_description": "unknown client or wrong secret"}, 401
            )
        user = None
        match form.get("grant_type"):
            case "client_credentials":
                user = "ada"
            case "password" if PASSWORDS.get(form.get("username", "")) == form.get("password"):
                user = form["username"]
            case "refresh_token":
                user = self._refresh.pop(form.get("refresh_token", ""), None)
            case "password":
                pass
            case _:
                return json_response({"error": "unsupported_grant_type"}, 400)
        if user is None:
            return json_response({"error": "invalid_grant", "error_description": "wrong, expired or used before"}, 400)
        token: dict[str, str | int] = {
            "access_token": self._token(user, TOKEN_LIFE),
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFE,
        }
        if form["grant_type"] != "client_credentials":
            refresh = token["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh[refresh] = user
        return json_response(token)


def _client(request: DemoRequest, form: dict[str, str]) -> tuple[str, str]:
    """The client and its secret, from the header or the body (RFC 6749 §2.3.1)."""
    scheme, _, pair = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    name, _, secret = base64.b64decode(pair).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _digest(proof: dict[str, str], request: DemoRequest) -> str:
    """The response to a challenge with the right password (RFC 7616 §3.4.1)."""

    def digest(*parts: str) -> str:
        return hashlib.sha256(":".join(parts).encode()).hexdigest()

    name = proof.get("username", "")
    first = digest(name, "demo", PASSWORDS.get(name, ""))
    middle = (proof.get("nonce", ""), proof.get("nc", ""), proof.get("cnonce", ""), "auth")
    return digest(first, *middle, digest(request.method, proof.get("uri", "")))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _signed(claims: dict[str, str | float]) -> str:
    """The first two parts of a JWT (RFC 7515 §3.1)."""
    head = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    return f"{_b64(head)}.{_b64(json.dumps(claims).encode())}"
