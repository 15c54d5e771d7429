"""An exchange as a curl command for a POSIX shell: quoted so that it sends the same bytes, each secret as `$NAME`."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache

from ..model.exchange import Exchange, Headers, Request, Transport
from ..redaction import CLEAR, MASK, marks

_CODED = {
    "url": "import os,sys,urllib.parse as u;print(u.quote(os.environ[sys.argv[1]],safe=''),end='')",
    "form": "import os,sys,urllib.parse as u;print(u.quote_plus(os.environ[sys.argv[1]]),end='')",
    "json": "import os,sys,json;print(json.dumps(os.environ[sys.argv[1]])[1:-1],end='')",
}
"""How a secret is coded where it does not stand as it is."""

_VERSIONS = {"1.1": "--http1.1", "2": "--http2", "3": "--http3-only"}


def curl_command(exchange: Exchange) -> str:
    """The command.

    Args:
        exchange: Masked. Where secrets are part of its request, they are environment variables named as the secrets are.
    """
    if exchange.curl:
        return exchange.curl
    request = exchange.named or exchange.request
    shell = _Shell()
    parts = ["curl", *_method(request), shell.word(request.url)]
    parts += ["--globoff"] if set(request.url) & set("[]{}") else []
    parts += ["--path-as-is"] if "/." in request.url else []
    if exchange.named is None and request.body is None:
        options, lost = _without_secrets(request.headers, request.defaults_removed, request.transport, request.timeout)
        shell.lost = shell.lost or lost
    else:
        options = (*_headers(request, shell), *_body(request, shell), *_transport(request, shell))
    command = " \\\n  ".join([" ".join(parts), *options])
    binary = _piped(request)
    return "\n".join([*shell.lines(), f"{binary} {command}" if binary else command])


@lru_cache(maxsize=64)
def _without_secrets(
    headers: Headers, removed: tuple[str, ...], transport: Transport, timeout: float
) -> tuple[tuple[str, ...], bool]:
    """The options of a command, which most requests of a suite share, and whether something in them is masked."""
    shell = _Shell()
    request = Request("GET", "", headers, None, timeout, transport, removed)
    return (*_headers(request, shell), *_transport(request, shell)), shell.lost


class _Shell:
    """Words of a command, and the variables that they use."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.codings: dict[str, tuple[str, str]] = {}
        self.lost = False

    def word(self, text: str) -> str:
        """A text as one word; what is a secret in it as a variable."""
        if "\ue000" not in text and MASK not in text:  # most hold no secret
            return shlex.quote(text)
        self.lost = self.lost or MASK in text
        parts = []
        for plain, name, coding in marks(text):
            parts.append(shlex.quote(plain) if plain else "")
            if name:
                parts.append(f'"${{{self._variable(name, coding)}}}"')
        return "".join(parts) or "''"

    def _variable(self, name: str, coding: str) -> str:
        variable = re.sub(r"\W", "_", name, flags=re.ASCII)
        variable = f"_{variable}" if variable[:1].isdigit() else variable
        self.names[variable] = name
        if not coding:
            return variable
        self.codings[f"{variable}_{coding}"] = variable, coding
        return f"{variable}_{coding}"

    def lines(self) -> Iterator[str]:
        """What must stand before the command."""
        if self.names:
            yield f"# secrets, to be exported first: {', '.join(self.names)}"
        if self.lost:
            yield f"# where {MASK} stands, a secret is coded in a way that no command can make again"
        for name, (variable, coding) in self.codings.items():
            yield f'{name}=$(python3 -c "{_CODED[coding]}" {variable})'


def _method(request: Request) -> list[str]:
    if request.method == "GET" and request.body is None:
        return []
    if request.method == "HEAD":
        return ["--head"]
    if request.method == "POST" and request.body is not None:
        return []
    return ["--request", shlex.quote(request.method)]


def _headers(request: Request, shell: _Shell) -> Iterator[str]:
    given = {name.lower() for name, _ in request.headers}
    for name, value in request.headers:
        if value.startswith(f"Basic {CLEAR}"):
            yield f"--user {shell.word(value.removeprefix(f'Basic {CLEAR}'))}"
        else:
            yield f"--header {shell.word(f'{name}: {value}' if value else f'{name};')}"
    for name in request.defaults_removed:
        if name not in given:
            yield f"--header {shlex.quote(f'{name}:')}"
    if request.body is not None and "content-type" not in given:
        yield "--header 'Content-Type:'"  # else curl adds one of its own


def _body(request: Request, shell: _Shell) -> Iterator[str]:
    if request.body is None:
        return
    yield "--data-binary @-" if _piped(request) else f"--data-raw {shell.word(request.body.decode())}"


def _piped(request: Request) -> str:
    """What gives a body that no argument can hold, or ""."""
    body = request.body or b""
    try:
        if "\0" not in body.decode() and len(body) < 100_000:
            return ""
    except UnicodeDecodeError:
        pass
    return f"base64 -d <<< '{base64.b64encode(body).decode()}' |"


def _transport(request: Request, shell: _Shell) -> Iterator[str]:
    carried = request.transport
    if carried.verify is False:
        yield "--insecure"
    elif isinstance(carried.verify, str):
        yield f"--cacert {shlex.quote(carried.verify)}"
    if carried.cert is not None:
        certificate, key = carried.cert
        yield f"--cert {shlex.quote(certificate)}" + (f" --key {shlex.quote(key)}" if key else "")
        yield from ("--pass '' # and its password",) if carried.cert_password else ()
    if carried.proxy:
        yield f"--proxy {shell.word(carried.proxy)}"
    if carried.version:
        yield _VERSIONS[carried.version]
    for place, address in carried.resolve:
        yield f"--connect-to {shlex.quote(f'{place}:{address}')}"
    if carried.unix_socket:
        yield f"--unix-socket {shlex.quote(carried.unix_socket)}"
    if carried.encodings is None or carried.encodings:
        yield "--compressed"
    yield f"--max-time {request.timeout:g}"
