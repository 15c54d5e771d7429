"""The demo API without sockets: users, orders, pages, uploads. `server.py` serves it."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import HTTP
from typing import TypedDict
from urllib.parse import parse_qs, urlsplit

from .access import PEOPLE, Access, User, environment
from .request import DemoRequest, DemoResponse, Refused, json_response, require_method

__all__ = ["DemoApi", "DemoRequest", "DemoResponse", "environment"]


class Order(TypedDict):
    """An order; `polls` counts how often it was read."""

    id: int
    user: str
    state: str
    items: list[dict[str, int]]
    total: int
    polls: int


ITEMS = [{"id": number, "name": f"item {number}", "price": number * 10} for number in range(1, 24)]


class DemoApi(Access):
    """The state of the demo, and its responses to requests. Several threads may use it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1001)
        self._orders: dict[int, Order] = {}
        self._flaky: dict[str, int] = {}

    def respond(self, request: DemoRequest) -> DemoResponse:
        """The response to a request. Nothing is raised."""
        parts = request.path.strip("/").split("/")
        route = getattr(self, f"_on_{parts[0].replace('.', '_').replace('-', '_')}", None) if parts[0] else self._home
        if route is None:
            return json_response({"error": f"the path {request.path} does not exist"}, 404)
        try:
            with self._lock:
                response: DemoResponse = route(request, parts[1:])
                return response
        except Refused as refused:
            return refused.response
        except (LookupError, TypeError, ValueError, AttributeError):
            return json_response({"error": "the request is not valid"}, 400)

    def _home(self, *_: object) -> DemoResponse:
        return json_response({"name": "runflow demo", "see": "/health"})

    def _on_openapi_json(self, *_: object) -> DemoResponse:
        # it is large, and rarely requested
        from .openapi import DOCUMENT  # noqa: PLC0415  # see above

        return json_response(DOCUMENT)

    def _on_health(self, *_: object) -> DemoResponse:
        return json_response({"status": "ok", "version": "1.4.2", "checks": {"database": "up", "queue": "up"}})

    def _on_users(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        user = self.user(request)
        if rest == ["me"]:
            return json_response(user)
        if not rest:
            role = request.query("role")
            return json_response({"users": [each for each in PEOPLE.values() if not role or role in each["roles"]]})
        if "admin" not in user["roles"] and rest[0] != user["username"]:
            raise Refused(403, "only administrators may read other users")
        if rest[0] not in PEOPLE:
            raise Refused(404, f"the user {rest[0]} does not exist")
        return json_response(PEOPLE[rest[0]])

    def _on_orders(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        user = self.user(request)
        if not rest:
            if request.method == "POST":
                return self._new_order(request, user)
            return json_response(
                {"orders": [order for order in self._orders.values() if order["user"] == user["username"]]}
            )
        order = self._orders.get(int(rest[0])) if rest[0].isdigit() else None
        if order is None:
            raise Refused(404, f"the order {rest[0]} does not exist")
        if request.method == "DELETE":
            del self._orders[order["id"]]
            return DemoResponse(204)
        shown = dict(order)
        order["polls"] += 1
        if order["polls"] >= 2:
            order["state"] = "paid"
        return json_response({name: value for name, value in shown.items() if name != "polls"})

    def _new_order(self, request: DemoRequest, user: User) -> DemoResponse:
        data = request.json()
        lines = data["items"]
        if not lines or not all(isinstance(line["qty"], int) and line["qty"] > 0 for line in lines):
            raise Refused(422, "each item needs a qty above zero")
        prices = {item["id"]: item["price"] for item in ITEMS}
        number = next(self._numbers)
        total = sum(prices[line["id"]] * line["qty"] for line in lines)
        order: Order = {
            "id": number,
            "user": user["username"],
            "state": "pending",
            "items": lines,
            "total": total,
            "polls": 0,
        }
        self._orders[number] = order
        shown = {name: value for name, value in order.items() if name != "polls"}
        return json_response(shown, 201, ("Location", f"/orders/{number}"))

    def _on_items(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        if rest:
            item = next((each for each in ITEMS if str(each["id"]) == rest[0]), None)
            return json_response(item) if item else json_response({"error": f"the item {rest[0]} does not exist"}, 404)
        size = int(request.query("size", "10"))
        page = int(request.query("page", "1"))
        rows = ITEMS[(page - 1) * size : page * size]
        more = page * size < len(ITEMS)
        following = f"/items?page={page + 1}&size={size}" if more else None
        link = (("Link", f'<{following}>; rel="next", </items>; rel="first"'),) if more else ()
        return json_response({"items": rows, "page": page, "total": len(ITEMS), "next": following}, 200, *link)

    def _on_upload(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        require_method(request, "POST", "PUT")
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=HTTP)
            parts = []
            for part in message.iter_parts():
                content = bytes(part.get_payload(decode=True) or b"")
                parts.append({
                    "name": part.get_param("name", header="content-disposition"), "filename": part.get_filename(),
                    "type": part.get_content_type(), "size": len(content), "text": content.decode("utf-8", "replace")[:200],
                })  # fmt: skip
            return json_response({"parts": parts}, 201)
        return json_response(
            {"size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest(), "type": kind}, 201
        )

    def _on_flaky(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        key = request.query("key", "all")
        self._flaky[key] = self._flaky.get(key, 0) + 1
        if self._flaky[key] % 3:
            raise Refused(503, "the service is not available", Retry_After="0")
        return json_response({"status": "ok", "attempts": self._flaky[key]})

    def _on_cookies(self, request: DemoRequest, rest: list[str]) -> DemoResponse:
        if rest == ["set"]:
            name, value = request.query("name", "sid"), request.query("value", "abc123")
            return DemoResponse(
                302, b"", (("Location", "/cookies"), ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly"))
            )
        if rest == ["clear"]:
            return DemoResponse(204, b"", (("Set-Cookie", f"{request.query('name', 'sid')}=; Path=/; Max-Age=0"),))
        pairs = [pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";") if "=" in pair]
        return json_response({"cookies": {name: value for name, _, value in pairs}})

    def _on_redirect(self, _: DemoRequest, rest: list[str]) -> DemoResponse:
        left = int(rest[0]) if rest else 1
        target = f"/redirect/{left - 1}" if left > 1 else "/echo"
        return DemoResponse(int(rest[1]) if len(rest) > 1 else 302, b"", (("Location", target),))

    def _on_graphql(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        require_method(request, "POST")
        data = request.json()
        name = (data.get("variables") or {}).get("name", "ada")
        if "user" not in data.get("query", ""):
            return json_response({"errors": [{"message": "the query must request `user`"}]})
        return json_response({"data": {"user": PEOPLE.get(name)}})

    def _on_catalog_xml(self, *_: object) -> DemoResponse:
        items = "".join(f'<item id="{item["id"]}"><name>{item["name"]}</name></item>' for item in ITEMS[:3])
        return DemoResponse(
            200, f"<catalog>{items}</catalog>".encode(), (("Content-Type", "application/xml; charset=utf-8"),)
        )

    def _on_page_html(self, *_: object) -> DemoResponse:
        text = '<html><head><title>Demo</title></head><body><h1 class="big">Hello</h1><a href="/health">health</a></body></html>'
        return DemoResponse(200, text.encode(), (("Content-Type", "text/html; charset=utf-8"),))

    def _on_echo(self, request: DemoRequest, _: list[str]) -> DemoResponse:
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        text = request.body.decode("utf-8", "replace")
        is_json = "json" in request.headers.get("content-type", "")
        value = request.json() if is_json and request.body else None
        return json_response(
            {
                "method": request.method,
                "path": request.path,
                "query": query,
                "headers": request.headers,
                "body": text,
                "json": value,
            }
        )

    def _on_delay(self, _: DemoRequest, rest: list[str]) -> DemoResponse:
        seconds = min(float(rest[0]), 10.0)
        return DemoResponse(200, b'{"status":"ok"}', (("Content-Type", "application/json"),), max(seconds, 0.0))

    def _on_status(self, _: DemoRequest, rest: list[str]) -> DemoResponse:
        code = int(rest[0])
        return DemoResponse(code) if code in {204, 304} else json_response({"status": code}, code)
