"""Checks which hosts requests may be sent to: by the host name of a URL, and by the address that it resolves to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec

from .errors import StepError
from .urls import absolute_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LOCALHOST = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_NAT64 = ip_network("64:ff9b::/96")  # its last 32 bits are an IPv4 address (RFC 6052 §2.1)


class HostPattern(msgspec.Struct, frozen=True):
    """A pattern that matches one or more hosts.

    Attributes:
        text: The pattern as written.
        name: A host name in lower case; `.example.com` matches every name below it. None where it is an address.
        networks: The addresses that it matches.
        port: The only port that it matches; None is any.
    """

    text: str
    name: str | None = None
    networks: tuple[Network, ...] = ()
    port: int | None = None


def parse_host(text: str) -> HostPattern:
    """Parse a host: `api.test`, `*.api.test`, `localhost`, `10.0.0.0/8` or `[::1]`, each with or without `:port`.

    Raises:
        ValueError: the text is not a host.
    """
    host, port = _split(text.strip().lower())
    bare = host.strip("[]")
    try:
        return HostPattern(text, networks=(ip_network(bare),), port=port)
    except ValueError:
        if "/" in bare or ":" in bare:
            raise ValueError(f"{text!r} is not a host: write a name, an address or a network, without a path") from None
    if bare == "localhost":
        return HostPattern(text, bare, _LOCALHOST, port)
    try:
        name = urlsplit(absolute_url(f"http://{bare.removeprefix('*.')}/", "")).hostname or ""
    except StepError as error:
        raise ValueError(f"{text!r} is not a host: {error.message}") from None
    if "*" in name:
        raise ValueError(f"{text!r}: a star is allowed only as the first part of a name: *.example.com")
    return HostPattern(text, f".{name}" if bare.startswith("*.") else name.removesuffix("."), (), port)


def _split(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.endswith("]")):
        return text, None
    return host, int(port)


class Hosts(msgspec.Struct, frozen=True):
    """The hosts that requests may be sent to.

    Attributes:
        entries: Their patterns.
        remedy: A hint on how to allow another one; `{host}` is replaced by it.
    """

    entries: tuple[HostPattern, ...]
    remedy: str = "name it: --allow-host {host}"

    def check_url(self, url: str) -> None:
        """Check that a request may be sent to a URL, before its host name is resolved.

        Raises:
            StepError: the host is not allowed (`policy`).
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = _address(host)
        for each in self.entries:
            if each.port not in {None, port}:
                continue
            if address is not None and _within(address, each.networks):
                return
            name = each.name or ""
            if name and (host == name or (name.startswith(".") and host.endswith(name))):
                return
        hint = self.remedy.format(host=parts.netloc)
        raise StepError(
            f"nothing may be sent to {parts.netloc}: it is not one of the allowed hosts", "policy", hint=hint
        )

    def check_address(self, address: str) -> None:
        """Check that a connection may be made to an address, whatever name resolved to it.

        An allowed name may resolve to any public address, but to a private one only where that address is allowed
        itself: the owner of a domain could point it into the network that runflow runs in (DNS rebinding).

        Raises:
            StepError: the address is not allowed (`policy`).
        """
        found = _address(address)
        if found is None:
            return
        if _public(found) or any(_within(found, each.networks) for each in self.entries):
            return
        hint = self.remedy.format(host=address)
        raise StepError(
            f"the host resolves to {address}, which is not a public address and is not allowed itself",
            "policy",
            hint=hint,
        )


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _inner(found)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address contains; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def parse_hosts(texts: Iterable[str], remedy: str = "") -> Hosts:
    """Parse a list of hosts (see `parse_host`).

    Args:
        texts: The hosts.
        remedy: A hint on how to allow another one.

    Raises:
        ValueError: one of them is not a host.
    """
    entries = tuple(parse_host(text) for text in texts)
    return Hosts(entries, remedy) if remedy else Hosts(entries)
