"""The ways in which an exchange fails, in words: kind, message, what to do. The same for every driver; knows no library."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..model.errors import TransferError
from ..model.exchange import FailureKind, Phase, Request
from ..model.wording import seconds_text


class CertificateUnusable(TransferError):
    """A certificate, key or CA file of the workflow cannot be used."""


class CannotSend(TransferError):
    """The driver has no way to send such a request."""


FailureText = tuple[FailureKind, str, str]
"""A kind, a message and a hint."""

_NO_TLS = ("it does not speak TLS on this port", "write http:// if that is meant")
_OTHER_HOST = ("its certificate is for another host", "ask the host that the certificate names")
_OTHER_ADDRESS = ("its certificate is for another address", "ask the host that the certificate names")
_SELF_SIGNED = ("its certificate is self-signed", "name its CA: `http: {verify: ca.pem}`")
_TLS_REASONS = {
    "expired": ("its certificate has expired", "renew the certificate"),
    "not yet valid": ("its certificate is not valid yet", "check the clocks"),
    "hostname mismatch": _OTHER_HOST,
    "no alternative certificate subject name matches target host": _OTHER_HOST,
    "does not match target host": _OTHER_HOST,
    "ip address mismatch": _OTHER_ADDRESS,
    "no alternative certificate subject name matches target ipv": _OTHER_ADDRESS,
    "self-signed": _SELF_SIGNED,
    "self signed": _SELF_SIGNED,
    "unable to get local issuer": ("its certificate is from an unknown CA", "name the CA: `http: {verify: ca.pem}`"),
    "wrong_version_number": _NO_TLS,
    "wrong version number": _NO_TLS,
    "http_request": _NO_TLS,
    "record_layer_failure": _NO_TLS,
    "record layer failure": _NO_TLS,
    "packet length too long": _NO_TLS,
    "certificate_required": ("it asks for a client certificate", "name one: `http: {cert: {cert: …, key: …}}`"),
    "certificate required": ("it asks for a client certificate", "name one: `http: {cert: {cert: …, key: …}}`"),
    "unknown_ca": ("it does not accept the client certificate", "use one that its CA issued"),
    "unknown ca": ("it does not accept the client certificate", "use one that its CA issued"),
}  # fmt: skip
_WAITING: dict[Phase, str] = {
    "dns": "looking up the name",
    "connect": "connecting",
    "tls": "shaking hands",
    "send": "sending the request",
    "first byte": "waiting for the first byte of the answer",
    "body": "reading the answer",
}


def peer(request: Request, phase: Phase) -> str:
    """Whom we were talking to: the host, or the proxy on the way there."""
    proxy = request.transport.proxy
    if proxy and phase in {"dns", "connect"}:
        return f"the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}"
    return urlsplit(request.url).netloc


def too_large(request: Request) -> FailureText:
    """The cap on the decoded body."""
    hint = "raise `http: {max_response_size: …}` if such an answer is right"
    return "too_large", f"the body of the answer has more than {request.transport.max_response_size} bytes", hint


def undecodable(why: str) -> FailureText:
    """A content coding."""
    return "decode", why, "the server's Content-Encoding and its body do not fit"


def certificate_unusable(why: str) -> FailureText:
    """A file of the workflow's own."""
    return "tls", why, "check the file; its content is never shown"


def no_name(request: Request, why: str) -> FailureText:
    """The name look-up."""
    name = urlsplit(request.transport.proxy or request.url).hostname
    return "dns", f"the name {name} cannot be resolved: {why}", "check the host name, and the network's DNS"


def refused(host: str) -> FailureText:
    """Nobody listens."""
    return "refused", f"{host} refuses the connection", "is the server running, and is the port right?"


def unreachable(host: str, why: str) -> FailureText:
    """No way there."""
    return "unreachable", f"{host} cannot be reached: {why}", "check the network and the address"


def truncated(host: str, why: str = "the connection broke in the middle of the body") -> FailureText:
    """An answer that ends too early."""
    return "truncated", f"the answer of {host} ends before it is complete", why


def malformed(host: str, why: str) -> FailureText:
    """What is no HTTP."""
    return "protocol", f"{host} sends no proper HTTP answer: {why}", "is that an HTTP server?"


def other(host: str, why: str) -> FailureText:
    """What has no words of its own."""
    return "protocol", f"the exchange with {host} failed: {why}", ""


def interrupted(host: str, phase: Phase) -> FailureText:
    """The server closed the connection."""
    if phase == "send":
        return "send", f"{host} closed the connection while the request was being sent", "it may refuse so large a body"
    if phase == "body":
        why = "the connection broke in the middle of the body"
        return "truncated", f"{host} closed the connection in the middle of the answer", why
    return "reset", f"{host} closed the connection without an answer", "look into the server's log: it may have crashed"


def timed_out(host: str, request: Request, phase: Phase) -> FailureText:
    """The deadline."""
    limit = seconds_text(request.timeout)
    message = f"no whole answer from {host} within {limit}: the time ran out while {_WAITING[phase]}"
    return "timeout", message, "raise `timeout`, or find out what is slow"


def no_tls(host: str, text: str, why: str) -> FailureText:
    """A TLS connection that did not come about.

    Args:
        host: Whom to.
        text: All that the library says, for marks that have words here.
        why: What is said of it where none is found.
    """
    lower = text.lower()
    for mark, (message, hint) in _TLS_REASONS.items():
        if mark in lower:
            return "tls", f"no TLS connection to {host}: {message}", hint
    return "tls", f"no TLS connection to {host}: {why}", ""


def hung_up(host: str) -> FailureText:
    """Closed in the middle of the handshake."""
    message = f"{host} closed the connection during the TLS handshake"
    return "tls", message, "it may speak another protocol on this port"
