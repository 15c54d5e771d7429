"""`oauth2:` builds token requests (RFC 6749 §4.3, §4.4, §6) and reads the responses (§5). Does no I/O."""

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
"""The variables that a session defines from the response of the token endpoint."""

_OWN = frozenset({
    "grant_type", "client_id", "client_secret", "username", "password", "refresh_token", "scope", "audience"
})  # fmt: skip
_CODE = re.compile(r"[\w.-]+", re.ASCII)
_ERRORS = {
    "invalid_request": "a parameter is missing, wrong or repeated: check `extra`, `audience` and `scope`",
    "invalid_client": "the client is unknown or its secret is wrong, or the server needs the other `client_auth`: `body` or `basic`",
    "invalid_grant": "the password or the refresh token is wrong, expired, revoked, or of another client",
    "unauthorized_client": "the client is known but may not use this grant",
    "unsupported_grant_type": "the server does not know this grant",
    "invalid_scope": "the scope is unknown, or more than the client may have",
    "invalid_target": "the audience is unknown, or not one of this client's",
}
"""The hint for each error code of RFC 6749 §5.2 and RFC 8707 §2."""


def check_oauth2(data: dict[str, Any]) -> Iterable[Mistake]:
    """What is wrong: a key that the grant needs is missing, or `extra` repeats one."""
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
        yield ("client_secret",), "`client_secret` needs `client_id`", ""
    for key in data.get("extra", {}):
        if key in _OWN:
            yield ("extra", key), f"`extra` cannot set `{key}`", f"write `{key}: …` beside `grant`"


def with_basic(data: dict[str, Any]) -> bool:
    """Whether the client authenticates in the Authorization header, which every server must support (RFC 6749 §2.3.1)."""
    return {"client_id", "client_secret"} <= data.keys() and data.get("client_auth", "basic") == "basic"


def form(data: dict[str, Any], refresh_token: str = "") -> dict[str, Any]:
    """The parameters of a token request, templates not yet rendered.

    Args:
        data: The document's value.
        refresh_token: Request a refresh with this token instead of the grant.
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
        """`check_oauth2` checks all of it."""
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
            message = f"the token endpoint responded with {status} and without an error code"
            raise StepError(message, "auth", hint=_beginning(answer))
        token = data.get("access_token")
        if not isinstance(token, str) or not token:
            what = f"`access_token` is {shown(token, 40)} ({json_type(token)})" if "access_token" in data else (
                f"there is no `access_token` among {listed(data)}" if data else "it is an empty object"
            )  # fmt: skip
            message = f"the token endpoint returned no token: {what}"
            raise StepError(message, "auth", hint="check `token_url`")
        kind = data.get("token_type", "Bearer")
        if self.bearer and (not isinstance(kind, str) or kind.lower() != "bearer"):
            message = f"the token is of the type {shown(kind, 40)}, not Bearer"
            hint = 'write how to send it: `attach: {header Authorization: "… {{ token }}"}`'
            raise StepError(message, "auth", hint=hint)
        provided = {name: data[name] for name in PROVIDES if name in data}
        return provided | {"token": token}


def _object(answer: Answer) -> dict[str, Any]:
    status = answer.require_response().status
    try:
        data = answer.json
    except StepError as error:
        kind = answer.content_type or "no Content-Type"
        message = f"the token endpoint responded {status} with {kind}, not JSON"
        raise StepError(message, "auth", hint=f"check `token_url`; {_beginning(answer) or error.hint}") from None
    if not isinstance(data, dict):
        raise StepError(
            f"the token endpoint responded with {json_type(data)}, not an object", "auth", hint=_beginning(answer)
        )
    return data


def _refusal(data: dict[str, Any]) -> StepError:
    """An error as RFC 6749 §5.2 names it."""
    name = str(data["error"])
    words = f": {data['error_description']}" if data.get("error_description") else ""
    more = f"; see {data['error_uri']}" if data.get("error_uri") else ""
    hint = _ERRORS.get(name, "look up this error in the documentation of the server")
    named = f" with {name}{words}" if _CODE.fullmatch(name) else f": {name}{words}"
    return StepError(f"the token endpoint refused{named}", "auth", hint=f"{hint}{more}")


def _beginning(answer: Answer) -> str:
    """The beginning of a body, for a hint."""
    text = " ".join(cut(answer.require_response().body[:400].decode("utf-8", "replace"), 80).split())
    return f"it begins with: {text}" if text else "its body is empty"
