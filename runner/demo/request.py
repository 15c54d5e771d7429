"""A request and an answer as the demo API sees them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec


class DemoRequest(msgspec.Struct, frozen=True):
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


class DemoResponse(msgspec.Struct, frozen=True):
    """An answer; `wait` seconds pass before it is given."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0


class Refused(Exception):  # it is an answer, not an error
    """An answer that says no."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.answer = json_response(
            {"error": detail}, status, *((name.replace("_", "-"), value) for name, value in headers.items())
        )


def json_response(value: Any, status: int = 200, *headers: tuple[str, str]) -> DemoResponse:
    """An answer in JSON."""
    return DemoResponse(status, json.dumps(value).encode(), (("Content-Type", "application/json"), *headers))


def need(asked: DemoRequest, *methods: str) -> None:
    """Refuse any other method."""
    if asked.method not in methods:
        raise Refused(405, f"{asked.method} is not allowed here", Allow=", ".join(methods))
