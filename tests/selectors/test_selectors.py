"""Every selector gives what the answer holds, in the type that the reference says."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from runflow.model.answer import Answer, read_json
from runflow.model.errors import InvalidArgument, StepError
from runflow.model.exchange import Response, TransportFailure
from runflow.model.kinds import MISSING
from runflow.selectors import markup
from runflow.selectors.table import KINDS, compile_selector

HTML = b"<html><body><a id='q' class='big'>x</a><a>y<b>z</b></a></body></html>"
XML = b"<?xml version='1.0'?><r xmlns:p='urn:p'><p:a>1</p:a><b n='2'>t</b></r>"


def make(body: bytes = b"", kind: str = "text/plain", *lines: tuple[str, str], **more: Any) -> Answer:
    headers = ((("Content-Type", kind),) if kind else ()) + lines
    response = Response(201, "http://h/end", "Created", headers, body, "1.1", 0.25, ip="127.0.0.1")
    return Answer(response, **more)


FULL = make(
    b"id=42; caf\xc3\xa9", "text/plain; charset=utf-8", ("X-A", "1"), ("x-a", "2"),
    ("Set-Cookie", "sid=old; Path=/a"), ("Set-Cookie", "sid=abc; Path=/; HttpOnly; Max-Age=60"), ("Set-Cookie", "broken"),
    redirects=("http://h/start",), jar={"sid": "abc"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        ("status", 201), ("reason", "Created"), ("url", "http://h/end"), ("duration", 0.25), ("http_version", "1.1"),
        ("redirects", ["http://h/start"]), ("ip", "127.0.0.1"),
        ("body", "id=42; café"), ("size", 12), ("sha256", "5dcabef8ba6e9ea60a8e4ff3f5b9a2f3a8f5dc9d5b3b2a5d57d44d8bbf2e2ab1"),
        ("hex", "69643d34323b20636166c3a9"),
        ("header x-A", "1, 2"), ("header X-B", MISSING), ("headers X-a", ["1", "2"]), ("headers nope", []), ("cookie sid", "abc"),
        ("cookie sid path", "/"),
        ("cookie sid HttpOnly", True), ("cookie sid secure", MISSING), ("cookie nope", MISSING), ("jar sid", "abc"), ("jar nope", MISSING),
        ("regex id=(\\d+)", "42"), ("regex caf.", "café"), ("regex nope", MISSING), ("regex (x)?id", MISSING), ("failure", MISSING),
    ],
)  # fmt: skip
def test_a_selector_gives_what_the_answer_holds(selector: str, value: Any) -> None:
    if selector == "sha256":
        import hashlib

        value = hashlib.sha256(FULL.require_response().body).hexdigest()
    found = compile_selector(selector).select(FULL)
    assert found is MISSING if value is MISSING else found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("body", "kind", "selector", "value"),
    [
        (HTML, "text/html", "css a", ["x", "yz"]), (HTML, "text/html", "css a#q.big", ["x"]), (HTML, "text/html", "css p", []),
        (HTML, "", "xpath //a", ["x", "yz"]),
        (HTML, "text/html", "xpath count(//a)", 2), (HTML, "text/html", "xpath string(//a[1])", "x"),
        (HTML, "text/html", "xpath //a/@id", ["q"]), (HTML, "text/html", "xpath //nope", []),
        (XML, "application/xml", "xpath //p:a", ["1"]), (XML, "text/xml", "xpath //b/@n", ["2"]), (XML, "application/xml", "css b", ["t"]),
        (XML, "application/xml", "xpath count(//b) > 0", [True]),
        ("<r>ü</r>".encode("latin-1"), "application/xml; charset=latin-1", "xpath //r", ["ü"]),
        (b"<!DOCTYPE r [<!ENTITY e 'boom'>]><r>&e;</r>", "application/xml", "xpath //r", ["&e;"]),
    ],
)  # fmt: skip
def test_markup_is_asked_by_xpath_and_css(body: bytes, kind: str, selector: str, value: Any) -> None:
    found = compile_selector(selector).select(make(body, kind))
    assert value in (found, [found])


@pytest.mark.parametrize(
    ("body", "kind", "selector", "message"),
    [
        (b"", "text/xml", "xpath //a", "the body is empty"), (b"<a", "text/xml", "xpath //a", "the body is not XML"),
        (b"<r/>", "text/xml", "xpath //q:a", "the XPath failed"),
        (b"{", "application/json", "$.a", "is not JSON"), (b"", "application/json", "$.a", "the body is empty"),
        (b"\xff", "text/plain", "body", "is not valid utf-8: byte 0xff"),
        (b"x", "text/plain; charset=nope", "body", "an unknown charset: 'nope'"), (b"no", "text/html", "$.a", "(text/html) is not JSON"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_that_way_says_so(body: bytes, kind: str, selector: str, message: str) -> None:
    with pytest.raises(StepError) as caught:
        compile_selector(selector).select(make(body, kind))
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("statu", "did you mean 'status'?"), ("json.a.b", "a JSONPath begins with $: `$.a.b`"), ("body.a", "`$.a`"),
        ("jsonpath", "write the JSONPath alone"), ("header", "write `header NAME`"),
        ("status 2", "takes no argument"), ("regex (", "the pattern '(' is not valid"), ("cookie sid pth", "did you mean 'path'?"),
        ("cookie sid zzz", "attributes: domain"),
        ("certificate expire", "did you mean 'expires'?"), ("timing ssl", "connect, dns, first_byte, tls, total"),
        ("timing", "lacks its argument"), ("xpath //[", "is not a valid XPath"), ("css a[", "is not a valid CSS selector"),
        ("zzz", "a JSONPath begins with $: `$.zzz`"), ("z-z", "selectors: $.path"), ("regex", "lacks its argument"),
    ],
)  # fmt: skip
def test_what_is_no_selector_is_refused_with_a_hint(selector: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        compile_selector(selector)
    assert message in f"{caught.value.message}\n{caught.value.hint}"


def test_a_missing_library_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_selector.cache_clear()
    markup._xpath.cache_clear()
    markup._elementpath.cache_clear()
    markup._css.cache_clear()
    monkeypatch.setitem(sys.modules, "elementpath", None)
    monkeypatch.setitem(sys.modules, "cssselect", None)
    for selector in ("xpath //a", "css a"):
        with pytest.raises(InvalidArgument, match="the extra `xml`") as caught:
            compile_selector(selector)
        assert caught.value.hint == "pip install 'runflow-http[xml]'"


def test_a_failure_has_a_kind_and_nothing_else() -> None:
    answer = Answer(None, failure=TransportFailure("tls", "tls", "no TLS", elapsed=0.5))
    assert compile_selector("failure").select(answer) == "tls"
    assert compile_selector("duration").select(answer) == 0.5
    with pytest.raises(StepError, match="there is no response: no TLS"):
        compile_selector("status").select(answer)


def test_an_include_has_outputs_only() -> None:
    answer = Answer(None, outputs={"a": 1})
    assert compile_selector("$.a").select(answer) == 1
    with pytest.raises(StepError, match="no response of its own"):
        compile_selector("body").select(answer)
    assert answer.duration == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', 'the key "a" occurs twice'), ("NaN", "NaN is not JSON"), ('{"a": -Infinity}', "-Infinity is not JSON"),
        ("[" * 100_000, "too deeply"),
        ("9" * 5000, "more than 4300 digits"), ("[-1e400]", "the number -1e400 does not fit"), ("{", "line 1, column 2"), ("", "line 1"),
        ("[1,]", "line 1"),
    ],
)  # fmt: skip
def test_json_is_read_strictly(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the words are checked below
        read_json(text)
    assert message in str(caught.value)
    assert read_json('\ufeff{"a": 12345678901234567890}') == {"a": 12345678901234567890}


def test_a_forced_charset_and_a_byte_order_mark_are_no_part_of_the_text() -> None:
    assert make(b"caf\xe9", charset="latin-1").text == "café"
    assert make(b"\xef\xbb\xbfhi").text == "hi"
    assert make(b'{"a":1}', "application/problem+json").says_json
    assert not make(b"{}", "").says_json


def test_every_kind_says_what_it_gives() -> None:
    assert all(kind.summary for kind in KINDS.values())
