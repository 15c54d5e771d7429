"""What an OpenAPI document allows of an exchange, and what it does not."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from fakes import answer, run

from runflow.model.answer import Answer
from runflow.model.codes import code_of
from runflow.model.errors import StepError, WorkflowError
from runflow.model.exchange import Request, Response
from runflow.openapi.contract import Contract, contract_of

HOME = "http://api.test"
ITEM = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "next": {"$ref": "#/components/schemas/Item"},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "items", "version": "1"},
    "servers": [{"url": "/v1"}],
    "paths": {
        "/items/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "parameters": [
                    {"$ref": "#/components/parameters/Page"},
                    {"name": "X-Team", "in": "header", "required": True, "schema": {"enum": ["a", "b"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
                        "headers": {"X-Count": {"required": True, "schema": {"type": "integer"}}}},
                    "404": {"description": "none"}, "5XX": {"content": {"text/*": {}}},
                },
            },
        },
        "/items/mine": {"get": {"responses": {"default": {"$ref": "#/components/responses/Any"}}}},
        "/items": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}, "text/csv": {}}},
                "responses": {"201": {"description": "made"}, "204": {"content": {"application/json": {}}}, "400": {"description": "no"}},
            }
        },
    },
    "components": {
        "schemas": {"Item": ITEM},
        "parameters": {"Page": {"name": "page", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}}},
        "responses": {"Any": {"content": {"*/*": {"schema": {"type": "array"}}}}},
    },
}  # fmt: skip
TEAM = (("X-Team", "a"),)
COUNT = (("X-Count", "3"),)
GET = Request("GET", f"{HOME}/v1/items/7?page=1", TEAM)
POST = Request("POST", f"{HOME}/v1/items", (("Content-Type", "application/json"),), b'{"id": 1}')


def contract(**changes: Any) -> Contract:
    return contract_of(json.dumps(DOCUMENT | changes).encode(), "api.json")


def answered(
    status: int = 200, body: Any = None, headers: tuple[tuple[str, str], ...] = COUNT, kind: str = "application/json"
) -> Answer:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        Response(status, HOME, headers=(*headers, *((("Content-Type", kind),) if kind else ())), body=content)
    )


def change(request: Request, **changes: Any) -> Request:
    import msgspec

    return msgspec.structs.replace(request, **changes)


ALLOWED = {
    "as it is described": (GET, answered(body={"id": 1})),
    "more members than are described": (GET, answered(body={"id": 1, "more": 2})),
    "a schema that refers to itself": (GET, answered(body={"id": 1, "next": {"id": 2, "next": {"id": 3}}})),
    "a status with nothing more": (GET, answered(404, b"x", (), "text/plain")),
    "a class of statuses, a range of types": (GET, answered(503, b"x", (), "text/plain")),
    "a concrete path before one with parameters": (
        change(GET, url=f"{HOME}/v1/items/mine", headers=()),
        answered(418, [1]),
    ),
    "HEAD, where GET is described": (change(GET, method="HEAD"), answered()),
    "a body that is allowed": (POST, answered(201)),
    "a status without a body": (POST, answered(204, headers=())),
    "a bad request that is refused": (change(POST, body=b'{"id": "x"}'), answered(400)),
    "no server in the path": (change(GET, url=f"{HOME}/items/7?page=1"), answered(body={"id": 1})),
}
BROKEN = {
    "a path that is not there": (change(GET, url=f"{HOME}/v1/itmes"), answered(), "a path that api.json has", "did you mean '/items'?"),
    "a path that is longer": (change(GET, url=f"{HOME}/v1/items/7/parts"), answered(), "a path that api.json has", ""),
    "a method that is not there": (change(GET, method="DELETE"), answered(), "a method that api.json has for this path: GET", ""),
    "a status that is not there": (GET, answered(202), "a status that api.json describes: 200, 404, 5XX", ""),
    "a member of another type": (GET, answered(body={"id": "1"}), "the body of the response as api.json describes it",
        "$.id: '1' is not of type 'integer'"),
    "deep inside": (GET, answered(body={"id": 1, "next": {"id": 2, "next": {}}}), "the body of the response as api.json describes it",
        "$.next.next: 'id' is a required property"),
    "no body": (GET, answered(), "a body as application/json", ""),
    "another media type": (GET, answered(body=b"<p>", kind="text/html"), "a body as application/json", ""),
    "no header": (GET, answered(body={"id": 1}, headers=()), "the header `X-Count`", ""),
    "another header": (GET, answered(body={"id": 1}, headers=(("X-Count", "many"),)), "the header `X-Count` as api.json describes it",
        "'many' is not of type 'integer'"),
    "no parameter": (change(GET, url=f"{HOME}/v1/items/7"), answered(body={"id": 1}), "the query parameter `page`", ""),
    "a parameter too small": (change(GET, url=f"{HOME}/v1/items/7?page=0"), answered(body={"id": 1}),
        "the query parameter `page` as api.json describes it", "0 is less than the minimum of 1"),
    "no header parameter": (change(GET, headers=()), answered(body={"id": 1}), "the header parameter `X-Team`", ""),
    "a header parameter that is none of those": (change(GET, headers=(("x-team", "c"),)), answered(body={"id": 1}),
        "the header parameter `X-Team` as api.json describes it", "'c' is not one of"),
    "a request without a body": (change(POST, body=None), answered(201), "a request with a body", ""),
    "a request of another type": (change(POST, headers=(("Content-Type", "text/plain"),)), answered(201),
        "a request body as application/json, text/csv", ""),
    "a request with another member": (change(POST, body=b'{"id": "x"}'), answered(201), "the body of the request as api.json describes it",
        "$.id: 'x' is not of type 'integer'"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_document_allows_is_no_breach(name: str) -> None:
    assert contract().breaches(*ALLOWED[name]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_document_does_not_allow_is_named(name: str) -> None:
    request, answer, expected, detail = BROKEN[name]
    (breach,) = contract().breaches(request, answer)
    assert breach.expected == expected
    assert detail in breach.detail
    assert bool(detail) == bool(breach.detail)


def test_openapi_3_0_has_schemas_of_its_own() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "nullable": True},
            "n": {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
        },
    }
    get = {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}}
    old = contract(openapi="3.0.3", paths={"/x": get})
    request = Request("GET", f"{HOME}/x")
    assert old.breaches(request, answered(body={"a": None, "n": 2})) == []
    assert len(old.breaches(request, answered(body={"a": None, "n": 1}))) == 1
    assert (
        len(
            contract(
                paths={
                    "/x": {
                        "get": {
                            "responses": {
                                "200": {
                                    "content": {"application/json": {"schema": {"type": "string", "nullable": True}}}
                                }
                            }
                        }
                    }
                }
            ).breaches(request, answered(body=b"null"))
        )
        == 1
    )


def test_only_what_is_asked_of_the_api_is_held_against_it() -> None:
    assert contract().covers(f"{HOME}/v1/items", HOME)
    assert not contract().covers("http://elsewhere.test/x", HOME)
    named = contract(servers=[{"url": "https://one.test/v1"}, {"url": "https://two.test"}])
    assert named.covers("https://two.test/x", "")
    assert named.covers("https://one.test/x", HOME)
    assert not named.covers("https://three.test/x", "")
    assert named.covers("https://one.test:443/x", "")  # the port that https has anyway
    assert contract(servers=[{"url": "http://a:99999/"}, {"url": "http://[::"}, "x"]).covers(
        "http://a/", ""
    )  # servers that are nowhere
    anywhere = contract(servers=[{"url": "https://{host}:{port}/v1"}])
    assert anywhere.covers("https://three.test/v1/items", "")
    assert anywhere.covers("https://three.test:443/v1/items", "https://three.test/v1")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('swagger: "2.0"\npaths: {/x: {}}\n', "is not an OpenAPI document of version 3", "Swagger 2"),
        ("openapi: 3.1\npaths: {/x: {}}\n", "is not an OpenAPI document of version 3", "in quotes"),
        ("openapi: 3.1.0\n", "has no paths", ""), ("[1]\n", "is not an OpenAPI document", ""), ("a: [\n", "is not valid YAML", ""),
        ("openapi: 3.1.0\npaths: {/x: {$ref: other.yaml}}\n", "`other.yaml` is not in this document", "bundle"),
        ("openapi: 3.1.0\npaths: {/x: {$ref: '#/components/x'}}\n", "`#/components/x` is not in this document", ""),
        ("openapi: 3.1.0\npaths: {/x: {$ref: '#/paths/~1x'}}\n", "`#/paths/~1x` is not in this document", ""),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_refused_when_the_file_is_checked(text: str, message: str, hint: str) -> None:
    with pytest.raises(WorkflowError) as error:
        contract_of(text.encode(), "api.yaml")
    assert message in error.value.problems[0].message
    assert hint in error.value.problems[0].hint


@pytest.mark.parametrize(
    ("schema", "why"),
    [({"type": "strng"}, "not valid under any"), ({"allOf": [{"$ref": "#/components/schemas/Item"}]}, "contains itself")],
)  # fmt: skip
def test_a_document_that_is_wrong_passes_nothing(schema: Any, why: str) -> None:
    wrong = contract(components=DOCUMENT["components"] | {"schemas": {"Item": schema}})
    (breach,) = wrong.breaches(GET, answered(body={"id": 1}))
    assert "the document is not valid" in breach.detail
    assert why in breach.detail


def test_a_pattern_that_never_ends_is_stopped() -> None:
    slow = contract(components=DOCUMENT["components"] | {"schemas": {"Item": {"pattern": "^(a|a)*$"}}})
    with pytest.raises(StepError, match="takes more than a second"):
        slow.breaches(GET, answered(body="a" * 40 + "b"))


FLOW = "openapi: api.json\nbase_url: http://api.test/v1\nsteps:\n  - name: look\n    {step}\n"


def ran(step: str, answers: Any, **changes: Any) -> Any:
    return run(FLOW.format(step=step), answers, files={"api.json": json.dumps(DOCUMENT | changes)})


def test_a_step_fails_where_its_exchange_is_not_as_the_document_says() -> None:
    step = "get: /items/mine"
    assert ran(step, [answer(200, [1])]).verdict == "passed"
    broken = ran(step, [answer(200, {"a": 1})])
    assert broken.verdict == "failed"
    (check,) = broken.checks
    assert (check.subject, check.expected, check.actual) == (
        "openapi GET /items/mine 200",
        "the body of the response as api.json describes it",
        {"a": 1},
    )
    assert (check.where.line, code_of(check)) == (4, "RF109")


def test_what_failed_otherwise_is_held_against_it_too_and_other_hosts_are_not() -> None:
    both = ran("get: /items/mine\n    expect: 201", [answer(200, {})])
    assert [check.subject for check in both.checks] == ["status", "openapi GET /items/mine 200"]
    assert ran("get: http://other.test/x\n    expect: 200", [answer(200, {})]).verdict == "passed"


def test_an_exchange_that_redirects_is_held_against_it_and_one_that_is_sent_again_is_not() -> None:
    moved = {"/moved": {"get": {"responses": {"302": {"description": ""}}}}}
    answers = [answer(302, text="", Location="/v1/items/mine"), answer(200, [1])]
    assert ran("get: /moved", list(answers), paths=DOCUMENT["paths"] | moved).verdict == "passed"
    assert ran("get: /moved", list(answers)).checks[0].expected == "a path that api.json has"
    digest = "get: /items/once\n    auth: {digest: {username: a, password: pass}}"
    once = {"/items/once": {"get": {"responses": {"200": {"description": ""}}}}}
    challenge = answer(401, text="", WWW_Authenticate='Digest realm="a", nonce="b", qop="auth"')
    assert ran(digest, [challenge, answer(200, [1])], paths=DOCUMENT["paths"] | once).verdict == "passed"


def test_pages_are_each_held_against_it_across_a_renewed_token() -> None:
    login = "auth: {login: {post: /login, extract: {token: $.token}}}"
    paths = DOCUMENT["paths"] | {"/login": {"post": {"responses": {"200": {"description": ""}}}}}
    step = f"get: /items/mine\n    {login}\n    paginate: {{next: header Link, max: 5}}\n    extract: {{all: $}}"
    more = {"Link": '</v1/items/mine?page=2>; rel="next"'}
    token = answer(200, {"token": "abcdefgh"})
    good = [token, answer(200, [1], **more), answer(401, [0]), token, answer(200, [2])]
    assert ran(step, list(good), paths=paths).verdict == "passed"
    assert ran(step, [*good[:-1], answer(200, {"a": 2})], paths=paths).checks[0].actual == {"a": 2}


def test_a_project_names_a_document_for_all_its_workflows(runflow: Any, write: Any, demo: str) -> None:
    write("runflow.yaml", "openapi: api/demo.json\n")
    write(
        "api/demo.json",
        json.dumps(
            {"openapi": "3.1.0", "paths": {"/health": {"get": {"responses": {"200": {"content": {"text/plain": {}}}}}}}}
        ),
    )
    write("flows/a.yaml", f"base_url: {demo}\nsteps: [{{get: /health, expect: 200}}]\n")
    ended = runflow("flows")
    assert ended.code == 1
    assert "expected  a body as text/plain" in ended.out
    assert 'actual    "application/json" (string)' in ended.out
    write("api/demo.json", "{}")
    ended = runflow("flows")
    assert (ended.code, "is not an OpenAPI document of version 3" in ended.err) == (2, True)
    write("runflow.yaml", "openapi: nope.json\n")
    assert "runflow.yaml:1:10: there is no file nope.json" in runflow("flows").err


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openapi_schema_validator", None)
    with pytest.raises(WorkflowError) as error:
        contract_of(b"{}", "missing.json")
    assert error.value.problems[0].hint == "pip install 'runflow-http[openapi]'"


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("/a/{x}", "/a/1", True), ("/a/{x}", "/a/", False), ("/a/{x}", "/a/1/2", False), ("/a", "/a/", False),
        ("/{x}.json", "/a.json", True), ("/{x}.json", "/.json", False),
        ("/{x}-{y}", "/1-2", True), ("/{x}-{y}", "/1-", False), ("/{x}-{y}", "/a-b-c", True), ("/v{x}{y}", "/v12", True),
        ("/v{x}{y}", "/v1", False), ("/{x}", "/%2F", True), ("/", "/", True),
        ("/" + "{x}-" * 40, "/" + "-" * 5000, True), ("/" + "{x}-" * 40, "/" + "-" * 5000 + "a", False),
        ("/" + "{x}" * 40 + "!", "/" + "a" * 5000, False),
    ],
)  # fmt: skip
def test_a_path_fits_a_template_in_time_that_grows_with_its_length(template: str, path: str, fits: bool) -> None:
    found = contract(servers=[], paths={template: {"get": {"responses": {"200": {}}}}}).operation("GET", path)
    assert (found[0] == f"GET {template}") == fits


def test_a_document_of_many_paths_and_references_is_safe_to_check() -> None:
    paths = {
        f"/x{number}/{{a}}{{b}}{{c}}": {"get": {"responses": {"200": {"$ref": "#/components/responses/R"}}}}
        for number in range(3000)
    }
    many = contract(paths=paths, components={"responses": {"R": {"description": ""}}})
    assert many.breaches(Request("GET", f"{HOME}/x2999/abc"), answered()) == []
    assert many.breaches(Request("GET", f"{HOME}/{'y' * 5000}"), answered())[0].expected == "a path that api.json has"
