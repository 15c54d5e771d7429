"""Translates errors of libcurl into failures of an exchange, with kind and phase."""

from __future__ import annotations

import errno
import os
import re
import time

import pycurl

from ...model.exchange import Phase, Timings, TransportFailure
from .. import failures
from ..decoding import DecodeError, TooLarge
from ..failures import CannotSend, FailureText
from ..response_head import CutShort, MalformedHead
from .transfer import Transfer

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}
_WEIRD_REPLY, _HTTP2_STREAM, _HTTP3, _QUIC = 8, 92, 95, 96  # libcurl's codes that pycurl has no names for
_REASON = re.compile(r"\((.*)\)")
_HEAD_PROBLEMS = {
    "Invalid Content-Length": "the Content-Length is not one valid number",
    "without colon": "a response header is malformed: the line has no colon",
    "Unsolicited Transfer-Encoding": "the transfer coding is not supported",
}
"""Problems in response headers that libcurl refuses itself, in the words of the requests driver."""

_HANDSHAKE = {pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION}
_CLOSED = {pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR}
_STREAM = {pycurl.E_PARTIAL_FILE, pycurl.E_HTTP2, _HTTP2_STREAM, _HTTP3, _QUIC}


def curl_failure(error: Exception, transfer: Transfer, timings: Timings) -> TransportFailure:
    """Why there is no response.

    Args:
        error: The error of libcurl, or the reason why the driver ended the transfer.
        transfer: The transfer that failed.
        timings: How long its phases took.

    Raises:
        Exception: the error itself, if it is a bug in runflow.
    """
    reached = _phase(transfer)
    stale = transfer.attempts > 1 and not transfer.head.started
    cause = transfer.problem or error
    kind, message, hint = (
        _ended_by_driver(cause, transfer)
        if not isinstance(cause, pycurl.error)
        else (failures.interrupted(_host(transfer), "first byte") if stale else _known(cause, transfer, reached))
    )
    phase: Phase = "tls" if kind == "tls" else "dns" if kind == "dns" else reached
    elapsed = time.monotonic() - transfer.started
    return TransportFailure(kind, phase, message, hint, elapsed, stale, transfer.sent, timings)


def _host(transfer: Transfer) -> str:
    return failures.peer(transfer.request, _phase(transfer))


def _phase(transfer: Transfer) -> Phase:
    """The phase that was reached. libcurl does not name it, but has a time for the end of each phase."""
    get = transfer.handle.getinfo
    if transfer.head.status:
        return "body"
    if not get(pycurl.NAMELOOKUP_TIME):
        return "dns"
    if not get(pycurl.CONNECT_TIME):
        return "connect"
    if transfer.request.url.startswith("https:") and not get(pycurl.APPCONNECT_TIME):
        return "tls"
    if transfer.request.body and get(pycurl.SIZE_UPLOAD_T) < len(transfer.request.body):
        return "send"
    return "first byte"


def _ended_by_driver(problem: Exception, transfer: Transfer) -> FailureText:
    match problem:
        case TooLarge():
            return failures.too_large(transfer.request)
        case DecodeError():
            return failures.undecodable(str(problem))
        case CutShort():
            return failures.truncated(_host(transfer), str(problem))
        case MalformedHead():
            return failures.malformed(_host(transfer), str(problem))
        case CannotSend():
            return "send", str(problem), "remove the body, or use `--driver requests`"
        case UnicodeError():
            return failures.unresolved(transfer.request, str(problem).lower())
        case _:
            raise problem


def _known(error: pycurl.error, transfer: Transfer, phase: Phase) -> FailureText:  # noqa: C901, PLR0911  # one case, one return a code
    code, text = error.args[0], str(error.args[1])
    host, request = _host(transfer), transfer.request
    transport = request.transport
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return failures.timed_out(host, request, phase)
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        found = _REASON.search(text)
        return failures.unresolved(request, found[1].lower() if found else "no address was found")
    if code == pycurl.E_URL_MALFORMAT:
        return "dns", f"{host!r} is not a valid host", ""
    if code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(host, text, transfer)
    if code == pycurl.E_SSL_CACERT_BADFILE:
        return failures.certificate_unusable(f"the CA file {transport.verify} cannot be used: {text.lower()}")
    if code == pycurl.E_SSL_CERTPROBLEM:
        names = " with the key ".join(name for name in transport.cert or () if name)
        return failures.certificate_unusable(f"the client certificate {names} cannot be used: {text.lower()}")
    if code in _HANDSHAKE:
        closed = "unexpected eof" in text.lower() or "SSL_ERROR_SYSCALL" in text
        return failures.tls_closed(host) if closed else failures.tls_failed(host, text, text)
    if code == pycurl.E_RECV_ERROR and "alert" in text.lower():
        return failures.tls_failed(
            host, text, text
        )  # TLS 1.3: the server judges a client certificate after the handshake
    if code == pycurl.E_RECV_ERROR and "chunk" in text:  # libcurl looks at the size of a chunk too
        return failures.malformed(host, text)
    if code in _CLOSED and phase == "tls":
        return failures.tls_closed(host)
    if code == pycurl.E_SEND_ERROR and request.body:
        return failures.interrupted(host, "send")
    if code in _CLOSED:
        return failures.interrupted(host, phase)
    if code in _STREAM and phase == "body":
        return failures.truncated(host)
    if code in {_WEIRD_REPLY, pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_BAD_CONTENT_ENCODING, *_STREAM}:
        return failures.malformed(
            host, next((problem for mark, problem in _HEAD_PROBLEMS.items() if mark in text), text)
        )
    return failures.other(host, text)


def _not_connected(host: str, text: str, transfer: Transfer) -> FailureText:
    number = transfer.handle.getinfo(pycurl.OS_ERRNO)
    if number in _UNREACHABLE:
        return failures.unreachable(host, os.strerror(number).lower())
    if number in {errno.ECONNREFUSED, errno.ENOENT} or (not number and not transfer.request.transport.proxy):
        return failures.refused(host)
    return failures.other(host, text)
