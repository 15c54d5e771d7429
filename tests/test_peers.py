"""What other tools are known to pass falsely fails here, or is refused before anything is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import BASE, answer, problems, run

from runflow.model.exchange import Request


def test_a_misspelt_expect_is_refused() -> None:
    (found,) = problems("steps:\n  - get: /x\n    expct: 500\n")
    assert found.hint == "did you mean 'expect'?"


def test_of_two_operators_one_that_fails_is_enough() -> None:
    for order in ("{gt: 1, lt: 3}", "{lt: 3, gt: 1}"):
        ran = run(f"steps:\n  - get: /x\n    expect: {{$.n: {order}}}\n", [answer(200, {"n": 5})])
        assert (ran.verdict, ran.checks[0].operator) == ("failed", "lt")


@pytest.mark.parametrize(
    "step",
    [
        "get: '/{{ nme }}'",
        "post: /x\n    json: {a: '{{ nme }}'}",
        "post: /x\n    body: 'x {{ nme }}'",
        "get: /x\n    if: nme == 1",
        "get: /x\n    headers: {a: '{{ nme }}'}",
        "get: /x\n    expect: {$.a: '{{ nme }}'}",
    ],
)
def test_an_undefined_name_is_refused_wherever_it_stands(step: str) -> None:
    (found,) = problems(f"vars: {{name: 1}}\nsteps:\n  - {step}\n")
    assert found.message == "`nme` is never defined in this file"
    assert found.hint == "did you mean 'name'?"


def test_a_name_that_a_skipped_step_would_have_given_is_an_error_when_it_is_needed() -> None:
    ran = run("steps:\n  - set: {a: 1}\n    if: false\n  - get: /{{ a }}\n")
    assert ran.verdicts == ["skipped", "error"]
    assert "`a` is not defined" in ran.errors[0].message


def test_a_captured_object_stays_an_object_in_a_body() -> None:
    text = "steps:\n  - get: /x\n    extract: {o: $.o}\n  - post: /y\n    json: {o: '{{ o }}', t: 'o={{ o }}'}\n"
    ran = run(text, [answer(200, {"o": {"a": [1, None, True]}}), answer(200)])
    assert ran.json(1) == {"o": {"a": [1, None, True]}, "t": 'o={"a":[1,null,true]}'}


@pytest.mark.parametrize(
    ("expected", "body"),
    [('"1"', 1), ("1", "1"), ("1", True), ("true", 1), ("0", False), ("null", ""), ('""', None), ('"null"', None)],
)
def test_a_number_is_no_text_and_no_boolean(expected: str, body: Any) -> None:
    ran = run(f"steps:\n  - get: /x\n    expect: {{$.v: {expected}}}\n", [answer(200, {"v": body})])
    assert ran.verdict == "failed"


def test_leading_zeros_stay_text() -> None:
    text = 'vars: {account: "0100000001"}\nsteps:\n  - post: /x\n    json: {a: "{{ account }}", b: 0100000001}\n    expect: {$.a: 0100000001}\n'
    ran = run(text, lambda request: answer(200, json.loads(request.body or b"")))
    assert ran.json() == {"a": "0100000001", "b": "0100000001"}
    assert ran.verdict == "passed"


def test_a_wildcard_path_that_finds_two_is_a_list_of_two() -> None:
    body = {"items": [{"id": 1}, {"id": 2}]}
    assert run("steps:\n  - get: /x\n    expect:\n      $.items[*].id: 1\n", [answer(200, body)]).verdict == "failed"
    assert (
        run("steps:\n  - get: /x\n    expect:\n      $.items[*].id: [1, 2]\n", [answer(200, body)]).verdict == "passed"
    )


def test_a_wrong_path_in_extract_fails_there_and_not_at_the_401_that_would_have_passed() -> None:
    def serve(request: Request) -> Any:
        if request.url == f"{BASE}/login":
            return answer(200, {"token": "tok-123"})
        return answer(200 if ("Authorization", "Bearer tok-123") in request.headers else 401, {})

    ran = run(
        "steps:\n  - post: /login\n    extract: {token: $.tokn}\n  - get: /me\n    headers: {Authorization: 'Bearer {{ token }}'}\n    expect: 401\n",
        serve,
    )
    assert ran.verdicts == ["error", "skipped"]
    assert ran.errors[0].where.line == 3


def test_a_failed_first_step_never_lets_the_others_pass() -> None:
    ran = run("steps:\n  - get: /a\n    expect: 200\n  - get: /b\n  - get: /c\n", [answer(500)])
    assert ran.verdicts == ["failed", "skipped", "skipped"]


def test_items_is_a_key_before_it_is_a_method() -> None:
    text = (
        "steps:\n  - get: /x\n    extract: {order: $}\n    assert: [order.items | length == 2, order.values == 'v']\n"
    )
    assert run(text, [answer(200, {"items": [1, 2], "values": "v"})]).verdict == "passed"


@pytest.mark.parametrize("expect", ["", "{}", "[]", "{$.a: {}}", "{status: {}}"])
def test_an_empty_expectation_is_refused(expect: str) -> None:
    assert problems(f"steps:\n  - get: /x\n    expect: {expect}\n")


def test_an_unknown_operator_is_refused_even_deep_inside() -> None:
    for expect in (
        "{$.a: {eqauls: 1}}",
        "{$.a: {each: {$.b: {eqauls: 1}}}}",
        "{$.a: {not: {eqauls: 1}}}",
        "{$.a: {any_of: [{eqauls: 1}]}}",
    ):
        assert "unknown operator 'eqauls'" in problems(f"steps:\n  - get: /x\n    expect: {expect}\n")[0].message
