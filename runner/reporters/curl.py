"""Makes a curl command that sends the same request, for a POSIX shell. Secrets are shell variables."""

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
"""Python programs that encode a secret as it is encoded in the request."""

_VERSIONS = {"1.1": "--http1.1", "2": "--http2", "3": "--http3-only"}


def curl_command(exchange: Exchange) -> str:
    """The curl command that sends the request of an exchange.

    Args:
        exchange: A masked exchange. Its secrets become environment variables with the names of the secrets.
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
    """The options that most requests of a suite share, and whether a value in them is masked."""
    shell = _Shell()
    request = Request("GET", "", headers, None, timeout, transport, removed)
    return (*_headers(request, shell), *_transport(request, shell)), shell.lost


class _Shell:
    """Quotes the words of a command, and collects the variables that they use."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.codings: dict[str, tuple[str, str]] = {}
        self.lost = False

    def word(self, text: str) -> str:
        """A text as one word of the command, with a variable in place of each secret."""
        if "\ue000" not in text and MASK not in text:  # most have no secret
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
        """The lines before the command."""
        if self.names:
            yield f"# export these secrets first: {', '.join(self.names)}"
        if self.lost:
            yield f"# replace {MASK}: the secret is encoded there in a way that this command cannot reproduce"
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
        yield "--header 'Content-Type:'"  # else curl adds its own


def _body(request: Request, shell: _Shell) -> Iterator[str]:
    if request.body is None:
        return
    yield "--data-binary @-" if _piped(request) else f"--data-raw {shell.word(request.body.decode())}"


def _piped(request: Request) -> str:
    """The command that pipes a body into curl, where no argument can hold it; else ""."""
    body = request.body or b""
    try:
        if "\0" not in body.decode() and len(body) < 100_000:
            return ""
    except UnicodeDecodeError:
        pass
    return f"base64 -d <<< '{base64.b64encode(body).decode()}' |"


def _transport(request: Request, shell: _Shell) -> Iterator[str]:
    transport = request.transport
    if transport.verify is False:
        yield "--insecure"
    elif isinstance(transport.verify, str):
        yield f"--cacert {shlex.quote(transport.verify)}"
    if transport.cert is not None:
        certificate, key = transport.cert
        yield f"--cert {shlex.quote(certificate)}" + (f" --key {shlex.quote(key)}" if key else "")
        yield from ("--pass '' # the password of the key",) if transport.cert_password else ()
    if transport.proxy:
        yield f"--proxy {shell.word(transport.proxy)}"
    if transport.version:
        yield _VERSIONS[transport.version]
    for place, address in transport.resolve:
        yield f"--connect-to {shlex.quote(f'{place}:{address}')}"
    if transport.unix_socket:
        yield f"--unix-socket {shlex.quote(transport.unix_socket)}"
    if transport.encodings is None or transport.encodings:
        yield "--compressed"
    yield f"--max-time {request.timeout:g}"
