"""A status of 400 or more fails a request that says nothing of its status, wherever it stands and whatever else it expects."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import answer, failure, run

NOT_FOUND = answer(404, {"error": "not_found"})
OK = answer(200, {"a": 1})


@pytest.mark.parametrize(
    ("step", "reply", "verdict"),
    [
        ("{get: /x}", answer(503), "failed"),
        ("{get: /x}", answer(400), "failed"),
        ("{get: /x}", answer(399), "passed"),
        ("{get: /x}", answer(204), "passed"),
        ("{get: /x, expect: {$.error: not_found}}", NOT_FOUND, "failed"),
        ("{get: /x, expect: {status: 404, $.error: not_found}}", NOT_FOUND, "passed"),
        ("{get: /x, expect: {status: any, $.error: not_found}}", NOT_FOUND, "passed"),
        ("{get: /x, expect: {status: {gte: 400}}}", NOT_FOUND, "passed"),
        ("{get: /x, expect: {$.a: 1}}", OK, "passed"),
        ("{get: /x, extract: {e: $.error}}", NOT_FOUND, "failed"),
        ("{get: /x, assert: ['response.status == 404']}", NOT_FOUND, "failed"),
        ("{get: /x, expect: any, assert: ['response.status == 404']}", NOT_FOUND, "passed"),
        ("{get: /x, expect: {failure: refused}}", failure(), "passed"),
        ("{post: /x, graphql: {query: '{ a }'}}", answer(200, {"data": {"a": 1}}), "passed"),
        ("{post: /x, graphql: {query: '{ a }'}}", answer(200, {"data": {}, "errors": []}), "passed"),
        ("{post: /x, graphql: {query: '{ a }'}}", answer(200, {"data": {}, "errors": None}), "passed"),
        ("{post: /x, graphql: {query: '{ a }'}}", answer(200, {"errors": [{"message": "no"}]}), "failed"),
        ("{post: /x, graphql: {query: '{ a }'}, expect: {status: 200}}", answer(200, {"errors": [{}]}), "failed"),
        ("{post: /x, graphql: {query: '{ a }'}, expect: {$.errors: {length: 1}}}", answer(200, {"errors": [{}]}), "passed"),
        ("{post: /x, graphql: {query: '{ a }'}}", answer(200, text="<html>"), "failed"),
    ],
)  # fmt: skip
def test_a_step_that_says_nothing_of_the_status_expects_no_error(step: str, reply: Any, verdict: str) -> None:
    assert run(f"steps:\n  - {step}\n", [reply]).verdict == verdict


def test_the_failure_says_what_to_write_if_the_status_is_expected() -> None:
    (check,) = run("steps:\n  - {get: /x, expect: {$.error: not_found}}\n", [NOT_FOUND]).checks
    assert (check.subject, check.expected, check.actual) == ("status", "below 400", 404)
    assert check.detail == "if this step expects it, write `status: 404` under `expect`"
    assert check.where is not None
    assert check.where.line == 2


def test_it_counts_for_a_retry() -> None:
    ran = run("steps:\n  - {get: /x, retry: 3}\n", [answer(503), answer(502), answer(200)])
    assert (ran.verdict, len(ran.steps[0].attempts)) == ("passed", 3)
    assert run("steps:\n  - {get: /x, retry: 1}\n", [answer(503), answer(503)]).verdict == "failed"


def test_it_counts_in_finally() -> None:
    text = "steps:\n  - {get: /x, expect: 200}\nfinally:\n  - {delete: /x%s}\n"
    assert run(text % "", [answer(200), answer(404)]).verdict == "failed"
    assert run(text % ", expect: {status: [2xx, 404]}", [answer(200), answer(404)]).verdict == "passed"


def test_it_counts_for_each_page_and_each_iteration() -> None:
    pages = "steps:\n  - {get: /x, paginate: {next: header Link, max: 3}, extract: {a: $.a}}\n"
    assert run(pages, [answer(200, {"a": 1}, link="</y>; rel=next"), answer(500)]).verdict == "failed"
    loop = "steps:\n  - {get: '/{{ item }}', for_each: [1, 2]}\n"
    assert run(loop, [answer(200), answer(500)]).verdict == "failed"


def test_a_default_expectation_of_the_status_takes_its_place() -> None:
    text = "defaults: {expect: {status: [200, 404]}}\nsteps:\n  - {get: /x, expect: {$.error: not_found}}\n"
    assert run(text, [NOT_FOUND]).verdict == "passed"


def test_what_the_language_adds_is_not_counted_as_a_check_of_the_file() -> None:
    assert run("steps:\n  - {get: /x}\n", [OK]).steps[0].passed_checks == 0
    assert not run("steps:\n  - {get: /x}\n", [OK]).steps[0].judged
