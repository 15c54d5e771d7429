"""Which hosts may be sent to: by the name in a URL, and by the address that the name leads to. Connects nothing."""

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
_NAT64 = ip_network("64:ff9b::/96")  # an address of IPv4 in its last bits (RFC 6052 §2.1)


class HostPattern(msgspec.Struct, frozen=True):
    """One host, or many.

    Attributes:
        text: As it is written.
        name: A host name in lower case; `.example.com` means every name below it, "" none.
        networks: Addresses.
        port: The only port, or 0 for any.
    """

    text: str
    name: str = ""
    networks: tuple[Network, ...] = ()
    port: int = 0


def parse_host(text: str) -> HostPattern:
    """A host as people write it: `api.test`, `*.api.test`, `localhost`, `10.0.0.0/8`, `[::1]`, each with `:port` or without.

    Raises:
        ValueError: it is none.
    """
    host, port = _split(text.strip().lower())
    bare = host.strip("[]")
    try:
        return HostPattern(text, "", (ip_network(bare),), port)
    except ValueError:
        if "/" in bare or ":" in bare:
            raise ValueError(f"{text!r} is no host: write a name, an address or a network, without a path") from None
    if bare == "localhost":
        return HostPattern(text, bare, _LOCALHOST, port)
    try:
        name = urlsplit(absolute_url(f"http://{bare.removeprefix('*.')}/", "")).hostname or ""
    except StepError as error:
        raise ValueError(f"{text!r} is no host: {error.message}") from None
    if "*" in name:
        raise ValueError(f"{text!r}: a star stands for whole names at the front, as in *.example.com")
    return HostPattern(text, f".{name}" if bare.startswith("*.") else name.removesuffix("."), (), port)


def _split(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.endswith("]")):
        return text, 0
    return host, int(port)


class Hosts(msgspec.Struct, frozen=True):
    """The only hosts that may be sent to.

    Attributes:
        entries: Which they are.
        remedy: How another one is added, in words.
    """

    entries: tuple[HostPattern, ...]
    remedy: str = "name it: --allow-host {host}"

    def check_url(self, url: str) -> None:
        """Whether a request may go to this URL, which is asked before its host is looked up.

        Raises:
            StepError: it may not (`policy`).
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = _address(host)
        for each in self.entries:
            if each.port not in {0, port}:
                continue
            if address is not None and _within(address, each.networks):
                return
            if host == each.name or (each.name.startswith(".") and host.endswith(each.name)):
                return
        hint = self.remedy.format(host=parts.netloc)
        raise StepError(
            f"nothing may be sent to {parts.netloc}: it is not among the hosts that are allowed", "policy", hint=hint
        )

    def check_address(self, address: str) -> None:
        """Whether a connection may be made to this address, whatever name led to it.

        A name that is allowed may lead anywhere in the world, but not into the network of who runs this: whoever rules the name rules
        where it leads.

        Raises:
            StepError: it may not (`policy`).
        """
        found = _address(address)
        if found is None:
            return
        if _public(found) or any(_within(found, each.networks) for each in self.entries):
            return
        hint = self.remedy.format(host=address)
        raise StepError(
            f"the host is at {address}, which is no public address and is not allowed itself", "policy", hint=hint
        )


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _inner(found)


def _inner(address: Address) -> Address:
    """The address of IPv4 that stands inside one of IPv6, where there is one."""
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
    """Hosts as people write them.

    Raises:
        ValueError: one of them is none.
    """
    entries = tuple(parse_host(text) for text in texts)
    return Hosts(entries, remedy) if remedy else Hosts(entries)
