"""Exceptions of requests, urllib3, ssl and socket as one failure with its kind, its phase and what to do. Sends nothing."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from urllib3.exceptions import InvalidChunkLength, InvalidHeader, LocationParseError

from runner.drivers.connection import Attempt
from runner.drivers.decoding import DecodeError, TooLarge
from runner.model.exchange import FailureKind, Headers, Phase, Request, TransportFailure
from runner.model.wording import seconds_text


class CertificateUnusable(Exception):
    """A certificate, key or CA file of the workflow cannot be used."""


Reading = tuple[FailureKind, str, str]
"""A kind, a message and a hint."""

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}
_TLS_REASONS = (
    ("expired", "its certificate has expired", "renew the certificate"),
    ("not yet valid", "its certificate is not valid yet", "check the clocks"),
    ("Hostname mismatch", "its certificate is for another host", "ask the host that the certificate names"),
    ("IP address mismatch", "its certificate is for another address", "ask the host that the certificate names"),
    ("self-signed", "its certificate is self-signed", "name its CA: `http: {verify: ca.pem}`"),
    ("self signed", "its certificate is self-signed", "name its CA: `http: {verify: ca.pem}`"),
    ("unable to get local issuer", "its certificate is from an unknown CA", "name the CA: `http: {verify: ca.pem}`"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS on this port", "write http:// if that is meant"),
    ("HTTP_REQUEST", "it does not speak TLS on this port", "write http:// if that is meant"),
    ("RECORD_LAYER_FAILURE", "it does not speak TLS on this port", "write http:// if that is meant"),
    ("CERTIFICATE_REQUIRED", "it asks for a client certificate", "name one: `http: {cert: {cert: …, key: …}}`"),
    ("UNKNOWN_CA", "it does not accept the client certificate", "use one that its CA issued"),
)


def failure_of(
    error: BaseException, request: Request, attempt: Attempt, elapsed: float, sent: Headers
) -> TransportFailure:
    """Why there is no answer.

    Args:
        error: What the libraries raised.
        request: What was sent.
        attempt: How far it came.
        elapsed: Seconds since it began.
        sent: The header lines as they went out.
    """
    causes = list(_causes(error))
    kind, message, hint = _read(causes, request, attempt)
    phase: Phase = "tls" if kind == "tls" else "dns" if kind == "dns" else attempt.phase
    stale = kind == "reset" and attempt.reused and not attempt.answered
    return TransportFailure(kind, phase, message, hint, elapsed, stale, sent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and everything that it wraps, by whichever way the libraries wrap."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        one = pending.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            pending += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _read(causes: list[BaseException], request: Request, attempt: Attempt) -> Reading:
    host = urlsplit(request.url).netloc
    for cause in causes:
        found = _known(cause, host, request, attempt)
        if found is not None:
            return found
    text = str(causes[0]) or type(causes[0]).__name__
    return "protocol", f"the exchange with {host} failed: {text}", ""


def _known(cause: BaseException, host: str, request: Request, attempt: Attempt) -> Reading | None:  # noqa: C901, PLR0911  # one case, one return a cause
    match cause:
        case TooLarge():
            limit = request.transport.max_response_size
            hint = "raise `http: {max_response_size: …}` if such an answer is right"
            return "too_large", f"the body of the answer has more than {limit} bytes", hint
        case CertificateUnusable():
            return "tls", str(cause), "check the file; its content is never shown"
        case DecodeError():
            return "decode", str(cause), "the server's Content-Encoding and its body do not fit"
        case socket.gaierror() | UnicodeError():
            name = urlsplit(request.url).hostname
            return (
                "dns",
                f"the name {name} cannot be resolved: {_strerror(cause)}",
                "check the host name, and the network's DNS",
            )
        case ssl.SSLError():
            return _tls(cause, host)
        case TimeoutError():
            return _timeout(host, request, attempt)
        case ConnectionRefusedError():
            return "refused", f"{host} refuses the connection", "is the server running, and is the port right?"
        case InvalidChunkLength() | http.client.IncompleteRead():
            return (
                "truncated",
                f"the answer of {host} ends before it is complete",
                "the connection broke in the middle of the body",
            )
        case http.client.RemoteDisconnected() | ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return _reset(host, attempt)
        case InvalidHeader() | http.client.HTTPException():
            return "protocol", f"{host} sends no proper HTTP answer: {_told(cause)}", "is that an HTTP server?"
        case LocationParseError():
            return "dns", f"{host!r} is no host", ""
        case OSError(errno=number) if number in _UNREACHABLE:
            return "unreachable", f"{host} cannot be reached: {_strerror(cause)}", "check the network and the address"
        case _:
            if "ended prematurely" in str(cause) and not cause.args[1:]:
                return "truncated", f"the answer of {host} ends before it is complete", "the last chunk never came"
            return None


def _strerror(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _told(error: BaseException) -> str:
    if isinstance(error, http.client.BadStatusLine):
        return f"it begins with {str(error)[:80]}"
    if isinstance(error, http.client.LineTooLong):
        return f"a line is too long: {error}"
    return str(error)


def _reset(host: str, attempt: Attempt) -> Reading:
    if attempt.phase == "send":
        return "send", f"{host} closed the connection while the request was being sent", "it may refuse so large a body"
    if attempt.phase == "body":
        return (
            "truncated",
            f"{host} closed the connection in the middle of the answer",
            "the connection broke in the middle of the body",
        )
    return "reset", f"{host} closed the connection without an answer", "look into the server's log: it may have crashed"


_WAITING: dict[Phase, str] = {
    "dns": "looking up the name",
    "connect": "connecting",
    "tls": "shaking hands",
    "send": "sending the request",
    "first byte": "waiting for the first byte of the answer",
    "body": "reading the answer",
}


def _timeout(host: str, request: Request, attempt: Attempt) -> Reading:
    message = f"no whole answer from {host} within {seconds_text(request.timeout)}: the time ran out while {_WAITING[attempt.phase]}"
    return "timeout", message, "raise `timeout`, or find out what is slow"


def _tls(error: ssl.SSLError, host: str) -> Reading:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return (
            "tls",
            f"{host} closed the connection during the TLS handshake",
            "it may speak another protocol on this port",
        )
    text = f"{error.reason} {error} {getattr(error, 'verify_message', '')}"
    for mark, message, hint in _TLS_REASONS:
        if mark in text:
            return "tls", f"no TLS connection to {host}: {message}", hint
    return "tls", f"no TLS connection to {host}: {getattr(error, 'verify_message', '') or error.reason or error}", ""
