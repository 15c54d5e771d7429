"""Connections with one deadline for the whole exchange and strict checks of the response.

urllib3 has a timeout for each read, so a server that sends a byte per second never exceeds it. Here each wait, from
the DNS lookup to the last byte, is limited to the time that is left until one deadline.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ...model.exchange import AllowedHosts, Headers, Phase
from ...model.wording import plural
from ..chunked import ChunkedDecoder
from ..request_headers import closes_connection
from ..response_head import MAX_LINE_BYTES, CutShort, ResponseHead

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_AFTER_HOST = re.compile(r"[a-z]+://[^/?]*(.*)", re.DOTALL)

_CHUNK = 65536

_POLL_INTERVAL = 0.1
"""Seconds after which a DNS lookup checks the deadline again."""


_AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""Family, kind, protocol, canonical name and address, as `socket.getaddrinfo` returns them."""


class SingleDeadline:
    """The deadline and the state of one attempt to send a request, shared with the connection. One request at a time uses it.

    Attributes:
        deadline: When the time is over, in monotonic seconds.
        phase: The current phase of the exchange.
        reused: The connection was used for an earlier request.
        response_started: A byte of the response was received.
        ended: The server has closed its side of the connection.
        lines: The headers of the response as they were received; None before.
        body: Reads and decodes the body; None before.
        socket: The socket in use, which another thread may shut down; None before.
        cancelled: The request was interrupted; no other is sent until `resume`.
        hosts: The only hosts that may be connected to; None allows any.
    """

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.cancelled = False
        self.begin(0.0, (), "")

    def begin(self, deadline: float, headers: Headers, url: str, hosts: AllowedHosts | None = None) -> None:
        """Start a request.

        Args:
            deadline: Monotonic seconds.
            headers: The header lines to send.
            url: The URL of the request.
            hosts: The only hosts that may be connected to.
        """
        self.hosts = hosts
        self.deadline = deadline
        self.headers = headers
        self.url = url
        self.phase: Phase = "connect"
        self.reused = False
        self.response_started = False
        self.ended = False
        self.lines: Headers | None = None
        self.body: Callable[[], Iterator[bytes]] | None = None
        self.ip = ""

    def target(self, *, whole: bool) -> str:
        """The target of the request line: the whole URL (for a proxy), or what follows the host (RFC 9112 §3.2)."""
        url = self.url.partition("#")[0]
        if whole:
            return url
        after = _AFTER_HOST.match(url)
        rest = after[1] if after else "/"
        return rest if rest.startswith("/") else f"/{rest}"

    def cancel(self) -> None:
        """Interrupt the request in progress. Called from another thread; shutting the socket down ends any wait on it."""
        self.cancelled = True
        if self.socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # of the socket itself, below any TLS

    def waits_on(self, sock: socket.socket) -> None:
        """Note the socket in use. Raises TimeoutError, as `left`."""
        self.socket = sock
        self.left()

    def check(self, address: str) -> None:
        """Check that an address may be connected to. Raises StepError."""
        if self.hosts is not None:
            self.hosts.check_address(address)

    def left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: the deadline is over, or the request was interrupted.
        """
        left = self.deadline - time.monotonic()
        if left <= 0 or self.cancelled:
            raise TimeoutError("the time is up")
        return left


class _Reader(io.RawIOBase):
    """Reads a socket, and waits no longer than the deadline allows."""

    def __init__(self, sock: socket.socket, attempt: SingleDeadline) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open while this is
        self._attempt = attempt
        self.at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if self.at_end:
            return None
        self._sock.settimeout(self._attempt.left())
        count = self._sock.recv_into(buffer)
        if count:
            self._attempt.response_started = True
        else:
            self._attempt.ended = True
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that is parsed strictly: 1xx responses are skipped, its length is not ambiguous, and no bytes follow it."""

    def __init__(self, sock: socket.socket, *args: Any, connection: _CheckedConnection, **kwargs: Any) -> None:
        self._connection = connection
        self._reader = _Reader(sock, connection.attempt)
        super().__init__(self, *args, **kwargs)  # type: ignore[arg-type]  # http.client only calls makefile()

    def makefile(self, _: str) -> io.BufferedReader:
        """The stream that http.client reads."""
        return io.BufferedReader(self._reader, _CHUNK)

    def begin(self) -> None:
        """Parse the headers as all drivers do, and set the attributes that http.client and urllib3 read (RFC 9112 §6.3)."""
        head, attempt = self._head(), self._connection.attempt
        attempt.lines = tuple(head.lines)
        attempt.body = self._parts
        self.code = self.status = head.status
        self.reason, self.version = head.reason, 10 if head.version == "1.0" else 11
        self.headers = self.msg = http.client.HTTPMessage()
        for name, value in head.lines:
            self.headers.add_header(name, value)
        self.chunked, self.length = head.chunked, None
        if self.status in {204, 304} or self._method == "HEAD":  # type: ignore[attr-defined]  # http.client's own, not in its stubs
            self.chunked, self.length = False, 0
        elif not self.chunked and (lengths := head.values("content-length")):
            self.length = int(lengths[0].partition(",")[0])
        until_closed = not self.chunked and self.length is None
        self.will_close = self._check_close() or until_closed  # type: ignore[attr-defined]  # as above

    def _head(self) -> ResponseHead:
        head = ResponseHead()
        while True:
            line = self.fp.readline(MAX_LINE_BYTES + 3)
            if not line and not head.started:
                raise http.client.RemoteDisconnected("the connection was closed before a response")
            complete = line.endswith(b"\n") or len(line) > MAX_LINE_BYTES
            if not complete and (head.started or line.startswith(b"HTTP/")):
                raise CutShort("its headers never ended")
            if head.feed(line):
                return head

    def _parts(self) -> Iterator[bytes]:
        """Read the body, and decode its transfer coding. Raises CutShort: its end is missing."""
        if self.chunked:
            chunks = ChunkedDecoder()
            while not chunks.done:
                yield chunks.feed(self._read("the end of its last chunk is missing"))
            self._connection.tainted = self._connection.tainted or bool(chunks.rest)
        elif self.length is None:
            while data := self.fp.read1(_CHUNK):
                yield data
        else:
            left = self.length
            while left:
                data = self._read(f"{plural(left, 'byte')} of its body are missing", left)
                left -= len(data)
                yield data
        self._close_conn()

    def _read(self, missing: str, limit: int = _CHUNK) -> bytes:
        data = self.fp.read1(min(limit, _CHUNK))
        if not data:
            raise CutShort(missing)
        return data

    def _close_conn(self) -> None:
        """The response is complete. A connection with bytes beyond it is not used again: they belong to no request."""
        if self.fp is not None and not self.will_close:
            self._reader.at_end = True
            connection = self._connection
            connection.tainted = (
                connection.tainted or closes_connection(connection.attempt.headers) or bool(self.fp.peek(1))
            )
        super()._close_conn()  # type: ignore[misc]  # http.client's own, not in its stubs


def _addresses(host: str, port: int, attempt: SingleDeadline) -> Sequence[_AddressInfo]:
    """Resolve a host. The lookup of the system takes no timeout, so it runs in a thread."""
    attempt.phase = "dns"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host != "localhost":
            return _lookup(host, port, attempt)
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _lookup(host: str, port: int, attempt: SingleDeadline) -> Sequence[_AddressInfo]:
    found: list[_AddressInfo] = []
    errors: list[Exception] = []

    def look() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=look, daemon=True, name="runflow-dns")
    thread.start()
    while thread.is_alive():
        thread.join(min(attempt.left(), _POLL_INTERVAL))
    if errors:
        raise errors[0]
    return found


class _CheckedConnection(HTTPConnection):
    """A connection with one deadline for the exchange."""

    def __init__(self, *args: Any, attempt: SingleDeadline, **kwargs: Any) -> None:
        self.attempt = attempt
        self.tainted = False
        self.served = 0
        self.peer = ""
        super().__init__(*args, **kwargs)
        self.response_class = partial(_Response, connection=self)  # type: ignore[assignment]  # as http.client allows

    def _new_conn(self) -> socket.socket:
        attempt, error = self.attempt, None
        host = self._dns_host.strip("[]")  # urllib3's name for the host to connect to
        self.tainted = False
        self.served = 0
        for family, kind, protocol, _, address in _addresses(host, self.port or self.default_port, attempt):
            attempt.phase = "connect"
            attempt.check(address[0])
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                attempt.waits_on(sock)
                sock.settimeout(attempt.left())
                sock.connect(address)
            except OSError as failed:
                sock.close()
                error = failed
                continue
            self.peer = address[0]
            attempt.phase = "tls"
            return sock
        raise error or OSError(f"{host} has no address")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Send a request within the time that is left, with its original target: urllib3 has normalized it."""
        if self.sock is None:
            self.connect()
        attempt = self.attempt
        assert self.sock is not None  # just connected
        attempt.check(self.peer)  # a kept connection may have been made for a request with other allowed hosts
        attempt.waits_on(self.sock)
        attempt.phase = "send"
        attempt.ip = self.peer
        attempt.reused = self.served > 0
        self.timeout = attempt.left()
        super().request(method, self.attempt.target(whole=url.startswith("http")), *args, **kwargs)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3's own, which differs from http.client's
        """Read the status line and headers of the response."""
        self.attempt.phase = "first byte"
        self.timeout = self.attempt.left()
        response = super().getresponse()
        self.served += 1
        self.attempt.phase = "body"
        return response

    @property
    def is_connected(self) -> bool:
        """Whether it may be used for another request."""
        return not self.tainted and super().is_connected


class _CheckedTlsConnection(_CheckedConnection, HTTPSConnection):
    """A TLS connection with one deadline for the exchange."""

    def connect(self) -> None:
        """Connect, and perform the TLS handshake."""
        self.timeout = self.attempt.left()
        super().connect()


class CheckedConnectionPool(HTTPConnectionPool):
    """A pool of checked connections."""

    ConnectionCls = _CheckedConnection  # the class of its connections


class CheckedTlsConnectionPool(HTTPSConnectionPool):
    """A pool of checked TLS connections. The report shows that a certificate was not verified, so no warning is printed."""

    ConnectionCls = _CheckedTlsConnection

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:
            conn.connect()


def pool_classes(attempt: SingleDeadline) -> dict[str, Callable[..., HTTPConnectionPool]]:
    """The classes of urllib3's pools by scheme, with this attempt in each connection."""
    return {
        "http": partial(CheckedConnectionPool, attempt=attempt),
        "https": partial(CheckedTlsConnectionPool, attempt=attempt),
    }
