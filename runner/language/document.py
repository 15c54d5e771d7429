"""The workflow language as structs: what an author may write. The schema and the reference are generated from them.

Absent is UNSET, so that a key with nothing after it is a mistake and never taken for a key that is not there.
"""

from __future__ import annotations

from typing import Annotated, Any

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
Expect = int | str | list[int | str] | dict[str, Any]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common rules of every struct: frozen, and an unknown key is an error."""


class Retry(_Written, frozen=True, kw_only=True):
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


class ClientCertificate(_Written, frozen=True, kw_only=True):
    """A client certificate."""

    cert: Annotated[str, Meta(description="certificate file (PEM)")]
    key: Annotated[str, Meta(description="key file (PEM), where it is not in the certificate's file")] | UnsetType = (
        UNSET
    )
    password: Annotated[str, Meta(description="the key's password")] | UnsetType = UNSET


class Http(_Written, frozen=True, kw_only=True):
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


class Extract(_Written, frozen=True, kw_only=True):
    """One value to take out of an answer, in full."""

    from_: Annotated[str, Meta(description="selector")] = field(name="from")
    filter: (
        Annotated[str, Meta(description="Jinja filters for the value", examples=["regex('id=(.*)')", "int"])]
        | UnsetType
    ) = UNSET
    default: Annotated[Any, Meta(description="the value where the selector finds nothing")] | UnsetType = UNSET
    secret: Annotated[bool, Meta(description="mask the value everywhere")] | UnsetType = UNSET


class NextParam(_Written, frozen=True, kw_only=True):
    """The next page by a query parameter."""

    param: Annotated[str, Meta(description="query parameter that asks for a page")]
    from_: Annotated[
        str, Meta(description="selector of the parameter's next value; none, null or empty text ends the pages")
    ] = field(name="from")


class Paginate(_Written, frozen=True, kw_only=True):
    """Follow the next page until there is none."""

    next: Annotated[
        str | NextParam,
        Meta(
            description="a selector of the next page's URL (`header Link` takes rel=next), or `{param, from}`",
            examples=["header Link", "$.next"],
        ),
    ]
    max: Annotated[int, Meta(ge=1, description="more pages than this is an error (default 100)")] | UnsetType = UNSET


class Graphql(_Written, frozen=True, kw_only=True):
    """A GraphQL request body."""

    query: Annotated[str, Meta(description="query or mutation")]
    variables: Annotated[Any, Meta(description="values of its variables: a map")] | UnsetType = UNSET
    operation: Annotated[str, Meta(description="name of the operation to run")] | UnsetType = UNSET


class BodySource(_Written, frozen=True, kw_only=True):
    """A body from elsewhere; exactly one of these."""

    file: Annotated[str, Meta(description="path of a file, sent as it is")] | UnsetType = UNSET
    base64: Annotated[str, Meta(description="bytes in Base64")] | UnsetType = UNSET
    hex: Annotated[str, Meta(description="bytes in hex")] | UnsetType = UNSET


class UserPassword(_Written, frozen=True, kw_only=True):
    """A user and a password."""

    username: Text
    password: Text


class ApiKey(_Written, frozen=True, kw_only=True):
    """A key in a header, a query parameter or a cookie."""

    name: Annotated[str, Meta(description="name of the header, parameter or cookie")]
    value: Annotated[str, Meta(description="the key; templates allowed")]
    in_: Annotated[
        str,
        Meta(
            pattern="^(header|query|cookie)$",
            description="`header` (default), `query` or `cookie`",
            examples=["header", "query", "cookie"],
        ),
    ] = field(name="in", default="header")


class AwsSigv4(_Written, frozen=True, kw_only=True):
    """AWS Signature Version 4."""

    access_key: Text
    secret_key: Text
    region: Text
    service: Text
    session_token: Text | UnsetType = UNSET


class Oauth2(_Written, frozen=True, kw_only=True):
    """A token from an OAuth 2.0 token endpoint (RFC 6749)."""

    grant: Annotated[
        str,
        Meta(
            pattern="^(client_credentials|password|refresh_token)$",
            examples=["client_credentials", "password", "refresh_token"],
        ),
    ]
    token_url: Text
    client_id: Text | UnsetType = UNSET
    client_secret: Text | UnsetType = UNSET
    client_auth: Annotated[str, Meta(pattern="^(basic|body)$", examples=["basic", "body"])] | UnsetType = UNSET
    username: Text | UnsetType = UNSET
    password: Text | UnsetType = UNSET
    refresh_token: Text | UnsetType = UNSET
    scope: Text | UnsetType = UNSET
    audience: Text | UnsetType = UNSET
    extra: Annotated[Map, Meta(description="further parameters of the token request")] | UnsetType = UNSET


class Renew(_Written, frozen=True, kw_only=True):
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
    on_status: Annotated[list[int], Meta(description="renewed once after these (default `[401]`)")] | UnsetType = UNSET
    when: Annotated[Expression, Meta(description="renewed once where this is true; sees `response`")] | UnsetType = (
        UNSET
    )


class Auth(_Written, frozen=True, kw_only=True):
    """A credential: exactly one kind, with the keys that go with it."""

    bearer: (
        Annotated[str, Meta(description="a token for `Authorization: Bearer …` (RFC 6750)", examples=["{{ token }}"])]
        | UnsetType
    ) = UNSET
    basic: Annotated[UserPassword, Meta(description="HTTP Basic (RFC 7617)")] | UnsetType = UNSET
    digest: Annotated[UserPassword, Meta(description="HTTP Digest (RFC 7616); not supported yet")] | UnsetType = UNSET
    api_key: Annotated[ApiKey, Meta(description="a key in a header, a query parameter or a cookie")] | UnsetType = UNSET
    aws_sigv4: Annotated[AwsSigv4, Meta(description="AWS Signature Version 4; not supported yet")] | UnsetType = UNSET
    oauth2: Annotated[Oauth2, Meta(description="OAuth 2.0 (RFC 6749); not supported yet")] | UnsetType = UNSET
    login: (
        Annotated[Step | list[Step], Meta(description="steps that fetch a token of the API's own; not supported yet")]
        | UnsetType
    ) = UNSET
    refresh: Annotated[Step | list[Step], Meta(description="steps that renew it; not supported yet")] | UnsetType = (
        UNSET
    )
    logout: Annotated[Step | list[Step], Meta(description="steps that give it back; not supported yet")] | UnsetType = (
        UNSET
    )
    attach: (
        Annotated[
            Map,
            Meta(description="where the token goes: `header NAME`, `query NAME` or `cookie NAME`; not supported yet"),
        ]
        | UnsetType
    ) = UNSET
    renew: Annotated[Renew, Meta(description="when the token is renewed; not supported yet")] | UnsetType = UNSET


class Defaults(_Written, frozen=True, kw_only=True):
    """What holds for every request of the file; a step's own wins, maps merge by key."""

    headers: Annotated[Map, Meta(description="header lines")] | UnsetType = UNSET
    params: Annotated[Map, Meta(description="query parameters")] | UnsetType = UNSET
    auth: (
        Annotated[str | Auth, Meta(description="a credential for requests to the origin of `base_url`")] | UnsetType
    ) = UNSET
    timeout: Annotated[Duration, Meta(description="limit on one try")] | UnsetType = UNSET
    retry: Annotated[int | Retry, Meta(description="further tries")] | UnsetType = UNSET
    expect: Annotated[Expect, Meta(description="expectations; a step takes one back with `any`")] | UnsetType = UNSET
    http: Annotated[Http, Meta(description="how requests are carried")] | UnsetType = UNSET


class Step(_Written, frozen=True, kw_only=True):
    """One step: exactly one action, and what stands around it."""

    name: Annotated[str, Meta(description="what the step is called in reports")] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(description="names that select steps")] | UnsetType = UNSET
    if_: Annotated[Expression, Meta(description="the step is skipped where this is false")] | UnsetType = field(
        name="if", default=UNSET
    )
    for_each: (
        Annotated[
            list[Any] | str, Meta(description="the step once for each value", examples=[["a", "b"], "{{ users }}"])
        ]
        | UnsetType
    ) = UNSET
    as_: (
        Annotated[str, Meta(description="name of the value in a loop (default `item`; `index` stands beside it)")]
        | UnsetType
    ) = field(name="as", default=UNSET)
    allow_empty: Annotated[bool, Meta(description="an empty `for_each` list is no error")] | UnsetType = UNSET
    delay: Annotated[Duration, Meta(description="wait before the step")] | UnsetType = UNSET
    retry: Annotated[int | Retry, Meta(description="further tries, or how to try again")] | UnsetType = UNSET
    timeout: (
        Annotated[
            Duration, Meta(description="limit on one try, from the name look-up to the last byte (default `30s`)")
        ]
        | UnsetType
    ) = UNSET
    continue_on_failure: (
        Annotated[bool, Meta(description="the steps after it run even where this one fails; the workflow still fails")]
        | UnsetType
    ) = UNSET
    assert_: (
        Annotated[
            list[Expression],
            Meta(description="expressions that must be true, over several values", examples=[["total == price * qty"]]),
        ]
        | UnsetType
    ) = field(name="assert", default=UNSET)

    get: Annotated[str, Meta(description="URL to GET")] | UnsetType = UNSET
    post: Annotated[str, Meta(description="URL to POST to")] | UnsetType = UNSET
    put: Annotated[str, Meta(description="URL to PUT to")] | UnsetType = UNSET
    patch: Annotated[str, Meta(description="URL to PATCH")] | UnsetType = UNSET
    delete: Annotated[str, Meta(description="URL to DELETE")] | UnsetType = UNSET
    head: Annotated[str, Meta(description="URL to ask for the HEAD of")] | UnsetType = UNSET
    options: Annotated[str, Meta(description="URL to ask for the OPTIONS of")] | UnsetType = UNSET
    request: Annotated[str, Meta(description="any method and a URL", examples=["PURGE /cache"])] | UnsetType = UNSET
    include: Annotated[str, Meta(description="path of a workflow to run here")] | UnsetType = UNSET
    with_: Annotated[Map, Meta(description="inputs and vars of the included workflow")] | UnsetType = field(
        name="with", default=UNSET
    )
    set: Annotated[Map, Meta(description="variables to compute, in order")] | UnsetType = UNSET

    params: (
        Annotated[Map, Meta(description="query parameters; a list sends several, null takes an inherited one away")]
        | UnsetType
    ) = UNSET
    headers: (
        Annotated[
            Map, Meta(description="header lines; a list sends several, null takes an inherited or default one away")
        ]
        | UnsetType
    ) = UNSET
    cookies: (
        Annotated[
            str | Map,
            Meta(
                description="cookies for this request beside the jar's; `none` sends none at all",
                examples=["none", {"sid": "{{ sid }}"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    jar: Annotated[str, Meta(description="name of a cookie jar other than the run's own")] | UnsetType = UNSET
    auth: Annotated[str | Auth, Meta(description="name of a credential, a credential, or `none`")] | UnsetType = UNSET
    http: Annotated[Http, Meta(description="how the request is carried")] | UnsetType = UNSET
    paginate: Annotated[Paginate, Meta(description="follow the next page")] | UnsetType = UNSET

    json: Annotated[Any, Meta(description="JSON body: any value", examples=[{"name": "{{ name }}"}])] | UnsetType = (
        UNSET
    )
    form: (
        Annotated[
            Map,
            Meta(description="form body (application/x-www-form-urlencoded)", examples=[{"a": "1", "b": ["x", "y"]}]),
        ]
        | UnsetType
    ) = UNSET
    multipart: (
        Annotated[
            Map,
            Meta(
                description="multipart body: text, `{file, filename, type}`, `{json, type}`, `{text, type}`, or a list of them"
            ),
        ]
        | UnsetType
    ) = UNSET
    body: Annotated[str | BodySource, Meta(description="text body, or `{file}`, `{base64}`, `{hex}`")] | UnsetType = (
        UNSET
    )
    xml: Annotated[str, Meta(description="XML body")] | UnsetType = UNSET
    graphql: Annotated[Graphql, Meta(description="GraphQL body")] | UnsetType = UNSET

    expect: (
        Annotated[
            Expect,
            Meta(
                description="a status (`200`, `2xx`, `[200, 204]`), or a map from selector to what must hold",
                examples=[200, "2xx", [200, 204], {"status": 200, "$.name": "ada"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    extract: (
        Annotated[
            dict[str, str | Extract],
            Meta(description="names and the selectors of their values", examples=[{"token": "$.token"}]),
        ]
        | UnsetType
    ) = UNSET


class CasesFile(_Written, frozen=True, kw_only=True):
    """Cases from a file."""

    file: Annotated[str, Meta(description="path of a `.csv`, `.json` or `.yaml` file with one case a row")]


class Load(_Written, frozen=True, kw_only=True):
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
        Annotated[str, Meta(pattern="^(user|process)$", description="one login for each `process` (default) or `user`")]
        | UnsetType
    ) = UNSET


class Document(_Written, frozen=True, kw_only=True):
    """A workflow: a file of ordered request steps."""

    name: Annotated[str, Meta(description="what the workflow is called (default: the file's stem)")] | UnsetType = UNSET
    description: Annotated[str, Meta(description="what it is for")] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(description="names that select workflows")] | UnsetType = UNSET
    if_: Annotated[Expression, Meta(description="the run is skipped where this is false")] | UnsetType = field(
        name="if", default=UNSET
    )
    base_url: (
        Annotated[
            str,
            Meta(
                description="put before every URL that begins with / or ?",
                examples=["https://api.example.com", "{{ env.API_URL }}"],
            ),
        ]
        | UnsetType
    ) = UNSET
    inputs: Annotated[list[str], Meta(description="names that the caller must give (`--var`, `with:`)")] | UnsetType = (
        UNSET
    )
    vars: (
        Annotated[Map, Meta(description="names and values, in order, over `env`, inputs and earlier vars")] | UnsetType
    ) = UNSET
    secrets: (
        Annotated[
            list[str],
            Meta(
                description="names (environment, var, input or extracted) whose values are masked everywhere",
                examples=[["API_PASSWORD", "token"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    auth: (
        Annotated[dict[str, Auth], Meta(description="named credentials", examples=[{"api": {"bearer": "{{ token }}"}}])]
        | UnsetType
    ) = UNSET
    defaults: Annotated[Defaults, Meta(description="what holds for every request of the file")] | UnsetType = UNSET
    matrix: (
        Annotated[
            dict[str, list[Any]],
            Meta(
                description="one run for each combination; each axis is a variable",
                examples=[{"role": ["admin", "guest"]}],
            ),
        ]
        | UnsetType
    ) = UNSET
    cases: (
        Annotated[list[Map] | CasesFile, Meta(description="one run for each row: a list of maps, or a file")]
        | UnsetType
    ) = UNSET
    openapi: Annotated[str, Meta(description="path of an OpenAPI document; not supported yet")] | UnsetType = UNSET
    needs: (
        Annotated[str | list[str], Meta(description="files that must pass before this one runs; not supported yet")]
        | UnsetType
    ) = UNSET
    lock: (
        Annotated[str, Meta(description="workflows with the same lock never run at the same time; not supported yet")]
        | UnsetType
    ) = UNSET
    timeout: (
        Annotated[Duration, Meta(description="limit on the whole run; `finally` still runs after it")] | UnsetType
    ) = UNSET
    load: (
        Annotated[Load, Meta(description="what a load test needs to know; read by the load runner only")] | UnsetType
    ) = UNSET
    steps: Annotated[list[Step], Meta(min_length=1, description="the ordered steps")]
    finally_: (
        Annotated[list[Step], Meta(description="steps that always run, each whatever the one before did")] | UnsetType
    ) = field(name="finally", default=UNSET)
    outputs: Annotated[Map, Meta(description="names and values that an including file may take")] | UnsetType = UNSET


METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
ACTIONS = (*METHODS, "request", "include", "set")
BODIES = ("json", "form", "multipart", "body", "xml", "graphql")
REQUEST_ONLY = ("params", "headers", "cookies", "jar", "auth", "http", "paginate", *BODIES)


def is_set(value: object) -> bool:
    """The key is there."""
    return value is not UNSET
