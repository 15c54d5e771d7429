"""The workflow language as structs: what an author may write. The schema and the reference are generated from them.

Absent is UNSET, so that a key with nothing after it is a mistake and never taken for a key that is not there.
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
        Annotated[Step | list[Step], Meta(description="with `login`: what renews the token, cheaper than a new login")]
        | UnsetType
    ) = UNSET
    logout: (
        Annotated[
            Step | list[Step],
            Meta(description="with `login` or `oauth2`: gives the token back, once, when its last user is done"),
        ]
        | UnsetType
    ) = UNSET
    attach: (
        Annotated[
            dict[str, str],
            Meta(
                description="with `login` or `oauth2`: where the token goes, by `header NAME`, `query NAME` or `cookie NAME`",
                examples=[{"header Authorization": "Bearer {{ token }}"}, {"cookie sid": "{{ token }}"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    renew: Annotated[Renew, Meta(description="with `login` or `oauth2`: when the token is renewed")] | UnsetType = UNSET
    origins: (
        Annotated[
            list[str],
            Meta(
                description="where `defaults.auth` sends it, in place of the origin of `base_url`",
                examples=[["https://api.example.com", "https://files.example.com"]],
            ),
        ]
        | UnsetType
    ) = UNSET


class Defaults(Written, frozen=True, kw_only=True):
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


class Step(Written, frozen=True, kw_only=True):
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


class Document(Written, frozen=True, kw_only=True):
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
    openapi: (
        Annotated[str, Meta(description="path of an OpenAPI document that every exchange of this file is held against")]
        | UnsetType
    ) = UNSET
    needs: (
        Annotated[
            str | list[str],
            Meta(description="files that must pass before this one runs; they are run too, if they were not selected"),
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
                description="it may do its work twice: where `--executor` loses the worker that runs it, it runs again"
            ),
        ]
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
