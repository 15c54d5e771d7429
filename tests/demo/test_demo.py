"""The demo API does what the cookbook relies on, and sends each response in one write."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from runflow.demo.access import API_KEY, CLIENT, PASSWORDS
from runflow.demo.api import DemoApi
from runflow.demo.request import DemoRequest, DemoResponse
from runflow.demo.server import DemoServer


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def ask(api: DemoApi, method: str, target: str, body: Any = None, **headers: str) -> DemoResponse:
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.respond(DemoRequest(method, target, lines, b"" if body is None else json.dumps(body).encode()))


def login(api: DemoApi, **more: Any) -> dict[str, Any]:
    return json.loads(ask(api, "POST", "/login", {"username": "ada", "password": PASSWORDS["ada"], **more}).body)


def test_a_token_is_valid_is_refreshed_once_and_is_revoked() -> None:
    clock = Clock()
    api = DemoApi(clock)
    session = login(api, life=60)
    bearer = f"Bearer {session['token']}"
    assert ask(api, "GET", "/users/me", authorization=bearer).status == 200
    clock.now += 61
    assert ask(api, "GET", "/users/me", authorization=bearer).status == 401
    renewed = json.loads(ask(api, "POST", "/token/refresh", {"refresh_token": session["refresh_token"]}).body)
    assert ask(api, "POST", "/token/refresh", {"refresh_token": session["refresh_token"]}).status == 401
    assert ask(api, "POST", "/token/other", {}).status == 401
    fresh = f"Bearer {renewed['token']}"
    assert ask(api, "POST", "/logout", authorization=fresh).status == 204
    assert ask(api, "GET", "/users/me", authorization=fresh).status == 401
    assert ask(api, "GET", "/users/me", authorization=fresh[:-3] + "AAA").status == 401
    assert ask(api, "GET", "/users/me", authorization="Basic x").status == 401


def test_orders_move_from_pending_to_paid_and_can_be_deleted() -> None:
    api = DemoApi()
    bearer = f"Bearer {login(api)['token']}"
    made = json.loads(ask(api, "POST", "/orders", {"items": [{"id": 2, "qty": 3}]}, authorization=bearer).body)
    states = [
        json.loads(ask(api, "GET", f"/orders/{made['id']}", authorization=bearer).body)["state"] for _ in range(3)
    ]
    assert (made["total"], states) == (60, ["pending", "pending", "paid"])
    assert len(json.loads(ask(api, "GET", "/orders", authorization=bearer).body)["orders"]) == 1
    assert ask(api, "DELETE", f"/orders/{made['id']}", authorization=bearer).status == 204
    assert ask(api, "GET", f"/orders/{made['id']}", authorization=bearer).status == 404
    assert ask(api, "GET", "/orders/abc", authorization=bearer).status == 404
    assert ask(api, "POST", "/orders", {"items": [{"id": 2, "qty": 0}]}, authorization=bearer).status == 422


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200), ("GET", "/nope", 404), ("GET", "/login", 405), ("POST", "/login", 400), ("GET", "/items/5", 200),
        ("GET", "/items/500", 404), ("GET", "/items?page=x", 400), ("GET", "/status/204", 204), ("GET", "/status/503", 503), ("GET", "/status", 400),
        ("GET", "/basic", 401), ("GET", "/key", 403), ("GET", f"/key?api_key={API_KEY}", 200), ("GET", "/cookies/clear", 204),
        ("GET", "/redirect", 302), ("GET", "/redirect/2/307", 307), ("GET", "/users/me", 401), ("GET", "/page.html", 200),
        ("GET", "/catalog.xml", 200), ("GET", "/graphql", 405), ("GET", "/upload", 405),
    ],
)  # fmt: skip
def test_every_route_responds(method: str, target: str, status: int) -> None:
    assert ask(DemoApi(), method, target).status == status


def test_users_see_what_they_may() -> None:
    api = DemoApi()
    bob = json.loads(ask(api, "POST", "/login", {"username": "bob", "password": PASSWORDS["bob"]}).body)["token"]
    ada = login(api)["token"]
    assert ask(api, "GET", "/users/ada", authorization=f"Bearer {bob}").status == 403
    assert ask(api, "GET", "/users/zed", authorization=f"Bearer {ada}").status == 404
    assert len(json.loads(ask(api, "GET", "/users?role=admin", authorization=f"Bearer {ada}").body)["users"]) == 1
    assert "errors" in json.loads(ask(api, "POST", "/graphql", {"query": "{ x }"}).body)


def test_the_server_responds_in_one_write_and_keeps_the_connection() -> None:
    with DemoServer() as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as conn:
            for request, status in (
                (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"200 OK"),
                (b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", b"200 OK"),
                (b"GET /status/599 HTTP/1.1\r\nHost: x\r\n\r\n", b"599 "),
            ):
                conn.sendall(request)
                data = conn.recv(65536)
                assert data.startswith(b"HTTP/1.1 " + status)
                assert data.endswith(b"\r\n\r\n") == (b"HEAD" in request)
            conn.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            assert b"413" in conn.recv(65536)
        with socket.create_connection((host, int(port))) as conn:
            conn.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n")
            assert b" 400 " in conn.recv(65536)


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ("grant_type=client_credentials", 200, {"token_type": "Bearer", "expires_in": 300}),
        ("grant_type=client_credentials&client_secret=no", 401, {"error": "invalid_client"}),
        ("grant_type=password&username=bob&password=no", 400, {"error": "invalid_grant"}),
        ("grant_type=refresh_token&refresh_token=no", 400, {"error": "invalid_grant"}),
        ("grant_type=magic", 400, {"error": "unsupported_grant_type"}),
    ],
)  # fmt: skip
def test_the_token_endpoint_responds_as_the_rfc_says(form: str, status: int, body: dict[str, Any]) -> None:
    text = form if "client_secret" in form else f"{form}&client_secret={CLIENT[1]}"
    asked = DemoRequest(
        "POST",
        "/oauth/token",
        {"content-type": "application/x-www-form-urlencoded"},
        f"client_id={CLIENT[0]}&{text}".encode(),
    )
    answered = DemoApi().respond(asked)
    assert answered.status == status
    assert body.items() <= json.loads(answered.body).items()
    assert DemoApi().respond(DemoRequest("POST", "/oauth/other", {}, b"")).status == 404


def test_the_document_describes_every_route() -> None:
    api = DemoApi()
    document = json.loads(ask(api, "GET", "/openapi.json").body)
    token = login(api)["token"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            asked = path.replace("{name}", "ada").replace("{number}", "1")
            answered = ask(api, method.upper(), asked, authorization=f"Bearer {token}")
            assert str(answered.status) in operation["responses"], (method, path, answered)
            if path == "/logout":
                token = login(api)["token"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"TRACE /users HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"QUERY / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", 405),
        (b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 411),
        (b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
    ],
)
def test_unsupported_framing_is_refused_and_is_never_the_next_request(request_: bytes, status: int) -> None:
    with DemoServer() as server, socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as peer:
        peer.sendall(request_)
        if status == 405:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := peer.recv(65536):
            said += piece
    assert said.startswith(f"HTTP/1.1 {status} ".encode())
    assert said.count(b"HTTP/1.1 ") == (2 if status == 405 else 1)
