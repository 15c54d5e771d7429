"""One request and what came back. Plain data: a driver fills it, the engine and the selectors read it."""

from __future__ import annotations

from typing import Literal

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
    """

    verify: bool | str = True
    cert: tuple[str, str] | None = None
    proxy: str = ""
    max_response_size: int = DEFAULT_RESPONSE_LIMIT
    encodings: tuple[str, ...] | None = None


DEFAULT_TRANSPORT = Transport()


class Request(msgspec.Struct, frozen=True):
    """One request, ready to send.

    Attributes:
        headers: Lines as the file says; the driver adds what HTTP needs and `defaults_removed` does not name.
        defaults_removed: Lower-case names of the driver's own headers that must not be sent.
        timeout: Seconds for all of it: name look-up, connect, headers and body together.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    timeout: float = 30.0
    transport: Transport = DEFAULT_TRANSPORT
    defaults_removed: tuple[str, ...] = ()


class Response(msgspec.Struct, frozen=True):
    """One whole answer.

    Attributes:
        body: Decoded content (RFC 9110 §8.4 codings undone), complete.
        elapsed: Seconds from the start of the request to the last byte.
        sent: Header lines as they went out, the driver's own included.
        ip: The peer's address, or "" where the driver cannot tell.
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


class Exchange(msgspec.Struct, frozen=True):
    """A request and its answer, or why there was none. `note` says what a reader must know (`repeated: stale connection`)."""

    request: Request
    outcome: Response | TransportFailure
    note: str = ""
