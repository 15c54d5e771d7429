"""One exchange with libcurl: an easy handle, its options, and the response that it receives."""

from __future__ import annotations

import socket
import time
from collections.abc import Hashable, Iterable

import certifi
import pycurl

from ...model.errors import StepError
from ...model.exchange import AllowedHosts, Headers, Request, Timings, Transport
from ...model.wording import cut
from ..chunked import ChunkedDecoder
from ..decoding import Decoding
from ..failures import CannotSend
from ..request_headers import closes_connection, header_lines
from ..response_head import MalformedHead, ResponseHead
from .kept_connections import KeptConnections

_SUPPRESS_CONNECT_HEADERS = 265
"""An option of libcurl that pycurl has no name for: the headers of a proxy's own response are left out."""

_REQUESTED_VERSIONS = {
    "": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    "3": pycurl.CURL_HTTP_VERSION_3ONLY,
}
"""The version that is requested: one that the workflow names is the only one; the default is what a TLS server offers."""


class Transfer:
    """An easy handle with the response that it receives. It performs one exchange after the other.

    Attributes:
        owner: The owner of the request.
        problem: Why the driver ended the transfer; None where it did not.
        refused_connection: Nothing was sent, because the kept connection that libcurl chose was not usable any more.
        attempts: How often libcurl was ready to send. A second time means that a kept connection was closed.
    """

    __slots__ = (
        "_chunks",
        "_hosts",
        "_http1",
        "_kept",
        "_new_connection",
        "_transport",
        "attempts",
        "decoding",
        "handle",
        "head",
        "owner",
        "problem",
        "refused_connection",
        "request",
        "sent",
        "started",
    )  # fmt: skip

    def __init__(self, kept: KeptConnections) -> None:
        self._kept = kept
        self._http1 = True
        self._new_connection = False
        self.refused_connection = False
        self.handle = pycurl.Curl()
        self.handle.transfer = self  # libcurl returns only the handle
        self._transport: Transport | None = None
        self._hosts: AllowedHosts | None = None
        self.owner: Hashable = None
        self.request = Request("GET", "")
        self.sent: Headers = ()
        self.head = ResponseHead()
        self.decoding: Decoding | None = None
        self._chunks: ChunkedDecoder | None = None
        self.problem: Exception | None = None
        self.attempts = 0
        self.started = 0.0

    def begin(self, request: Request, owner: Hashable) -> None:
        """Prepare one exchange."""
        self.owner = owner
        self.request = request
        self._http1 = _speaks_http1(request)
        self._new_connection = False
        self.head = ResponseHead(http1=self._http1)
        self.decoding = None
        self._chunks = None
        self.problem = None
        self.refused_connection = False
        self.attempts = 0
        self.started = time.monotonic()
        if request.transport is not self._transport or request.hosts is not self._hosts:
            self._configure(request.transport, request.hosts)
        handle, (self.sent, removed) = self.handle, header_lines(request)
        handle.setopt(pycurl.FRESH_CONNECT, 0)
        handle.setopt(pycurl.URL, request.url)
        milliseconds = max(int(request.timeout * 1000), 1)
        handle.setopt(pycurl.TIMEOUT_MS, milliseconds)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
        handle.setopt(pycurl.HTTPHEADER, _curl_lines(self.sent, removed))
        handle.setopt(pycurl.FORBID_REUSE, closes_connection(self.sent))
        if request.method == "HEAD":
            if request.body is not None:
                raise CannotSend("the curl driver cannot send a body with HEAD")
            handle.setopt(pycurl.NOBODY, 1)
        elif request.body is not None:
            handle.setopt(pycurl.POST, 1)
            handle.setopt(pycurl.POSTFIELDS, request.body)
        else:
            handle.setopt(pycurl.HTTPGET, 1)
        handle.setopt(pycurl.CUSTOMREQUEST, request.method)

    def _configure(self, transport: Transport, hosts: AllowedHosts | None) -> None:
        """Set the options that are the same for each exchange with this transport."""
        handle = self.handle
        handle.reset()
        self._transport = transport
        self._hosts = hosts
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.PATH_AS_IS, 1)
        handle.setopt(pycurl.HTTP09_ALLOWED, 1)  # to show what the server sends in place of HTTP
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        handle.setopt(pycurl.PROXY, transport.proxy)  # "" takes none from the environment
        handle.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        handle.setopt(pycurl.TCP_NODELAY, 1)
        # Only where HTTP/2 is certain: otherwise requests would wait for the first response of a server without HTTP/2.
        handle.setopt(pycurl.PIPEWAIT, transport.version == "2")
        handle.setopt(
            pycurl.HTTP_TRANSFER_DECODING, 0
        )  # the chunks are decoded here, as strictly as by the other driver
        handle.setopt(pycurl.HTTP_VERSION, _REQUESTED_VERSIONS[transport.version])
        handle.setopt(pycurl.HEADERFUNCTION, self._head_line)
        handle.setopt(pycurl.WRITEFUNCTION, self._body_part)
        handle.setopt(pycurl.PREREQFUNCTION, self._ready_to_send)
        if self._allowed_hosts():
            handle.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        handle.setopt(pycurl.OPT_CERTINFO, 1)
        handle.setopt(pycurl.SSL_VERIFYPEER, 1 if transport.verify else 0)
        handle.setopt(pycurl.SSL_VERIFYHOST, 2 if transport.verify else 0)
        handle.setopt(pycurl.CAINFO, transport.verify if isinstance(transport.verify, str) else certifi.where())
        if transport.cert is not None:
            certificate, key = transport.cert
            handle.setopt(pycurl.SSLCERT, certificate)
            handle.setopt(pycurl.SSLKEY, key or certificate)
            handle.setopt(pycurl.KEYPASSWD, transport.cert_password)
        if transport.unix_socket:
            handle.setopt(pycurl.UNIX_SOCKET_PATH, transport.unix_socket)
        if transport.resolve:
            handle.setopt(pycurl.CONNECT_TO, [_connect_to(place, address) for place, address in transport.resolve])

    def _allowed_hosts(self) -> AllowedHosts | None:
        """The hosts that may be connected to; None with a proxy or a Unix socket, whose address is not the host's."""
        return None if self.request.transport.proxy or self.request.transport.unix_socket else self._hosts

    def _refused(self, address: str) -> bool:
        hosts = self._allowed_hosts()
        try:
            if hosts is not None:
                hosts.check_address(address)
        except StepError as problem:
            self.problem = problem
            return True
        return False

    def _open(self, _: int, address: tuple[int, int, int, tuple[str, int]]) -> socket.socket | int:
        """Open a socket, if its address may be connected to."""
        family, kind, protocol, peer = address
        return int(pycurl.SOCKET_BAD) if self._refused(str(peer[0])) else socket.socket(family, kind, protocol)

    def connect_anew(self) -> None:
        """Prepare the same exchange again, on a connection of its own, within the time that is left."""
        self.refused_connection = False
        self.attempts = 0
        self.handle.setopt(pycurl.FRESH_CONNECT, 1)
        left = self.request.timeout - (time.monotonic() - self.started)
        self.handle.setopt(pycurl.TIMEOUT_MS, max(int(left * 1000), 1))
        self._new_connection = True

    def _ready_to_send(self, address: str, local_address: str, _: int, local_port: int) -> int:
        """Allow the request to be sent once. The engine decides whether to repeat one that a closed connection has lost."""
        self.attempts += 1
        if not self._new_connection and not self._kept.is_usable(local_address, local_port, http1=self._http1):
            self.refused_connection = True
            return int(pycurl.PREREQFUNC_ABORT)
        if self._refused(str(address)):  # a kept connection may have been made for a request with other allowed hosts
            return int(pycurl.PREREQFUNC_ABORT)
        return int(pycurl.PREREQFUNC_OK if self.attempts == 1 else pycurl.PREREQFUNC_ABORT)

    def _head_line(self, line: bytes) -> int | None:
        try:
            if self.head.feed(line):
                limit = self.request.transport.max_response_size
                self._chunks = ChunkedDecoder() if self.head.chunked else None
                self.decoding = Decoding(", ".join(self.head.values("content-encoding")), limit)
        except Exception as problem:  # noqa: BLE001  # an exception cannot pass through C; it is reported when the transfer ends
            self.problem = problem
            return -1
        return None

    def _body_part(self, data: bytes) -> int | None:
        try:
            if self.decoding is None:  # libcurl takes it for HTTP/0.9
                raise MalformedHead(f"it begins with {cut(data[:90].decode('latin-1'), 80)}")
            self.decoding.feed(data if self._chunks is None else self._chunks.feed(data))
        except Exception as problem:  # noqa: BLE001  # as above
            self.problem = problem
            return -1
        return None

    @property
    def cut_short(self) -> bool:
        """The end of the chunked body was not received."""
        return self._chunks is not None and not self._chunks.done and self.request.method != "HEAD"

    def timings(self) -> Timings:
        """How long each phase took. libcurl counts from the start of the transfer; a phase that was not reached is 0."""
        get = self.handle.getinfo
        dns, connected, secured = get(pycurl.NAMELOOKUP_TIME), get(pycurl.CONNECT_TIME), get(pycurl.APPCONNECT_TIME)
        ready, first = get(pycurl.PRETRANSFER_TIME), get(pycurl.STARTTRANSFER_TIME)
        return Timings(
            dns=dns,
            connect=max(connected - dns, 0.0),
            tls=max(secured - connected, 0.0),
            first_byte=max(first - ready, 0.0),
            total=get(pycurl.TOTAL_TIME),
        )


def _speaks_http1(request: Request) -> bool:
    """Whether the connection certainly speaks HTTP/1: no other version is requested, or negotiated in TLS."""
    version = request.transport.version
    return version == "1.1" or (version == "" and request.url.startswith("http:"))


def _connect_to(place: str, address: str) -> str:
    """An entry of libcurl's CONNECT_TO: `host:port` and the address to connect to. The port stays unless the address has one."""
    port = place.rpartition(":")[2]
    bare = address.count(":") > 1 and not address.startswith("[")
    host = f"[{address}]" if bare else address
    has_port = not bare and ":" in host.rpartition("]")[2]
    return f"{place}:{host}" if has_port else f"{place}:{host}:{port}"


def _curl_lines(sent: Headers, removed: Iterable[str]) -> list[bytes]:
    """Header lines as libcurl takes them: `Name;` for an empty one, `Name:` for one that it must not add."""
    lines = [f"{name}: {value}".encode("latin-1") if value else f"{name};".encode("latin-1") for name, value in sent]
    lines += [f"{name}:".encode("latin-1") for name in removed]
    written = {name.lower() for name, _ in sent}
    lines += [line for name, line in _ADDED if name not in written]
    return lines


_ADDED = (("content-type", b"Content-Type:"), ("expect", b"Expect:"))
"""Headers that libcurl would add to a request with a body."""
