"""Many exchanges at once on one thread, with libcurl's multi interface. Only `drivers/curl` imports pycurl."""

from __future__ import annotations

import time
from collections.abc import Hashable

import pycurl

from ...model.exchange import Request, Response, Timings, TransportFailure
from ..decoding import ENCODINGS, DecodeError
from ..failures import CannotSend
from ..response_head import CutShort, MalformedHead
from .certificates import PeerCertificates
from .errors import curl_failure
from .kept_connections import KeptConnections
from .polling import Polling
from .transfer import Transfer

_BUILT = pycurl.version_info()
_HTTP2 = bool(_BUILT[4] & pycurl.VERSION_HTTP2)
_HTTP3 = bool(_BUILT[4] & pycurl.VERSION_HTTP3)

FEATURES = frozenset({
    *(f"encoding {name}" for name in (*ENCODINGS, "identity")),
    *(("version 2",) if _HTTP2 else ()),
    *(("version 3",) if _HTTP3 else ()),
    "resolve",
    "unix_socket",
    "cert password",
    "proxy socks",
    "certificate",
    "timing",
})  # fmt: skip
"""The features of the driver beyond HTTP/1.1 over TCP; its HTTP versions depend on the installed libcurl."""

LIBRARIES: str = pycurl.version
"""The libraries with their versions: `PycURL/7.49.0 libcurl/8.15.0 OpenSSL/3.5.1 …`."""

_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
"""The version of a response, by libcurl's number."""

Outcome = Response | TransportFailure | Exception
"""The result of a request; an exception is a bug in runflow."""


class CurlDriver:
    """Sends requests with libcurl, any number at a time.

    The caller calls `begin` for each request, and `advance` repeatedly. The driver handles no signals and has no global
    state, so it works in any thread of a host program; one thread uses it.

    Args:
        kept: How many connections are kept for later requests.
    """

    def __init__(self, kept: int = 100) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept)
        self._polling = Polling(self._multi)
        self._free: list[Transfer] = []
        self._busy: dict[Hashable, Transfer] = {}
        self._not_sent: list[tuple[Hashable, Outcome]] = []
        self._certificates = PeerCertificates()
        self._kept = KeptConnections()

    def begin(self, request: Request, owner: Hashable) -> None:
        """Send a request for an owner, which has no other request in progress; `advance` returns the outcome with the owner."""
        transfer = self._free.pop() if self._free else Transfer(self._kept)
        try:
            transfer.begin(request, owner)
        except (
            CannotSend,
            pycurl.error,
            UnicodeError,
        ) as error:  # an option that this libcurl does not support, or an invalid host name
            self._not_sent.append((owner, curl_failure(error, transfer, Timings())))
            return
        self._busy[owner] = transfer
        self._multi.add_handle(transfer.handle)

    def advance(self, seconds: float) -> list[tuple[Hashable, Outcome]]:
        """Wait at most this long for events, and process them: the owners of the exchanges that ended, with their outcomes."""
        ended, self._not_sent = self._not_sent, []
        self._polling.advance(0.0 if ended else seconds)
        more = 1
        while more:
            more, completed, failed = self._multi.info_read(64)
            for handle in completed:
                ended.append(self._ended(handle.transfer, None))
            for handle, code, message in failed:
                if handle.transfer.refused_connection:  # nothing was sent
                    self._multi.remove_handle(handle)
                    handle.transfer.connect_anew()
                    self._multi.add_handle(handle)
                    continue
                ended.append(self._ended(handle.transfer, pycurl.error(code, message)))
        return ended

    def cancel(self, owner: Hashable) -> None:
        """Interrupt the request in progress of an owner, if there is one."""
        transfer = self._busy.pop(owner, None)
        if transfer is not None:
            self._multi.remove_handle(transfer.handle)
            transfer.handle.close()

    def close(self) -> None:
        """Close every connection."""
        for owner in list(self._busy):
            self.cancel(owner)
        for transfer in self._free:
            transfer.handle.close()
        self._multi.close()
        self._polling.close()

    def _ended(self, transfer: Transfer, error: pycurl.error | None) -> tuple[Hashable, Outcome]:
        self._kept.remember(transfer.handle)
        self._multi.remove_handle(transfer.handle)
        owner = transfer.owner
        del self._busy[owner]
        timings = transfer.timings()
        outcome: Outcome
        try:
            outcome = self._response(transfer, timings) if error is None else curl_failure(error, transfer, timings)
        except (CutShort, DecodeError, MalformedHead) as problem:
            outcome = curl_failure(problem, transfer, timings)
        except Exception as bug:  # noqa: BLE001  # it is raised in the flow that sent the request
            outcome = bug
        self._free.append(transfer)
        return owner, outcome

    def _response(self, transfer: Transfer, timings: Timings) -> Response:
        handle, head, request = transfer.handle, transfer.head, transfer.request
        decoding = transfer.decoding
        version = _VERSIONS.get(handle.getinfo(pycurl.INFO_HTTP_VERSION), "1.1")
        if not head.status:  # libcurl takes the end of the connection for the end of the headers
            raise CutShort("its headers never ended")
        if transfer.cut_short:
            raise CutShort("the end of its last chunk is missing")
        secure = request.url.startswith("https:")
        return Response(
            status=head.status,
            url=request.url,
            reason=head.reason,
            headers=tuple(head.lines),
            body=decoding.body() if decoding is not None else b"",
            http_version=version,
            elapsed=time.monotonic() - transfer.started,
            sent=transfer.sent,
            ip=handle.getinfo(pycurl.PRIMARY_IP),
            timings=timings,
            certificate=self._certificates.certificate(handle) if secure else None,
        )
