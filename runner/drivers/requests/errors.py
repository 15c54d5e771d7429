"""Exceptions of requests, urllib3, ssl and socket as one failure with its kind and its phase. Used by the blocking driver only."""

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
from ..response_head import CutShort
from .connection import SingleDeadline

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN}


def requests_failure(
    error: BaseException, request: Request, attempt: SingleDeadline, elapsed: float, sent: Headers
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
    pending = [error]
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        pending += [each for each in wrapped if isinstance(each, BaseException)]


def _read(causes: list[BaseException], request: Request, attempt: SingleDeadline) -> FailureText:
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
            return failures.no_name(request, os_error_text(cause))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return failures.hung_up(host)
        case ssl.SSLError():
            verify = getattr(cause, "verify_message", "")
            return failures.no_tls(host, f"{cause.reason} {cause} {verify}", str(verify or cause.reason or cause))
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
        case InvalidHeader() | http.client.HTTPException():
            return failures.malformed(host, _told(cause))
        case LocationParseError():
            return "dns", f"{host!r} is no host", ""
        case OSError(errno=number) if number in _UNREACHABLE:
            return failures.unreachable(host, os_error_text(cause))
        case _ if "ended prematurely" in str(cause) and not cause.args[1:]:
            return failures.truncated(host, "the last chunk never came")
        case _:
            return None


def _told(error: BaseException) -> str:
    if isinstance(error, http.client.BadStatusLine):
        return f"it begins with {cut(str(error), 80)}"
    if isinstance(error, http.client.LineTooLong):
        return f"a line is too long: {error}"
    return str(error)
