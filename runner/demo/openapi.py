"""The OpenAPI document of the demo API (OpenAPI 3.1), which it serves at `/openapi.json`."""

from __future__ import annotations

from typing import TypeAlias

from ..model.json_types import JSON

_Object: TypeAlias = dict[str, JSON]

_TEXT: _Object = {"type": "string"}
_WHOLE: _Object = {"type": "integer"}


def _object(required: _Object, optional: _Object | None = None) -> _Object:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def _list(items: _Object) -> _Object:
    return {"type": "array", "items": items}


def _ref(name: str) -> _Object:
    return {"$ref": f"#/components/schemas/{name}"}


_LINE = _object({"id": {"type": "integer", "minimum": 1, "maximum": 23}, "qty": {"type": "integer", "minimum": 1}})
_SCHEMAS: _Object = {
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

_BEARER: list[JSON] = [{"bearer": []}]
_BASIC: list[JSON] = [{"basic": []}]
_KEY: list[JSON] = [{"key": []}]


def _response(schema: _Object | None, kind: str = "application/json") -> _Object:
    return {"description": "the response"} | ({} if schema is None else {"content": {kind: {"schema": schema}}})


def _operation(
    summary: str,
    responses: dict[int | str, _Object],
    *,
    body: _Object | None = None,
    kind: str = "application/json",
    query: dict[str, _Object] | None = None,
    security: list[JSON] | None = None,
) -> _Object:
    described: _Object = {str(status): response for status, response in responses.items()}
    described.setdefault("400", _response(_ref("Error")))
    operation: _Object = {"summary": summary, "responses": described}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    if query:
        operation["parameters"] = [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]
    if security is not None:
        operation["security"] = security
        described["401"] = _response(_ref("Error"))
    return operation


def _path_parameters(*names: str, schema: _Object | None = None) -> list[JSON]:
    return [{"name": name, "in": "path", "required": True, "schema": schema or _TEXT} for name in names]


def _at(*names: str, schema: _Object | None = None) -> _Object:
    return {"parameters": _path_parameters(*names, schema=schema)}


_LOGIN = _object({"username": _TEXT, "password": _TEXT}, {"life": {"type": "number", "exclusiveMinimum": 0}})
_GRANT = _object(
    {"grant_type": {"enum": ["client_credentials", "password", "refresh_token"]}},
    dict.fromkeys(("client_id", "client_secret", "username", "password", "refresh_token"), _TEXT),
)
_UPLOADED: _Object = {"anyOf": [
    _object({"size": _WHOLE, "sha256": _TEXT, "type": _TEXT}), _object({"parts": _list(_object({"name": _TEXT, "size": _WHOLE}))}),
]}  # fmt: skip
_UPLOAD: _Object = {"required": True, "content": {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}, "multipart/form-data": {"schema": {"type": "object"}}, "*/*": {},
}}  # fmt: skip
_TIMES: _Object = {"type": "integer", "minimum": 1, "maximum": 10}
_ERROR, _NOTHING, _ANY = _response(_ref("Error")), _response(None), _response({})
_PAGE = _object({"items": _list(_ref("Item")), "page": _WHOLE, "total": _WHOLE, "next": {"type": ["string", "null"]}})
_PATHS: _Object = {
    "/": {"get": _operation("The name of the API", {200: _response(_object({"name": _TEXT, "see": _TEXT}))})},
    "/health": {"get": _operation("The state of the service", {200: _response(_object({"status": _TEXT, "version": _TEXT, "checks": {"type": "object"}}))})},
    "/login": {"post": _operation("Log in", {200: _response(_ref("Session")), 401: _ERROR}, body=_LOGIN)},
    "/token/refresh": {"post": _operation("Renew a token", {200: _response(_ref("Session")), 401: _ERROR}, body=_object({"refresh_token": _TEXT}))},
    "/logout": {"post": _operation("Log out", {204: _NOTHING}, security=_BEARER)},
    "/oauth/token": {"post": _operation(
        "A token endpoint (RFC 6749)", {200: _response(_ref("Token")), 400: _response(_ref("OAuthError")), 401: _response(_ref("OAuthError"))},
        body=_GRANT, kind="application/x-www-form-urlencoded",
    )},
    "/users": {"get": _operation("The users", {200: _response(_object({"users": _list(_ref("User"))}))}, query={"role": _TEXT}, security=_BEARER)},
    "/users/me": {"get": _operation("The current user", {200: _response(_ref("User"))}, security=_BEARER)},
    "/users/{name}": _at("name") | {"get": _operation("A user", {200: _response(_ref("User")), 403: _ERROR, 404: _ERROR}, security=_BEARER)},
    "/orders": {
        "get": _operation("The orders of the current user", {200: _response(_object({"orders": _list(_ref("Order"))}))}, security=_BEARER),
        "post": _operation("Create an order", {201: _response(_ref("Order")), 422: _ERROR}, body=_object({"items": {"type": "array", "items": _ref("Line"), "minItems": 1}}), security=_BEARER),
    },
    "/orders/{number}": _at("number", schema=_WHOLE) | {
        "get": _operation("An order; it is paid when it is read the second time", {200: _response(_ref("Order")), 404: _ERROR}, security=_BEARER),
        "delete": _operation("Cancel an order", {204: _NOTHING, 404: _ERROR}, security=_BEARER),
    },
    "/items": {"get": _operation("The items, in pages", {200: _response(_PAGE)}, query={"page": {"type": "integer", "minimum": 1}, "size": {"type": "integer", "minimum": 1}})},
    "/items/{number}": _at("number", schema=_WHOLE) | {"get": _operation("An item", {200: _response(_ref("Item")), 404: _ERROR})},
    "/basic": {"get": _operation("The user of Basic authentication", {200: _response(_object({"user": _TEXT}))}, security=_BASIC)},
    "/key": {"get": _operation("Check the API key", {200: _response(_object({"key": _TEXT})), 403: _ERROR}, security=_KEY)},
    "/upload": {each: _operation("Upload bytes, or the parts of a form", {201: _response(_UPLOADED)}) | {"requestBody": _UPLOAD} for each in ("post", "put")},
    "/digest": {"get": _operation("The user of Digest authentication", {200: _response(_object({"user": _TEXT}))}, security=[{"digest": []}])},
    "/delay/{seconds}": _at("seconds", schema={"type": "number", "minimum": 0, "maximum": 0.2}) | {"get": _operation("A response after some seconds", {200: _response(_object({"status": _TEXT}))})},
    "/redirect/{times}": _at("times", schema=_TIMES) | {"get": _operation("Redirects", {302: _NOTHING})},
    "/redirect/{times}/{status}": {"parameters": [*_path_parameters("times", schema=_TIMES), *_path_parameters("status", schema={"enum": [301, 302, 303, 307, 308]})]}
    | {each: _operation("Redirects with a status", {"3XX": _NOTHING}) for each in ("get", "post")},
    "/flaky": {"get": _operation("Succeeds every third time", {200: _response(_ref("Status")), 503: _ERROR}, query={"key": _TEXT})},
    "/cookies": {"get": _operation("The cookies of the request", {200: _response(_object({"cookies": {"type": "object"}}))})},
    "/cookies/set": {"get": _operation("Set a cookie", {302: _NOTHING}, query={"name": _TEXT, "value": _TEXT})},
    "/cookies/clear": {"get": _operation("Remove a cookie", {204: _NOTHING}, query={"name": _TEXT})},
    "/graphql": {"post": _operation("A user", {200: _ANY}, body=_object({"query": _TEXT}, {"variables": {"type": ["object", "null"]}}))},
    "/catalog.xml": {"get": _operation("The items in XML", {200: _response(_TEXT, "application/xml")})},
    "/page.html": {"get": _operation("An HTML page", {200: _response(_TEXT, "text/html")})},
    "/echo": {each: _operation("The request itself", {200: _response(_object({"method": _TEXT, "path": _TEXT, "query": {"type": "object"}, "headers": {"type": "object"}, "body": _TEXT, "json": {}}))}) for each in ("get", "post", "put", "patch", "delete")},
    "/openapi.json": {"get": _operation("This document", {200: _response({"type": "object"})})},
}  # fmt: skip

DOCUMENT: _Object = {
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
