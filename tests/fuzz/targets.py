"""What is fuzzed: each takes any bytes, and may only end in the errors that it says. By hand with `fuzz.py`; the corpus is a test."""

from __future__ import annotations

import http.client
import io
import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fakes import problems

from runflow.drivers.requests.connection import SingleDeadline, _Response
from runflow.drivers.response_head import CutShort, MalformedHead, ResponseHead
from runflow.engine.redirects import SAFE_CROSS_ORIGIN, redirected
from runflow.language.read import read_document
from runflow.language.source import Source
from runflow.language.yaml import load_yaml
from runflow.model.errors import DocumentPath, StepError, WorkflowError
from runflow.model.exchange import Request, Response
from runflow.model.urls import origin_of

CORPUS = Path(__file__).parent / "corpus"


def loader(data: bytes) -> None:
    """A file is read and its problems have places, whatever is in it."""
    found: list = []
    try:
        content, source = load_yaml(data, "flow.yaml", found)
    except WorkflowError as error:
        assert error.problems
        _places(error.problems, Source("flow.yaml", data.decode("utf-8", "replace"), None, lambda _: None))
        return
    read_document(content, "flow.yaml", found)
    _places(found, source)


def _places(found: list, source: Source) -> None:
    for problem in found:
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
    except (http.client.HTTPException, CutShort, MalformedHead, ValueError):
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
        assert {name.lower() for name, _ in following.headers} <= SAFE_CROSS_ORIGIN


_DOCUMENT: dict[str, Any] = {
    "name": "a",
    "base_url": "http://api.test",
    "inputs": ["who"],
    "vars": {"v": "1", "w": "2"},
    "tags": ["t"],
    "secrets": ["v"],
    "matrix": {"m": [1, 2], "n": [1]},
    "cases": [{"c": 1}, {"c": 2}],
    "timeout": "1m",
    "load": {"weight": 1, "per": "user", "thresholds": {"p95": "1s", "rps": 10}, "think_time": "1s"},
    "auth": {
        "api": {"oauth2": {"grant": "password", "token_url": "/t", "client_id": "i", "client_auth": "body",
                           "username": "u", "password": "p", "scope": "s", "extra": {"x": "y"}},
                "renew": {"before_expiry": "1s", "on_status": [401]}, "origins": ["http://a.test"]},
        "key": {"api_key": {"name": "a", "value": "b", "in": "header"}},
        "user": {"basic": {"username": "u", "password": "p"}},
        "site": {"login": {"post": "/l", "timeout": "1s", "extract": {"token": "$.a"}}, "attach": {"header A": "{{ token }}"},
                 "logout": [{"delete": "/l"}]},
        "aws": {"aws_sigv4": {"access_key": "a", "secret_key": "b", "region": "c", "service": "d"}},
    },
    "defaults": {"timeout": "1s", "headers": {"a": "b"}, "http": {"max_redirects": 1}, "expect": {"duration": {"lt": "1s"}}},
    "steps": [
        {"get": "/a/{{ v }}", "auth": "api", "retry": {"times": 1, "every": "1s", "backoff": 2},
         "extract": {"one": "$.one", "two": {"from": "$.two", "filter": "int"}}, "expect": {"status": 200, "$.a": {"equals": 1}},
         "http": {"verify": True, "cert": {"cert": "a.pem", "key": "a.pem"}, "charset": "utf-8"}},
        {"get": "/b", "paginate": {"next": "$.next", "max": 3}, "params": {"q": "{{ one }}"}, "timeout": "1s"},
        {"get": "/b", "paginate": {"next": {"param": "p", "from": "$.next"}, "max": 3}},
        {"post": "/c", "graphql": {"query": "{ a }", "variables": {"a": "{{ w }}"}, "operation": "o"}, "tags": ["t"]},
        {"post": "/d", "json": {"a": ["{{ two }}"]}, "delay": "1s", "assert": ["v == 1", "w == 2"]},
        {"for_each": ["a", "b"], "as": "it", "put": "/e", "form": {"a": "{{ it }}"}},
        {"post": "/f", "body": {"hex": "00"}, "expect": [200, 204]},
        {"set": {"s": "{{ v }}", "r": "1"}, "if": "v == 1"},
        {"post": "/g", "multipart": {"f": {"text": "x", "type": "a/b"}}, "auth": {"bearer": "{{ s }}"}},
        {"head": "/h"},
    ],
    "finally": [{"delete": "/a", "auth": "user"}, {"delete": "/b", "auth": "site"}],
    "outputs": {"o": "{{ one }}"},
}  # fmt: skip
"""A workflow that is right, and has a value for almost every key."""

_GONE = object()
_WRONG: tuple[tuple[DocumentPath, Any], ...] = (
    (("name",), 5), (("nmae",), 5), (("description",), ["x"]), (("tags",), {}), (("tags",), [5]), (("inputs",), 5),
    (("inputs",), [5]), (("vars",), 5), (("vars", "v v"), 1), (("vars", "w"), "{{ nothing }}"), (("secrets",), 7),
    (("secrets",), ["zzz"]), (("matrix",), 5), (("matrix", "m"), 5), (("cases",), 5), (("cases", 0), 5), (("timeout",), 5),
    (("timeout",), "soon"), (("load",), 5), (("load", "weight"), 0), (("load", "weight"), 10**400), (("load", "per"), "x"),
    (("load", "thresholds", "p95"), []), (("load", "thresholds", "zz"), 1), (("load", "think_time"), 1),
    (("auth",), 5), (("auth", "api"), 5), (("auth", "api", "oauth2"), 5), (("auth", "api", "oauth2", "grant"), "foo"),
    (("auth", "api", "oauth2", "grant"), "password\n"), (("auth", "api", "oauth2", "grant"), 5), (("auth", "api", "oauth2", "grant"), _GONE),
    (("auth", "api", "oauth2", "token_url"), 5), (("auth", "api", "oauth2", "token_url"), _GONE),
    (("auth", "api", "oauth2", "token_url"), "/{{ nothing_a }}"),
    (("auth", "api", "oauth2", "username"), _GONE), (("auth", "api", "oauth2", "client_auth"), "x"),
    (("auth", "api", "oauth2", "scope"), "{{ nothing_b }}"),
    (("auth", "api", "oauth2", "extra", "grant_type"), "x"), (("auth", "api", "oauth2", "unknown"), "x"),
    (("auth", "api", "renew", "before_expiry"), 1), (("auth", "api", "renew", "on_status"), [7]), (("auth", "api", "renew", "on_status", 0), "x"),
    (("auth", "api", "origins", 0), "x"), (("auth", "api", "origins"), "x"),
    (("auth", "user", "digest"), {"username": "u", "password": "{{ nothing_l }}"}),
    (("auth", "key", "api_key", "in"), "x"), (("auth", "key", "api_key", "name"), 5), (("auth", "key", "api_key", "value"), _GONE),
    (("auth", "key", "api_key"), "x"), (("auth", "user", "basic", "username"), 5), (("auth", "user", "basic", "username"), "{{ nothing_c }}"),
    (("auth", "user", "basic", "password"), _GONE), (("auth", "user", "basic", "x"), 5), (("auth", "user"), {}),
    (("auth", "site", "login"), 5), (("auth", "site", "login", "post"), 5), (("auth", "site", "login", "timeout"), 5),
    (("auth", "site", "login", "extract", "token"), 5), (("auth", "site", "login", "extract", "token"), "nope"),
    (("auth", "site", "attach"), 5), (("auth", "site", "attach", "header A"), 5), (("auth", "site", "attach", "x"), "y"),
    (("auth", "site", "logout", 0), 5), (("auth", "site", "logout", 0, "delete"), 5), (("auth", "site", "logout"), []),
    (("auth", "aws", "aws_sigv4", "region"), 5), (("auth", "aws", "aws_sigv4", "service"), _GONE),
    (("defaults",), 5), (("defaults", "timeout"), 5), (("defaults", "headers"), 5), (("defaults", "http", "max_redirects"), -1),
    (("defaults", "http", "x"), 1), (("defaults", "expect", "duration"), {"lessthan": 1}), (("defaults", "x"), 5),
    (("steps",), 5), (("steps",), _GONE), (("steps",), []), (("steps", 0), 5), (("steps", 0, "get"), 5), (("steps", 9, "head"), _GONE),
    (("steps", 0, "put"), "/x"), (("steps", 0, "gte"), "/x"), (("steps", 0, "auth"), 5), (("steps", 0, "auth"), "nope"),
    (("steps", 0, "retry"), 1.0), (("steps", 0, "retry", "times"), 1.0), (("steps", 0, "retry", "every"), 5),
    (("steps", 0, "retry", "every"), "x"), (("steps", 0, "retry", "backoff"), 0.5), (("steps", 0, "extract", "one"), 5),
    (("steps", 0, "extract", "two", "from"), 5), (("steps", 0, "extract", "two", "from"), _GONE), (("steps", 0, "extract", "two", "from"), "nope"),
    (("steps", 0, "extract", "two", "filter"), "nope"), (("steps", 0, "extract", "two", "x"), "nope"),
    (("steps", 0, "expect"), None), (("steps", 0, "expect", "status"), 900), (("steps", 0, "expect", "$.a", "x"), 1),
    (("steps", 0, "expect", "x"), 1), (("steps", 0, "http", "verify"), 5), (("steps", 0, "http", "verify"), "no.pem"),
    (("steps", 0, "http", "cert", "key"), "no.pem"),
    (("steps", 0, "http", "version"), 7), (("steps", 0, "http", "cert", "cert"), _GONE),
    (("steps", 0, "http", "cert", "cert"), 5), (("steps", 0, "http", "cert", "x"), 5), (("steps", 0, "http", "charset"), 5),
    (("steps", 1, "paginate", "next"), 5), (("steps", 1, "paginate", "next"), _GONE), (("steps", 1, "paginate", "next"), "nope"),
    (("steps", 1, "paginate", "max"), 0), (("steps", 1, "paginate", "x"), 0), (("steps", 1, "params"), 5),
    (("steps", 1, "params", "q"), "{{ nothing_d }}"), (("steps", 1, "timeout"), "0s"),
    (("steps", 2, "paginate", "next", "param"), 5), (("steps", 2, "paginate", "next", "from"), _GONE), (("steps", 2, "paginate", "next", "x"), 5),
    (("steps", 3, "graphql"), 5), (("steps", 3, "graphql", "query"), 5), (("steps", 3, "graphql", "query"), _GONE),
    (("steps", 3, "graphql", "variables"), "{{ nothing_e }}"), (("steps", 3, "graphql", "operation"), 5), (("steps", 3, "tags", 0), 5),
    (("steps", 4, "json", "a", 0), "{{ nothing_f }}"), (("steps", 4, "json", "a", 0), "{{ 1 | nope }}"), (("steps", 4, "delay"), 5),
    (("steps", 4, "assert"), 5), (("steps", 4, "assert", 0), 5), (("steps", 4, "assert", 1), {"a": 1}), (("steps", 4, "assert", 0), "nothing_g"),
    (("steps", 5, "for_each"), 5), (("steps", 5, "as"), 5), (("steps", 5, "form"), 5), (("steps", 5, "form", "a"), "{{ nothing_h }}"),
    (("steps", 6, "body"), 5), (("steps", 6, "body", "hex"), 5), (("steps", 6, "body", "hex"), "zz"), (("steps", 6, "body", "x"), 1),
    (("steps", 6, "expect", 0), 2.5), (("steps", 6, "expect", 1), []), (("steps", 6, "xml"), "<a/>"),
    (("steps", 7, "set"), 5), (("steps", 7, "set", "r"), "{{ nothing_i }}"), (("steps", 7, "if"), 5), (("steps", 7, "if"), "nothing_j"),
    (("steps", 8, "multipart", "f", "x"), 5), (("steps", 8, "multipart", "f"), {}), (("steps", 8, "auth", "bearer"), 5),
    (("steps", 8, "auth", "bearer"), ""),
    (("finally",), 5), (("finally", 0), 5), (("finally", 0, "delete"), 5), (("finally", 0, "x"), 5), (("finally", 1, "auth"), "nope"),
    (("outputs",), 5), (("outputs", "o"), "{{ nothing_k }}"),
)  # fmt: skip
"""Mistakes in it: a place and what is there instead of the right value."""


def _spoilt(chosen: list[int]) -> dict[str, Any]:
    document = deepcopy(_DOCUMENT)
    for number in chosen:
        (*above, last), value = _WRONG[number]
        owner: Any = document
        for key in above:
            owner = owner[key]
        if value is _GONE:
            del owner[last]
        else:
            owner[last] = value
    return document


def _found(chosen: list[int]) -> set[tuple[DocumentPath, str]]:
    return {
        (each.place.path, each.message)
        for each in problems(json.dumps(_spoilt(chosen)), files={"a.pem": ""})
        if each.place
    }


@cache
def _found_alone(number: int) -> frozenset[tuple[DocumentPath, str]]:
    return frozenset(_found([number]))


def _own(number: int, others: Iterable[int]) -> set[tuple[DocumentPath, str]]:
    """The problems of a mistake itself: at its place, above it or below it.

    What a map lacks is left out where it has another mistake: that may be the reason.
    """
    place = _WRONG[number][0]
    maps = {_WRONG[other][0][:-1] for other in others if other != number}
    found = {each for each in _found_alone(number) if each[0][: len(place)] == place[: len(each[0])]}
    return {each for each in found if each[0] not in maps}


def mistakes(data: bytes) -> None:
    """Every mistake that is reported alone is reported among others, and nothing else is. The bytes choose mistakes."""
    chosen: list[int] = []
    for byte in data[:40]:
        number = byte % len(_WRONG)
        place = _WRONG[number][0]
        if not any(place[: len(other)] == other[: len(place)] for other in (_WRONG[each][0] for each in chosen)):
            chosen.append(number)
    together = _found(chosen)
    for number in chosen:
        assert _own(number, ()), _WRONG[number]
        missing = _own(number, chosen) - together
        assert not missing, (_WRONG[number], missing, [_WRONG[each] for each in chosen])
    alone = frozenset[tuple[DocumentPath, str]]().union(*map(_found_alone, chosen))
    assert together <= alone, (together - alone, [_WRONG[each] for each in chosen])


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (loader, mistakes, head, heads, redirect)
}
