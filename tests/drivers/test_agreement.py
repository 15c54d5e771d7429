"""The drivers are compared: they send the same bytes, and the same bytes give the same response or failure."""

from __future__ import annotations

import gzip
import itertools
import re
import socket
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from test_conformance import OneByOne

from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request, Response, Transport

Raw = Callable[..., str]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DRIVERS = (RequestsDriver, OneByOne)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "QUERY")
BODIES = (None, b"", b"abc", b"\x00\xff\r\n\r\n", b"x" * 70_000)
LINES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("X-A", "1"), ("X-B", "x"), ("X-A", "2")), (("X-Empty", ""),), (("X-Inner", "a  b\tc"),), (("X-Unicode", "zażółć"),),
    (("Content-Type", "text/plain"),), (("content-type", "a/b"),), (("Expect", "100-continue"),), (("Connection", "close"),),
    (("User-Agent", ""),), (("Accept", ""),), (("Host", "other.test:81"),), (("Cookie", "a=b; c=d"),),
    (("Authorization", "Bearer x"),), (("Accept-Encoding", "br"),), (("X-" + "n" * 200, "v" * 5000),), (("Transfer-Encodin", "x"),),
    (("Referer", "http://x/"), ("Range", "bytes=0-1"), ("If-None-Match", '"x"')), (("X-Semi", "a;b,c"), ("X-Colon", "a:b: c")),
)  # fmt: skip
TARGETS = (
    "/", "", "/a%2Fb", "/a/../b", "/./a", "//a", "/a//b", "/%7E", "/~", "/a?b", "/a?", "/?x=1&x=2", "/?x=%20+", "/a;p=1", "/a:b@c",
    "/?q=http://x/y?z", "/[]", "/?a[]=1", "/a%zz", "/" + "a" * 3000, "?x=1", "/!$&'()*+,=", "/?%23",
)  # fmt: skip
REMOVED = (("user-agent",), ("accept",), ("accept-encoding",), ("user-agent", "accept", "accept-encoding"))


def said_by(driver: Any, request: Request, raw_server: Raw) -> bytes:
    """What is sent, without the port and an optional space."""
    got: list[bytes] = []
    body = len(request.body or b"")

    def script(conn: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data or len(data.split(b"\r\n\r\n", 1)[1]) < body:
            data += conn.recv(65536)
        got.append(data)
        conn.sendall(OK)

    url = raw_server(script)
    made = driver()
    outcome = made.send(msgspec.structs.replace(request, url=url + request.url, timeout=5.0))
    made.close()
    assert isinstance(outcome, Response), outcome
    head, _, rest = got[0].partition(b"\r\n\r\n")
    head = re.sub(rb"127\.0\.0\.1:[0-9]+", b"HOST", head)
    first, *lines = re.sub(rb":[ \t]+(?=\r\n|$)", b":", head).split(b"\r\n")
    return (
        b"\r\n".join([first, *sorted(lines)]) + b"\r\n\r\n" + rest
    )  # the order of lines with other names means nothing


REQUESTS = [
    *(Request(method, "/x", body=body) for method, body in itertools.product(METHODS, BODIES)),
    *(Request("POST", "/x", headers=lines, body=b"abc") for lines in LINES),
    *(Request("GET", "/x", headers=lines) for lines in LINES),
    *(Request("GET", target) for target in TARGETS),
    *(Request("GET", "/", defaults_removed=removed) for removed in REMOVED),
    Request("HEAD", "/"), Request("GET", "/", transport=Transport(encodings=())), Request("GET", "/", transport=Transport(encodings=("gzip",))),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_the_same_request_is_the_same_on_the_wire(raw_server: Raw, number: int) -> None:
    one, other = (said_by(driver, REQUESTS[number], raw_server) for driver in DRIVERS)
    assert one == other


def of(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"Content-Length: %d" % len(body), b"", body])


GZ = gzip.compress(b"x" * 1000, mtime=0)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STATUSES = ("200 OK", "201 Created", "202 Accepted", "206 Partial", "226 IM Used", "299 ", "300 M", "301 Moved", "302 Found",
    "304 Not Modified", "307 T", "400 Bad Request", "401 Unauthorized", "404 Not Found", "418 I'm a teapot", "422 Ünprocessable", "429 x",
    "500 Oops", "503 Not now", "599 Own")  # fmt: skip
ANSWERS = [
    *(of(b"body", status=status.encode("latin-1")) for status in STATUSES if not status.startswith("304")),
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nto the end", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    of(b"ok", b"Set-Cookie: a=b", b"Set-Cookie: c=d; Path=/"), of(b"ok", b"X-Empty:", b"X-Space:   a b   "),
    of(b"ok", b"X-Latin: \xe9\xff"), of(b"ok", b"X-Utf8: \xc3\xa9"), of(b"ok", b"X-Folded: a", b"  b", b"\tc"),
    of(b"ok", b"x-lower: 1", b"X-LOWER: 2"), of(b"ok", b"Connection: keep-alive", b"Keep-Alive: timeout=5"),
    of(b"ok", b"X:" + b"v" * 60_000), of(b"ok", *[b"X-%d: v" % number for number in range(90)]),
    CHUNKED + b"2\r\nok\r\n0\r\n\r\n", CHUNKED + b"1;a=b\r\no\r\n1\r\nk\r\n0\r\nTrailer: x\r\n\r\n", CHUNKED + b"0\r\n\r\n",
    CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", CHUNKED + b"a\r\n0123456789\r\n00\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-Early: 1\r\n\r\n" + OK, b"HTTP/1.1 102 P\r\n\r\n" * 20 + OK,
    of(GZ, b"Content-Encoding: gzip"), of(GZ, b"Content-Encoding: GZIP"), of(GZ, b"Content-Encoding: x-gzip"),
    of(zlib.compress(b"abc"), b"Content-Encoding: deflate"), of(zlib.compress(b"hello" * 50)[2:-4], b"Content-Encoding: deflate"),
    of(gzip.compress(zlib.compress(b"abc"), mtime=0), b"Content-Encoding: deflate, gzip"),
    of(gzip.compress(zlib.compress(b"abc"), mtime=0), b"Content-Encoding: deflate", b"Content-Encoding: gzip"),
    of(b"abc", b"Content-Encoding: identity"), of(b"abc", b"Content-Encoding:"), of(b"", b"Content-Encoding: gzip"),
    of(b"\xff\xfe\x00", b"Content-Type: application/octet-stream"), of(b"x" * 99_000), b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    # what is not a complete, valid response
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", CHUNKED + b"3\r\nabc\r\n",
    CHUNKED + b"9\r\nabc", CHUNKED, CHUNKED + b"3\r\nabc\r\n0\r\n",
    b"", b"SSH-2.0-OpenSSH_9\r\n", b"220 mail ready\r\n", b"<html></html>", b"\x16\x03\x01", b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 99 Low\r\n\r\n", b"ICY 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n", b"HTTP/1.1 103 x\r\n\r\n" * 150 + OK, b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 101 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX: a", of(b"x", b"Content-Encoding: br"),
    of(b"x", b"Content-Encoding: nonsense"), of(GZ[:-4], b"Content-Encoding: gzip"), of(GZ[:100], b"Content-Encoding: gzip"),
    of(b"nonsense", b"Content-Encoding: gzip"),
    of(b"x", b"Content-Encoding: " + b"gzip, " * 6 + b"gzip"), of(gzip.compress(b"\0" * 5_000_000, mtime=0), b"Content-Encoding: gzip"),
    of(b"x" * 100_001), of(gzip.compress(gzip.compress(b"\0" * 5_000_000, mtime=0), mtime=0), b"Content-Encoding: gzip, gzip"),
    CHUNKED + b"186a1\r\n" + b"x" * 100_001 + b"\r\n0\r\n\r\n",
]  # fmt: skip


def told(outcome: Any) -> tuple[Any, ...]:
    """What must be the same with each driver."""
    if isinstance(outcome, Response):
        return outcome.status, outcome.reason, outcome.headers, outcome.body, outcome.http_version, outcome.ip
    return outcome.kind, outcome.stale, outcome.phase == "body"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_the_same_bytes_are_the_same_response_or_the_same_failure(raw_server: Raw, number: int, method: str) -> None:
    body = b"x" if method == "POST" else b""

    def script(conn: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data or not data.endswith(body):  # what is left unread would make a reset of the end
            data += conn.recv(65536)
        conn.sendall(ANSWERS[number])

    url = raw_server(script)
    found = []
    for driver in DRIVERS:
        made = driver()
        request = Request(
            method,
            url,
            body=body or None,
            timeout=5.0,
            transport=Transport(max_response_size=100_000),
        )
        found.append(made.send(request))
        made.close()
    assert told(found[0]) == told(found[1]), found


@pytest.mark.parametrize("lines", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"X: y"])
@pytest.mark.parametrize("status", [b"200 OK", b"404 No"])
def test_a_response_to_head_has_no_body_whatever_its_headers_say(raw_server: Raw, lines: bytes, status: bytes) -> None:
    url = raw_server(b"HTTP/1.1 " + status + b"\r\n" + lines + b"\r\n\r\n")
    found = [driver().send(Request("HEAD", url, timeout=5.0)) for driver in DRIVERS]
    assert told(found[0]) == told(found[1])
    assert found[0].body == b""  # type: ignore[union-attr]  # an answer, or the comparison failed
