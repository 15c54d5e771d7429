"""Trying again: how often, how long, when not; and every try is in the result."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from fakes import answer, failure, run

from runflow.engine.retry import next_wait, retry_after, wait_before
from runflow.model.exchange import Request
from runflow.plan.plan import RetryPlan

BUSY, FINE = answer(503), answer(200, {"state": "paid"})


def step(retry: str, more: str = "") -> str:
    return f"steps:\n  - get: /x\n    expect: 200\n    retry: {retry}\n    {more}\n"


@pytest.mark.parametrize(
    ("retry", "answers", "verdict", "slept"),
    [
        ("2", [BUSY, BUSY, FINE], "passed", [1, 1]), ("1", [BUSY, BUSY], "failed", [1]), ("0", [BUSY], "failed", []),
        ("{times: 3, every: 2s, backoff: 2}", [BUSY, BUSY, BUSY, FINE], "passed", [2, 4, 8]),
        ("{times: 3, every: 2s, backoff: 2, max_every: 3s}", [BUSY, BUSY, BUSY, FINE], "passed", [2, 3, 3]),
        ("{for: 5s, every: 2s}", [BUSY, BUSY, BUSY], "failed", [2, 2]),
        ("{times: 9, every: 1s, abort_if: response.status == 503}", [BUSY], "failed", []),
        ("{times: 9, every: 1s, abort_if: response.status == 500}", [BUSY, FINE], "passed", [1]),
        ("{times: 1, every: 0s}", [failure("refused"), FINE], "passed", [0]), ("{times: 5}", [failure("tls")], "error", []),
        ("{times: 2, every: 1s}", [answer(503, retry_after="7"), FINE], "passed", [7]),
        ("{times: 2, every: 1s}", [answer(503, retry_after="600")], "failed", []),
        ("{times: 2, every: 1s, for: 700s}", [answer(503, retry_after="600"), FINE], "passed", [600]),
        ("{times: 2, every: 1s}", [answer(503, retry_after="soon"), FINE], "passed", [1]),
        ("{times: 1}", [answer(200, text="{", content_type="application/json"), FINE], "passed", [1]),
        ("{times: 1, abort_if: response.status == 1}", [failure("refused"), FINE], "passed", [1]),
        ("{times: 3, abort_if: '1 == 1'}", [failure("refused")], "error", []),
    ],
)  # fmt: skip
def test_a_step_is_tried_as_its_file_says(retry: str, answers: list[Any], verdict: str, slept: list[float]) -> None:
    ran = run(step(retry), list(answers))
    assert ran.verdict == verdict
    assert ran.slept == slept
    assert len(ran.requests) == len(answers)
    if len(answers) > 1:
        assert len(ran.steps[0].attempts) == len(answers)


def test_a_missing_extract_counts_as_a_failed_try_and_each_try_is_rendered_afresh() -> None:
    text = "steps:\n  - post: /x\n    json: '{{ uuid() }}'\n    extract: {a: $.state}\n    retry: 1\n"
    ran = run(text, [answer(200, {}), FINE])
    assert ran.verdict == "passed"
    assert ran.json(0) != ran.json(1)
    assert ran.steps[0].attempts[1].waited == 1.0


def test_what_is_wrong_in_the_file_is_not_tried_again() -> None:
    ran = run("vars: {n: null}\n" + step("5", "headers: {a: '{{ n }}'}"))
    assert (ran.verdict, ran.slept) == ("error", [])


def test_an_abort_that_is_no_condition_is_an_error() -> None:
    ran = run(step("{times: 3, abort_if: response.status}"), [BUSY])
    assert "`abort_if` is 503" in ran.errors[0].message


def test_a_retry_never_outlasts_the_workflow() -> None:
    ran = run("timeout: 3s\n" + step("{times: 9, every: 2s}"), lambda _: BUSY)
    assert ran.slept == [2]


def test_an_error_says_why_there_is_no_further_try() -> None:
    ran = run("steps:\n  - get: /x\n    retry: {for: 1s, every: 2s}\n", [failure("refused")])
    assert "the next one would begin after the 1 s of `for`" in ran.errors[0].hint


def test_a_polling_step_sees_the_state_change() -> None:
    states = iter(["pending", "pending", "paid"])
    ran = run(
        "steps:\n  - get: /o\n    expect: {$.state: paid}\n    retry: {times: 5, every: 100ms}\n",
        lambda _: answer(200, {"state": next(states)}),
    )
    assert ran.verdict == "passed"
    assert [len(one.checks) for one in ran.steps[0].attempts] == [1, 1, 0]


def test_an_include_a_set_and_an_assert_can_be_tried_again() -> None:
    count = iter(range(10))

    def serve(_: Request) -> Any:
        return answer(200, {"n": next(count)})

    child = "steps:\n  - get: /n\n    extract: {n: $.n}\noutputs: {n: '{{ n }}'}\n"
    ran = run("steps:\n  - include: c.yaml\n    expect: {$.n: 2}\n    retry: 4\n", serve, files={"c.yaml": child})
    assert ran.verdict == "passed"
    assert run("steps:\n  - assert: ['random_int(1, 6) == 6']\n    retry: {times: 99, every: 0s}\n").verdict == "passed"


def test_jitter_waits_between_half_and_all() -> None:
    plan = RetryPlan(5, 10.0, jitter=True)
    waits = [wait_before(plan, 0, Random(seed)) for seed in range(50)]
    assert all(5 <= wait <= 10 for wait in waits)
    assert len(set(waits)) > 10


def test_an_http_date_in_retry_after_is_a_wait() -> None:
    assert retry_after(answer(503, retry_after="Thu, 01 Jan 1970 00:01:40 GMT"), 40.0) == 60.0
    assert retry_after(None, 0.0) == 0.0
    assert next_wait(RetryPlan(None, 1.0, within=10.0), 3, asked=0.0, elapsed=0.0, left=None, random=Random(1)) == (
        1.0,
        "",
    )


def test_a_steps_retry_lies_over_the_default_one_key_by_key() -> None:
    text = "defaults: {retry: {times: 1, every: 7s}}\nsteps:\n  - get: /x\n    expect: 200\n    retry: {times: 2}\n"
    assert run(text, [BUSY, BUSY, FINE]).slept == [7, 7]
    assert run(text.replace("{times: 2}", "2"), [BUSY, BUSY, FINE]).slept == [1, 1]


def test_a_method_that_is_none_is_an_error() -> None:
    ran = run("vars: {m: 'a b'}\nsteps:\n  - request: '{{ m }} /x'\n")
    assert "is not a valid method" in ran.errors[0].message
