"""One request and what came back. Plain data: a driver fills it, the engine and the selectors read it."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

Headers = tuple[tuple[str, str], ...]
"""Header lines in the order in which they are sent or were received."""

FailureKind = Literal[
    "timeout", "dns", "refused", "unreachable", "tls", "reset", "send", "protocol", "truncated", "decode", "too_large",
]  # fmt: skip
FAILURE_KINDS: tuple[FailureKind, ...] = (
    "timeout", "dns", "refused", "unreachable", "tls", "reset", "send", "protocol", "truncated", "decode", "too_large",
)  # fmt: skip
Phase = Literal["dns", "connect", "tls", "send", "first byte", "body"]

DEFAULT_RESPONSE_LIMIT = 64 * 1000 * 1000


class Transport(msgspec.Struct, frozen=True):
    """How a request is carried, apart from what it says.

    Attributes:
        verify: Check the server's certificate; a text is a CA file (an absolute path).
        cert: Client certificate file and key file (empty: the key is in the certificate's file).
        proxy: URL of a proxy, or "".
        max_response_size: Cap on the decoded body, in bytes.
        encodings: Content codings to offer, where the file names them; None means what the driver can decode.
        cert_password: Of the client key, or "".
        version: `1.1`, `2` or `3`: this one and no other; "" leaves it to driver and server.
        resolve: `host:port` and the `address` or `address:port` to connect to in its place.
        unix_socket: Path of a socket to connect to, or "".
    """

    verify: bool | str = True
    cert: tuple[str, str] | None = None
    proxy: str = ""
    max_response_size: int = DEFAULT_RESPONSE_LIMIT
    encodings: tuple[str, ...] | None = None
    cert_password: str = ""
    version: str = ""
    resolve: tuple[tuple[str, str], ...] = ()
    unix_socket: str = ""


DEFAULT_TRANSPORT = Transport()


class AllowedHosts(Protocol):
    """Which hosts may be sent to (`model/hosts.py`, which takes a while to load)."""

    def check_url(self, url: str, /) -> None:
        """Raises StepError: nothing may be sent to this URL."""
        ...

    def check_address(self, address: str, /) -> None:
        """Raises StepError: this address may not be connected to."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One request, ready to send.

    Attributes:
        headers: Lines as the file says; the driver adds what HTTP needs and `defaults_removed` does not name.
        defaults_removed: Lower-case names of the driver's own headers that must not be sent.
        timeout: Seconds for all of it: name look-up, connect, headers and body together.
        hosts: The only hosts that may be connected to; None is any.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    timeout: float = 30.0
    transport: Transport = DEFAULT_TRANSPORT
    defaults_removed: tuple[str, ...] = ()
    hosts: AllowedHosts | None = None


class Timings(msgspec.Struct, frozen=True):
    """How long each phase of an exchange took, in seconds; 0 for what did not happen (a kept connection has no `connect`).

    Attributes:
        dns: Looking up the name.
        connect: Connecting.
        tls: Shaking hands.
        first_byte: From the request's last byte to the first byte of the answer.
        total: All of it.
    """

    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    total: float = 0.0


class Certificate(msgspec.Struct, frozen=True):
    """The server's TLS certificate.

    Attributes:
        subject: As a distinguished name: `CN = api.example.com`.
        issuer: Likewise.
        serial: In hex.
        starts: Date-time (RFC 3339) from which it is valid.
        expires: Date-time after which it is not.
        names: Host names and addresses that it is for.
    """

    subject: str = ""
    issuer: str = ""
    serial: str = ""
    starts: str = ""
    expires: str = ""
    names: tuple[str, ...] = ()


class Response(msgspec.Struct, frozen=True):
    """One whole answer.

    Attributes:
        body: Decoded content (RFC 9110 §8.4 codings undone), complete.
        elapsed: Seconds from the start of the request to the last byte.
        sent: Header lines as they went out, the driver's own included.
        ip: The peer's address, or "" where the driver cannot tell.
        timings: None where the driver cannot tell.
        certificate: Of the TLS connection; None without TLS, or where the driver cannot tell.
    """

    status: int
    url: str
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""
    http_version: str = "1.1"
    elapsed: float = 0.0
    sent: Headers = ()
    ip: str = ""
    timings: Timings | None = None
    certificate: Certificate | None = None

    def header_values(self, name: str) -> list[str]:
        """The values of every line of a header, in order; the name in any case (RFC 9110 §5.1)."""
        wanted = name.lower()
        return [value for line, value in self.headers if line.lower() == wanted]

    def header(self, name: str) -> str | None:
        """All lines of a header joined by `, `, or None (RFC 9110 §5.3)."""
        values = self.header_values(name)
        return ", ".join(values) if values else None


class TransportFailure(msgspec.Struct, frozen=True):
    """Why no whole answer came.

    Attributes:
        phase: What was going on.
        elapsed: Seconds until the failure.
        stale: The connection had been used before and closed before a byte of an answer came (RFC 9112 §9.3.1).
    """

    kind: FailureKind
    phase: Phase
    message: str
    hint: str = ""
    elapsed: float = 0.0
    stale: bool = False
    sent: Headers = ()
    timings: Timings | None = None


class Exchange(msgspec.Struct, frozen=True):
    """A request and its answer, or why there was none.

    Attributes:
        note: What a reader must know (`repeated: stale connection`).
        started: When it was sent, in epoch seconds.
        named: The request with the name of each secret in its place, where it holds any and they were masked.
        curl: The command that sends it, where all this was read from a report.
    """

    request: Request
    outcome: Response | TransportFailure
    note: str = ""
    started: float = 0.0
    named: Request | None = None
    curl: str = ""
