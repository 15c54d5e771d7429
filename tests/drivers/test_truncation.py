"""A body whose end was not announced is truncated: in TLS (RFC 8446 §6.1) and in HTTP/2 (RFC 9113 §8.1)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme
from test_conformance import OneByOne

from runflow.drivers.requests.driver import RequestsDriver
from runflow.model.exchange import Request, Response, Transport, TransportFailure

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
UNTIL_THE_END = HEAD + b"\r\nthe first half"


def reset(sock: socket.socket) -> None:
    """Close with a TCP RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def tls(ca: trustme.CA) -> Iterator[Callable[..., str]]:
    """Starts a TLS server that sends these bytes and ends as it is told to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    threads: list[threading.Thread] = []

    def start(data: bytes, end: str) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            plain, _ = listener.accept()
            listener.close()
            secured = context.wrap_socket(plain, server_side=True)
            while b"\r\n\r\n" not in secured.recv(65536):
                continue
            secured.sendall(data)
            if end == "close_notify":
                with contextlib.suppress(OSError):
                    secured.unwrap()
            elif end == "RST":
                reset(secured)
            secured.close()

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize("driver", [RequestsDriver, OneByOne], ids=["requests", "curl"])
@pytest.mark.parametrize(
    ("data", "end", "kind"),
    [
        (UNTIL_THE_END, "close_notify", "whole"),
        (UNTIL_THE_END, "FIN", "truncated"),
        (UNTIL_THE_END, "RST", "reset"),
        (HEAD + b"Content-Length: 14\r\n\r\nthe first half", "FIN", "whole"),
        (HEAD + b"Content-Length: 99\r\n\r\nthe first half", "close_notify", "truncated"),
        (HEAD + b"Content-Length: 99\r\n\r\nthe first half", "FIN", "truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n", "FIN", "truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n", "close_notify", "truncated"),
    ],
)
def test_a_body_over_tls_is_whole_only_with_its_announced_end(
    tls: Callable[..., str], ca_file: str, driver: Any, data: bytes, end: str, kind: str
) -> None:
    made = driver()
    outcome = made.send(Request("GET", tls(data, end), timeout=20.0, transport=Transport(verify=ca_file)))
    made.close()
    if kind == "whole":
        assert isinstance(outcome, Response), outcome
        assert outcome.body == b"the first half"
    else:
        assert isinstance(outcome, TransportFailure), outcome
        assert outcome.kind == kind


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


SETTINGS = frame(4, 0, 0)
HEADERS = frame(1, 4, 1, b"\x88")  # :status 200, of the static table (RFC 7541, appendix A)
HEADERS_AND_END = frame(1, 5, 1, b"\x88")
DATA = frame(0, 0, 1, b"the first half")
DATA_AND_END = frame(0, 1, 1, b"the first half")


def reset_stream(error: int) -> bytes:
    return frame(3, 0, 1, error.to_bytes(4, "big"))


@pytest.fixture
def h2() -> Iterator[Callable[[bytes], str]]:
    """Starts a server that speaks HTTP/2 without TLS and sends these frames to the first request."""
    threads: list[threading.Thread] = []

    def start(frames: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            sock, _ = listener.accept()
            listener.close()
            sock.sendall(SETTINGS)
            data = b""
            while b"\x01\x05\x00\x00\x00\x01" not in data:  # HEADERS with END_STREAM and END_HEADERS
                data += sock.recv(65536)
            sock.sendall(frames)
            while sock.recv(65536):  # until the client has gone
                continue
            sock.close()

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        (HEADERS + DATA_AND_END, "whole"),
        (HEADERS + DATA + DATA_AND_END[:9].replace(b"\x00\x00\x0e", b"\x00\x00\x00"), "whole"),
        (HEADERS + DATA_AND_END + reset_stream(0), "whole"),  # RFC 9113 §8.1 allows it
        (HEADERS + DATA + reset_stream(2), "truncated"),
        (HEADERS + DATA + reset_stream(8), "truncated"),
    ],
)
def test_a_stream_of_http2_is_whole_only_with_its_end(h2: Callable[[bytes], str], frames: bytes, kind: str) -> None:
    made = OneByOne()
    outcome = made.send(Request("GET", h2(frames), timeout=20.0, transport=Transport(version="2")))
    made.close()
    if kind == "whole":
        assert isinstance(outcome, Response), outcome
        assert outcome.body == b"the first half"
    else:
        assert isinstance(outcome, TransportFailure), outcome
        assert outcome.kind == kind
