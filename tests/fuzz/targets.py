"""What is fuzzed: each takes any bytes, and may only end in the errors that it says. By hand with `fuzz.py`; the corpus is a test."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from runflow.drivers.requests.connection import SingleDeadline, _Response
from runflow.drivers.response_head import CutShort, MalformedHead, ResponseHead
from runflow.engine.redirects import SAFE_ELSEWHERE, redirected
from runflow.language.read import read_document
from runflow.language.source import Source
from runflow.language.yaml import load_yaml
from runflow.model.errors import StepError, WorkflowError
from runflow.model.exchange import Request, Response
from runflow.model.urls import origin_of

CORPUS = Path(__file__).parent / "corpus"


def loader(data: bytes) -> None:
    """A file is read and its problems have places, whatever is in it."""
    problems: list = []
    try:
        content, source = load_yaml(data, "flow.yaml", problems)
    except WorkflowError as error:
        assert error.problems
        _places(error.problems, Source("flow.yaml", data.decode("utf-8", "replace"), None, lambda _: None))
        return
    read_document(content, "flow.yaml", problems)
    _places(problems, source)


def _places(problems: list, source: Source) -> None:
    for problem in problems:
        assert problem.message
        if problem.place is not None:
            where = source.where(problem.place)
            assert where.line >= 1
            assert where.column >= 1


def head(data: bytes) -> None:
    """The head of an answer is whole and sound, or refused; what comes after it is not taken for it."""
    taken = ResponseHead()
    lines = data.split(b"\n")
    try:
        for line in lines:
            if taken.feed(line + b"\n"):
                break
    except MalformedHead as problem:
        assert str(problem)
        return
    if taken.status:
        assert 200 <= taken.status <= 999
        assert all(name and not set("\r\n\0") & set(name + value) for name, value in taken.lines)
        lengths = {part.strip() for value in taken.values("content-length") for part in value.split(",")}
        assert len(lengths) <= 1
        assert not (lengths and taken.values("transfer-encoding"))


class _Wire(io.BytesIO):
    """Bytes that came, as a socket gives them."""

    recv_into = io.BytesIO.readinto

    def settimeout(self, _: float) -> None: ...

    def makefile(self, *_: object, **__: object) -> _Wire:
        return self


def heads(data: bytes) -> None:
    """The two ways to read a head come to the same lines, where both take it."""
    taken = ResponseHead()
    with suppress(MalformedHead):
        for line in data.splitlines(keepends=True) if b"\r" not in data.replace(b"\r\n", b"") else ():
            if taken.feed(line):
                break
    attempt = SingleDeadline()
    attempt.begin(time.monotonic() + 10, (), "http://h/")
    connection = SimpleNamespace(attempt=attempt, tainted=False)
    try:
        response = _Response(_Wire(data), method="GET", connection=connection)  # type: ignore[arg-type]  # what it uses of them
        response.begin()
    except (http.client.HTTPException, CutShort, ValueError):
        return
    assert attempt.lines is not None
    assert not any(set("\r\n\0") & set(name + value) for name, value in attempt.lines)
    if taken.status:
        assert response.status == taken.status
        assert list(map(_plain, attempt.lines)) == list(map(_plain, taken.lines))


def _plain(line: tuple[str, str]) -> tuple[str, str]:
    """A line whose folds are one space each: both may leave more where one is empty."""
    return line[0], " ".join(line[1].split())


_SECRET = (("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Key", "k"), ("Accept", "*/*"))


def redirect(data: bytes) -> None:
    """Wherever an answer points, it is an http(s) URL with a host, and nothing secret goes to another origin."""
    status = (301, 302, 303, 307, 308)[data[0] % 5 if data else 0]
    location = data[1:].decode("latin-1")
    request = Request("GET", "http://home.test:81/a/b?c", _SECRET)
    try:
        following = redirected(request, Response(status, request.url, headers=(("Location", location),)), frozenset())
    except StepError as error:
        assert error.kind == "policy"
        return
    if following is None:
        assert not location
        return
    assert following.url.startswith(("http://", "https://"))
    assert following.url.isascii()
    assert not any(letter <= " " or letter == "\x7f" for letter in following.url)
    authority = following.url.split("/")[2]
    assert authority
    assert "@" not in authority
    if origin_of(following.url) != "http://home.test:81":
        assert {name.lower() for name, _ in following.headers} <= SAFE_ELSEWHERE


TARGETS: dict[str, Callable[[bytes], None]] = {each.__name__: each for each in (loader, head, heads, redirect)}
