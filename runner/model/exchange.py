"""Requests, responses and failures as plain data. Drivers fill it; the engine, selectors and reporters read it."""

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
    """How a request is sent: TLS, proxy, HTTP version, limits.

    Attributes:
        verify: Verify the server's certificate; a text is the absolute path of a CA file.
        cert: The files of the client certificate and of its key ("": the key is in the same file).
        proxy: The URL of a proxy, or "".
        max_response_size: The most bytes of a decoded body.
        encodings: The content codings to offer; None means all that the driver can decode.
        cert_password: The password of the client key, or "".
        version: The only HTTP version to use, `1.1`, `2` or `3`; "" lets driver and server negotiate.
        resolve: `host:port`, with the `address` or `address:port` to connect to instead.
        unix_socket: The path of a socket to connect to, or "".
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
    """Which hosts requests may be sent to. Implemented in `model/hosts.py`, which takes a while to import."""

    def check_url(self, url: str, /) -> None:
        """Check that requests may be sent to a URL. Raises StepError: the host is not allowed."""
        ...

    def check_address(self, address: str, /) -> None:
        """Check that connections may be made to an address. Raises StepError: it is not allowed."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One request, ready to send.

    Attributes:
        headers: The headers of the file. The driver adds its own, except those in `defaults_removed`.
        defaults_removed: Headers that the driver must not add, in lower case.
        timeout: Seconds for the whole exchange: DNS lookup, connection, headers and body.
        hosts: The only hosts that it may be sent to; None is any.
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
    """How long each phase of an exchange took, in seconds. A phase that did not happen has 0 (`connect` of a reused connection).

    Attributes:
        dns: The DNS lookup.
        connect: The TCP connection.
        tls: The TLS handshake.
        first_byte: From the last byte of the request to the first byte of the response.
        total: The whole exchange.
    """

    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    total: float = 0.0


class Certificate(msgspec.Struct, frozen=True):
    """The server's TLS certificate.

    Attributes:
        subject: A distinguished name: `CN = api.example.com`.
        issuer: The distinguished name of the authority that signed it.
        serial: The serial number, in hexadecimal.
        starts: The date-time from which it is valid (RFC 3339).
        expires: The date-time until which it is valid.
        names: The host names and addresses that it is for.
    """

    subject: str = ""
    issuer: str = ""
    serial: str = ""
    starts: str = ""
    expires: str = ""
    names: tuple[str, ...] = ()


class Response(msgspec.Struct, frozen=True):
    """One complete response.

    Attributes:
        body: The complete body, with its content codings decoded (RFC 9110 §8.4).
        elapsed: Seconds from the start of the request to the last byte.
        sent: The headers as they were sent, the driver's own included.
        ip: The address of the server; "" where the driver does not know it.
        timings: None where the driver does not measure them.
        certificate: The certificate of the TLS connection; None without TLS, or where the driver does not know it.
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
        """The values of all lines of a header, in order. The name may be in upper or lower case (RFC 9110 §5.1)."""
        wanted = name.lower()
        return [value for line, value in self.headers if line.lower() == wanted]

    def header(self, name: str) -> str | None:
        """The values of all lines of a header joined by `, `, or None where there is none (RFC 9110 §5.3)."""
        values = self.header_values(name)
        return ", ".join(values) if values else None


class TransportFailure(msgspec.Struct, frozen=True):
    """Why there is no complete response.

    Attributes:
        kind: How the exchange failed.
        phase: The phase in which it failed.
        message: Why, for people.
        elapsed: Seconds until the failure.
        stale: A reused connection was closed before the first byte of a response (RFC 9112 §9.3.1).
        sent: The headers as they were sent.
        timings: None where the driver does not measure them.
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
    """A request and its response, or why there is none.

    Attributes:
        note: A remark for people (`repeated: stale connection`).
        started: When it was sent, in epoch seconds.
        named: The request with the name of each secret in place of its value; None where it has no secrets.
        curl: The curl command that sends it, where the exchange was read from a report; else "".
    """

    request: Request
    outcome: Response | TransportFailure
    note: str = ""
    started: float = 0.0
    named: Request | None = None
    curl: str = ""
