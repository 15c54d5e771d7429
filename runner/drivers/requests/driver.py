"""The default driver: `requests`, one exchange at a time. The only importer of requests; each thread has a driver of its own."""

from __future__ import annotations

import ssl
import time
from typing import Any
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
from ..request_headers import lines_of
from ..response_head import CutShort
from .connection import SingleDeadline, pool_classes
from .errors import requests_failure

_CHUNK = 65536
_VERSIONS = {9: "0.9", 10: "1.0", 11: "1.1", 20: "2"}


class _Adapter(HTTPAdapter):
    """Sends exactly the lines it is told to, over guarded connections, with one TLS context for each way to verify."""

    def __init__(self, attempt: SingleDeadline) -> None:
        self.attempt = attempt
        self._contexts: dict[Any, ssl.SSLContext] = {}
        super().__init__(pool_connections=50, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(self.attempt)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if proxy.lower().startswith("socks"):  # with PySocks installed it would open connections that are not ours
            raise requests.exceptions.InvalidSchema("the requests driver cannot use a SOCKS proxy")
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = pool_classes(self.attempt)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the context that the pool was given says how to verify."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        parts = urlsplit(request.url)
        host = {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}
        return host, {"ssl_context": self._context(verify, cert)} if parts.scheme == "https" else {}

    def _context(self, verify: Any, cert: Any) -> ssl.SSLContext:
        key = (verify, cert)
        if key not in self._contexts:
            self._contexts[key] = _tls_context(verify, cert, self.attempt)
        return self._contexts[key]

    def build_response(self, req: Any, resp: Any) -> requests.Response:  # noqa: ARG002  # as requests names them
        """The answer without the cookies and encodings that nobody here reads."""
        response = requests.Response()
        response.raw = resp
        return response

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """The prepared request with the URL and the header lines as they are, not as requests would tidy them."""
        request.url = self.attempt.url
        lines = urllib3.HTTPHeaderDict()
        for name, value in self.attempt.headers:
            lines.add(name, value)
        request.headers = lines
        return super().send(request, *args, **kwargs)


def _tls_context(verify: bool | str, cert: tuple[str, str] | None, attempt: SingleDeadline) -> ssl.SSLContext:
    class Watched(ssl.SSLSocket):
        """A TLS socket whose handshake can be broken off: it takes the place of the plain one before it shakes hands."""

        def do_handshake(self, block: bool = False) -> None:  # as ssl names it
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
    """A session that keeps nothing, follows nothing, and takes nothing from the environment.

    What `requests` does around an adapter (merging settings, cookies, hooks, proxies, .netrc) is the engine's work here or
    nobody's, so a request goes to the adapter as it is; that also halves what an exchange costs.
    """

    def __init__(self, attempt: SingleDeadline) -> None:
        super().__init__()
        self._adapter = _Adapter(attempt)
        for prefix in list(self.adapters):
            self.mount(prefix, self._adapter)

    def request(self, method: Any, url: Any, *_: Any, **options: Any) -> requests.Response:
        """One exchange, the body not yet read."""
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = method, url, options["data"]
        sent = {name: options[name] for name in ("timeout", "verify", "cert")}
        return self._adapter.send(prepared, stream=True, proxies=options["proxies"] or {}, **sent)


class RequestsDriver:
    """Sends requests with `requests`.

    Args:
        session: Any session, of which only `request()` is called (a load-testing engine's, say). Without one the driver
            has its own, which keeps one deadline for everything.
    """

    def __init__(self, session: requests.Session | None = None) -> None:
        self._attempt = SingleDeadline()
        self._session = session or _Session(self._attempt)

    def close(self) -> None:
        """Close kept connections."""
        self._session.close()

    def cancel(self) -> None:
        """Break off the request that is under way or about to be, from another thread, until `resume`.

        Of a session that is not our own there is no way.
        """
        self._attempt.cancel()

    def resume(self) -> None:
        """Requests may be sent again."""
        self._attempt.cancelled = False

    def send(self, request: Request) -> Response | TransportFailure:
        """One request, one answer or the reason why there is none."""
        started = time.monotonic()
        sent, removed = lines_of(request)
        headers = (*sent, *((name, SKIP_HEADER) for name in removed if name != "Accept"))  # urllib3 adds no Accept
        hosts = None if request.transport.proxy else request.hosts  # the address is the proxy's then
        self._attempt.begin(started + request.timeout, headers, request.url, hosts)
        response: Any = None
        try:
            response = self._request(request, headers)
            raw = response.raw
            limit = request.transport.max_response_size
            body = decoded(raw.stream(_CHUNK, decode_content=False), raw.headers.get("Content-Encoding", ""), limit)
            if self._attempt.ended and raw.headers.get("Transfer-Encoding"):
                raise CutShort("the end of its last chunk never came")
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
    """The lines as a map, for sessions that know no other way."""
    joined: dict[str, str] = {}
    for name, value in headers:
        if value != SKIP_HEADER and name != "Content-Length":
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
