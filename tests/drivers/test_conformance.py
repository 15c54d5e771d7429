"""Every driver sends exactly the request, parses the response strictly, and has one deadline: the same cases for all, on real sockets."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import trustme
from limits import Stopwatch, limit

from runflow.drivers.curl.driver import CurlDriver
from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request, Response, Transport, TransportFailure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Raw = Callable[..., str]


class Driver(Protocol):
    """Performs one exchange after the other, with any driver."""

    def send(self, request: Request) -> Response | TransportFailure: ...
    def close(self) -> None: ...


class OneByOne:
    """The curl driver, with one exchange at a time."""

    def __init__(self) -> None:
        self.driver = CurlDriver()

    def send(self, request: Request) -> Response | TransportFailure:
        self.driver.begin(request, "me")
        while True:
            for _, outcome in self.driver.advance(1.0):
                return outcome

    def close(self) -> None:
        self.driver.close()


@pytest.fixture(params=[RequestsDriver, OneByOne], ids=["requests", "curl"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    made = request.param()
    yield made
    made.close()


def send(driver: Driver, url: str, *, timeout: float = 5.0, method: str = "GET", **more: Any) -> Any:
    transport = Transport(**{key: more.pop(key) for key in list(more) if key in Transport.__struct_fields__})
    return driver.send(Request(method, url, timeout=timeout, transport=transport, **more))


def said(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body])


def test_the_request_is_sent_exactly_as_the_file_says(driver: Driver, raw_server: Raw) -> None:
    got: list[bytes] = []

    def script(conn: socket.socket) -> None:
        got.append(conn.recv(65536))
        conn.sendall(OK)

    url = raw_server(script)
    response = send(
        driver, f"{url}/a%7Eb/../%2F?x=%20", headers=(("X-A", "1"), ("X-A", "2"), ("X-E", ""), ("X-U", "ü"))
    )
    host = url.removeprefix("http://").encode()
    assert (
        got[0].replace(b"X-E: \r", b"X-E:\r")
        == (  # the space is optional (RFC 9112 §5)
            b"GET /a%7Eb/../%2F?x=%20 HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: runflow/0.1.0\r\nAccept: */*\r\n"
            b"Accept-Encoding: gzip, deflate\r\nX-A: 1\r\nX-A: 2\r\nX-E:\r\nX-U: \xc3\xbc\r\n\r\n"
        )
    )
    assert isinstance(response, Response)
    assert (response.status, response.body, response.ip) == (200, b"ok", "127.0.0.1")
    assert response.sent[0] == ("Host", host.decode())


@pytest.mark.parametrize(
    ("request_", "present", "absent"),
    [
        (Request("POST", "", body=b"abc"), [b"Content-Length: 3\r\n", b"\r\n\r\nabc"], []),
        (Request("POST", ""), [b"Content-Length: 0\r\n"], []), (Request("DELETE", ""), [], [b"Content-Length"]),
        (Request("PURGE", "", body=b""), [b"PURGE / HTTP/1.1", b"Content-Length: 0"], []),
        (Request("GET", "", headers=(("User-Agent", "me"), ("accept", "x/y"))), [b"User-Agent: me\r\n", b"accept: x/y"],
            [b"runflow", b"*/*"]), (Request("GET", "", defaults_removed=("user-agent", "accept", "accept-encoding")), [], [b"User-Agent", b"Accept"]),
        (Request("GET", "", headers=(("Host", "other.test"),)), [b"Host: other.test\r\n"], [b"Host: 127"]),
        (Request("GET", "", transport=Transport(encodings=())), [], [b"Accept-Encoding"]),
        (Request("GET", "", transport=Transport(encodings=("gzip",))), [b"Accept-Encoding: gzip\r\n"], [b"deflate"]),
    ],
)  # fmt: skip
def test_default_headers_can_be_replaced_and_removed(
    driver: Driver, raw_server: Raw, request_: Request, present: list[bytes], absent: list[bytes]
) -> None:
    got: list[bytes] = []

    def script(conn: socket.socket) -> None:
        data = conn.recv(65536)
        while b"\r\n\r\n" not in data or (b"Content-Length: 3" in data and not data.endswith(b"abc")):
            data += conn.recv(65536)
        got.append(data)
        conn.sendall(OK)

    assert isinstance(driver.send(msgspec.structs.replace(request_, url=raw_server(script) + "/")), Response)
    for piece in present:
        assert piece in got[0]
    for piece in absent:
        assert piece not in got[0]


def gz(data: bytes) -> bytes:
    """Without the time, so that every worker of a parallel run sees the same cases."""
    return gzip.compress(data, mtime=0)


GZ = gz(b"x" * 1000)
RAW_DEFLATE = zlib.compress(b"hello" * 50)[2:-4]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, b"ok"), (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""), (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, b"to the end"),
        (b"HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n", 599, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 5 + OK, 200, b"ok"), (said(GZ, b"Content-Encoding: gzip"), 200, b"x" * 1000),
        (said(GZ + gz(b"y"), b"Content-Encoding: x-gzip"), 200, b"x" * 1000 + b"y"),
        (said(zlib.compress(b"abc"), b"Content-Encoding: deflate"), 200, b"abc"),
        (said(RAW_DEFLATE, b"Content-Encoding: deflate"), 200, b"hello" * 50),
        (said(gz(zlib.compress(b"abc")), b"Content-Encoding: deflate, gzip"), 200, b"abc"),
        (said(b"abc", b"Content-Encoding: identity"), 200, b"abc"),
        (said(b"", b"Content-Encoding: gzip"), 200, b""), (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    ],
)  # fmt: skip
def test_complete_responses_are_read(driver: Driver, raw_server: Raw, answer: bytes, status: int, body: bytes) -> None:
    response = send(driver, raw_server(answer))
    assert isinstance(response, Response), response
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "truncated", "ends before it is complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "truncated", "ends before"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "truncated", "ends before"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", "protocol", ""),
        (b"", "reset", "closed the connection without a response"), (b"SSH-2.0-OpenSSH\r\n", "protocol", "it begins with SSH"),
        (b"<html>hello</html>", "protocol", "did not send a valid HTTP response"), (b"HTTP/1.1 abc OK\r\n\r\n", "protocol", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "protocol", "not one valid number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab", "protocol", "not one valid number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nab", "protocol", "not one valid number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "protocol", "both"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab", "protocol", "transfer coding"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "protocol", "switched protocols"),
        (b"HTTP/1.1 103 x\r\n\r\n" * 150 + OK, "protocol", "informational"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "protocol", "a line is too long"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 101 + b"\r\n", "protocol", "100 headers"),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "protocol", "malformed"), (b"HTTP/9.9 200 OK\r\n\r\n", "protocol", ""),
        (said(b"x", b"Content-Encoding: br"), "decode", "'br' is not supported"),
        (said(GZ[:-4], b"Content-Encoding: gzip"), "decode", "ends too early"),
        (said(b"nonsense", b"Content-Encoding: gzip"), "decode", "is not gzip"),
        (said(b"x", b"Content-Encoding: " + b"gzip, " * 6 + b"gzip"), "decode", "7 times"),
        (said(gz(b"\0" * 20_000_000), b"Content-Encoding: gzip"), "too_large", "more than 100000 bytes"),
        (said(b"x" * 100_001), "too_large", "more than"),
        (said(gz(gz(b"\0" * 20_000_000)), b"Content-Encoding: gzip, gzip"), "too_large", ""),
    ],
)  # fmt: skip
def test_anything_but_a_complete_valid_response_is_a_failure(
    driver: Driver, raw_server: Raw, answer: bytes, kind: str, message: str
) -> None:
    outcome = send(driver, raw_server(answer), max_response_size=100_000)
    assert isinstance(outcome, TransportFailure), outcome
    assert outcome.kind == kind
    assert message in outcome.message


@pytest.mark.parametrize(
    ("pieces", "phase"),
    [([b"HTTP/1.1 200 "] + [b"O"] * 80, "first byte"), ([b"HTTP/1.1 200 OK\r\n"] + [b"X: a\r\n"] * 40, "first byte"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"] + [b"a"] * 80, "body"), ([b""], "first byte"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"] * 40, "first byte")],
)  # fmt: skip
def test_a_drip_does_not_outlive_the_deadline(driver: Driver, raw_server: Raw, pieces: list[bytes], phase: str) -> None:
    with Stopwatch() as sending:
        outcome = send(driver, raw_server(pieces, wait=0.1, hold=True), timeout=0.5)
    assert sending.seconds < limit(0.5)
    assert (outcome.kind, outcome.phase) == ("timeout", phase)


def test_a_full_backlog_times_out_while_connecting(driver: Driver) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        outcome = send(driver, f"http://127.0.0.1:{port}/", timeout=0.4)
        assert (outcome.kind, outcome.phase) == ("timeout", "connect")
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    ("url", "kind", "phase", "message"),
    [
        ("http://127.0.0.1:1/", "refused", "connect", "refuses the connection"),
        ("http://nope.invalid/", "dns", "dns", "cannot be resolved"), ("http://[::1]:1/", "", "connect", ""),
        ("http://" + "a" * 70 + ".test/", "dns", "dns", ""),
    ],
)  # fmt: skip
def test_each_failure_to_connect_has_its_own_message(
    driver: Driver, url: str, kind: str, phase: str, message: str
) -> None:
    outcome = send(driver, url, timeout=0.5)
    assert isinstance(outcome, TransportFailure)
    assert kind in {"", outcome.kind}
    assert outcome.phase == phase
    assert message in outcome.message


def test_connections_are_kept_and_a_closed_one_is_recognised(driver: Driver, raw_server: Raw) -> None:
    counts: list[int] = []

    def script(conn: socket.socket) -> None:
        counts.append(0)
        for _ in range(2):
            if conn.recv(65536):
                counts[-1] += 1
                conn.sendall(OK)
        conn.recv(65536)  # the third request arrives, and gets no response

    url = raw_server(script)
    assert [send(driver, url).status for _ in range(2)] == [200, 200]
    assert counts == [2]
    outcome = send(driver, url)
    assert (outcome.kind, outcome.stale) == ("reset", True)


@pytest.mark.parametrize("extra", [b"HTTP/1.1 500 Evil\r\nContent-Length: 4\r\n\r\nevil", b"garbage"])
def test_bytes_after_a_response_belong_to_no_request(driver: Driver, raw_server: Raw, extra: bytes) -> None:
    def script(conn: socket.socket) -> None:
        while conn.recv(65536):
            conn.sendall(OK + extra)

    url = raw_server(script)
    for _ in range(3):
        assert send(driver, url).body == b"ok"


def test_a_request_that_says_close_is_the_last_on_its_connection(driver: Driver, raw_server: Raw) -> None:
    met: list[int] = []

    def script(conn: socket.socket) -> None:
        met.append(0)
        conn.recv(65536)
        conn.sendall(OK)
        while conn.recv(65536):
            conn.sendall(said(b"no"))  # what a second request on this connection would get

    url = raw_server(script)
    for spelt in ("close", "keep-alive, Close", "close"):
        assert send(driver, url, headers=(("connection", spelt),)).body == b"ok"
    assert len(met) == 3


def test_nothing_is_taken_from_the_environment_and_cookies_are_not_kept(
    driver: Driver, raw_server: Raw, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    got: list[bytes] = []

    def script(conn: socket.socket) -> None:
        while data := conn.recv(65536):
            got.append(data)
            conn.sendall(said(b"ok", b"Set-Cookie: a=b; Path=/"))

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    url = raw_server(script)
    assert send(driver, url).status == send(driver, url).status == 200
    assert all(b"Authorization" not in data and b"Cookie" not in data for data in got)


def test_a_proxy_that_the_file_names_is_used(driver: Driver, raw_server: Raw) -> None:
    got: list[bytes] = []

    def script(conn: socket.socket) -> None:
        got.append(conn.recv(65536))
        conn.sendall(OK)

    assert send(driver, "http://far.test/x", proxy=raw_server(script)).status == 200
    assert got[0].startswith(b"GET http://far.test/x HTTP/1.1")
    assert send(driver, "http://far.test/", proxy="http://127.0.0.1:1").kind == "refused"
    assert send(driver, "http://far.test/", proxy="socks5://127.0.0.1:1").kind in {"protocol", "refused"}


def test_a_server_that_closes_while_a_body_is_sent_is_reported(driver: Driver, raw_server: Raw) -> None:
    def script(conn: socket.socket) -> None:
        conn.recv(10)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    outcome = send(driver, raw_server(script), method="POST", body=b"x" * 20_000_000)
    assert outcome.kind in {"send", "reset"}


# TLS


def test_tls_is_verified_against_the_ca_that_the_file_names(driver: Driver, tls_server: Any, ca_file: str) -> None:
    url = tls_server()
    assert [send(driver, url, verify=ca_file).status for _ in range(2)] == [200, 200]
    unknown = send(driver, url)
    assert (unknown.kind, unknown.phase) == ("tls", "tls")
    assert "self-signed" in unknown.message or "unknown CA" in unknown.message
    assert send(driver, url, verify=False).status == 200
    again = send(driver, url)  # there is a kept connection by now, whose certificate was not verified
    assert (again.kind, again.phase) == ("tls", "tls")


def test_expired_and_foreign_certificates_say_so(driver: Driver, tls_server: Any, ca: trustme.CA, ca_file: str) -> None:
    from datetime import UTC, datetime

    expired = ca.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert "has expired" in send(driver, tls_server(expired), verify=ca_file).message
    assert "is for another" in send(driver, tls_server(ca.issue_cert("other.test")), verify=ca_file).message


def test_client_certificates_are_used_and_a_bad_key_is_named_not_shown(
    driver: Driver, tls_server: Any, ca: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    url = tls_server(client_ca=True)
    client = ca.issue_cert("me@example.com")
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    client.cert_chain_pems[0].write_to_path(str(cert))
    client.private_key_pem.write_to_path(str(key))
    assert send(driver, url, verify=ca_file, cert=(str(cert), str(key))).status == 200
    assert send(driver, url, verify=ca_file).kind in {"tls", "reset"}
    bad = tmp_path / "bad.pem"
    bad.write_text("SECRET CONTENT")
    outcome = send(driver, url, verify=ca_file, cert=(str(cert), str(bad)))
    assert str(bad) in outcome.message
    assert "SECRET" not in outcome.message
    assert "cannot be used" in send(driver, url, verify=str(tmp_path / "none.pem")).message


def test_http_on_an_https_port_and_the_other_way_round(driver: Driver, tls_server: Any, raw_server: Raw) -> None:
    outcome = send(driver, raw_server(b"HTTP/1.1 400 Bad\r\n\r\n").replace("http:", "https:"))
    assert "does not speak TLS" in outcome.message
    assert isinstance(send(driver, tls_server().replace("https:", "http:")), TransportFailure)
    assert send(driver, raw_server(b"", hold=True).replace("http:", "https:"), timeout=0.4).kind in {"timeout", "tls"}
    assert send(driver, raw_server(lambda conn: conn.recv(9)).replace("http:", "https:")).kind in {"tls", "reset"}


def test_half_a_response_after_a_response_never_meets_the_next_request(driver: Driver, raw_server: Raw) -> None:
    def script(conn: socket.socket) -> None:
        conn.recv(65536)
        conn.sendall(OK + b"HTTP/1.1 500 Evil\r\nContent-")
        if conn.recv(65536):
            conn.sendall(b"Length: 4\r\n\r\nevil" + OK)

    url = raw_server(script)
    assert [send(driver, url).body for _ in range(3)] == [b"ok", b"ok", b"ok"]


def test_a_proxy_connects_to_tls_and_its_own_headers_are_not_part_of_the_response(
    driver: Driver, connect_proxy: Any, tls_server: Callable[..., str], ca_file: str
) -> None:
    url = tls_server()
    proxy = f"http://127.0.0.1:{connect_proxy.port}"
    answer = send(driver, url, proxy=proxy, verify=ca_file)
    assert isinstance(answer, Response), answer
    assert (answer.status, answer.body, answer.header("x-proxy")) == (200, b"ok", None)
    assert connect_proxy.asked == [url.removeprefix("https://")]
    lost = send(driver, url, proxy="http://user:word@127.0.0.1:1", verify=ca_file)
    assert (lost.kind, lost.message) == ("refused", "the proxy 127.0.0.1:1 refuses the connection")


def test_a_refusal_of_a_proxy_is_not_a_response(driver: Driver, raw_server: Raw) -> None:
    lost = send(driver, "https://far.test/", proxy=raw_server(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
    assert isinstance(lost, TransportFailure)
    assert "403" in lost.message


def test_a_server_of_http_1_0_responds_to_a_request_of_1_1(driver: Driver, raw_server: Raw) -> None:
    answer = send(driver, raw_server(b"HTTP/1.0 200 OK\r\n\r\nok"), version="1.1")
    assert (answer.status, answer.http_version, answer.body) == (200, "1.0", b"ok")
