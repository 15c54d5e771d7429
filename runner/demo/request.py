"""The requests and responses of the demo API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec


class DemoRequest(msgspec.Struct, frozen=True):
    """A request to the demo API; the names of its headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path of the target."""
        return urlsplit(self.target).path

    def query(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True).get(name, [default])[0]

    def json(self) -> Any:  # of any shape; the API responds with 400 to one that it does not expect
        """The body as JSON.

        Raises:
            Refused: it is not valid JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "the body is not JSON") from None


class DemoResponse(msgspec.Struct, frozen=True):
    """A response; it is sent after `wait` seconds."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0


class Refused(Exception):  # it is a response, not an error
    """A response that refuses a request."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.response = json_response(
            {"error": detail}, status, *((name.replace("_", "-"), value) for name, value in headers.items())
        )


def json_response(value: Any, status: int = 200, *headers: tuple[str, str]) -> DemoResponse:
    """A response with a JSON body."""
    return DemoResponse(status, json.dumps(value).encode(), (("Content-Type", "application/json"), *headers))


def require_method(request: DemoRequest, *methods: str) -> None:
    """Refuse a request with any other method."""
    if request.method not in methods:
        raise Refused(405, f"{request.method} is not allowed here", Allow=", ".join(methods))
