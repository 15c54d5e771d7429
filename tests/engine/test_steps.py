"""Steps in order: what they see, what they give, when they are skipped, how they fail."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import BASE, answer, failure, run

from runflow.model.exchange import Request


def ok(_: Request) -> Any:
    return answer(200, {"id": 7, "token": "tok-123", "list": [1, 2]})


def test_what_a_step_extracts_goes_into_the_next_one() -> None:
    text = """
steps:
  - post: /login
    expect: 200
    extract: {token: $.token}
  - get: /me/{{ token }}
    headers: {Authorization: "Bearer {{ token }}"}
"""
    ran = run(text, ok)
    assert ran.verdict == "passed"
    assert ran.sent(1).url == f"{BASE}/me/tok-123"
    assert ("Authorization", "Bearer tok-123") in ran.sent(1).headers


def test_a_failed_step_skips_those_after_it_with_the_reason() -> None:
    ran = run("steps:\n  - get: /a\n    expect: 404\n  - get: /b\n  - assert: [true]\n", ok)
    assert ran.verdicts == ["failed", "skipped", "skipped"]
    assert ran.steps[1].reason == "the step 'GET /a' before it failed"
    assert ran.verdict == "failed"
    assert len(ran.requests) == 1


def test_continue_on_failure_goes_on_but_not_with_names_that_were_not_given() -> None:
    text = """
steps:
  - get: /a
    expect: 404
    extract: {lost: $.id}
    continue_on_failure: true
  - get: /b/{{ lost }}
    extract: {further: $.id}
  - get: /c/{{ further }}
  - get: /d
"""
    ran = run(text, ok)
    assert ran.verdicts == ["failed", "skipped", "skipped", "passed"]
    assert "it needs lost" in ran.steps[1].reason
    assert ran.verdict == "failed"


def test_where_the_status_does_not_hold_nothing_else_is_judged_or_extracted() -> None:
    text = "steps:\n  - get: /a\n    expect: {status: 201, $.nope: 1}\n    extract: {x: $.nope}\n    assert: [false]\n"
    ran = run(text, ok)
    assert [check.subject for check in ran.checks] == ["status"]
    assert not ran.errors


def test_a_failed_expectation_and_a_missing_extract_are_both_shown_and_count_as_failed() -> None:
    ran = run(
        "steps:\n  - get: /a\n    expect: {$.id: 8}\n    extract: {x: $.nope, y: $.id}\nfinally:\n  - get: /f/{{ y }}\n",
        ok,
    )
    assert ran.verdicts == ["failed", "passed"]
    assert ran.checks[0].subject == "$.id"
    assert "`$.nope` finds nothing; the response has the keys id, token, list" in ran.errors[0].message
    alone = run("steps:\n  - get: /a\n    extract: {x: $.nope}\n", ok)
    assert alone.verdict == "error"
    assert alone.errors[0].kind == "extract"


@pytest.mark.parametrize(
    ("extract", "value"),
    [
        ("$.id", 7), ("{from: $.nope, default: none given}", "none given"), ("{from: $.nope, default: '{{ 1 + 1 }}'}", 2),
        ("{from: '$.nope[*]', default: []}", []), ("{from: $.token, filter: \"regex('tok-(.*)') | int\"}", 123),
        ("{from: $.token, filter: '| upper'}", "TOK-123"), ("'$.list[*]'", [1, 2]), ("'{{ sel }}'", 7), ("status", 200),
        ("{from: $.nope, default: null}", None),
    ],
)  # fmt: skip
def test_extract_takes_filters_and_defaults(extract: str, value: Any) -> None:
    ran = run(
        f"vars: {{sel: $.id}}\nsteps:\n  - get: /a\n    extract: {{x: {extract}}}\n  - post: /b\n    json: '{{{{ x }}}}'\n",
        ok,
    )
    assert ran.verdict == "passed", ran.errors
    assert ran.json(1) == value


@pytest.mark.parametrize(
    ("extract", "message"),
    [
        ("'$.nope[*]'", "finds nothing"), ("$.nope", "finds nothing"), ("{from: $.token, filter: int}", "not a whole number"),
        ("'{{ sel }}'", "unknown selector"), ("header X-No", "`header X-No` finds nothing"),
        ("{from: $.id, secret: true}", "too short to be masked safely"),
        ("jar nope", "finds nothing"),
    ],
)  # fmt: skip
def test_an_extract_that_gives_nothing_is_an_error_at_its_line(extract: str, message: str) -> None:
    ran = run(f"vars: {{sel: nope nope}}\nsteps:\n  - get: /a\n    extract:\n      x: {extract}\n", ok)
    assert ran.verdict == "error"
    assert message in ran.errors[0].message
    assert ran.errors[0].where is not None
    assert ran.errors[0].where.line == 5


def test_set_computes_in_order_and_assert_judges_what_is_known() -> None:
    text = "vars: {a: 2}\nsteps:\n  - set: {b: '{{ a * 3 }}', c: '{{ b + 1 }}'}\n  - assert: [c == 7, 'b > a']\n  - assert: ['c == a + b']\n"
    ran = run(text)
    assert ran.verdicts == ["passed", "passed", "failed"]
    assert ran.checks[0].parts == (("c", 7), ("a", 2), ("b", 6))


def test_a_condition_must_be_true_or_false() -> None:
    ran = run('vars: {debug: "false"}\nsteps:\n  - get: /a\n    if: debug\n', ok)
    assert ran.verdict == "error"
    assert 'is "false" (string), not true or false' in ran.errors[0].message
    assert run("steps:\n  - get: /a\n    if: 1 == 2\n  - get: /b\n    if: true\n", ok).verdicts == ["skipped", "passed"]
    assert run("if: false\nsteps:\n  - get: /a\n", ok).result.reason == "`if` is false: false"
    assert run("vars: {n: 1}\nif: n\nsteps:\n  - get: /a\n", ok).verdict == "error"


def test_for_each_runs_a_turn_for_each_value_and_gathers_what_they_extract() -> None:
    text = """
steps:
  - get: /users/{{ user }}/{{ index }}
    for_each: [ada, bob, eve]
    as: user
    if: user != 'bob'
    delay: 1s
    extract: {ids: $.id}
  - set: {total: '{{ total | default(0) + item }}'}
    for_each: '{{ ids }}'
  - assert: [total == 14, ids | length == 2]
"""
    ran = run(text, ok)
    assert ran.verdict == "passed", ran.errors
    assert [request.url for request in ran.requests] == [f"{BASE}/users/ada/0", f"{BASE}/users/eve/2"]
    assert ran.slept == [1.0, 1.0]
    assert [step.iteration for step in ran.steps][:3] == [0, 1, 2]


def test_the_first_failed_turn_ends_the_loop_unless_it_may_continue() -> None:
    def serve(request: Request) -> Any:
        return answer(500 if request.url.endswith("1") else 200, {"id": 1})

    text = "steps:\n  - get: /{{ item }}\n    for_each: [0, 1, 2]\n    expect: 200\n    extract: {ids: $.id}\n"
    assert run(text, serve).verdicts == ["passed", "failed"]
    ran = run(text + "    continue_on_failure: true\n  - post: /done\n    json: '{{ ids }}'\n", serve)
    assert ran.verdicts == ["passed", "failed", "passed", "passed"]
    assert ran.json(3) == [1, None, 1]
    assert ran.verdict == "failed"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("'{{ none_here }}'", "empty list"),
        ("'{{ number }}'", "needs a list, not 5 (integer)"),
        ("'{{ table }}'", 'needs a list, not {"a":1}'),
        ("'{{ number.x }}'", "has no `x`"),
    ],
)
def test_for_each_needs_a_list_that_is_not_empty(values: str, message: str) -> None:
    text = f"vars: {{none_here: [], number: 5, table: {{a: 1}}}}\nsteps:\n  - get: /a\n    for_each: {values}\n"
    ran = run(text, ok)
    assert ran.verdict == "error"
    assert message in ran.errors[0].message
    assert run(text + "    allow_empty: true\n    extract: {x: $.id}\n  - assert: ['x == []']\n", ok).verdicts[-1] == (
        "passed" if "empty" in message else "skipped"
    )


def test_an_if_that_does_not_name_the_turn_is_judged_before_the_list() -> None:
    text = "steps:\n  - get: /a\n    if: users is defined\n    for_each: '{{ users }}'\n  - set: {users: [1]}\n"
    assert run(text, ok).verdicts == ["skipped", "passed"]


def test_defaults_merge_by_key_and_a_steps_own_win() -> None:
    text = """
defaults:
  headers: {X-A: "1", x-b: "2", X-C: "3"}
  params: {p: "1", q: "2"}
  timeout: 5s
  expect: {status: 200, $.id: 7, $.token: tok-123}
steps:
  - get: /a?z=0
    headers: {X-B: own, X-C: null, Accept-Encoding: null, X-D: [x, y]}
    params: {q: [3, "a b"], p: null}
    expect: {$.id: any, $.token: {starts_with: tok}}
  - get: /b
    expect: {status: any, $.id: 8}
    timeout: 1s
"""
    ran = run(text, ok)
    first = ran.sent()
    assert first.headers == (("X-A", "1"), ("X-B", "own"), ("X-D", "x"), ("X-D", "y"))
    assert set(first.defaults_removed) == {"x-c", "accept-encoding"}
    assert first.url == f"{BASE}/a?z=0&q=3&q=a%20b"
    assert (first.timeout, ran.sent(1).timeout) == (5.0, 1.0)
    assert ran.verdicts == ["passed", "failed"]
    assert [check.subject for check in ran.checks] == ["$.id"]


@pytest.mark.parametrize(
    ("step", "url"),
    [
        ("get: /a", f"{BASE}/a"), ("get: '?x=1'", f"{BASE}?x=1"), ("get: https://other.test/b", "https://other.test/b"),
        ("get: '{{ next }}'", "http://n.test/x?y=1"), ("get: '/p/{{ data }}'", f"{BASE}/p/a%2F..%2Fb"),
        ("request: PURGE /cache/{{ data }}", f"{BASE}/cache/a%2F..%2Fb"), ("request: '{{ verb | upper }} /cache'", f"{BASE}/cache"),
        ("get: '/a b/ü'", f"{BASE}/a%20b/%C3%BC"), ("get: /a#frag", f"{BASE}/a"), ("get: HTTP://API.test/X", "http://api.test/X"),
        ("get: http://Bücher.test:81/ü", "http://xn--bcher-kva.test:81/%C3%BC"),
    ],
)  # fmt: skip
def test_urls_are_what_the_file_says(step: str, url: str) -> None:
    ran = run(f"vars: {{next: 'http://n.test/x?y=1', data: a/../b, verb: purge}}\nsteps:\n  - {step}\n", ok)
    assert ran.sent().url.replace("/?", "?") == url
    assert ran.sent().method == ("PURGE" if "request" in step else "GET")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("'{{ u }}'", "is not a valid http(s) URL"), ("http://{{ h }}/", "is not a valid host name"),
        ("'{{ \"http://a..b/\" }}'", "has an empty part"), ("'{{ \"http://h:0/\" }}'", "port 0"),
        ("'{{ \"http://h:99999/\" }}'", "is not a valid URL"), ("'{{ \"http:///x\" }}'", "has no host"),
        ("'{{ \"http://u:p@h/\" }}'", "contains a user name"),
        ("'{{ r }}'", ""), ("'{{ \"http://h:x/\" }}'", "is not a valid URL"),
    ],
)  # fmt: skip
def test_what_is_no_url_is_an_error_of_the_step(url: str, message: str) -> None:
    ran = run(f"vars: {{u: 'ftp://x', h: 'a b', r: '/rel'}}\nsteps:\n  - get: {url}\n", ok)
    if message:
        assert ran.verdict == "error"
        assert message in ran.errors[0].message
        assert not ran.requests


def test_a_relative_url_needs_a_base_url() -> None:
    ran = run("bare: true\nsteps:\n  - get: /x\n")
    assert "is relative, but there is no base_url" in ran.errors[0].message


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ("{X-A: '{{ v }}'}", "contains a control character"), ("{'{{ v }}': x}", "is not a valid header name"),
        ("{X-A: '{{ m }}'}", "must be a text"), ("{X-A: '{{ n }}'}", "the value of the template of `X-A` is null"),
        ("{X-A: ['{{ n }}']}", "is null"), ("{X-A: '{{ e }}'}", "control character"), ("{X-A: '{{ z }}'}", "control character"),
    ],
)  # fmt: skip
def test_a_value_cannot_break_out_of_its_header(headers: str, message: str) -> None:
    ran = run(
        'vars: {v: "a\\r\\nX-Evil: 1", m: {a: 1}, n: null, e: "a\\eb", z: "a\\0b"}\nsteps:\n  - get: /x\n    headers: '
        + headers
        + "\n",
        ok,
    )
    assert ran.verdict == "error"
    assert message in ran.errors[0].message
    assert not ran.requests


def test_a_failed_request_is_an_error_unless_that_failure_is_expected() -> None:
    assert run("steps:\n  - get: /x\n    expect: 200\n", [failure("refused")]).errors[0].kind == "transport"
    assert run("steps:\n  - get: /x\n    expect: {failure: refused}\n", [failure("refused")]).verdict == "passed"
    other = run("steps:\n  - get: /x\n    expect: {failure: tls}\n", [failure("refused")])
    assert (other.checks[0].expected, other.checks[0].actual) == ("tls", "refused")
    assert run("steps:\n  - get: /x\n    expect: {failure: tls}\n", ok).verdict == "failed"
    assert (
        run("steps:\n  - get: /x\n    expect: {failure: {in: [tls, refused]}, $.a: 1}\n", [failure("tls")]).verdict
        == "failed"
    )


def test_an_answer_that_says_json_must_be_json_whatever_is_asked() -> None:
    broken = answer(200, text="{", content_type="application/json")
    ran = run("steps:\n  - get: /x\n    expect: 200\n", [broken])
    assert ran.errors[0].kind == "decode"
    assert run("steps:\n  - get: /x\n    expect: 500\n", [broken]).verdict == "failed"
    assert (
        run("steps:\n  - get: /x\n    expect: 204\n", [answer(204, text="", content_type="application/json")]).verdict
        == "passed"
    )


def test_an_expectation_on_json_in_a_body_that_is_none_fails_even_exists_false() -> None:
    for expect in ("{exists: false}", "1", "{not: {equals: 1}}"):
        ran = run(
            f"steps:\n  - get: /x\n    expect: {{$.a: {expect}}}\n",
            [answer(200, text="<html>", content_type="text/html")],
        )
        assert ran.verdict == "failed"
        assert "is not JSON" in ran.checks[0].detail


def test_assert_sees_the_response_and_shows_its_parts() -> None:
    text = """
steps:
  - get: /x
    extract: {n: $.id}
    assert:
      - response.status == 200 and response.json.id == n
      - response.headers['X-COUNT'] | int == n + 1
      - response.body | length > 3 and response.url is defined and response.duration == 0.01
      - response.headers.get('x-none') is none and response.headers.get('X-Count') == '9' and 'X-COUNT' in response.headers
"""
    ran = run(text, [answer(200, {"id": 7}, x_count="9")])
    assert len(ran.checks) == 1
    assert ("response.json.id", 7) not in ran.checks[0].parts
    assert ran.checks[0].parts == (
        ('response.headers["X-COUNT"] | int', 9),
        ('response.headers["X-COUNT"]', "9"),
        ("n", 7),
    )
    wrong = run("steps:\n  - get: /x\n    assert: ['response.status', response.nope == 1]\n", [answer(200)])
    assert "is 200 (integer), not true or false" in wrong.errors[0].message
    assert len(wrong.errors) == 2


def test_cookies_belong_to_the_run_and_to_their_jar() -> None:
    def serve(request: Request) -> Any:
        return (
            answer(200, {}, set_cookie=["sid=1; Path=/", "other=2; Path=/deep"])
            if request.url.endswith("/login")
            else answer(200, {})
        )

    text = """
steps:
  - get: /login
    expect: {cookie sid: "1", jar sid: "1"}
  - get: /a
  - get: /deep/b
    cookies: {sid: own, extra: "{{ 1 + 1 }}"}
  - get: /c
    cookies: none
  - get: /d
    jar: alice
  - get: /e
    cookies: {bad: "a;b"}
"""
    ran = run(text, serve)
    cookies = [dict(request.headers).get("Cookie") for request in ran.requests]
    assert cookies == [None, "sid=1", "other=2; sid=own; extra=2", None, None]
    assert "contains a character that cookies do not allow" in ran.errors[0].message


def test_names_with_templates_are_rendered_and_defaults_name_the_request() -> None:
    ran = run(
        "vars: {u: ada}\nsteps:\n  - get: /x\n    name: get {{ u }}\n  - request: PURGE /y\n  - name: '{{ later }}'\n"
        "    get: /z\n  - set: {later: 1}\n",
        ok,
    )
    assert [step.name for step in ran.steps] == ["get ada", "PURGE /y", "{{ later }}", "set later"]


def test_passing_steps_keep_nothing_unless_a_report_wants_it() -> None:
    text = "steps:\n  - get: /x\n    expect: {status: 200, $.id: 7}\n    assert: [1 == 1]\n"
    lean = run(text, ok).steps[0]
    assert (lean.attempts, lean.passed_checks, lean.status) == ((), 3, 200) or lean.attempts == ()
    kept = run(text, ok, record_details=True).steps[0]
    assert [check.subject for check in kept.last.checks] == ["status", "$.id", "1 == 1"]
    assert kept.last.exchanges[0].outcome.status == 200


def test_verify_false_is_a_warning_on_the_step() -> None:
    ran = run("steps:\n  - get: https://h.test/x\n    http: {verify: false}\n", ok)
    assert "was not verified" in ran.steps[0].warnings[0]
    assert not run("steps:\n  - get: /x\n    http: {verify: false}\n", ok).steps[0].warnings
