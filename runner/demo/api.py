"""The demo API as a function of a request: users, tokens, orders, pages, uploads. No sockets; see `server.py`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

PASSWORDS = {"ada": "correct-horse-battery", "bob": "staple-and-staple"}
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"id": 1, "username": "ada", "email": "ada@example.com", "roles": ["admin", "user"], "manager": None},
    "bob": {"id": 2, "username": "bob", "email": "bob@example.com", "roles": ["user"], "manager": "ada"},
}
API_KEY = "demo-key-4711"
TOKEN_LIFE = 300
"""Seconds that a token lives, unless the login asks for less."""

ITEMS = [{"id": number, "name": f"item {number}", "price": number * 10} for number in range(1, 24)]


def environment(url: str) -> dict[str, str]:
    """The environment variables that the cookbook's workflows read."""
    return {
        "API_URL": url,
        "API_USER": "ada",
        "API_PASSWORD": PASSWORDS["ada"],
        "OTHER_PASSWORD": PASSWORDS["bob"],
        "API_KEY": API_KEY,
    }


class Asked(msgspec.Struct, frozen=True):
    """A request as the demo sees it; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    def query(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True).get(name, [default])[0]

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            Refused: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "the body is not JSON") from None


class Answered(msgspec.Struct, frozen=True):
    """An answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):  # it is an answer, not an error
    """An answer that says no."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.answer = _json(
            {"error": detail}, status, *((name.replace("_", "-"), value) for name, value in headers.items())
        )


def _json(value: Any, status: int = 200, *headers: tuple[str, str]) -> Answered:
    return Answered(status, json.dumps(value).encode(), (("Content-Type", "application/json"), *headers))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class DemoApi:
    """The demo's state and its answers. Safe to ask from several threads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1001)
        self._refresh: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._orders: dict[int, dict[str, Any]] = {}
        self._flaky: dict[str, int] = {}

    def answer(self, asked: Asked) -> Answered:
        """The answer to a request; never raises."""
        parts = asked.path.strip("/").split("/")
        route = getattr(self, f"_on_{parts[0].replace('.', '_').replace('-', '_')}", None) if parts[0] else self._home
        if route is None:
            return _json({"error": f"there is no {asked.path}"}, 404)
        try:
            with self._lock:
                return route(asked, parts[1:])
        except Refused as refused:
            return refused.answer
        except (LookupError, TypeError, ValueError, AttributeError):
            return _json({"error": "the request makes no sense"}, 400)

    def _home(self, *_: Any) -> Answered:
        return _json({"name": "runflow demo", "see": "/health"})

    def _on_health(self, *_: Any) -> Answered:
        return _json({"status": "ok", "version": "1.4.2", "checks": {"database": "up", "queue": "up"}})

    def _token(self, user: str, life: float) -> str:
        now = int(self._clock())
        claims = {
            "sub": user,
            "iat": now,
            "exp": now + (int(life) if life >= 1 else life),
            "aud": "demo",
            "scope": "orders profile",
            "jti": secrets.token_hex(4),
        }
        signed = _signed(claims)
        return f"{signed}.{_b64(hmac.digest(self._key, signed.encode(), 'sha256'))}"

    def _session(self, user: str, life: float = TOKEN_LIFE) -> Answered:
        refresh = secrets.token_urlsafe(24)
        self._refresh[refresh] = user
        return _json(
            {"token": self._token(user, life), "token_type": "Bearer", "expires_in": life, "refresh_token": refresh}
        )

    def _on_login(self, asked: Asked, _: list[str]) -> Answered:
        _need(asked, "POST")
        data = asked.json()
        if PASSWORDS.get(data.get("username")) != data.get("password"):
            raise Refused(401, "wrong user name or password", WWW_Authenticate='Bearer realm="demo"')
        return self._session(data["username"], min(float(data.get("life", TOKEN_LIFE)), TOKEN_LIFE))

    def _on_token(self, asked: Asked, rest: list[str]) -> Answered:
        _need(asked, "POST")
        user = self._refresh.pop(asked.json().get("refresh_token"), None) if rest == ["refresh"] else None
        if user is None:
            raise Refused(401, "the refresh token is not valid")
        return self._session(user)

    def _on_logout(self, asked: Asked, _: list[str]) -> Answered:
        _need(asked, "POST")
        self._user(asked)
        self._revoked.add(asked.headers["authorization"])
        return Answered(204)

    def _user(self, asked: Asked) -> dict[str, Any]:
        """Whoever the bearer token says."""
        line = asked.headers.get("authorization", "")
        scheme, _, token = line.partition(" ")
        if scheme != "Bearer" or token.count(".") != 2:
            raise Refused(401, "a bearer token is needed", WWW_Authenticate='Bearer realm="demo"')
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _b64(hmac.digest(self._key, signed.encode(), "sha256"))):
            raise Refused(401, "the token is not ours", WWW_Authenticate='Bearer error="invalid_token"')
        claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
        if claims["exp"] <= self._clock() or line in self._revoked:
            raise Refused(
                401,
                "the token has expired",
                WWW_Authenticate='Bearer error="invalid_token", error_description="expired"',
            )
        return PEOPLE[claims["sub"]]

    def _on_users(self, asked: Asked, rest: list[str]) -> Answered:
        user = self._user(asked)
        if rest == ["me"]:
            return _json(user)
        if not rest:
            role = asked.query("role")
            return _json({"users": [each for each in PEOPLE.values() if not role or role in each["roles"]]})
        if "admin" not in user["roles"] and rest[0] != user["username"]:
            raise Refused(403, "only administrators see others")
        if rest[0] not in PEOPLE:
            raise Refused(404, f"there is no user {rest[0]}")
        return _json(PEOPLE[rest[0]])

    def _on_orders(self, asked: Asked, rest: list[str]) -> Answered:
        user = self._user(asked)
        if not rest:
            if asked.method == "POST":
                return self._new_order(asked, user)
            return _json({"orders": [order for order in self._orders.values() if order["user"] == user["username"]]})
        order = self._orders.get(int(rest[0])) if rest[0].isdigit() else None
        if order is None:
            raise Refused(404, f"there is no order {rest[0]}")
        if asked.method == "DELETE":
            del self._orders[order["id"]]
            return Answered(204)
        shown = dict(order)
        order["polls"] += 1
        if order["polls"] >= 2:
            order["state"] = "paid"
        return _json({name: value for name, value in shown.items() if name != "polls"})

    def _new_order(self, asked: Asked, user: dict[str, Any]) -> Answered:
        data = asked.json()
        lines = data["items"]
        if not lines or not all(isinstance(line["qty"], int) and line["qty"] > 0 for line in lines):
            raise Refused(422, "every line needs a qty above zero")
        prices = {item["id"]: item["price"] for item in ITEMS}
        number = next(self._numbers)
        total = sum(prices[line["id"]] * line["qty"] for line in lines)
        order = {"id": number, "user": user["username"], "state": "pending", "items": lines, "total": total, "polls": 0}
        self._orders[number] = order
        shown = {name: value for name, value in order.items() if name != "polls"}
        return _json(shown, 201, ("Location", f"/orders/{number}"))

    def _on_items(self, asked: Asked, rest: list[str]) -> Answered:
        if rest:
            item = next((each for each in ITEMS if str(each["id"]) == rest[0]), None)
            return _json(item) if item else _json({"error": "no such item"}, 404)
        size = int(asked.query("size", "10"))
        page = int(asked.query("page", "1"))
        rows = ITEMS[(page - 1) * size : page * size]
        more = page * size < len(ITEMS)
        following = f"/items?page={page + 1}&size={size}" if more else None
        link = (("Link", f'<{following}>; rel="next", </items>; rel="first"'),) if more else ()
        return _json({"items": rows, "page": page, "total": len(ITEMS), "next": following}, 200, *link)

    def _on_upload(self, asked: Asked, _: list[str]) -> Answered:
        _need(asked, "POST", "PUT")
        kind = asked.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body, policy=HTTP)
            parts = []
            for part in message.iter_parts():
                content = bytes(part.get_payload(decode=True) or b"")
                parts.append({
                    "name": part.get_param("name", header="content-disposition"), "filename": part.get_filename(),
                    "type": part.get_content_type(), "size": len(content), "text": content.decode("utf-8", "replace")[:200],
                })  # fmt: skip
            return _json({"parts": parts}, 201)
        return _json({"size": len(asked.body), "sha256": hashlib.sha256(asked.body).hexdigest(), "type": kind}, 201)

    def _on_flaky(self, asked: Asked, _: list[str]) -> Answered:
        key = asked.query("key", "all")
        self._flaky[key] = self._flaky.get(key, 0) + 1
        if self._flaky[key] % 3:
            raise Refused(503, "not now", Retry_After="0")
        return _json({"status": "ok", "tries": self._flaky[key]})

    def _on_cookies(self, asked: Asked, rest: list[str]) -> Answered:
        if rest == ["set"]:
            name, value = asked.query("name", "sid"), asked.query("value", "abc123")
            return Answered(302, b"", (("Location", "/cookies"), ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly")))
        if rest == ["clear"]:
            return Answered(204, b"", (("Set-Cookie", f"{asked.query('name', 'sid')}=; Path=/; Max-Age=0"),))
        pairs = [pair.strip().partition("=") for pair in asked.headers.get("cookie", "").split(";") if "=" in pair]
        return _json({"cookies": {name: value for name, _, value in pairs}})

    def _on_redirect(self, _: Asked, rest: list[str]) -> Answered:
        left = int(rest[0]) if rest else 1
        target = f"/redirect/{left - 1}" if left > 1 else "/echo"
        return Answered(int(rest[1]) if len(rest) > 1 else 302, b"", (("Location", target),))

    def _on_graphql(self, asked: Asked, _: list[str]) -> Answered:
        _need(asked, "POST")
        data = asked.json()
        name = (data.get("variables") or {}).get("name", "ada")
        if "user" not in data.get("query", ""):
            return _json({"errors": [{"message": "only `user` can be asked for"}]})
        return _json({"data": {"user": PEOPLE.get(name)}})

    def _on_catalog_xml(self, *_: Any) -> Answered:
        items = "".join(f'<item id="{item["id"]}"><name>{item["name"]}</name></item>' for item in ITEMS[:3])
        return Answered(
            200, f"<catalog>{items}</catalog>".encode(), (("Content-Type", "application/xml; charset=utf-8"),)
        )

    def _on_page_html(self, *_: Any) -> Answered:
        text = '<html><head><title>Demo</title></head><body><h1 class="big">Hello</h1><a href="/health">health</a></body></html>'
        return Answered(200, text.encode(), (("Content-Type", "text/html; charset=utf-8"),))

    def _on_echo(self, asked: Asked, _: list[str]) -> Answered:
        query = parse_qs(urlsplit(asked.target).query, keep_blank_values=True)
        text = asked.body.decode("utf-8", "replace")
        is_json = "json" in asked.headers.get("content-type", "")
        value = asked.json() if is_json and asked.body else None
        return _json(
            {
                "method": asked.method,
                "path": asked.path,
                "query": query,
                "headers": asked.headers,
                "body": text,
                "json": value,
            }
        )

    def _on_status(self, _: Asked, rest: list[str]) -> Answered:
        code = int(rest[0])
        return Answered(code) if code in {204, 304} else _json({"status": code}, code)

    def _on_basic(self, asked: Asked, __: list[str]) -> Answered:
        scheme, _, pair = asked.headers.get("authorization", "").partition(" ")
        name = password = ""
        try:
            name, _, password = base64.b64decode(pair, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = password = ""
        if scheme != "Basic" or PASSWORDS.get(name) != password:
            raise Refused(401, "user name and password are needed", WWW_Authenticate='Basic realm="demo"')
        return _json({"user": name})

    def _on_key(self, asked: Asked, _: list[str]) -> Answered:
        if API_KEY not in (asked.headers.get("x-api-key"), asked.query("api_key")):
            raise Refused(403, "an API key is needed")
        return _json({"key": "accepted"})


def _signed(claims: dict[str, Any]) -> str:
    """The first two parts of a JWT (RFC 7515 §3.1)."""
    head = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    return f"{_b64(head)}.{_b64(json.dumps(claims).encode())}"


def _need(asked: Asked, *methods: str) -> None:
    if asked.method not in methods:
        raise Refused(405, f"{asked.method} is not allowed here", Allow=", ".join(methods))
