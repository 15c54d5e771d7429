"""The statistics of a load test are compared with the thresholds of its workflow, and errors never pass."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import compile_raw, problems
from hypothesis import given
from hypothesis import strategies as st

from runflow.loadtest.thresholds import Measurements, RequestStatistics, Statistics, load_result, lost_workers
from runflow.model.results import Verdict

FLOW = "name: a\nload: {{thresholds: {thresholds}}}\nsteps: [{{get: 'http://127.0.0.1/', expect: 200}}]\n"
TIMES = {10: 50, 20: 40, 300: 9, 1000: 1}
ENTRIES = (
    RequestStatistics("a", "GET", "x", 100, 1, TIMES),
    RequestStatistics("a", "FLOW", "a", 50, 1, {5000: 50}),
    RequestStatistics("a", "EXPECT", "x: status", 1, 1),
    RequestStatistics("b", "GET", "y", 7, 7, {9000: 7}),
)
STATISTICS = Statistics(ENTRIES, 10.0)


def judged(thresholds: str, statistics: Statistics = STATISTICS) -> Any:
    return load_result(compile_raw(FLOW.format(thresholds=thresholds)), statistics)


@pytest.mark.parametrize(
    ("thresholds", "failed"),
    [
        ("{p50: 10ms, p90: 20ms, p95: 300ms, p99: 300ms, max: 1s, error_rate: 2%}", []),
        ("{p50: < 10ms, p90: 19ms, p99.5: 300ms, max: 999ms, error_rate: 2%}", ["p50 < 10ms", "p90 <= 19ms", "p99.5 <= 300ms", "max <= 999ms"]),
        ("{mean: 50ms, error_rate: 2%}", []), ("{mean: 49ms, error_rate: 2%}", ["mean <= 49ms"]),
        ("{rps: 10, requests: 100, error_rate: 2%}", []), ("{rps: 10.1, requests: '> 100', error_rate: 2%}", ["rps >= 10.1", "requests > 100"]),
        ("{error_rate: 1.9%}", ["error_rate <= 1.9%"]),  # a workflow of fifty failed, which is more than a request of a hundred
        ("{p50: 10ms}", ["error_rate <= 0%"]),  # the file does not name it, and it counts
    ],
)  # fmt: skip
def test_each_threshold_is_judged(thresholds: str, failed: list[str]) -> None:
    result = judged(thresholds)
    assert [step.name.partition(":")[0] for step in result.steps if step.verdict is Verdict.FAILED] == failed
    assert result.verdict is (Verdict.FAILED if failed else Verdict.PASSED)
    for step in result.steps:
        assert step.where.line == 2


def test_a_load_test_without_requests_or_with_a_lost_worker_does_not_pass() -> None:
    nothing = judged("{p95: 1s}", Statistics((RequestStatistics("b", "GET", "y", 7, 0, {1: 7}),), 10.0))
    assert (nothing.verdict, nothing.error.message) == (
        Verdict.ERROR,
        "no request was sent, so there is nothing to measure",
    )
    lost = lost_workers(Statistics(lost=("one", "two")), "a.yaml")
    assert lost is not None
    assert (lost.verdict, lost.error.message) == (Verdict.ERROR, "workers were lost: one, two")  # type: ignore[union-attr]  # it has one
    assert lost_workers(STATISTICS, "a.yaml") is None


@given(st.dictionaries(st.integers(0, 100_000), st.integers(1, 50), min_size=1, max_size=20), st.floats(0.1, 100))
def test_a_percentile_is_the_nearest_rank(times: dict[int, int], percent: float) -> None:
    every = sorted(time for time, count in times.items() for _ in range(count))
    found = Measurements([RequestStatistics("a", "GET", "x", len(every), 0, times)], 1.0).percentile(percent) * 1000
    below = sum(time <= found + 1e-6 for time in every)
    assert below >= len(every) * percent / 100 - 1e-6
    assert sum(time < found - 1e-6 for time in every) < max(len(every) * percent / 100, 1)


@pytest.mark.parametrize(
    ("thresholds", "message", "hint"),
    [
        ("{p96x: 1s}", "unknown measure `p96x`", ""), ("{eror_rate: 1%}", "unknown measure `eror_rate`", "did you mean 'error_rate'?"),
        ("{p100: 1s}", "unknown measure `p100`", "other percentiles"),
        ("{p95: 300}", "'300' is not a duration", "300.0ms"), ("{p95: soon}", "'soon' is not a duration", ""),
        ("{error_rate: 0.01}", "'0.01' is not a valid percentage", "write 0.01%"), ("{error_rate: 101%}", "is not a valid percentage", ""),
        ("{rps: fast}", "'fast' is not a number", ""), ("{rps: true}", "a threshold needs a limit, not true", ""),
        ("{p95: [1s]}", "a threshold needs a limit", ""), ("{p95: '== 1s'}", "is not a duration", ""),
    ],
)  # fmt: skip
def test_an_invalid_threshold_is_refused_when_the_file_is_checked(thresholds: str, message: str, hint: str) -> None:
    (found,) = problems(FLOW.format(thresholds=thresholds))
    assert message in found.message
    assert hint in found.hint


def test_the_load_key_is_compiled() -> None:
    plan = compile_raw("load: {weight: 2.5, think_time: 1m, per: user}\nsteps: [{get: 'http://127.0.0.1/'}]\n")
    assert (plan.load.weight, plan.load.think_time, plan.load.per_user, plan.load.thresholds) == (2.5, 60.0, True, ())
    assert "not a duration" in problems("load: {think_time: long}\nsteps: [{get: 'http://127.0.0.1/'}]\n")[0].message
