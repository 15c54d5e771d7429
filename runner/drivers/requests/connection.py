"""Connections that keep one deadline for everything and take nothing on trust. Used by the blocking driver only.

urllib3 gives every read a time-out of its own, so a server that drips a byte a second never times out; here every
wait, from the name look-up to the last byte, is cut to what is left of one deadline.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ...model.exchange import AllowedHosts, Headers, Phase
from ..request_headers import closes
from ..response_head import MAX_INFORMATIONAL, CutShort, ambiguous, forbidden

_FOLD = re.compile(r"\r?\n[ \t]*")
"""A header line that goes on in the next one (RFC 9112 §5.2)."""

_AFTER_HOST = re.compile(r"[a-z]+://[^/?]*(.*)", re.DOTALL)

_LOOK_AGAIN = 0.1
"""Seconds after which a look-up of a name asks whether it is still wanted."""


class SingleDeadline:
    """What the connection under a request must know, and what it finds out. One request at a time uses it.

    Attributes:
        deadline: Monotonic seconds after which nothing is waited for.
        phase: What is going on.
        reused: The connection had served a request before.
        answered: A byte of an answer has come.
        ended: The server has closed its side.
        lines: The head of the answer, as it came.
        socket: What is waited on, for whoever breaks the request off from another thread.
        cancelled: Somebody did, and nothing is sent until they take it back.
        hosts: The only hosts that may be connected to.
    """

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.cancelled = False
        self.begin(0.0, (), "")

    def begin(self, deadline: float, headers: Headers, url: str, hosts: AllowedHosts | None = None) -> None:
        """A new request with these header lines."""
        self.hosts = hosts
        self.deadline = deadline
        self.headers = headers
        self.url = url
        self.phase: Phase = "connect"
        self.reused = False
        self.answered = False
        self.ended = False
        self.lines: Headers | None = None
        self.ip = ""

    def target(self, *, whole: bool) -> str:
        """What goes into the request line: all of the URL (for a proxy), or what comes after the host (RFC 9112 §3.2)."""
        url = self.url.partition("#")[0]
        if whole:
            return url
        after = _AFTER_HOST.match(url)
        rest = after[1] if after else "/"
        return rest if rest.startswith("/") else f"/{rest}"

    def cancel(self) -> None:
        """Break off what is under way, from another thread: whoever waits on the socket wakes up."""
        self.cancelled = True
        if self.socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # of the socket itself, below any TLS

    def waits_on(self, sock: socket.socket) -> None:
        """The socket that is waited on from now on."""
        self.socket = sock
        self.left()

    def check(self, address: str) -> None:
        """Whether this address may be connected to. Raises StepError."""
        if self.hosts is not None:
            self.hosts.check_address(address)

    def left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: there are none, or the request was broken off.
        """
        left = self.deadline - time.monotonic()
        if left <= 0 or self.cancelled:
            raise TimeoutError("the time is up")
        return left


class _Reader(io.RawIOBase):
    """Reads a socket, never waiting longer than the deadline allows."""

    def __init__(self, sock: socket.socket, attempt: SingleDeadline) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open while this is
        self._attempt = attempt
        self.dry = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.dry:
            return None
        self._sock.settimeout(self._attempt.left())
        count = self._sock.recv_into(buffer)
        if count:
            self._attempt.answered = True
        else:
            self._attempt.ended = True
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """What http.client reads lines from: a CR alone would begin a header of its own in its parser (RFC 9112 §2.2)."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line. Raises HTTPException for a CR within it."""
        line = super().readline(size)
        if line.find(b"\r", 0, -2) >= 0:
            raise http.client.HTTPException("the head of the answer is malformed: a line holds a CR")
        return line


class _Response(http.client.HTTPResponse):
    """An answer read strictly: no 1xx for the real one, no doubt about its length, nothing left behind it."""

    def __init__(self, sock: socket.socket, *args: Any, connection: _Guarded, **kwargs: Any) -> None:
        self._connection = connection
        self._reader = _Reader(sock, connection.attempt)
        super().__init__(self, *args, **kwargs)  # type: ignore[arg-type]  # it only asks for makefile()

    def makefile(self, _: str) -> io.BufferedReader:
        """What http.client reads from."""
        return _Lines(self._reader, 65536)

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INFORMATIONAL):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # http.client's own, not in its stubs
            if status == 101:
                raise http.client.HTTPException("the server switched protocols, which was not asked for")
            if status >= 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {MAX_INFORMATIONAL} informational answers")

    def begin(self) -> None:
        """Read the head, and refuse one that can be read in two ways (RFC 9112 §6.3)."""
        super().begin()
        attempt = self._connection.attempt
        if attempt.ended:  # http.client takes that for the end of the head
            raise CutShort("its head never ended")
        attempt.lines = tuple((name, _FOLD.sub(" ", value).strip()) for name, value in self.msg.items())
        if self.msg.defects:
            raise http.client.HTTPException(f"the head of the answer is malformed: {self.msg.defects[0]!r}")
        if any(forbidden(name, value) for name, value in attempt.lines):
            raise http.client.HTTPException(
                "the head of the answer is malformed: a name is none, or a value holds a NUL"
            )
        wrong = ambiguous(self.msg.get_all("transfer-encoding", []), self.msg.get_all("content-length", []))
        if wrong:
            raise http.client.HTTPException(wrong)

    def _close_conn(self) -> None:
        """The answer is complete. Whatever is there already belongs to no request: such a connection is not used again."""
        if self.fp is not None and not self.will_close:
            self._reader.dry = True
            connection = self._connection
            connection.tainted = connection.tainted or closes(connection.attempt.headers) or bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]  # http.client's own, not in its stubs


def _addresses(host: str, port: int, attempt: SingleDeadline) -> list[Any]:
    """Addresses of a host. The system's look-up cannot be given a limit, so a name is looked up on a thread of its own."""
    attempt.phase = "dns"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host != "localhost":
            return _look_up(host, port, attempt)
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _look_up(host: str, port: int, attempt: SingleDeadline) -> list[Any]:
    found: list[Any] = []
    errors: list[Exception] = []

    def look() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=look, daemon=True, name="runflow-dns")
    thread.start()
    while thread.is_alive():
        thread.join(min(attempt.left(), _LOOK_AGAIN))
    if errors:
        raise errors[0]
    return found


class _Guarded(HTTPConnection):
    """A connection under one deadline."""

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
        """Send, with the time that is left, and the target as it is: urllib3 has tidied it."""
        if self.sock is None:
            self.connect()
        attempt = self.attempt
        assert self.sock is not None  # just connected
        attempt.check(self.peer)  # a kept connection may have been made for somebody else
        attempt.waits_on(self.sock)
        attempt.phase = "send"
        attempt.ip = self.peer
        attempt.reused = self.served > 0
        self.timeout = attempt.left()
        super().request(method, self.attempt.target(whole=url.startswith("http")), *args, **kwargs)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3's own, which differs from http.client's
        """The head of the answer."""
        self.attempt.phase = "first byte"
        self.timeout = self.attempt.left()
        response = super().getresponse()
        self.served += 1
        self.attempt.phase = "body"
        return response

    @property
    def is_connected(self) -> bool:
        """It may be used for another request."""
        return not self.tainted and super().is_connected


class _GuardedTls(_Guarded, HTTPSConnection):
    """A TLS connection under one deadline."""

    def connect(self) -> None:
        """Connect and shake hands."""
        self.timeout = self.attempt.left()
        super().connect()


class CheckedConnectionPool(HTTPConnectionPool):
    """A pool of guarded connections."""

    ConnectionCls = _Guarded  # the class of its connections, as urllib3 documents


class CheckedTlsConnectionPool(HTTPSConnectionPool):
    """A pool of guarded TLS connections. That a certificate was not verified is said in the report, not by a warning."""

    ConnectionCls = _GuardedTls

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:
            conn.connect()


def pool_classes(attempt: SingleDeadline) -> dict[str, Any]:
    """urllib3's pools by scheme, with this attempt in every connection."""
    return {
        "http": partial(CheckedConnectionPool, attempt=attempt),
        "https": partial(CheckedTlsConnectionPool, attempt=attempt),
    }
