"""What only the curl driver does: many at once, HTTP/2 and HTTP/3, sockets, SOCKS, certificates and timings."""

from __future__ import annotations

import resource
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from limits import Stopwatch, limit

from runflow.drivers.curl import polling
from runflow.drivers.curl.driver import CurlDriver
from runflow.model.exchange import Request, Response, Transport, TransportFailure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Raw = Callable[..., str]


@pytest.fixture(params=["the system's own", "kqueue or poll", "select"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[CurlDriver]:
    if request.param == "kqueue or poll":  # which macOS has
        selector = getattr(selectors, "KqueueSelector", selectors.PollSelector)
        monkeypatch.setattr(polling, "new_poll", lambda: polling.SelectorPoll(selector()))
    if request.param == "select":  # which Windows has
        monkeypatch.setattr(polling, "new_poll", lambda: polling.SelectorPoll(selectors.SelectSelector()))
    made = CurlDriver()
    yield made
    made.close()


def send(driver: CurlDriver, *requests: Request) -> list[Any]:
    """Send requests at the same time: their outcomes."""
    for number, request in enumerate(requests):
        driver.begin(request, number)
    found: dict[int, Any] = {}
    end = time.monotonic() + limit(2)
    while len(found) < len(requests) and time.monotonic() < end:
        found |= dict(driver.advance(0.5))
    return [found[number] for number in range(len(requests))]


def get(url: str, **transport: Any) -> Request:
    return Request("GET", url, timeout=5.0, transport=Transport(**transport))


def test_http2_is_used_where_the_server_offers_it_and_shares_one_connection(
    driver: CurlDriver, http2: tuple[str, str], ca_file: str
) -> None:
    url, _ = http2
    send(driver, get(url, verify=ca_file))
    answers = send(driver, *[get(f"{url}/{number}", verify=ca_file) for number in range(20)])
    assert {answer.http_version for answer in answers} == {"2"}
    assert len({answer.header("x-connection") for answer in answers}) == 1
    assert {answer.reason for answer in answers} == {""}


def test_requests_that_require_http2_wait_for_a_connection_to_share(
    driver: CurlDriver, http2: tuple[str, str], ca_file: str
) -> None:
    answers = send(driver, *[get(f"{http2[0]}/{number}", verify=ca_file, version="2") for number in range(20)])
    assert len({answer.header("x-connection") for answer in answers}) == 1


def test_a_version_that_is_required_is_used(
    driver: CurlDriver, http2: tuple[str, str], ca_file: str, raw_server: Raw
) -> None:
    tls, clear = http2
    assert send(driver, get(tls, verify=ca_file, version="1.1"))[0].http_version == "1.1"
    assert send(driver, get(tls, verify=ca_file, version="2"))[0].http_version == "2"
    assert send(driver, get(clear, version="2"))[0].http_version == "2"
    (lost,) = send(driver, get(raw_server(OK), version="2"))
    assert isinstance(lost, TransportFailure)
    assert lost.kind in {"protocol", "reset"}  # the server may close the connection before its response was read


def test_a_server_without_http2_fails_a_request_that_requires_it(
    driver: CurlDriver, tls_server: Callable[..., str], ca_file: str
) -> None:
    (lost,) = send(driver, get(tls_server(), verify=ca_file, version="2"))
    assert isinstance(lost, TransportFailure), lost


def test_http3_is_used_where_it_is_required(driver: CurlDriver, http3: str, ca_file: str) -> None:
    transport = Transport(verify=ca_file, version="3")
    answers = send(
        driver,
        Request("GET", f"{http3}/a", timeout=5.0, transport=transport),
        Request("POST", f"{http3}/b", body=b"{}", timeout=5.0, transport=transport),
    )
    assert [(answer.status, answer.http_version, answer.body) for answer in answers] == [
        (200, "3", b"GET"),
        (200, "3", b"POST"),
    ]
    assert answers[0].header("X-Served") == "h3"
    (untrusted,) = send(driver, Request("GET", http3, timeout=2.0, transport=Transport(version="3")))
    assert isinstance(untrusted, TransportFailure)


def test_resolve_replaces_the_address_of_a_host(driver: CurlDriver, raw_server: Raw) -> None:
    got: list[bytes] = []

    def script(conn: socket.socket) -> None:
        got.append(conn.recv(65536))
        conn.sendall(OK)

    port = raw_server(script).rpartition(":")[2]
    there, moved = send(
        driver,
        get(f"http://api.test:{port}/a", resolve=((f"api.test:{port}", "127.0.0.1"),)),
        get("http://api.test:81/b", resolve=(("api.test:81", f"127.0.0.1:{port}"),)),
    )
    assert [there.body, moved.body] == [b"ok", b"ok"]
    assert sorted(data.split(b"\r\n")[1] for data in got) == [b"Host: api.test:" + port.encode(), b"Host: api.test:81"]
    assert there.ip == moved.ip == "127.0.0.1"


def test_resolve_keeps_the_name_that_a_certificate_is_checked_for(
    driver: CurlDriver, http2: tuple[str, str], ca_file: str
) -> None:
    port = http2[0].rpartition(":")[2]
    good, bad = send(
        driver,
        get(f"https://api.test:{port}/", resolve=((f"api.test:{port}", "127.0.0.1"),), verify=ca_file),
        get(f"https://other.test:{port}/", resolve=((f"other.test:{port}", "127.0.0.1"),), verify=ca_file),
    )
    assert good.status == 200
    assert "is for another host" in bad.message


def test_a_unix_socket_is_connected_to(driver: CurlDriver, unix_server: str, tmp_path: Path) -> None:
    there, nowhere = send(
        driver,
        get("http://localhost/x", unix_socket=unix_server),
        get("http://localhost/x", unix_socket=str(tmp_path / "none.sock")),
    )
    assert there.body == b"ok"
    assert nowhere.kind == "refused"


def test_a_socks_proxy_is_used_and_may_look_names_up_itself(driver: CurlDriver, socks: Any, raw_server: Raw) -> None:
    port = raw_server(OK).rpartition(":")[2]
    near, far = send(
        driver,
        get(f"http://127.0.0.1:{port}/", proxy=f"socks5://127.0.0.1:{socks.port}"),
        get(f"http://far.test:{port}/", proxy=f"socks5h://127.0.0.1:{socks.port}"),
    )
    assert [near.body, far.body] == [b"ok", b"ok"]
    assert sorted(socks.asked) == [f"127.0.0.1:{port}", f"far.test:{port}"]
    (lost,) = send(driver, get("http://far.test/", proxy="socks5h://127.0.0.1:1"))
    assert isinstance(lost, TransportFailure)


def test_the_certificate_is_known_on_a_kept_connection_too(
    driver: CurlDriver, tls_server: Callable[..., str], ca: trustme.CA, ca_file: str
) -> None:
    from datetime import UTC, datetime

    url = tls_server(ca.issue_cert("127.0.0.1", not_after=datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)))
    first = send(driver, get(url, verify=ca_file))[0]
    again = send(driver, get(url, verify=ca_file))[0]
    assert first.certificate == again.certificate
    assert again.timings.connect == again.timings.tls == 0.0
    assert first.timings.tls > 0.0
    assert first.certificate.expires == "2031-02-03T04:05:06Z"
    assert first.certificate.names == ("127.0.0.1",)
    assert "trustme" in first.certificate.issuer
    plain = send(driver, get("http://127.0.0.1:1"))[0]
    assert plain.timings.total > 0.0


def test_each_phase_has_its_own_time(driver: CurlDriver, raw_server: Raw) -> None:
    def script(conn: socket.socket) -> None:
        conn.recv(65536)
        time.sleep(0.2)
        conn.sendall(OK[:-2])
        time.sleep(0.2)
        conn.sendall(OK[-2:])

    timings = send(driver, get(raw_server(script)))[0].timings
    assert 0.15 < timings.first_byte < timings.total - 0.15
    assert 0.35 < timings.total < limit(0.4)
    assert timings.connect < timings.first_byte
    assert timings.tls == 0.0


def test_a_key_with_a_password_is_used(
    driver: CurlDriver, tls_server: Callable[..., str], ca: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    url = tls_server(client_ca=True)
    client = ca.issue_cert("me@example.com")
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    client.cert_chain_pems[0].write_to_path(str(cert))
    plain = serialization.load_pem_private_key(client.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"open-sesame")
    key.write_bytes(plain.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    names = (str(cert), str(key))
    right, wrong = send(
        driver,
        get(url, verify=ca_file, cert=names, cert_password="open-sesame"),
        get(url, verify=ca_file, cert=names, cert_password="wrong-word"),
    )
    assert right.status == 200
    assert str(key) in wrong.message
    assert "wrong-word" not in wrong.message


@pytest.mark.parametrize("driver", ["the system's own", "kqueue or poll"], indirect=True)
def test_more_connections_than_select_could_wait_for(driver: CurlDriver) -> None:
    count = 1200
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard > 3 * count
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    conns: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=2000) as listener:

        def serve() -> None:
            conns.extend(listener.accept()[0] for _ in range(count))
            for conn in conns:  # nobody is answered before all are there
                conn.recv(65536)
                conn.sendall(OK)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answers = send(driver, *[Request("GET", url, timeout=20.0) for _ in range(count)])
        thread.join(5)
    assert sum(isinstance(answer, Response) for answer in answers) == count
    for conn in conns:
        conn.close()


def test_tls_connections_without_http2_do_not_wait_for_each_other(
    driver: CurlDriver, ca: trustme.CA, ca_file: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    together = threading.Barrier(5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk(plain: socket.socket) -> None:
            with plain, context.wrap_socket(plain, server_side=True) as conn:
                conn.recv(65536)
                together.wait(limit(1))  # nobody is answered before all are there
                conn.sendall(OK)

        def serve() -> None:
            for _ in range(5):
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        answers = send(driver, *[get(url, verify=ca_file) for _ in range(5)])
    assert [answer.body for answer in answers] == [b"ok"] * 5


def test_an_idle_connection_that_the_server_closed_keeps_nobody_awake(driver: CurlDriver, raw_server: Raw) -> None:
    closed = threading.Event()

    def script(conn: socket.socket) -> None:
        conn.recv(65536)
        conn.sendall(OK)
        conn.close()
        closed.set()

    assert send(driver, get(raw_server(script)))[0].status == 200
    assert closed.wait(limit(1))
    driver.advance(0.1)  # it wakes up once
    with Stopwatch() as waiting:
        driver.advance(0.2)
    assert waiting.seconds > 0.15


def test_what_is_cancelled_is_never_heard_of_again(driver: CurlDriver, raw_server: Raw) -> None:
    driver.begin(get(raw_server(b"", hold=True)), "hangs")
    driver.advance(0.1)
    driver.cancel("hangs")
    driver.cancel("nobody")
    assert [answer.body for answer in send(driver, get(raw_server(OK)))] == [b"ok"]


def test_a_post_on_a_connection_that_died_is_sent_once(driver: CurlDriver, raw_server: Raw) -> None:
    """libcurl would send it again by itself; whether that may be is the engine's to say."""
    posts: list[bytes] = []

    def script(conn: socket.socket) -> None:
        posts.append(conn.recv(65536))
        conn.sendall(OK)
        posts.append(conn.recv(65536))

    url = raw_server(script)
    request = Request("POST", url, body=b"order=1", timeout=5.0)
    assert send(driver, request)[0].status == 200
    (lost,) = send(driver, request)
    assert (lost.kind, lost.stale) == ("reset", True)
    assert send(driver, get(url))[0].status == 200  # it comes behind whatever was sent before
    assert sum(b"order=1" in data for data in posts) == 2


def test_a_host_that_is_none_is_a_failure_of_that_request_alone(driver: CurlDriver, raw_server: Raw) -> None:
    bad, good = send(driver, get("http://exa mple/"), get(raw_server(OK)))
    assert isinstance(bad, TransportFailure)
    assert good.body == b"ok"


def test_tls_that_is_not_trusted_says_why(driver: CurlDriver, tls_server: Callable[..., str]) -> None:
    (lost,) = send(driver, get(tls_server()))
    assert "unknown CA" in lost.message or "self-signed" in lost.message
    assert ssl.OPENSSL_VERSION  # the words come from whichever library libcurl was built with
