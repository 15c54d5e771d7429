"""The workflow language as structs. The JSON Schema and the reference are generated from them.

A key that is absent is UNSET. A key with nothing after it is null, which is a mistake.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, field

from .structs import (
    ApiKey,
    AwsSigv4,
    BodySource,
    CasesFile,
    Duration,
    Expression,
    Extract,
    Graphql,
    Http,
    Load,
    Map,
    Oauth2,
    Paginate,
    Renew,
    Retry,
    UserPassword,
    Written,
)

Expect = int | str | list[int | str] | dict[str, Any]


class Auth(Written, frozen=True, kw_only=True):
    """A credential: exactly one kind, with the keys that go with it."""

    bearer: (
        Annotated[str, Meta(description="a token for `Authorization: Bearer …` (RFC 6750)", examples=["{{ token }}"])]
        | UnsetType
    ) = UNSET
    basic: Annotated[UserPassword, Meta(description="HTTP Basic (RFC 7617)")] | UnsetType = UNSET
    digest: (
        Annotated[UserPassword, Meta(description="HTTP Digest (RFC 7616): MD5 or SHA-256, `qop=auth`")] | UnsetType
    ) = UNSET
    api_key: Annotated[ApiKey, Meta(description="a key in a header, a query parameter or a cookie")] | UnsetType = UNSET
    aws_sigv4: Annotated[AwsSigv4, Meta(description="AWS Signature Version 4 (extra `aws`)")] | UnsetType = UNSET
    oauth2: Annotated[Oauth2, Meta(description="a token from an OAuth 2.0 token endpoint (RFC 6749)")] | UnsetType = (
        UNSET
    )
    login: (
        Annotated[
            Step | list[Step],
            Meta(description="a step, or a list of steps, that fetches a token; runs when it is first needed"),
        ]
        | UnsetType
    ) = UNSET
    refresh: (
        Annotated[
            Step | list[Step],
            Meta(description="with `login`: a step, or a list of steps, that renews the token without a new login"),
        ]
        | UnsetType
    ) = UNSET
    logout: (
        Annotated[
            Step | list[Step],
            Meta(
                description="with `login` or `oauth2`: a step, or a list of steps, that logs out; runs once, after the last run that used the token"
            ),
        ]
        | UnsetType
    ) = UNSET
    attach: (
        Annotated[
            dict[str, str],
            Meta(
                description="with `login` or `oauth2`: where the token is sent: `header NAME`, `query NAME` or `cookie NAME`",
                examples=[{"header Authorization": "Bearer {{ token }}"}, {"cookie sid": "{{ token }}"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    renew: Annotated[Renew, Meta(description="with `login` or `oauth2`: when to renew the token")] | UnsetType = UNSET
    origins: (
        Annotated[
            list[str],
            Meta(
                description="the origins to which `defaults.auth` sends the credential, instead of the origin of `base_url`",
                examples=[["https://api.example.com", "https://files.example.com"]],
            ),
        ]
        | UnsetType
    ) = UNSET


class Defaults(Written, frozen=True, kw_only=True):
    """Defaults for every request of the file. A step overrides them; maps are merged by key."""

    headers: Annotated[Map, Meta(description="headers")] | UnsetType = UNSET
    params: Annotated[Map, Meta(description="query parameters")] | UnsetType = UNSET
    auth: (
        Annotated[str | Auth, Meta(description="the credential for requests to the origin of `base_url`")] | UnsetType
    ) = UNSET
    timeout: Annotated[Duration, Meta(description="time limit of one attempt")] | UnsetType = UNSET
    retry: Annotated[int | Retry, Meta(description="how often, or how, to retry a failed step")] | UnsetType = UNSET
    expect: Annotated[Expect, Meta(description="expectations; a step removes one with `any`")] | UnsetType = UNSET
    http: Annotated[Http, Meta(description="how requests are sent: redirects, TLS, proxy")] | UnsetType = UNSET


class Step(Written, frozen=True, kw_only=True):
    """One step: exactly one action, and what belongs to it."""

    name: Annotated[str, Meta(description="the name of the step in reports")] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(description="names by which steps are selected")] | UnsetType = UNSET
    if_: Annotated[Expression, Meta(description="the step is skipped if this is false")] | UnsetType = field(
        name="if", default=UNSET
    )
    for_each: (
        Annotated[
            list[Any] | str,
            Meta(description="runs the step once for each value of a list", examples=[["a", "b"], "{{ users }}"]),
        ]
        | UnsetType
    ) = UNSET
    as_: (
        Annotated[
            str,
            Meta(
                description="name of the variable that holds the value of an iteration (default `item`); `index` holds its number, from 0"
            ),
        ]
        | UnsetType
    ) = field(name="as", default=UNSET)
    allow_empty: (
        Annotated[bool, Meta(description="allow an empty `for_each` list; by default it is an error")] | UnsetType
    ) = UNSET
    delay: Annotated[Duration, Meta(description="how long to wait before the step")] | UnsetType = UNSET
    retry: Annotated[int | Retry, Meta(description="how often, or how, to retry the step if it fails")] | UnsetType = (
        UNSET
    )
    timeout: (
        Annotated[
            Duration,
            Meta(description="time limit of one attempt, from the DNS lookup to the last byte (default `30s`)"),
        ]
        | UnsetType
    ) = UNSET
    continue_on_failure: (
        Annotated[bool, Meta(description="run the following steps even if this one fails; the workflow still fails")]
        | UnsetType
    ) = UNSET
    assert_: (
        Annotated[
            list[Expression],
            Meta(
                description="expressions that must be true; they may use several values",
                examples=[["total == price * qty"]],
            ),
        ]
        | UnsetType
    ) = field(name="assert", default=UNSET)

    get: Annotated[str, Meta(description="URL of a GET request")] | UnsetType = UNSET
    post: Annotated[str, Meta(description="URL of a POST request")] | UnsetType = UNSET
    put: Annotated[str, Meta(description="URL of a PUT request")] | UnsetType = UNSET
    patch: Annotated[str, Meta(description="URL of a PATCH request")] | UnsetType = UNSET
    delete: Annotated[str, Meta(description="URL of a DELETE request")] | UnsetType = UNSET
    head: Annotated[str, Meta(description="URL of a HEAD request")] | UnsetType = UNSET
    options: Annotated[str, Meta(description="URL of an OPTIONS request")] | UnsetType = UNSET
    request: Annotated[str, Meta(description="a method, any, and a URL", examples=["PURGE /cache"])] | UnsetType = UNSET
    include: Annotated[str, Meta(description="path of a workflow to run as this step")] | UnsetType = UNSET
    with_: Annotated[Map, Meta(description="values of the inputs and vars of the included workflow")] | UnsetType = (
        field(name="with", default=UNSET)
    )
    set: Annotated[Map, Meta(description="variables to compute, in this order")] | UnsetType = UNSET

    params: (
        Annotated[
            Map,
            Meta(
                description="query parameters; a list sends the parameter several times, null removes one of `defaults`"
            ),
        ]
        | UnsetType
    ) = UNSET
    headers: (
        Annotated[
            Map,
            Meta(
                description="headers; a list sends the header several times, null removes one of `defaults` or of the driver"
            ),
        ]
        | UnsetType
    ) = UNSET
    cookies: (
        Annotated[
            str | Map,
            Meta(
                description="cookies of this request, in addition to those of the cookie jar; `none` sends no cookies",
                examples=["none", {"sid": "{{ sid }}"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    jar: (
        Annotated[str, Meta(description="name of a cookie jar to use instead of the default jar of the run")]
        | UnsetType
    ) = UNSET
    auth: Annotated[str | Auth, Meta(description="the name of a credential, a credential, or `none`")] | UnsetType = (
        UNSET
    )
    http: Annotated[Http, Meta(description="how the request is sent: redirects, TLS, proxy")] | UnsetType = UNSET
    paginate: Annotated[Paginate, Meta(description="fetch all pages of a list")] | UnsetType = UNSET

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
                description="multipart body; each field is a text, `{file, filename, type}`, `{json, type}`, `{text, type}`, or a list of them"
            ),
        ]
        | UnsetType
    ) = UNSET
    body: (
        Annotated[str | BodySource, Meta(description="body as text, or `{file}`, `{base64}` or `{hex}`")] | UnsetType
    ) = UNSET
    xml: Annotated[str, Meta(description="XML body")] | UnsetType = UNSET
    graphql: Annotated[Graphql, Meta(description="GraphQL body")] | UnsetType = UNSET

    expect: (
        Annotated[
            Expect,
            Meta(
                description="the expected status (`200`, `2xx`, `[200, 204]`), or a map of selectors to expected values or operators; "
                "if nothing is said of the status, one of 400 or more fails the step",
                examples=[200, "2xx", [200, 204], {"status": 200, "$.name": "ada"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    extract: (
        Annotated[
            dict[str, str | Extract],
            Meta(
                description="variables to define from the response: names and selectors",
                examples=[{"token": "$.token"}],
            ),
        ]
        | UnsetType
    ) = UNSET


class Document(Written, frozen=True, kw_only=True):
    """A workflow: steps that run in order."""

    name: (
        Annotated[str, Meta(description="the name of the workflow (default: the file name without its extension)")]
        | UnsetType
    ) = UNSET
    description: Annotated[str, Meta(description="what the workflow is for")] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(description="names by which workflows are selected")] | UnsetType = UNSET
    if_: Annotated[Expression, Meta(description="the run is skipped if this is false")] | UnsetType = field(
        name="if", default=UNSET
    )
    base_url: (
        Annotated[
            str,
            Meta(
                description="the prefix of every URL that begins with / or ?",
                examples=["https://api.example.com", "{{ env.API_URL }}"],
            ),
        ]
        | UnsetType
    ) = UNSET
    inputs: (
        Annotated[list[str], Meta(description="variables that the caller must define (`--var`, `with:`)")] | UnsetType
    ) = UNSET
    vars: (
        Annotated[
            Map, Meta(description="variables to define, in this order; each may use `env`, inputs and earlier vars")
        ]
        | UnsetType
    ) = UNSET
    secrets: (
        Annotated[
            list[str],
            Meta(
                description="names of variables and environment variables whose values are masked in all output",
                examples=[["API_PASSWORD", "token"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    auth: (
        Annotated[dict[str, Auth], Meta(description="named credentials", examples=[{"api": {"bearer": "{{ token }}"}}])]
        | UnsetType
    ) = UNSET
    defaults: Annotated[Defaults, Meta(description="defaults for every request of the file")] | UnsetType = UNSET
    matrix: (
        Annotated[
            dict[str, list[Any]],
            Meta(
                description="one run for each combination of values; each key defines a variable",
                examples=[{"role": ["admin", "editor"]}],
            ),
        ]
        | UnsetType
    ) = UNSET
    cases: (
        Annotated[
            list[Map] | CasesFile, Meta(description="one run for each row: a list of maps of variables, or a file")
        ]
        | UnsetType
    ) = UNSET
    openapi: (
        Annotated[
            str, Meta(description="path of an OpenAPI document against which every exchange of this file is checked")
        ]
        | UnsetType
    ) = UNSET
    needs: (
        Annotated[
            str | list[str],
            Meta(description="files that must pass before this one runs; they run even if they are not selected"),
        ]
        | UnsetType
    ) = UNSET
    lock: Annotated[str, Meta(description="workflows with the same lock never run at the same time")] | UnsetType = (
        UNSET
    )
    idempotent: (
        Annotated[
            bool,
            Meta(
                description="the workflow may run twice without harm: if `--executor` loses its worker, it runs again on another"
            ),
        ]
        | UnsetType
    ) = UNSET
    timeout: (
        Annotated[Duration, Meta(description="time limit of the whole run; `finally` still runs after it")] | UnsetType
    ) = UNSET
    load: Annotated[Load, Meta(description="settings of load tests; only load tests read them")] | UnsetType = UNSET
    steps: Annotated[list[Step], Meta(min_length=1, description="the steps, in order")]
    finally_: (
        Annotated[
            list[Step],
            Meta(description="steps that always run, also after a failure; a failure of one does not stop the next"),
        ]
        | UnsetType
    ) = field(name="finally", default=UNSET)
    outputs: Annotated[Map, Meta(description="variables that an including file can extract")] | UnsetType = UNSET


METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
ACTIONS = (*METHODS, "request", "include", "set")
BODIES = ("json", "form", "multipart", "body", "xml", "graphql")
REQUEST_ONLY = ("params", "headers", "cookies", "jar", "auth", "http", "paginate", *BODIES)
