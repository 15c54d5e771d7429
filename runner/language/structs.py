"""The parts of the language that know no step: durations, retry, transport, bodies, credentials' data, cases."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

Text = Annotated[str, Meta(description="text; templates allowed")]
Duration = Annotated[
    str, Meta(description="a duration with its unit: `500ms`, `2s`, `1m30s`", examples=["500ms", "2s", "1m30s"])
]
Size = Annotated[str, Meta(description="a size with its unit: `10kB`, `64MB`", examples=["10kB", "64MB"])]
Expression = Annotated[
    str | bool,
    Meta(
        description="a bare expression, without braces, that gives true or false", examples=["count > 3 and not done"]
    ),
]
Map = dict[str, Any]


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common rules of every struct: frozen, and an unknown key is an error."""


def plain_data(value: Any) -> Any:
    """A struct of the document as the plain data that the author wrote."""
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


class Retry(Written, frozen=True, kw_only=True):
    """Try a step again until it passes."""

    times: Annotated[int, Meta(ge=0, description="further tries; without it, as many as `for` allows")] | UnsetType = (
        UNSET
    )
    every: Annotated[Duration, Meta(description="the wait before the next try (default `1s`)")] | UnsetType = UNSET
    for_: Annotated[Duration, Meta(description="no further try begins after this long")] | UnsetType = field(
        name="for", default=UNSET
    )
    backoff: (
        Annotated[float, Meta(ge=1, description="each wait is this many times the one before (default 1)")] | UnsetType
    ) = UNSET
    max_every: Annotated[Duration, Meta(description="the longest wait")] | UnsetType = UNSET
    jitter: (
        Annotated[bool, Meta(description="each wait is a random part, between half and all, of what it would be")]
        | UnsetType
    ) = UNSET
    abort_if: (
        Annotated[Expression, Meta(description="no further try where this is true; sees `response`")] | UnsetType
    ) = UNSET


class ClientCertificate(Written, frozen=True, kw_only=True):
    """A client certificate."""

    cert: Annotated[str, Meta(description="certificate file (PEM)")]
    key: Annotated[str, Meta(description="key file (PEM), where it is not in the certificate's file")] | UnsetType = (
        UNSET
    )
    password: Annotated[str, Meta(description="the key's password")] | UnsetType = UNSET


class Http(Written, frozen=True, kw_only=True):
    """How requests are carried."""

    follow_redirects: Annotated[bool, Meta(description="follow redirects (default true)")] | UnsetType = UNSET
    max_redirects: Annotated[int, Meta(ge=0, description="one more than this is an error (default 10)")] | UnsetType = (
        UNSET
    )
    trust_redirects: (
        Annotated[
            list[str],
            Meta(
                description="origins to which credentials and bodies may follow a redirect",
                examples=[["https://files.example.com"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    verify: (
        Annotated[
            bool | str,
            Meta(description="check the server's certificate: true, false (a warning says so), or a CA file"),
        ]
        | UnsetType
    ) = UNSET
    cert: (
        Annotated[str | ClientCertificate, Meta(description="client certificate: a file, or `{cert, key, password}`")]
        | UnsetType
    ) = UNSET
    proxy: Annotated[str, Meta(description="URL of a proxy; none is ever taken from the environment")] | UnsetType = (
        UNSET
    )
    version: (
        Annotated[float | int | str, Meta(description="HTTP version: 1.1, 2 or 3 (2 and 3 need the curl driver)")]
        | UnsetType
    ) = UNSET
    resolve: (
        Annotated[
            dict[str, str],
            Meta(
                description="`host:port` to an address (curl driver)", examples=[{"api.example.com:443": "127.0.0.1"}]
            ),
        ]
        | UnsetType
    ) = UNSET
    unix_socket: Annotated[str, Meta(description="path of a unix socket to connect to (curl driver)")] | UnsetType = (
        UNSET
    )
    max_response_size: Annotated[Size, Meta(description="cap on a decoded body (default 64MB)")] | UnsetType = UNSET
    encodings: (
        Annotated[
            list[str],
            Meta(
                description="content codings to accept, in place of those the driver can decode",
                examples=[["gzip"], []],
            ),
        ]
        | UnsetType
    ) = UNSET
    charset: (
        Annotated[str, Meta(description="what the body's charset really is, whatever the header says")] | UnsetType
    ) = UNSET


class Extract(Written, frozen=True, kw_only=True):
    """One value to take out of an answer, in full."""

    from_: Annotated[str, Meta(description="selector")] = field(name="from")
    filter: (
        Annotated[str, Meta(description="Jinja filters for the value", examples=["regex('id=(.*)')", "int"])]
        | UnsetType
    ) = UNSET
    default: Annotated[Any, Meta(description="the value where the selector finds nothing")] | UnsetType = UNSET
    secret: Annotated[bool, Meta(description="mask the value everywhere")] | UnsetType = UNSET


class NextParam(Written, frozen=True, kw_only=True):
    """The next page by a query parameter."""

    param: Annotated[str, Meta(description="query parameter that asks for a page")]
    from_: Annotated[
        str, Meta(description="selector of the parameter's next value; none, null or empty text ends the pages")
    ] = field(name="from")


class Paginate(Written, frozen=True, kw_only=True):
    """Follow the next page until there is none."""

    next: Annotated[
        str | NextParam,
        Meta(
            description="a selector of the next page's URL (`header Link` takes rel=next), or `{param, from}`",
            examples=["header Link", "$.next"],
        ),
    ]
    max: Annotated[int, Meta(ge=1, description="more pages than this is an error (default 100)")] | UnsetType = UNSET


class Graphql(Written, frozen=True, kw_only=True):
    """A GraphQL request body."""

    query: Annotated[str, Meta(description="query or mutation")]
    variables: Annotated[Any, Meta(description="values of its variables: a map")] | UnsetType = UNSET
    operation: Annotated[str, Meta(description="name of the operation to run")] | UnsetType = UNSET


class BodySource(Written, frozen=True, kw_only=True):
    """A body from elsewhere; exactly one of these."""

    file: Annotated[str, Meta(description="path of a file, sent as it is")] | UnsetType = UNSET
    base64: Annotated[str, Meta(description="bytes in Base64")] | UnsetType = UNSET
    hex: Annotated[str, Meta(description="bytes in hex")] | UnsetType = UNSET


class UserPassword(Written, frozen=True, kw_only=True):
    """A user and a password."""

    username: Text
    password: Text


class ApiKey(Written, frozen=True, kw_only=True):
    """A key in a header, a query parameter or a cookie."""

    name: Annotated[str, Meta(description="name of the header, parameter or cookie")]
    value: Annotated[str, Meta(description="the key; templates allowed")]
    in_: Annotated[
        Literal["header", "query", "cookie"],
        Meta(
            description="`header` (default), `query` or `cookie`",
            examples=["header", "query", "cookie"],
        ),
    ] = field(name="in", default="header")


class AwsSigv4(Written, frozen=True, kw_only=True):
    """AWS Signature Version 4."""

    access_key: Text
    secret_key: Text
    region: Text
    service: Text
    session_token: Text | UnsetType = UNSET


class Oauth2(Written, frozen=True, kw_only=True):
    """A token from an OAuth 2.0 token endpoint (RFC 6749)."""

    grant: Annotated[
        Literal["client_credentials", "password", "refresh_token"],
        Meta(
            examples=["client_credentials", "password", "refresh_token"],
        ),
    ]
    token_url: Text
    client_id: Text | UnsetType = UNSET
    client_secret: Text | UnsetType = UNSET
    client_auth: Annotated[Literal["basic", "body"], Meta(examples=["basic", "body"])] | UnsetType = UNSET
    username: Text | UnsetType = UNSET
    password: Text | UnsetType = UNSET
    refresh_token: Text | UnsetType = UNSET
    scope: Text | UnsetType = UNSET
    audience: Text | UnsetType = UNSET
    extra: Annotated[Map, Meta(description="further parameters of the token request")] | UnsetType = UNSET


class Renew(Written, frozen=True, kw_only=True):
    """When a token is renewed."""

    before_expiry: (
        Annotated[
            Duration,
            Meta(
                description="renewed this long before it expires (default `30s`, never more than a tenth of its life)"
            ),
        ]
        | UnsetType
    ) = UNSET
    on_status: (
        Annotated[
            list[Annotated[int, Meta(ge=100, le=599)]],
            Meta(
                description="renewed once after these, and the request sent again (default `[401]`)",
                examples=[[401, 419]],
            ),
        ]
        | UnsetType
    ) = UNSET
    when: Annotated[Expression, Meta(description="renewed once where this is true; sees `response`")] | UnsetType = (
        UNSET
    )


class CasesFile(Written, frozen=True, kw_only=True):
    """Cases from a file."""

    file: Annotated[str, Meta(description="path of a `.csv`, `.json` or `.yaml` file with one case a row")]


class Load(Written, frozen=True, kw_only=True):
    """What a load test needs to know."""

    weight: Annotated[float, Meta(gt=0, description="how often this workflow is chosen, beside others")] | UnsetType = (
        UNSET
    )
    think_time: Annotated[Duration, Meta(description="the wait between two runs of a user")] | UnsetType = UNSET
    thresholds: (
        Annotated[
            Map, Meta(description="limits that decide the verdict", examples=[{"p95": "300ms", "error_rate": "1%"}])
        ]
        | UnsetType
    ) = UNSET
    per: (
        Annotated[Literal["user", "process"], Meta(description="one login for each `process` (default) or `user`")]
        | UnsetType
    ) = UNSET
