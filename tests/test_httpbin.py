"""End to end against httpbin, a server that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runflow

STEPS = """
steps:
  - get: /get
    params: {a: [1, 2], b: x y&z}
    headers: {X-One: "1"}
    expect:
      status: 200
      $.args: {equals: {a: ["1", "2"], b: x y&z}}
      $.headers['X-One']: "1"
  - post: /post
    json: {qty: 3, ok: true, none: null}
    expect: {$.json: {equals: {qty: 3, ok: true, none: null}}}
  - put: /put
    form: {a: [x, y], b: ü}
    expect: {$.form: {equals: {a: [x, y], b: ü}}}
  - post: /post
    multipart: {note: hello, file: {file: f.txt}}
    expect: {$.files.file: file content, $.form.note: hello}
  - get: /gzip
    expect: {$.gzipped: true}
  - get: /deflate
    expect: {$.deflated: true}
  - get: /brotli
    http: {encodings: [gzip]}
    expect: {failure: decode}
  - get: /redirect/3
    expect: {status: 200, redirects: {length: 3}, url: {ends_with: /get}}
  - get: /cookies/set/sid/abc
    expect: {$.cookies.sid: abc, jar sid: abc}
  - get: /basic-auth/ada/lovelace
    auth: {basic: {username: ada, password: lovelace}}
    expect: {$.authenticated: true}
  - get: /bearer
    auth: {bearer: tok-123}
    expect: {$.token: tok-123}
  - get: /basic-auth/ada/lovelace
    auth: {basic: {username: ada, password: wrong}}
    expect: 401
  - get: /status/418
    expect: 418
  - get: /bytes/100
    expect: {size: 100, header Content-Type: application/octet-stream}
  - get: /drip?numbytes=5&duration=0.1&delay=0
    expect: {size: 5}
  - get: /delay/3
    timeout: 300ms
    expect: {failure: timeout}
  - get: /xml
    expect: {xpath count(//slide): 2}
  - get: /html
    expect: {css h1: [Herman Melville - Moby-Dick]}
  - get: /encoding/utf8
    expect: {body: {contains: ∮ E⋅da = Q}}
  - head: /get
    expect: {status: 200, size: 0}
  - options: /get
    expect: {header Allow: {contains: GET}}
  - patch: /patch
    body: text
    expect: {$.data: text}
  - delete: /delete
    expect: 200
  - get: /base64/aGVsbG8=
    expect: {body: hello}
  - get: /response-headers?X-A=1&X-A=2
    expect: {headers X-A: ["1", "2"], header X-A: "1, 2"}
  - get: /uuid
    expect: {$.uuid: {format: uuid}}
"""


def _steps() -> list[str]:
    return [f"steps:\n  - {step}" for step in STEPS.split("\n  - ")[1:]]


@pytest.mark.parametrize("text", _steps(), ids=lambda text: text.split("\n")[1].strip(" -"))
def test_httpbin_agrees(text: str, write: Callable[[str, str], Path], httpbin_url: str) -> None:
    write("f.txt", "file content")
    result = runflow.run(write("flow.yaml", f"base_url: {httpbin_url}\n{text}\n"))
    assert result.passed, result.workflows[0].steps


def test_an_answer_that_says_json_and_is_json_lines_is_an_error(
    write: Callable[[str, str], Path], httpbin_url: str
) -> None:
    result = runflow.run(write("flow.yaml", f"base_url: {httpbin_url}\nsteps:\n  - get: /stream/3\n    expect: 200\n"))
    assert result.exit_code == 3
    assert "is not JSON" in result.workflows[0].steps[0].last.errors[0].message
