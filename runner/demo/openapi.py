"""The OpenAPI document of the demo API (OpenAPI 3.1), served at `/openapi.json`: what its users may rely on."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_LINE = _object({"id": {"type": "integer", "minimum": 1, "maximum": 23}, "qty": {"type": "integer", "minimum": 1}})
_SCHEMAS: dict[str, Any] = {
    "Error": _object({"error": _TEXT}),
    "User": _object({
        "id": _WHOLE, "username": _TEXT, "email": _TEXT, "roles": _list(_TEXT), "manager": {"type": ["string", "null"]},
    }),
    "Session": _object({"token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": {"type": "number"}, "refresh_token": _TEXT}),
    "Token": _object({"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": _WHOLE}, {"refresh_token": _TEXT}),
    "OAuthError": _object({"error": _TEXT}, {"error_description": _TEXT}),
    "Order": _object({"id": _WHOLE, "user": _TEXT, "state": {"enum": ["pending", "paid"]}, "items": _list(_ref("Line")), "total": _WHOLE}),
    "Line": _LINE,
    "Item": _object({"id": _WHOLE, "name": _TEXT, "price": _WHOLE}),
    "Status": _object({"status": {"type": ["string", "integer"]}}, {"attempts": _WHOLE}),
}  # fmt: skip

_Security = list[dict[str, list[str]]]
_BEARER: _Security = [{"bearer": []}]
_BASIC: _Security = [{"basic": []}]
_KEY: _Security = [{"key": []}]


def _answer(schema: dict[str, Any] | None, kind: str = "application/json") -> dict[str, Any]:
    return {"description": "so it is"} | ({} if schema is None else {"content": {kind: {"schema": schema}}})


def _operation(
    summary: str,
    answers: dict[int | str, dict[str, Any]],
    *,
    body: dict[str, Any] | None = None,
    kind: str = "application/json",
    query: dict[str, dict[str, Any]] | None = None,
    security: _Security | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": summary,
        "responses": {str(status): answer for status, answer in answers.items()},
    }
    found["responses"].setdefault("400", _answer(_ref("Error")))
    if body is not None:
        found["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    if query:
        found["parameters"] = [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]
    if security is not None:
        found["security"] = security
        found["responses"] |= {"401": _answer(_ref("Error"))}
    return found


def _at(*names: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema or _TEXT} for name in names]}


_LOGIN = _object({"username": _TEXT, "password": _TEXT}, {"life": {"type": "number", "exclusiveMinimum": 0}})
_GRANT = _object(
    {"grant_type": {"enum": ["client_credentials", "password", "refresh_token"]}},
    dict.fromkeys(("client_id", "client_secret", "username", "password", "refresh_token"), _TEXT),
)
_UPLOADED: dict[str, Any] = {"anyOf": [
    _object({"size": _WHOLE, "sha256": _TEXT, "type": _TEXT}), _object({"parts": _list(_object({"name": _TEXT, "size": _WHOLE}))}),
]}  # fmt: skip
_UPLOAD: dict[str, Any] = {"required": True, "content": {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}, "multipart/form-data": {"schema": {"type": "object"}}, "*/*": {},
}}  # fmt: skip
_TIMES: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 10}
_ERROR, _NOTHING, _ANY = _answer(_ref("Error")), _answer(None), _answer({})
_PAGE = _object({"items": _list(_ref("Item")), "page": _WHOLE, "total": _WHOLE, "next": {"type": ["string", "null"]}})
_PATHS: dict[str, Any] = {
    "/": {"get": _operation("What this is", {200: _answer(_object({"name": _TEXT, "see": _TEXT}))})},
    "/health": {"get": _operation("How it is", {200: _answer(_object({"status": _TEXT, "version": _TEXT, "checks": {"type": "object"}}))})},
    "/login": {"post": _operation("Log in", {200: _answer(_ref("Session")), 401: _ERROR}, body=_LOGIN)},
    "/token/refresh": {"post": _operation("Another token", {200: _answer(_ref("Session")), 401: _ERROR}, body=_object({"refresh_token": _TEXT}))},
    "/logout": {"post": _operation("Give the token back", {204: _NOTHING}, security=_BEARER)},
    "/oauth/token": {"post": _operation(
        "A token endpoint (RFC 6749)", {200: _answer(_ref("Token")), 400: _answer(_ref("OAuthError")), 401: _answer(_ref("OAuthError"))},
        body=_GRANT, kind="application/x-www-form-urlencoded",
    )},
    "/users": {"get": _operation("Everybody", {200: _answer(_object({"users": _list(_ref("User"))}))}, query={"role": _TEXT}, security=_BEARER)},
    "/users/me": {"get": _operation("Whoever asks", {200: _answer(_ref("User"))}, security=_BEARER)},
    "/users/{name}": _at("name") | {"get": _operation("One of them", {200: _answer(_ref("User")), 403: _ERROR, 404: _ERROR}, security=_BEARER)},
    "/orders": {
        "get": _operation("My orders", {200: _answer(_object({"orders": _list(_ref("Order"))}))}, security=_BEARER),
        "post": _operation("Order", {201: _answer(_ref("Order")), 422: _ERROR}, body=_object({"items": {"type": "array", "items": _ref("Line"), "minItems": 1}}), security=_BEARER),
    },
    "/orders/{number}": _at("number", schema=_WHOLE) | {
        "get": _operation("An order, which is paid at the second look", {200: _answer(_ref("Order")), 404: _ERROR}, security=_BEARER),
        "delete": _operation("Take it back", {204: _NOTHING, 404: _ERROR}, security=_BEARER),
    },
    "/items": {"get": _operation("What can be ordered, in pages", {200: _answer(_PAGE)}, query={"page": {"type": "integer", "minimum": 1}, "size": {"type": "integer", "minimum": 1}})},
    "/items/{number}": _at("number", schema=_WHOLE) | {"get": _operation("One of it", {200: _answer(_ref("Item")), 404: _ERROR})},
    "/basic": {"get": _operation("Who is there", {200: _answer(_object({"user": _TEXT}))}, security=_BASIC)},
    "/key": {"get": _operation("Whether the key fits", {200: _answer(_object({"key": _TEXT})), 403: _ERROR}, security=_KEY)},
    "/upload": {each: _operation("Bytes, or parts of a form", {201: _answer(_UPLOADED)}) | {"requestBody": _UPLOAD} for each in ("post", "put")},
    "/digest": {"get": _operation("Who is there, and can prove it", {200: _answer(_object({"user": _TEXT}))}, security=[{"digest": []}])},
    "/delay/{seconds}": _at("seconds", schema={"type": "number", "minimum": 0, "maximum": 0.2}) | {"get": _operation("Late", {200: _answer(_object({"status": _TEXT}))})},
    "/redirect/{times}": _at("times", schema=_TIMES) | {"get": _operation("Elsewhere", {302: _NOTHING})},
    "/redirect/{times}/{status}": {"parameters": [*_at("times", schema=_TIMES)["parameters"], *_at("status", schema={"enum": [301, 302, 303, 307, 308]})["parameters"]]}
    | {each: _operation("Elsewhere, with a status", {"3XX": _NOTHING}) for each in ("get", "post")},
    "/flaky": {"get": _operation("Every third time", {200: _answer(_ref("Status")), 503: _ERROR}, query={"key": _TEXT})},
    "/cookies": {"get": _operation("The cookies that came", {200: _answer(_object({"cookies": {"type": "object"}}))})},
    "/cookies/set": {"get": _operation("Set one", {302: _NOTHING}, query={"name": _TEXT, "value": _TEXT})},
    "/cookies/clear": {"get": _operation("Clear one", {204: _NOTHING}, query={"name": _TEXT})},
    "/graphql": {"post": _operation("A user", {200: _ANY}, body=_object({"query": _TEXT}, {"variables": {"type": ["object", "null"]}}))},
    "/catalog.xml": {"get": _operation("In XML", {200: _answer(_TEXT, "application/xml")})},
    "/page.html": {"get": _operation("A page", {200: _answer(_TEXT, "text/html")})},
    "/echo": {each: _operation("What came", {200: _answer(_object({"method": _TEXT, "path": _TEXT, "query": {"type": "object"}, "headers": {"type": "object"}, "body": _TEXT, "json": {}}))}) for each in ("get", "post", "put", "patch", "delete")},
    "/openapi.json": {"get": _operation("This document", {200: _answer({"type": "object"})})},
}  # fmt: skip

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "runflow demo", "version": "1.4.2"},
    "paths": _PATHS,
    "components": {
        "schemas": _SCHEMAS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic"},
            "digest": {"type": "http", "scheme": "digest"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        },
    },
}
