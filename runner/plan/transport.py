"""`http`: how requests are carried, compiled and checked against what the driver can do. Renders nothing by itself."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..language.document import Step
from ..language.files import FileRefused
from ..language.structs import Http, plain_data
from ..model.errors import DocumentPath, StepError
from ..model.exchange import DEFAULT_RESPONSE_LIMIT, Transport
from ..model.units import parse_size
from ..model.wording import listed
from .context import NEEDS_CURL, Context
from .plan import HttpPlan

_WITHHELD = ("verify", "cert", "proxy", "resolve", "unix_socket")
"""What makes a connection lead elsewhere, or takes a file for it: none of a stranger's business."""

_CURL_ONLY = ("resolve", "unix_socket")
_PLAIN_HTTP = HttpPlan()


class HttpCompiler:
    """Compiles `http` of steps over that of `defaults`.

    Args:
        context: The file.
        defaults: Its `defaults.http`, or whatever else stands there.
    """

    def __init__(self, context: Context, defaults: Any) -> None:
        self.context = context
        self.defaults = defaults

    def compile(self, step: Step, path: DocumentPath) -> tuple[HttpPlan, Any]:
        """The transport, now where it holds no template; else the value to build it from."""
        places: dict[str, DocumentPath] = {}
        data: dict[str, Any] = {}
        for http, place in ((self.defaults, ("defaults", "http")), (step.http, (*path, "http"))):
            if isinstance(http, Http):
                own = plain_data(http)
                data |= own
                places |= {key: (*place, key) for key in own}
        if not data:
            return _PLAIN_HTTP, None
        self._check_http(data, places)
        value = self.context.value(data, (*path, "http") if step.http is not UNSET else ("defaults", "http"))
        if not value.literal:
            return HttpPlan(), value
        try:
            return self.plan(data), None
        except StepError as error:
            key = error.below[0] if error.below else ""
            self.context.problem(places.get(str(key), path), error.message, error.hint)
            return HttpPlan(), None

    def _check_http(self, data: dict[str, Any], places: dict[str, DocumentPath]) -> None:
        settings = self.context.settings
        can = settings.can
        for key in _CURL_ONLY:
            if key in data and key not in can:
                self.context.problem(
                    places[key], f"the {settings.driver} driver cannot do `{key}`", NEEDS_CURL, on_key=True
                )
        known = {feature.removeprefix("encoding ") for feature in can if feature.startswith("encoding ")}
        for key in _WITHHELD if settings.untrusted else ():
            if data.get(key, True) is not True:
                self.context.withheld(places[key], f"`{key}`", "take it out", on_key=True)
        for encoding in data.get("encodings", ()):
            if encoding not in known and "{{" not in encoding:
                message = f"the {settings.driver} driver cannot decode {encoding!r}"
                self.context.problem(places["encodings"], message, listed(known))

    def plan(self, data: dict[str, Any]) -> HttpPlan:
        """Rendered `http` data as a plan. Raises StepError under the key that is wrong."""
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
            unix_socket=str(self.context.path.parent / data["unix_socket"]) if "unix_socket" in data else "",
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
        return self._file(cert["cert"], "cert"), self._file(cert["key"], "cert") if "key" in cert else ""

    def _cert_password(self, cert: Any) -> str:
        password = str(cert.get("password", "")) if isinstance(cert, dict) else ""
        if password and "cert password" not in self.context.settings.can:
            message = f"the {self.context.settings.driver} driver cannot use a key with a password"
            raise StepError(message, "template", hint="remove it with `openssl pkey`, or use the curl driver").under(
                "cert"
            )
        return password

    def _proxy(self, url: str) -> str:
        settings = self.context.settings
        if url.startswith("socks") and "proxy socks" not in settings.can:
            raise StepError(
                f"the {settings.driver} driver cannot use a SOCKS proxy", "template", hint=NEEDS_CURL
            ).under("proxy")
        return url

    def _version(self, written: str) -> str:
        """`1.1`, `2` or `3`."""
        settings = self.context.settings
        version = written.removesuffix(".0")
        if version not in {"1.1", "2", "3"}:
            raise StepError(f"there is no HTTP version {written}", "template", hint="1.1, 2 or 3").under("version")
        if version != "1.1" and f"version {version}" not in settings.can:
            lacks = f"this libcurl was built without HTTP/{version}" if settings.driver == "curl" else NEEDS_CURL
            raise StepError(f"the {settings.driver} driver cannot do HTTP/{version}", "template", hint=lacks).under(
                "version"
            )
        return version

    def _file(self, name: str, key: str) -> str:
        """The real path of a file that the driver reads itself."""
        files = self.context.settings.files
        try:
            return files.on_disk(name, self.context.path.parent, private=key == "cert")
        except FileRefused as error:
            raise StepError(error.message, "policy", hint=error.hint).under(key) from None


def _resolved(place: str, address: str) -> tuple[str, str]:
    """`host:port` and an address. Raises StepError."""
    host, colon, port = place.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise StepError(f"`resolve` names `host:port`, not {place!r}", "template", hint=f"write `{place}:443`").under(
            "resolve"
        )
    if not address or any(character.isspace() or character == "," for character in address):
        raise StepError(f"{address!r} is no address", "template", hint="an IP address, or `address:port`").under(
            "resolve"
        )
    return place, address
