"""What only the requests driver does: it uses any session of requests, and limits DNS lookups."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from limits import limit

from runflow.drivers.requests import connection
from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request

Raw = Callable[..., str]
GZ = gzip.compress(b"x" * 1000, mtime=0)


def test_any_session_of_requests_will_do(raw_server: Raw) -> None:
    with requests.Session() as session:
        driver = RequestsDriver(session)
        answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZ) + GZ
        response: Any = driver.send(Request("POST", raw_server(answer), (("X-A", "1"), ("X-A", "2")), b"x"))
        assert (response.status, response.body) == (200, b"x" * 1000)
        assert driver.send(Request("GET", "http://127.0.0.1:1/")).kind == "refused"
        assert driver.send(Request("GET", raw_server(b"", hold=True), timeout=0.3)).kind == "timeout"


def test_a_slow_dns_lookup_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> list[Any]:
        given_up.wait(limit(5))
        return []

    given_up = threading.Event()
    monkeypatch.setattr(connection.socket, "getaddrinfo", slow)
    outcome: Any = RequestsDriver().send(Request("GET", "http://slow.test/", timeout=0.3))
    assert (outcome.kind, outcome.phase) == ("timeout", "dns")
    assert not given_up.is_set()  # the lookup has not ended
    given_up.set()
