"""Many exchanges at once on one thread, with libcurl's multi interface. Only `drivers/curl` imports pycurl."""

from __future__ import annotations

import time
from typing import Any

import pycurl

from ...model.exchange import Request, Response, Timings, TransportFailure
from ..decoding import ENCODINGS, DecodeError
from ..failures import CannotSend
from ..response_head import CutShort, MalformedHead
from .certificates import Peers
from .errors import curl_failure
from .polling import Polling
from .transfer import Transfer

_BUILT = pycurl.version_info()
_HTTP2 = bool(_BUILT[4] & pycurl.VERSION_HTTP2)
_HTTP3 = bool(_BUILT[4] & pycurl.VERSION_HTTP3)

CAN = frozenset({
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
"""Transport features beyond HTTP/1.1 over TCP; which versions it has depends on the libcurl that is there."""

LIBRARIES: str = pycurl.version
"""The libraries with their versions: `PycURL/7.49.0 libcurl/8.15.0 OpenSSL/3.5.1 …`."""

_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
"""What was spoken."""

Outcome = Response | TransportFailure | Exception
"""What comes of a request; an exception is a bug of ours."""


class CurlDriver:
    """Sends requests with libcurl, any number at a time.

    Whoever drives it calls `begin` for each request and then `advance` again and again. It takes no signals and keeps
    nothing global, so it works inside a thread of a host program; one thread uses it.

    Args:
        kept: Connections that are kept for later requests.
    """

    def __init__(self, kept: int = 100) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept)
        self._polling = Polling(self._multi)
        self._free: list[Transfer] = []
        self._busy: dict[Any, Transfer] = {}
        self._broken: list[tuple[Any, Outcome]] = []
        self._peers = Peers()

    def begin(self, request: Request, who: Any) -> None:
        """Send a request; `advance` gives the reply to `who`, which has no other one under way."""
        transfer = self._free.pop() if self._free else Transfer()
        try:
            transfer.begin(request, who)
        except (
            CannotSend,
            pycurl.error,
            UnicodeError,
        ) as error:  # an option that this libcurl does not take, a host that is none
            self._broken.append((who, curl_failure(error, transfer, Timings())))
            return
        self._busy[who] = transfer
        self._multi.add_handle(transfer.handle)

    def advance(self, seconds: float) -> list[tuple[Any, Outcome]]:
        """Wait this long at the most for something to happen, and do it: the exchanges that ended."""
        ended, self._broken = self._broken, []
        self._polling.advance(0.0 if ended else seconds)
        more = 1
        while more:
            more, whole, failed = self._multi.info_read(64)
            for handle in whole:
                ended.append(self._ended(handle.transfer, None))
            for handle, code, message in failed:
                ended.append(self._ended(handle.transfer, pycurl.error(code, message)))
        return ended

    def cancel(self, who: Any) -> None:
        """Break off what is under way."""
        transfer = self._busy.pop(who, None)
        if transfer is not None:
            self._multi.remove_handle(transfer.handle)
            transfer.handle.close()

    def close(self) -> None:
        """Close every connection."""
        for who in list(self._busy):
            self.cancel(who)
        for transfer in self._free:
            transfer.handle.close()
        self._multi.close()
        self._polling.close()

    def _ended(self, transfer: Transfer, error: pycurl.error | None) -> tuple[Any, Outcome]:
        self._multi.remove_handle(transfer.handle)
        who = transfer.who
        del self._busy[who]
        timings = transfer.timings()
        outcome: Outcome
        try:
            outcome = self._answer(transfer, timings) if error is None else curl_failure(error, transfer, timings)
        except (CutShort, DecodeError, MalformedHead) as problem:
            outcome = curl_failure(problem, transfer, timings)
        except Exception as bug:  # noqa: BLE001  # only the flow that asked must hear of it
            outcome = bug
        self._free.append(transfer)
        return who, outcome

    def _answer(self, transfer: Transfer, timings: Timings) -> Response:
        handle, head, request = transfer.handle, transfer.head, transfer.request
        decoding = transfer.decoding
        version = _VERSIONS.get(handle.getinfo(pycurl.INFO_HTTP_VERSION), "1.1")
        if not head.status:  # libcurl takes the end of the connection for the end of the head
            raise CutShort("its head never ended")
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
            certificate=self._peers.certificate(handle) if secure else None,
        )
