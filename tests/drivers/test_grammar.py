"""Mutations of valid HTTP/1.1 responses: both drivers take what RFC 9112 allows, and refuse the rest in the same way."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from test_chunked import INVALID, VALID
from test_conformance import OneByOne

from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request, Response

Part = tuple[bytes, bool]
"""A part of a response, and whether RFC 9112 allows it."""


def parts(valid: tuple[bytes, ...], invalid: tuple[bytes, ...]) -> list[Part]:
    return [*((each, True) for each in valid), *((each, False) for each in invalid)]


STATUS_LINES = parts(
    (b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.1 299 Any \xc3\xa9 \xff", b"HTTP/1.1 599 x", b"HTTP/1.1 999 Own"),
    (
        b"HTTP/1.2 200 OK", b"HTTP/1.1x 200 OK", b"HTTP/1.11 200 OK", b"HTTP/2.0 200 OK", b"HTTP/2 200 OK", b"HTTP/3 200 OK",
        b"HTTP/0.9 200 OK", b"HTTP/1 200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 200\tOK", b"HTTP/1.1 +200 OK",
        b"HTTP/1.1 -200 OK", b"HTTP/1.1 0200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 200OK",
        b"HTTP/1.1 099 OK", b"HTTP/1.1 000 OK", b"HTTP/1.1 OK", b"HTTP/1.1", b"HTTP/1.1 ", b"http/1.1 200 OK", b" HTTP/1.1 200 OK",
        b"\tHTTP/1.1 200 OK", b"HTTP/1,1 200 OK", b"HTTP/11 200 OK", b"HTTPS/1.1 200 OK", b"HTTP 200 OK", b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 O\0K", b"\r\nHTTP/1.1 200 OK", b"ICY 200 OK", b"GET / HTTP/1.1", b"HTTP/1.1 2 00 OK", b"HTTP/1.1 \xb200 OK",
    ),
)  # fmt: skip
HEADERS = parts(
    (
        b"X: y", b"X:y", b"X:", b"X: \t y \t", b"x-1~!#$%&'*+.^_`|: z", b"X: a\r\n b", b"X: a\r\n\tb\r\n  c", b"X: \xe9\xff", b"X: y\nZ: z",
        b"X: a:b", b"X: y\r\nX: z", b"Connection: close", b"Content-Type: text/plain", b"X: " + b"v" * 9000,
    ),
    (
        b"X : y", b"X\t: y", b": y", b"X", b"X y", b"X\0: y", b"X: a\0b", b"X: a\rb", b"\xc3\x9c: y", b"X(: y", b"X[]: y", b"X\x7f: y",
        b"X: y\r\n\0", b"X: y\r\r\nZ: z", b"X: y\r\n Z\0: z", b"(X): y", b'"X": y', b"X: y\r\n : z\r\n\x01: y",
    ),
)  # fmt: skip
LENGTHS = parts(
    (b"5", b"05", b"005", b" 5", b"5 ", b"\t5\t", b"5, 5", b"5,5", b"5 , 5", b"5\r\nContent-Length: 5", b"05, 5".replace(b"0", b"")),
    (
        b"+5", b"-5", b"5;", b"0x5", b"5_0", b"5 5", b"5,6", b"5, -5", b",", b"five", b"5.0", b"5e0", b"\xd9\xa5", b"'5'", b"5\x0b", b"\x0c5",
        b"9" * 40, b"5\r\nContent-Length: 6", b"5\r\nTransfer-Encoding: chunked", b"1 0",
    ),
)  # fmt: skip
CODINGS = parts(
    (b"chunked", b"Chunked", b"CHUNKED", b" chunked ", b"\tchunked\t"),
    (
        b"\x0bchunked", b"chunked\x0c", b"\xa0chunked", b"chunked, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"xchunked",
        b"chunked;q=1", b"chunked\r\nTransfer-Encoding: chunked", b"chun ked", b"'chunked'", b"chunked\r\nContent-Length: 5", b"gzip",
    ),
)  # fmt: skip
BODY = b"hello"
CHUNKS = [*((data, content, True) for data, content in VALID.items()), *((data, b"", False) for data in INVALID)]


def responses() -> Iterator[tuple[bytes, bytes | None]]:
    """Whole responses, each with its content, or None where it is malformed."""
    for (status, well), (length, fits) in itertools.product(STATUS_LINES, LENGTHS):
        yield status + b"\r\nContent-Length:" + length + b"\r\n\r\n" + BODY, BODY if well and fits else None
    for (header, well), (length, fits) in itertools.product(HEADERS, LENGTHS):
        head = b"HTTP/1.1 200 OK\r\n" + header + b"\r\nContent-Length:" + length
        yield head + b"\r\n\r\n" + BODY, BODY if well and fits else None
    for (status, well), (coding, fits) in itertools.product(STATUS_LINES, CODINGS):
        head = status + b"\r\nTransfer-Encoding:" + coding + b"\r\n\r\n"
        yield head + b"5\r\nhello\r\n0\r\n\r\n", BODY if well and fits else None
    for (header, well), (data, content, fits) in itertools.product(HEADERS, CHUNKS):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + header + b"\r\n\r\n"
        yield head + data, content if well and fits else None
    for data, _, _ in CHUNKS:
        yield b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data, None


RESPONSES = list(responses())
CLOSE = (("Connection", "close"),)


class Server(socketserver.ThreadingTCPServer):
    """Answers `/N` with the Nth response, and closes the connection."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.request.recv(65536)
        self.request.sendall(RESPONSES[int(data.split()[1][1:])][0])
        with contextlib.suppress(OSError):  # the client refused the response, and has gone
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65536):  # else what was not read would make a reset of the end
                pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def told(outcome: Any) -> tuple[Any, ...]:
    """What must be the same on both drivers."""
    if isinstance(outcome, Response):
        return outcome.status, outcome.reason, outcome.headers, outcome.body, outcome.http_version
    return outcome.kind, outcome.stale


def test_there_are_thousands_of_mutations() -> None:
    assert len(RESPONSES) > 2000
    assert sum(content is None for _, content in RESPONSES) > 1000


@pytest.mark.parametrize("part", range(8))
def test_both_drivers_take_what_the_standard_allows_and_refuse_the_rest(server: str, part: int) -> None:
    drivers = RequestsDriver(), OneByOne()
    wrong = []
    for number in range(part, len(RESPONSES), 8):
        data, content = RESPONSES[number]
        one, other = (
            driver.send(Request("GET", f"{server}/{number}", headers=CLOSE, timeout=20.0)) for driver in drivers
        )
        found = one.body if isinstance(one, Response) else None
        if told(one) != told(other) or found != content:
            wrong.append((data[:200], content, told(one), told(other)))
    for driver in drivers:
        driver.close()
    assert wrong == []
