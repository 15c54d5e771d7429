"""How requests are transported, as data: the transport of a step, and one whose values are known only when it runs."""

from __future__ import annotations

from typing import Any

import msgspec

from ..model.errors import DocumentPath, StepError
from ..model.exchange import DEFAULT_RESPONSE_LIMIT, DEFAULT_TRANSPORT, Transport
from ..model.kinds import Names, Value
from ..model.units import parse_size
from .settings import NEEDS_CURL, Dialect, FileReader


class HttpPlan(msgspec.Struct, frozen=True):
    """How requests are transported, and what the engine does about redirects."""

    transport: Transport = DEFAULT_TRANSPORT
    follow_redirects: bool = True
    max_redirects: int = 10
    trust_redirects: frozenset[str] = frozenset()
    charset: str = ""


class HttpTemplate(msgspec.Struct, frozen=True):
    """An `http` with templates in it.

    Attributes:
        value: The rendered `http` is a map.
        path: Where it is.
        dialect: The driver and its features.
        reader: Finds the files that the driver reads itself.
    """

    value: Value
    path: DocumentPath
    dialect: Dialect
    reader: FileReader

    def render(self, names: Names, file: str) -> HttpPlan:
        """The transport for these names. Raises StepError with its place."""
        try:
            return http_plan(self.value.render(names), self.dialect, self.reader)
        except StepError as error:
            raise error.at(file, self.path) from None


def http_plan(data: dict[str, Any], dialect: Dialect, reader: FileReader) -> HttpPlan:
    """The transport that a rendered `http` describes.

    Args:
        data: The rendered map.
        dialect: The driver and its features.
        reader: Finds the files that the driver reads itself.

    Raises:
        StepError: a value is wrong, or the driver cannot do it; under the key that is wrong.
    """
    return _HttpReader(dialect, reader).plan(data)


class _HttpReader(msgspec.Struct, frozen=True):
    """Makes a transport of rendered data."""

    dialect: Dialect
    reader: FileReader

    def plan(self, data: dict[str, Any]) -> HttpPlan:
        try:
            limit = parse_size(data["max_response_size"]) if "max_response_size" in data else DEFAULT_RESPONSE_LIMIT
        except ValueError as error:
            raise StepError(str(error), "template").under("max_response_size") from None
        verify = data.get("verify", True)
        transport = Transport(
            verify=verify if isinstance(verify, bool) else self._file(verify, "verify"),
            cert=self._certificate(data["cert"]) if "cert" in data else None,
            proxy=self._proxy(data.get("proxy", "")),
            max_response_size=limit,
            encodings=tuple(data["encodings"]) if "encodings" in data else None,
            cert_password=self._cert_password(data.get("cert")),
            version=self._version(str(data["version"])) if "version" in data else "",
            resolve=tuple(_resolved(place, str(address)) for place, address in data.get("resolve", {}).items()),
            unix_socket=str(self.reader.folder / data["unix_socket"]) if "unix_socket" in data else "",
        )
        return HttpPlan(
            transport=transport,
            follow_redirects=data.get("follow_redirects", True),
            max_redirects=data.get("max_redirects", 10),
            trust_redirects=frozenset(origin.rstrip("/").lower() for origin in data.get("trust_redirects", ())),
            charset=data.get("charset", ""),
        )

    def _certificate(self, cert: Any) -> tuple[str, str]:
        if isinstance(cert, str):
            return self._file(cert, "cert"), ""
        certificate = self._file(cert["cert"], "cert", "cert") if "cert" in cert else ""
        return certificate, self._file(cert["key"], "cert", "key") if "key" in cert else ""

    def _cert_password(self, cert: Any) -> str:
        password = str(cert.get("password", "")) if isinstance(cert, dict) else ""
        if password and "cert password" not in self.dialect.features:
            message = f"the {self.dialect.driver} driver cannot use a key with a password"
            raise StepError(message, "template", hint="remove it with `openssl pkey`, or use the curl driver").under(
                "cert"
            )
        return password

    def _proxy(self, url: str) -> str:
        dialect = self.dialect
        if url.startswith("socks") and "proxy socks" not in dialect.features:
            raise StepError(f"the {dialect.driver} driver cannot use a SOCKS proxy", "template", hint=NEEDS_CURL).under(
                "proxy"
            )
        return url

    def _version(self, written: str) -> str:
        """`1.1`, `2` or `3`."""
        dialect = self.dialect
        version = written.removesuffix(".0")
        if version not in {"1.1", "2", "3"}:
            raise StepError(f"there is no HTTP version {written}", "template", hint="write 1.1, 2 or 3").under(
                "version"
            )
        if version != "1.1" and f"version {version}" not in dialect.features:
            lacks = f"this libcurl was built without HTTP/{version}" if dialect.driver == "curl" else NEEDS_CURL
            raise StepError(f"the {dialect.driver} driver cannot do HTTP/{version}", "template", hint=lacks).under(
                "version"
            )
        return version

    def _file(self, name: str, *key: str) -> str:
        """The real path of a file that the driver reads itself. Raises StepError under the key that names it."""
        try:
            return self.reader.on_disk(name, private=key[0] == "cert")
        except StepError as error:
            error.below = key
            raise


def _resolved(place: str, address: str) -> tuple[str, str]:
    """`host:port` and an address. Raises StepError under `resolve`."""
    host, colon, port = place.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise StepError(
            f"a key of `resolve` is `host:port`, not {place!r}", "template", hint=f"write `{place}:443`"
        ).under("resolve")
    if not address or any(character.isspace() or character == "," for character in address):
        raise StepError(
            f"{address!r} is not an address", "template", hint="write an IP address, or `address:port`"
        ).under("resolve")
    return place, address
