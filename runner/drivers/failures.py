"""Describes how an exchange can fail: kind, message and hint. All drivers share these texts; no library is imported."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..model.errors import TransferError
from ..model.exchange import FailureKind, Phase, Request
from ..model.wording import seconds_text


class CertificateUnusable(TransferError):
    """A certificate, key or CA file of the workflow cannot be used."""


class CannotSend(TransferError):
    """The driver cannot send such a request."""


FailureText = tuple[FailureKind, str, str]
"""A kind, a message and a hint."""

_NO_TLS = ("it does not speak TLS on this port", "write http:// if the server does not use TLS")
_OTHER_HOST = ("its certificate is for another host", "send the request to a host that the certificate names")
_OTHER_ADDRESS = ("its certificate is for another address", "send the request to a host that the certificate names")
_SELF_SIGNED = ("its certificate is self-signed", "name its CA: `http: {verify: ca.pem}`")
_TLS_REASONS = {
    "expired": ("its certificate has expired", "renew the certificate"),
    "not yet valid": ("its certificate is not valid yet", "check the clocks of both machines"),
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
    "certificate_required": ("it requires a client certificate", "name one: `http: {cert: {cert: …, key: …}}`"),
    "certificate required": ("it requires a client certificate", "name one: `http: {cert: {cert: …, key: …}}`"),
    "unknown_ca": ("it does not accept the client certificate", "use a certificate from a CA that the server trusts"),
    "unknown ca": ("it does not accept the client certificate", "use a certificate from a CA that the server trusts"),
}  # fmt: skip
_ACTIVITIES: dict[Phase, str] = {
    "dns": "resolving the host name",
    "connect": "connecting",
    "tls": "performing the TLS handshake",
    "send": "sending the request",
    "first byte": "waiting for the first byte of the response",
    "body": "reading the response",
}


def peer(request: Request, phase: Phase) -> str:
    """The other side of the connection: the host, or the proxy."""
    proxy = request.transport.proxy
    if proxy and phase in {"dns", "connect"}:
        return f"the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}"
    return urlsplit(request.url).netloc


def too_large(request: Request) -> FailureText:
    """The decoded body is larger than the limit."""
    hint = "raise `http: {max_response_size: …}` if such a response is expected"
    return "too_large", f"the body of the response has more than {request.transport.max_response_size} bytes", hint


def undecodable(why: str) -> FailureText:
    """The body cannot be decoded."""
    return "decode", why, "the body does not match the Content-Encoding header: check the server"


def certificate_unusable(why: str) -> FailureText:
    """A certificate file of the workflow cannot be used."""
    return "tls", why, "check the file; its content is not shown"


def unresolved(request: Request, why: str) -> FailureText:
    """The host name cannot be resolved."""
    name = urlsplit(request.transport.proxy or request.url).hostname
    return "dns", f"the host name {name} cannot be resolved: {why}", "check the host name, and the DNS of the network"


def refused(host: str) -> FailureText:
    """The connection is refused."""
    return "refused", f"{host} refuses the connection", "check that the server is running, and that the port is right"


def unreachable(host: str, why: str) -> FailureText:
    """There is no route to the host."""
    return "unreachable", f"{host} cannot be reached: {why}", "check the network and the address"


def truncated(host: str, why: str = "the connection was closed in the middle of the body") -> FailureText:
    """The response ends too early."""
    hint = "check the log of the server, and any proxy between"
    return "truncated", f"the response from {host} ends before it is complete: {why}", hint


def malformed(host: str, why: str) -> FailureText:
    """The response is not valid HTTP."""
    return "protocol", f"{host} did not send a valid HTTP response: {why}", "check that it is an HTTP server"


def other(host: str, why: str) -> FailureText:
    """Any other failure."""
    return "protocol", f"the exchange with {host} failed: {why}", ""


def interrupted(host: str, phase: Phase) -> FailureText:
    """The server closed the connection during the exchange."""
    if phase == "send":
        return (
            "send",
            f"{host} closed the connection while the request was being sent",
            "the server may not accept a body of this size",
        )
    if phase == "body":
        hint = "check the log of the server, and any proxy between"
        return "truncated", f"{host} closed the connection in the middle of the response", hint
    return (
        "reset",
        f"{host} closed the connection without a response",
        "check the log of the server: it may have crashed",
    )


def timed_out(host: str, request: Request, phase: Phase) -> FailureText:
    """The time is over."""
    limit = seconds_text(request.timeout)
    message = f"no complete response from {host} within {limit}: the time ran out while {_ACTIVITIES[phase]}"
    return "timeout", message, "raise `timeout`, or find out why the server is slow"


def tls_failed(host: str, text: str, why: str) -> FailureText:
    """The TLS connection cannot be established.

    Args:
        host: The host.
        text: The library's whole message, to recognise the reason.
        why: The reason to show where it is not recognised.
    """
    lower = text.lower()
    for mark, (message, hint) in _TLS_REASONS.items():
        if mark in lower:
            return "tls", f"cannot establish a TLS connection to {host}: {message}", hint
    return "tls", f"cannot establish a TLS connection to {host}: {why}", ""


def tls_closed(host: str) -> FailureText:
    """The server closed the connection during the TLS handshake."""
    message = f"{host} closed the connection during the TLS handshake"
    return "tls", message, "it may speak another protocol on this port"
