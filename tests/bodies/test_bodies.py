"""Each body is encoded as its standard says, and what is wrong with it is found before anything is sent."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import pytest
from fakes import answer, problems, run

from runflow.model.exchange import Request


def sent(step: str, **kwargs: Any) -> Request:
    ran = run(f"steps:\n  - post: /x\n    {step}\n", [answer(200, {})], **kwargs)
    assert ran.verdict == "passed", ran.errors
    return ran.sent()


def content_type(request: Request) -> str:
    return dict(request.headers).get("Content-Type", "")


@pytest.mark.parametrize(
    ("step", "body", "kind"),
    [
        ('json: {b: 1, a: [1.0, null, true, "ü", "0123"]}', '{"b":1,"a":[1.0,null,true,"ü","0123"]}'.encode(), "application/json"),
        ("json: null", b"null", "application/json"), ("json: text", b'"text"', "application/json"), ("json: []", b"[]", "application/json"),
        ("json: 12345678901234567890", b"12345678901234567890", "application/json"),
        ("form: {a: x y, b: [1, true], c: ü&}", b"a=x+y&b=1&b=true&c=%C3%BC%26", "application/x-www-form-urlencoded"),
        ("body: plain ü", "plain ü".encode(), "text/plain; charset=utf-8"), ("body: {base64: AAEC}", b"\0\1\2", "application/octet-stream"),
        ("body: {hex: 00ff}", b"\0\xff", "application/octet-stream"), ("body: {file: f.bin}", b"\1\2", "application/octet-stream"),
        ('xml: "<a/>"', b"<a/>", "application/xml; charset=utf-8"), ('body: ""', b"", "text/plain; charset=utf-8"),
        ("graphql: {query: 'query Q($id: ID) { user }', variables: {id: 1}, operation: Q}",
            b'{"query":"query Q($id: ID) { user }","variables":{"id":1},"operationName":"Q"}', "application/json"),
            ("graphql: {query: '{ a }'}", b'{"query":"{ a }"}', "application/json"),
    ],
)  # fmt: skip
def test_a_body_is_sent_as_its_kind_says(step: str, body: bytes, kind: str) -> None:
    request = sent(step, files={"f.bin": b"\1\2"})
    assert request.body == body
    assert content_type(request) == kind


def test_values_keep_their_types_in_json() -> None:
    text = (
        'json: {qty: "{{ qty }}", text: " {{ qty }}", zero: "{{ zero }}", order: "{{ order }}", inner: "a {{ order }}", "{{ '
        'key }}": 1}\nvars: {qty: 3, zero: "0123", order: {id: 1}, key: k}'
    )
    request = sent(text)
    assert json.loads(request.body or b"") == {
        "qty": 3,
        "text": " 3",
        "zero": "0123",
        "order": {"id": 1},
        "inner": 'a {"id":1}',
        "k": 1,
    }


def test_a_header_of_the_step_decides_the_content_type() -> None:
    assert content_type(sent("json: 1\n    headers: {content-type: application/x}")) == ""
    assert dict(sent("json: 1\n    headers: {content-type: application/x}").headers) == {
        "content-type": "application/x"
    }
    assert sent("json: 1\n    headers: {Content-Type: null}").headers == ()


def test_multipart_has_texts_files_and_json_under_their_names() -> None:
    step = """multipart:
      title: hello
      count: 3
      file: {file: data.csv}
      named: {file: data.csv, filename: 'a"b.txt', type: text/x}
      meta: {json: {a: 1}}
      note: {text: hi, type: text/markdown}
      many: [x, {text: y}]"""
    request = sent(step, files={"data.csv": "a,b\n"})
    message = message_from_bytes(
        f"Content-Type: {content_type(request)}\r\n\r\n".encode() + (request.body or b""), policy=HTTP
    )
    parts = [
        (
            p.get_param("name", header="content-disposition"),
            p.get_filename(),
            p.get_content_type(),
            p.get_payload(decode=True),
        )
        for p in message.iter_parts()
    ]
    assert parts == [
        ("title", None, "text/plain", b"hello"), ("count", None, "text/plain", b"3"), ("file", "data.csv", "text/csv", b"a,b\n"),
        ("named", "a%22b.txt", "text/x", b"a,b\n"),
        ("meta", None, "application/json", b'{"a":1}'), ("note", None, "text/markdown", b"hi"), ("many", None, "text/plain", b"x"),
        ("many", None, "text/plain", b"y"),
    ]  # fmt: skip
    assert sent(step, files={"data.csv": "a,b\n"}).body == request.body


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("json:", "`json` is empty"), ("body: {file: a, hex: '00'}", "exactly one of file, base64, hex"),
        ("body: {base64: '###'}", "not Base64"), ("body: {hex: xyz}", "not hex"), ("body: {file: nope}", "there is no file nope"),
        ("multipart: {a: {file: nope}}", "there is no file nope"), ("multipart: {a: [{file: nope}]}", "there is no file nope"),
        ("multipart: {a: {}}", "exactly one of `file`, `json` and `text`; this one has none"),
        ("multipart: {a: {text: x, json: 1}}", "json and text"),
        ("multipart: {a: {txt: x}}", "exactly one"), ("multipart: {a: {text: x, typ: y}}", "unknown key 'typ'"),
        ("multipart: {a: {text: [x]}}", "`text` must be a text"),
        ("multipart: {a: {text: x, filename: y}}", "`filename` can only be used with `file`"),
        ("multipart: {a: null}", "a field must be a text or"),
        ("multipart: {a: [[x]]}", "a field must be a text or"), ("form: {a: {b: c}}", "expected a text"),
        ("form: {a: [null]}", "null is not allowed inside a list"), ("form: {a: null}", "a form field cannot be null"),
        ("graphql: {query: x, variables: [1]}", "`variables` must be a map"), ("json: 1\n    form: {a: b}", "a step can have one body"),
        ("body: {file: ../x}", "outside the file root"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_before_anything_is_sent(step: str, message: str) -> None:
    assert any(message in problem.message for problem in problems(f"steps:\n  - post: /x\n    {step}\n"))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ('form: {a: "{{ m }}"}', "`a` must be a text"), ('form: {a: "{{ n }}"}', "the value of the template of `a` is null"),
        ('body: {hex: "{{ s }}"}', "not hex"), ('body: {file: "{{ s }}"}', "there is no file zz"),
        ('graphql: {query: q, variables: "{{ s }}"}', "`variables` must be a map"),
        ('multipart: {a: {file: "{{ s }}"}}', "there is no file zz"), ('multipart: {a: "{{ n }}"}', "is null"),
        ('body: {base64: "{{ s }}!"}', "not Base64"),
    ],
)  # fmt: skip
def test_what_goes_wrong_while_rendering_is_an_error_of_the_step_at_its_place(step: str, message: str) -> None:
    ran = run(f"steps:\n  - post: /x\n    {step}\nvars: {{m: {{a: 1}}, n: null, s: zz, f: 1}}\n")
    assert ran.verdict == "error"
    assert message in ran.errors[0].message
    assert ran.errors[0].where is not None
    assert ran.errors[0].where.line == 3
    assert not ran.requests


def test_a_file_named_by_a_template_is_read_when_it_is_needed() -> None:
    request = sent('body: {file: "{{ name }}.bin"}\nvars: {name: f}', files={"f.bin": b"\7"})
    assert request.body == b"\7"


def test_json_that_has_no_form_is_an_error() -> None:
    ran = run('steps:\n  - set: {deep: "{{ 1e308 * 10 }}"}\n  - post: /x\n    json: {a: "{{ deep }}"}\n')
    assert "cannot be written as JSON" in ran.errors[0].message
