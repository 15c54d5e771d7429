"""The default driver: sends requests with `requests`, one at a time. Only `drivers/requests` imports requests and urllib3."""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypedDict, Unpack
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import SKIP_HEADER
from urllib3.util.ssl_ import create_urllib3_context

from ...model.exchange import Headers, Request, Response, TransportFailure
from ...model.wording import os_error_text
from ..decoding import DecodeError, TooLarge, decoded
from ..failures import CertificateUnusable
from ..request_headers import header_lines
from ..response_head import CutShort, MalformedHead
from .connection import SingleDeadline, pool_classes
from .errors import requests_failure

_CHUNK = 65536
_VERSIONS = {9: "0.9", 10: "1.0", 11: "1.1", 20: "2"}

Verify = bool | str
"""Whether to verify the server's certificate; a text is the path of a CA file."""

Certificate = tuple[str, str] | None
"""The files of a client certificate and of its key; an empty second one means that the key is in the first file."""


HttpResponse = requests.Response
"""What a session returns."""


class RequestOptions(TypedDict):
    """The options of one request, named as `requests.Session.request` names them."""

    headers: dict[str, str]
    data: bytes | None
    timeout: float
    allow_redirects: bool
    stream: bool
    verify: Verify
    cert: Certificate
    proxies: dict[str, str] | None


class HttpSession(Protocol):
    """What the driver needs of a `requests.Session`."""

    def request(self, method: str, url: str, /, **options: Unpack[RequestOptions]) -> requests.Response:
        """Send one request; the body of the response need not be read yet."""
        ...

    def close(self) -> None:
        """Close kept connections."""
        ...


def buffered_response(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> requests.Response:
    """A response that did not come from a connection, as the driver reads it."""
    response = requests.Response()
    response.raw = urllib3.HTTPResponse(
        io.BytesIO(body), headers=urllib3.HTTPHeaderDict(headers), status=status, preload_content=False, version=11
    )
    return response


class _Adapter(HTTPAdapter):
    """Sends exactly the header lines of the attempt, over checked connections, with one TLS context per way to verify."""

    def __init__(self, attempt: SingleDeadline) -> None:
        self.attempt = attempt
        self._contexts: dict[tuple[Verify, Certificate], ssl.SSLContext] = {}
        super().__init__(pool_connections=50, pool_maxsize=1)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(self.attempt)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> urllib3.ProxyManager:
        if proxy.lower().startswith("socks"):  # with PySocks installed it would open connections that are not checked
            raise requests.exceptions.InvalidSchema("the requests driver cannot use a SOCKS proxy")
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = pool_classes(self.attempt)
        return manager  # type: ignore[no-any-return]  # requests has no type for it

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Do nothing: the TLS context of the pool says how to verify."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Verify, cert: Any = None
    ) -> Any:  # a pair of typed dictionaries that only the stubs of requests define
        parts = urlsplit(request.url or "")
        host = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
        return host, {"ssl_context": self._context(verify, cert)} if parts.scheme == "https" else {}

    def _context(self, verify: Verify, cert: Certificate) -> ssl.SSLContext:
        key = (verify, cert)
        if key not in self._contexts:
            self._contexts[key] = _tls_context(verify, cert, self.attempt)
        return self._contexts[key]

    def build_response(self, req: object, resp: Any) -> requests.Response:  # noqa: ARG002  # as requests names them
        """The response without the cookies and encodings, which the driver does not read."""
        response = requests.Response()
        response.raw = resp
        return response

    def send(  # noqa: PLR0917  # the parameters of HTTPAdapter.send
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: Verify = True,
        cert: Any = None,  # requests takes more forms of it
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send the prepared request with the URL and the header lines unchanged; requests would normalize them."""
        request.url = self.attempt.url
        lines = urllib3.HTTPHeaderDict()
        for name, value in self.attempt.headers:
            lines.add(name, value)
        request.headers = lines  # type: ignore[assignment]  # the pool takes any map; this one keeps a repeated name
        return super().send(request, stream, timeout, verify, cert, proxies)


def _tls_context(verify: Verify, cert: Certificate, attempt: SingleDeadline) -> ssl.SSLContext:
    class Watched(ssl.SSLSocket):
        """A TLS socket whose handshake can be interrupted: it replaces the plain socket before the handshake."""

        def do_handshake(self, block: bool = False) -> None:  # as ssl names it
            self.suppress_ragged_eofs = False  # an end without close_notify does not end a body (RFC 8446 §6.1)
            attempt.waits_on(self)
            super().do_handshake(block)

    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
    context.sslsocket_class = Watched
    try:
        if verify:
            context.load_verify_locations(certifi.where() if verify is True else verify)
    except (OSError, ssl.SSLError) as error:
        raise CertificateUnusable(f"the CA file {verify} cannot be used: {_reason(error)}") from None
    try:
        if cert:
            context.load_cert_chain(cert[0], cert[1] or None, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError) as error:
        names = " with the key ".join(name for name in cert or () if name)
        raise CertificateUnusable(f"the client certificate {names} cannot be used: {_reason(error)}") from None
    return context


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or os_error_text(error)).replace("_", " ").lower()


class _Session(requests.Session):
    """A session that stores nothing, follows no redirect, and reads nothing from the environment.

    The engine does what `requests` would do around an adapter (settings, cookies, hooks, proxies, .netrc), so a request
    goes to the adapter directly. That also halves the cost of an exchange.
    """

    def __init__(self, attempt: SingleDeadline) -> None:
        super().__init__()
        self._adapter = _Adapter(attempt)
        for prefix in list(self.adapters):
            self.mount(prefix, self._adapter)

    def request(self, method: str, url: str, /, **options: Unpack[RequestOptions]) -> requests.Response:  # type: ignore[override]  # only the driver calls it
        """Perform one exchange; the body of the response is not read yet."""
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = method, url, options["data"]
        return self._adapter.send(
            prepared,
            stream=True,
            timeout=options["timeout"],
            verify=options["verify"],
            cert=options["cert"],
            proxies=options["proxies"] or {},
        )


class RequestsDriver:
    """Sends requests with `requests`. It is used by one thread at a time.

    Args:
        session: A session whose `request` method performs the exchange (a load testing tool's, for example). Without one
            the driver uses its own, which applies one deadline to the whole exchange.
    """

    def __init__(self, session: HttpSession | None = None) -> None:
        self._attempt = SingleDeadline()
        self._session = session or _Session(self._attempt)

    def close(self) -> None:
        """Close kept connections."""
        self._session.close()

    def cancel(self) -> None:
        """Interrupt the request in progress, and refuse later ones until `resume`. Called from another thread.

        A request of a session that was passed to the constructor cannot be interrupted.
        """
        self._attempt.cancel()

    def resume(self) -> None:
        """Allow requests again."""
        self._attempt.cancelled = False

    def send(self, request: Request) -> Response | TransportFailure:
        """Send one request: the response, or why there is none."""
        started = time.monotonic()
        sent, removed = header_lines(request)
        headers = (*sent, *((name, SKIP_HEADER) for name in removed if name != "Accept"))  # urllib3 adds no Accept
        hosts = None if request.transport.proxy else request.hosts  # with a proxy the address is the proxy's
        self._attempt.begin(started + request.timeout, headers, request.url, hosts)
        response: requests.Response | None = None
        try:
            response = self._request(request, headers)
            raw = response.raw
            limit = request.transport.max_response_size
            parts = self._attempt.body() if self._attempt.body else raw.stream(_CHUNK, decode_content=False)
            body = decoded(parts, raw.headers.get("Content-Encoding", ""), limit)
            if not self._attempt.body and self._attempt.ended and raw.headers.get("Transfer-Encoding"):
                raise CutShort("the end of its last chunk is missing")
            raw.release_conn()
            return Response(
                status=raw.status,
                url=request.url,
                reason=raw.reason or "",
                headers=tuple(raw.headers.iteritems()) if self._attempt.lines is None else self._attempt.lines,
                body=body,
                http_version=_VERSIONS.get(raw.version, "1.1"),
                elapsed=time.monotonic() - started,
                sent=sent,
                ip=self._attempt.ip,
            )
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            DecodeError,
            TooLarge,
            CertificateUnusable,
            CutShort,
            MalformedHead,
            ValueError,
        ) as error:
            return requests_failure(error, request, self._attempt, time.monotonic() - started, sent)
        finally:
            if response is not None:
                response.close()

    def _request(self, request: Request, headers: Headers) -> requests.Response:
        transport = request.transport
        proxies = {"http": transport.proxy, "https": transport.proxy} if transport.proxy else None
        return self._session.request(
            request.method,
            request.url,
            headers=_joined(headers),
            data=request.body,
            timeout=request.timeout,
            allow_redirects=False,
            stream=True,
            verify=transport.verify,
            cert=transport.cert,
            proxies=proxies,
        )


def _joined(headers: Headers) -> dict[str, str]:
    """The header lines as a map, for sessions that take nothing else; lines of one name are joined."""
    joined: dict[str, str] = {}
    for name, value in headers:
        if value != SKIP_HEADER and name != "Content-Length":
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
