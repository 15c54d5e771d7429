"""Rules about exposure: secrets in files or reports, and connections that others can read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..language.document import METHODS
from ..model.errors import DocumentPath, Edit
from ..plan.http import HttpPlan
from ..redaction import sounds_secret
from .rule import Remark
from .subject import Subject, scalars


def not_masked(subject: Subject) -> Iterator[Remark]:
    """A variable with the name of a secret whose value is not masked, because it is not declared as a secret."""
    plan = subject.plan
    hidden = set(plan.secrets)
    for step in subject.steps:
        for extract in step.extracts:
            if sounds_secret(extract.name) and extract.name not in hidden and not extract.secret:
                yield _undeclared(subject, extract.name, extract.path, on_key=True)
    for name, file, path in plan.env:
        if sounds_secret(name) and name not in hidden and file == plan.file and "auth" not in path:
            yield _undeclared(subject, name, path)


def _undeclared(subject: Subject, name: str, path: DocumentPath, *, on_key: bool = False) -> Remark:
    message = f"`{name}` sounds secret, and nothing masks it in reports"
    return Remark(path, message, f"name it: `secrets: [{name}]`", on_key, _declare(subject, name))


def _declare(subject: Subject, name: str) -> Edit | None:
    """Where the name goes: into the list that is there, or into a new one above the steps."""
    source, written = subject.source, subject.data.get("secrets")
    if isinstance(written, list) and written:
        span = source.span(("secrets", len(written) - 1))
        assert span is not None  # it was read
        flow = source.lines[span.line].lstrip().startswith("secrets")
        text = (
            f", {name}"
            if flow
            else f"\n{' ' * (len(source.lines[span.line]) - len(source.lines[span.line].lstrip()))}- {name}"
        )
        return Edit(span.end_line, span.end_column, span.end_line, span.end_column, text)
    key = source.span(("steps",), on_key=True)
    return (
        None
        if key is None or key.column or written is not None
        else Edit(key.line, 0, key.line, 0, f"secrets: [{name}]\n")
    )


_SHAPES = (
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "a JWT"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abp]|sk_live|rk_live)[-_]\w{10,}"), "an access token"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"^(?:Bearer|Basic|Token)\s+[\w.~+/=-]{8,}$", re.IGNORECASE), "a credential"),
)
_SAY_WHAT_IS_EXPECTED = frozenset(
    {"expect", "assert", "extract", "secrets", "inputs", "outputs", "description", "name", "attach", "if"}
)


def literal_secret(subject: Subject) -> Iterator[Remark]:
    """A secret is written in the file, where everybody with access to the repository can read it."""
    for path, value in scalars(subject.data):
        if not isinstance(value, str) or "{{" in value:
            continue
        what = next((name for shape, name in _SHAPES if shape.search(value)), "")
        if not what and len(value) >= 6 and _named_secret(path) and not _SAY_WHAT_IS_EXPECTED & set(path):
            what = f"the value of `{path[-1]}`"
        if what:
            hint = 'use an environment variable, "{{ env.NAME }}", and add its name to `secrets`'
            yield Remark(path, f"{what} is written in the file, where others can read it", hint)


def _named_secret(path: DocumentPath) -> bool:
    words = [part for part in path if isinstance(part, str)]
    return bool(words) and sounds_secret(words[-1])


def not_verified(subject: Subject) -> Iterator[Remark]:
    """`verify: false`: others on the network can pretend to be the server."""
    for step, request in subject.requests:
        if isinstance(request.http, HttpPlan) and request.http.transport.verify is False:
            own = subject.data[step.path[0]][step.path[1]].get("http")
            path = (
                (*step.path, "http", "verify")
                if isinstance(own, dict) and "verify" in own
                else ("defaults", "http", "verify")
            )
            hint = "name the CA of the certificate: `verify: ca.pem`"
            yield Remark(
                path,
                "the server's certificate is not verified, so others on the network can pretend to be the server",
                hint,
            )


_URL_KEYS = frozenset({*METHODS, "token_url"})
_LOCAL_SUFFIXES = (".local", ".localhost", ".internal", ".test", ".example", ".invalid", ".svc", ".lan")


def in_the_clear(subject: Subject) -> Iterator[Remark]:
    """`http://` to a host on another network: others can read and change the traffic."""
    for path, value in _urls(subject.data):
        if value.lower().startswith("http://") and not _is_local(value):
            yield Remark(
                path,
                f"requests to {value.split('/')[2]} use no TLS, so others on the network can read them",
                "write https://",
            )


def _urls(data: Any) -> Iterator[tuple[DocumentPath, str]]:
    for path, value in scalars(data):
        key = path[-1] if path else ""
        if isinstance(value, str) and (path == ("base_url",) or key in _URL_KEYS) and "expect" not in path:
            yield path, value


def _is_local(url: str) -> bool:
    host = (urlsplit(url.split("{{", 1)[0]).hostname or "").lower()
    if not host or ("." not in host and ":" not in host) or host.endswith(_LOCAL_SUFFIXES):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
