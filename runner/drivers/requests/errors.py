"""Translates exceptions of requests, urllib3, ssl and socket into failures of an exchange, with kind and phase."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator

from urllib3.exceptions import InvalidChunkLength, InvalidHeader, LocationParseError

from ...model.exchange import Headers, Phase, Request, TransportFailure
from ...model.wording import cut, os_error_text
from .. import failures
from ..decoding import DecodeError, TooLarge
from ..failures import CertificateUnusable, FailureText
from ..response_head import CutShort, MalformedHead
from .connection import SingleDeadline

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}


def requests_failure(
    error: BaseException, request: Request, attempt: SingleDeadline, elapsed: float, sent: Headers
) -> TransportFailure:
    """Why there is no response.

    Args:
        error: The exception of the libraries.
        request: The request.
        attempt: The attempt to send it.
        elapsed: Seconds since it began.
        sent: The header lines as they were sent.
    """
    causes = list(_causes(error))
    kind, message, hint = _failure_text(causes, request, attempt)
    phase: Phase = "tls" if kind == "tls" else "dns" if kind == "dns" else attempt.phase
    stale = kind == "reset" and attempt.reused and not attempt.response_started
    return TransportFailure(kind, phase, message, hint, elapsed, stale, sent)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all exceptions that it wraps: as cause, as context, as reason or as argument."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        pending += [each for each in wrapped if isinstance(each, BaseException)]


def _failure_text(causes: list[BaseException], request: Request, attempt: SingleDeadline) -> FailureText:
    host = failures.peer(request, attempt.phase)
    for cause in causes:
        found = _known(cause, host, request, attempt)
        if found is not None:
            return found
    return failures.other(host, str(causes[0]) or type(causes[0]).__name__)


def _known(cause: BaseException, host: str, request: Request, attempt: SingleDeadline) -> FailureText | None:  # noqa: C901, PLR0911, PLR0912  # one case, one return a cause
    match cause:
        case TooLarge():
            return failures.too_large(request)
        case CertificateUnusable():
            return failures.certificate_unusable(str(cause))
        case DecodeError():
            return failures.undecodable(str(cause))
        case socket.gaierror() | UnicodeError():
            return failures.unresolved(request, os_error_text(cause))
        case ssl.SSLEOFError() if attempt.phase == "body":
            return failures.truncated(host, "the connection was closed without the end of TLS (close_notify)")
        case ssl.SSLEOFError() if attempt.phase == "first byte":
            return failures.interrupted(host, attempt.phase)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return failures.tls_closed(host)
        case ssl.SSLError():
            verify = getattr(cause, "verify_message", "")
            return failures.tls_failed(host, f"{cause.reason} {cause} {verify}", str(verify or cause.reason or cause))
        case TimeoutError():
            return failures.timed_out(host, request, attempt.phase)
        case ConnectionRefusedError():
            return failures.refused(host)
        case CutShort():
            return failures.truncated(host, str(cause))
        case InvalidChunkLength() | http.client.IncompleteRead():
            return failures.truncated(host)
        case http.client.RemoteDisconnected() | ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return failures.interrupted(host, attempt.phase)
        case MalformedHead():
            return failures.malformed(host, str(cause))
        case InvalidHeader() | http.client.HTTPException():
            return failures.malformed(host, _head_problem(cause))
        case LocationParseError():
            return "dns", f"{host!r} is not a valid host", ""
        case OSError(errno=number) if number in _UNREACHABLE:
            return failures.unreachable(host, os_error_text(cause))
        case _ if "ended prematurely" in str(cause) and not cause.args[1:]:
            return failures.truncated(host, "the last chunk is missing")
        case _:
            return None


def _head_problem(error: BaseException) -> str:
    if isinstance(error, http.client.BadStatusLine):
        return f"it begins with {cut(str(error), 80)}"
    if isinstance(error, http.client.LineTooLong):
        return f"a line is too long: {error}"
    return str(error)
