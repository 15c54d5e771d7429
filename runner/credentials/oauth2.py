"""`oauth2:` what a token endpoint is asked (RFC 6749 §4.3, §4.4, §6) and what its answers mean (§5). Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import quote_plus

import msgspec

from ..model.answer import Answer
from ..model.errors import StepError
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text
from ..model.wording import cut, json_type, listed, shown
from .basic import BasicCredential

_NEEDED = {
    "client_credentials": ("client_id", "client_secret"),
    "password": ("username", "password"),
    "refresh_token": ("refresh_token",),
}
_SENT = {"client_credentials": (), "password": ("username", "password"), "refresh_token": ("refresh_token",)}

PROVIDES = frozenset({"token", "expires_in", "refresh_token", "token_type", "scope", "id_token"})
"""Names that a session has, once the endpoint has answered."""

_OWN = frozenset({
    "grant_type", "client_id", "client_secret", "username", "password", "refresh_token", "scope", "audience"
})  # fmt: skip
_CODE = re.compile(r"[\w.-]+", re.ASCII)
_ERRORS = {
    "invalid_request": "the request lacks a parameter, or has one twice: look at `extra`, `audience` and `scope`",
    "invalid_client": "the client is unknown or its secret is wrong, or the server wants it the other way: `client_auth: body` or `basic`",
    "invalid_grant": "the password or the refresh token is wrong, expired, revoked, or of another client",
    "unauthorized_client": "the client is known but may not use this grant",
    "unsupported_grant_type": "the server does not know this grant",
    "invalid_scope": "the scope is unknown, or more than the client may have",
    "invalid_target": "the audience is unknown, or not one of this client's",
}
"""What to do about each error of RFC 6749 §5.2 (and RFC 8707 §2)."""


def check_oauth2(data: dict[str, Any]) -> Iterable[Mistake]:
    """What the grant needs is there, and nothing is asked twice."""
    grant = data["grant"]
    proved_otherwise = {"client_secret"} if "client_assertion" in data.get("extra", {}) else set()
    for key in _NEEDED[grant]:
        if key not in data and key not in proved_otherwise:
            yield (
                (),
                f"the grant {grant} needs `{key}`",
                "write it beside `grant`",
            )
        elif data.get(key) == "":
            yield (key,), f"`{key}` is empty", ""
    if data.get("client_auth") == "basic" and not {"client_id", "client_secret"} <= data.keys():
        yield ("client_auth",), "`client_auth: basic` needs `client_id` and `client_secret`", ""
    if "client_secret" in data and "client_id" not in data:
        yield ("client_secret",), "`client_secret` stands without `client_id`", ""
    for key in data.get("extra", {}):
        if key in _OWN:
            yield ("extra", key), f"`{key}` has a key of its own", f"write `{key}: …` beside `grant`"


def with_basic(data: dict[str, Any]) -> bool:
    """The client proves itself in the Authorization header, as every server must understand (RFC 6749 §2.3.1)."""
    return {"client_id", "client_secret"} <= data.keys() and data.get("client_auth", "basic") == "basic"


def form(data: dict[str, Any], refresh_token: str = "") -> dict[str, Any]:
    """The parameters of a token request, templates not yet rendered.

    Args:
        data: The document's value.
        refresh_token: Ask for a refresh with this, in place of the grant.
    """
    grant = "refresh_token" if refresh_token else data["grant"]
    asked: dict[str, Any] = {"grant_type": grant}
    asked |= (
        {"refresh_token": refresh_token} if refresh_token else {key: data[key] for key in _SENT[grant] if key in data}
    )
    if not with_basic(data):
        asked |= {key: data[key] for key in ("client_id", "client_secret") if key in data}
    asked |= {key: data[key] for key in ("scope", "audience") if key in data and not (refresh_token and key == "scope")}
    return {**asked, **data.get("extra", {})}


class ClientBasic:
    """Client and secret in the Authorization header, each form-encoded first (RFC 6749 §2.3.1)."""

    name: ClassVar[str] = "client_auth"

    def check(self, _: Any, /) -> Iterable[Mistake]:
        """Nothing that `check` of the whole does not say."""
        return ()

    def attach(self, data: Any, /) -> Attachment:
        """`Authorization: Basic …`."""
        client = {"username": quote_plus(scalar_text(data["client_id"], "client_id"))}
        secret = scalar_text(data["client_secret"], "client_secret")
        attached = BasicCredential().attach(client | {"password": quote_plus(secret)})
        return Attachment(headers=attached.headers, secrets=(*attached.secrets, secret))


class TokenReader(msgspec.Struct, frozen=True):
    """Reads the token from the response of a token endpoint.

    Attributes:
        bearer: The token is sent as `Bearer`, so one of another type is refused.
    """

    bearer: bool

    def read(self, answer: Answer) -> dict[str, Any]:
        """The values that the endpoint returned, under the names of a session. Raises StepError without a token."""
        data, status = _object(answer), answer.require_response().status
        if data.get("error"):
            raise _refusal(data)
        if not 200 <= status < 300:
            message = f"the token endpoint answered {status} and names no error"
            raise StepError(message, "auth", hint=_opening(answer))
        token = data.get("access_token")
        if not isinstance(token, str) or not token:
            what = f"`access_token` is {shown(token, 40)} ({json_type(token)})" if "access_token" in data else (
                f"there is no `access_token` among {listed(data)}" if data else "it is an empty object"
            )  # fmt: skip
            message = f"the token endpoint gave no token: {what}"
            raise StepError(message, "auth", hint="is `token_url` the right one?")
        kind = data.get("token_type", "Bearer")
        if self.bearer and (not isinstance(kind, str) or kind.lower() != "bearer"):
            message = f"the token is of the type {shown(kind, 40)}, not Bearer"
            hint = 'say how it is sent: `attach: {header Authorization: "… {{ token }}"}`'
            raise StepError(message, "auth", hint=hint)
        given = {name: data[name] for name in PROVIDES if name in data}
        return given | {"token": token}


def _object(answer: Answer) -> dict[str, Any]:
    status = answer.require_response().status
    try:
        data = answer.json
    except StepError as error:
        kind = answer.content_type or "no Content-Type"
        message = f"the token endpoint answered {status} with {kind}, not JSON"
        raise StepError(
            message, "auth", hint=f"is `token_url` the right one? {_opening(answer) or error.hint}"
        ) from None
    if not isinstance(data, dict):
        raise StepError(f"the token endpoint answered {json_type(data)}, not an object", "auth", hint=_opening(answer))
    return data


def _refusal(data: dict[str, Any]) -> StepError:
    """An error as RFC 6749 §5.2 names it."""
    name = str(data["error"])
    words = f": {data['error_description']}" if data.get("error_description") else ""
    more = f"; see {data['error_uri']}" if data.get("error_uri") else ""
    hint = _ERRORS.get(name, "the server's own error; its documentation says what it means")
    named = f" with {name}{words}" if _CODE.fullmatch(name) else f": {name}{words}"
    return StepError(f"the token endpoint refused{named}", "auth", hint=f"{hint}{more}")


def _opening(answer: Answer) -> str:
    """How a body begins that was expected to be something else."""
    text = " ".join(cut(answer.require_response().body[:400].decode("utf-8", "replace"), 80).split())
    return f"it begins with: {text}" if text else "its body is empty"
