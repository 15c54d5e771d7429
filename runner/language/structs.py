"""The smaller structs of the language: durations, retry, transport, bodies, credentials, cases, load tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

DURATIONS = ["500ms", "2s", "1m30s"]
SIZES = ["10kB", "64MB"]
"""The examples by which the schema shows that a text is a duration, or a size."""

Duration = Annotated[str, Meta(description="a duration with its unit: `500ms`, `2s`, `1m30s`", examples=DURATIONS)]
Size = Annotated[str, Meta(description="a size with its unit: `10kB`, `64MB`", examples=SIZES)]
Expression = Annotated[
    str | bool,
    Meta(description="an expression without braces that is true or false", examples=["count > 3 and not done"]),
]
Map = dict[str, Any]


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common rules of every struct: frozen, and an unknown key is an error."""


def plain_data(value: Any) -> Any:
    """A struct of the document as the plain data that the author wrote."""
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


class Retry(Written, frozen=True, kw_only=True):
    """Retry a step until it passes."""

    times: (
        Annotated[int, Meta(ge=0, description="the maximum number of retries; by default as many as `for` allows")]
        | UnsetType
    ) = UNSET
    every: Annotated[Duration, Meta(description="how long to wait before a retry (default `1s`)")] | UnsetType = UNSET
    for_: Annotated[Duration, Meta(description="no retry begins after this time")] | UnsetType = field(
        name="for", default=UNSET
    )
    backoff: (
        Annotated[
            float, Meta(ge=1, description="the factor by which each wait is longer than the one before (default 1)")
        ]
        | UnsetType
    ) = UNSET
    max_every: Annotated[Duration, Meta(description="the longest wait")] | UnsetType = UNSET
    jitter: Annotated[bool, Meta(description="multiply each wait by a random factor from 0.5 to 1")] | UnsetType = UNSET
    abort_if: (
        Annotated[Expression, Meta(description="stop retrying if this is true; it can use `response`")] | UnsetType
    ) = UNSET


class ClientCertificate(Written, frozen=True, kw_only=True):
    """A client certificate."""

    cert: Annotated[str, Meta(description="certificate file (PEM)")]
    key: (
        Annotated[str, Meta(description="key file (PEM); not needed if the certificate file holds the key")] | UnsetType
    ) = UNSET
    password: Annotated[str, Meta(description="the password of the key")] | UnsetType = UNSET


class Http(Written, frozen=True, kw_only=True):
    """How requests are sent."""

    follow_redirects: Annotated[bool, Meta(description="follow redirects (default true)")] | UnsetType = UNSET
    max_redirects: (
        Annotated[int, Meta(ge=0, description="the maximum number of redirects; more are an error (default 10)")]
        | UnsetType
    ) = UNSET
    trust_redirects: (
        Annotated[
            list[str],
            Meta(
                description="origins to which a redirect may send credentials and bodies",
                examples=[["https://files.example.com"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    verify: (
        Annotated[
            bool | str,
            Meta(description="verify the server's certificate: true, false (with a warning), or the path of a CA file"),
        ]
        | UnsetType
    ) = UNSET
    cert: (
        Annotated[str | ClientCertificate, Meta(description="client certificate: a file, or `{cert, key, password}`")]
        | UnsetType
    ) = UNSET
    proxy: (
        Annotated[str, Meta(description="URL of a proxy; the proxy variables of the environment are ignored")]
        | UnsetType
    ) = UNSET
    version: (
        Annotated[float | int | str, Meta(description="HTTP version: 1.1, 2 or 3 (2 and 3 need the curl driver)")]
        | UnsetType
    ) = UNSET
    resolve: (
        Annotated[
            dict[str, str],
            Meta(
                description="connect to this address instead of `host:port` (curl driver)",
                examples=[{"api.example.com:443": "127.0.0.1"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    unix_socket: Annotated[str, Meta(description="path of a unix socket to connect to (curl driver)")] | UnsetType = (
        UNSET
    )
    max_response_size: (
        Annotated[Size, Meta(description="the maximum size of a decoded body (default 64MB)")] | UnsetType
    ) = UNSET
    encodings: (
        Annotated[
            list[str],
            Meta(
                description="content codings to accept, instead of all that the driver can decode",
                examples=[["gzip"], []],
            ),
        ]
        | UnsetType
    ) = UNSET
    charset: (
        Annotated[str, Meta(description="the charset of the body, if the header names a wrong one")] | UnsetType
    ) = UNSET


class Extract(Written, frozen=True, kw_only=True):
    """How to extract one value from a response."""

    from_: Annotated[str, Meta(description="selector")] = field(name="from")
    filter: (
        Annotated[str, Meta(description="Jinja filters to apply to the value", examples=["regex('id=(.*)')", "int"])]
        | UnsetType
    ) = UNSET
    default: Annotated[Any, Meta(description="the value if the selector finds nothing")] | UnsetType = UNSET
    secret: Annotated[bool, Meta(description="mask the value in all output")] | UnsetType = UNSET


class NextParam(Written, frozen=True, kw_only=True):
    """Get the next page with a query parameter."""

    param: Annotated[str, Meta(description="the query parameter that selects a page")]
    from_: Annotated[
        str,
        Meta(
            description="a selector of the next value of the parameter; the last page has none, null or an empty text"
        ),
    ] = field(name="from")


class Paginate(Written, frozen=True, kw_only=True):
    """Fetch the following pages until there is none."""

    next: Annotated[
        str | NextParam,
        Meta(
            description="a selector of the URL of the next page (`header Link` uses rel=next), or `{param, from}`",
            examples=["header Link", "$.next"],
        ),
    ]
    max: (
        Annotated[int, Meta(ge=1, description="the maximum number of pages; more are an error (default 100)")]
        | UnsetType
    ) = UNSET


class Graphql(Written, frozen=True, kw_only=True):
    """A GraphQL request body."""

    query: Annotated[str, Meta(description="the query or mutation")]
    variables: Annotated[Any, Meta(description="the values of its variables: a map")] | UnsetType = UNSET
    operation: Annotated[str, Meta(description="the name of the operation to run")] | UnsetType = UNSET


class BodySource(Written, frozen=True, kw_only=True):
    """A body from a file, or bytes as text; exactly one of these."""

    file: Annotated[str, Meta(description="path of a file, sent as it is")] | UnsetType = UNSET
    base64: Annotated[str, Meta(description="bytes in Base64")] | UnsetType = UNSET
    hex: Annotated[str, Meta(description="bytes in hex")] | UnsetType = UNSET


class UserPassword(Written, frozen=True, kw_only=True):
    """A user and a password."""

    username: Annotated[str, Meta(description="the user name")]
    password: Annotated[str, Meta(description="the password")]


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

    access_key: Annotated[str, Meta(description="the access key ID")]
    secret_key: Annotated[str, Meta(description="the secret access key")]
    region: Annotated[str, Meta(description="the region: `us-east-1`")]
    service: Annotated[str, Meta(description="the service: `s3`")]
    session_token: Annotated[str, Meta(description="the session token of temporary credentials")] | UnsetType = UNSET


class Oauth2(Written, frozen=True, kw_only=True):
    """A token from an OAuth 2.0 token endpoint (RFC 6749)."""

    grant: Annotated[
        Literal["client_credentials", "password", "refresh_token"],
        Meta(
            description="how the token is obtained (RFC 6749 §4, §6)",
            examples=["client_credentials", "password", "refresh_token"],
        ),
    ]
    token_url: Annotated[str, Meta(description="URL of the token endpoint")]
    client_id: Annotated[str, Meta(description="the client ID")] | UnsetType = UNSET
    client_secret: Annotated[str, Meta(description="the client secret")] | UnsetType = UNSET
    client_auth: (
        Annotated[
            Literal["basic", "body"],
            Meta(
                description="where the client ID and secret are sent: by HTTP Basic (default), or in the body",
                examples=["basic", "body"],
            ),
        ]
        | UnsetType
    ) = UNSET
    username: Annotated[str, Meta(description="with `grant: password`: the user name")] | UnsetType = UNSET
    password: Annotated[str, Meta(description="with `grant: password`: the password")] | UnsetType = UNSET
    refresh_token: Annotated[str, Meta(description="with `grant: refresh_token`: the refresh token")] | UnsetType = (
        UNSET
    )
    scope: Annotated[str, Meta(description="the scopes, separated by spaces")] | UnsetType = UNSET
    audience: Annotated[str, Meta(description="the API that the token is for")] | UnsetType = UNSET
    extra: Annotated[Map, Meta(description="more parameters of the token request")] | UnsetType = UNSET


class Renew(Written, frozen=True, kw_only=True):
    """When a token is renewed."""

    before_expiry: (
        Annotated[
            Duration,
            Meta(
                description="renew the token this long before it expires (default `30s`, at most a tenth of its lifetime)"
            ),
        ]
        | UnsetType
    ) = UNSET
    on_status: (
        Annotated[
            list[Annotated[int, Meta(ge=100, le=599)]],
            Meta(
                description="statuses after which the token is renewed and the request is sent again, once (default `[401]`)",
                examples=[[401, 419]],
            ),
        ]
        | UnsetType
    ) = UNSET
    when: (
        Annotated[Expression, Meta(description="renew the token once if this is true; it can use `response`")]
        | UnsetType
    ) = UNSET


class CasesFile(Written, frozen=True, kw_only=True):
    """Cases from a file."""

    file: Annotated[str, Meta(description="path of a `.csv`, `.json` or `.yaml` file with one case in each row")]


class Load(Written, frozen=True, kw_only=True):
    """Settings of a load test."""

    weight: (
        Annotated[
            float, Meta(gt=0, description="how often this workflow is chosen, relative to the others (default 1)")
        ]
        | UnsetType
    ) = UNSET
    think_time: Annotated[Duration, Meta(description="how long a user waits between two runs")] | UnsetType = UNSET
    thresholds: (
        Annotated[
            Map,
            Meta(
                description="limits that decide whether the load test passes",
                examples=[{"p95": "300ms", "error_rate": "1%"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    per: (
        Annotated[Literal["user", "process"], Meta(description="one login for each `process` (default) or `user`")]
        | UnsetType
    ) = UNSET
