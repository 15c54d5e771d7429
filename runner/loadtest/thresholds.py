"""Compares the statistics of a load test with the thresholds of a workflow. Does no I/O and does not import Locust."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from ..model.errors import Place
from ..model.results import AttemptResult, Check, Failure, StepResult, Verdict, WorkflowResult
from ..model.wording import seconds_text
from ..plan.load import Threshold
from ..plan.plan import Plan

FLOW, EXPECTATION = "FLOW", "EXPECT"
"""Kinds of entries in the statistics that are not requests: a whole workflow, a failed expectation."""


class RequestStatistics(msgspec.Struct, frozen=True):
    """An entry of the statistics.

    Attributes:
        workflow: The name of the workflow.
        kind: The method of a request, FLOW or EXPECT.
        times: How many requests took how many milliseconds, rounded by Locust.
    """

    workflow: str
    kind: str
    name: str
    count: int
    failures: int
    times: dict[int, int] = {}


class Statistics(msgspec.Struct, frozen=True):
    """The statistics of a load test.

    Attributes:
        seconds: Seconds from the first request to the last.
        started: When it started, in epoch seconds.
        lost: The names of the workers that were lost.
        broken: The messages of exceptions that are bugs in runflow.
    """

    entries: tuple[RequestStatistics, ...] = ()
    seconds: float = 0.0
    started: float = 0.0
    lost: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class Measurements:
    """Aggregates entries of the statistics.

    Args:
        entries: The entries.
        seconds: How long the load test took.
    """

    def __init__(self, entries: Iterable[RequestStatistics], seconds: float) -> None:
        every = list(entries)
        requests = [each for each in every if each.kind not in {FLOW, EXPECTATION}]
        flows = [each for each in every if each.kind == FLOW]
        self.seconds = seconds
        self.requests = sum(each.count for each in requests)
        self.failures = sum(each.failures for each in requests)
        self.flows = sum(each.count for each in flows)
        self.failed_flows = sum(each.failures for each in flows)
        self.times: dict[int, int] = {}
        for each in requests:
            for time, count in each.times.items():
                self.times[time] = self.times.get(time, 0) + count

    def percentile(self, percent: float) -> float:
        """Seconds within which this share of the requests ended (nearest rank)."""
        rank = max(math.ceil(sum(self.times.values()) * percent / 100), 1)
        seen = 0
        for time in sorted(self.times):
            seen += self.times[time]
            if seen >= rank:
                return time / 1000
        return 0.0

    def value(self, measure: str) -> float:
        """The value of a measure, in its unit (seconds, requests, requests per second, or a share from 0 to 1)."""
        match measure:
            case "error_rate":
                failed = self.failures / self.requests if self.requests else 0.0
                return max(failed, self.failed_flows / self.flows if self.flows else 0.0)
            case "rps":
                return self.requests / self.seconds if self.seconds else 0.0
            case "requests":
                return float(self.requests)
            case "max":
                return max(self.times, default=0) / 1000
            case "mean":
                count = sum(self.times.values())
                return sum(time * each for time, each in self.times.items()) / count / 1000 if count else 0.0
            case _:
                return self.percentile(float(measure[1:]))

    def text(self, measure: str) -> str:
        """The value of a measure, formatted with its unit."""
        value = self.value(measure)
        if measure == "error_rate":
            return f"{value:.2%}"
        return f"{value:.1f}" if measure == "rps" else f"{value:.0f}" if measure == "requests" else seconds_text(value)


def load_result(plan: Plan, statistics: Statistics) -> WorkflowResult:
    """The result of a load test for one workflow, with a step for each threshold."""
    measured = Measurements((each for each in statistics.entries if each.workflow == plan.name), statistics.seconds)
    thresholds = plan.load.thresholds
    if not any(each.measure == "error_rate" for each in thresholds):
        thresholds = (
            *thresholds,
            Threshold("error_rate", "<=", 0.0, "<= 0%", ("load",)),
        )  # errors fail a load test unless the file allows them
    steps = tuple(_judged(each, measured, plan) for each in thresholds)
    shown = {name: measured.text(name) for name in ("requests", "rps", "error_rate", "p50", "p90", "p95", "p99", "max")}
    failed = any(step.verdict is Verdict.FAILED for step in steps)
    verdict = Verdict.FAILED if failed else Verdict.PASSED
    error = None
    if not measured.requests:
        verdict, error = (
            Verdict.ERROR,
            Failure(
                "interrupted",
                "no request was sent, so there is nothing to measure",
                "raise the duration or the number of users",
            ),
        )
        steps = ()
    return WorkflowResult(
        plan.name,
        plan.file,
        verdict,
        "load",
        statistics.seconds,
        steps,
        error=error,
        outputs=shown,
        tags=plan.tags,
        variables=shown,
        started=statistics.started,
    )


def _judged(threshold: Threshold, measured: Measurements, plan: Plan) -> StepResult:
    name = f"{threshold.measure} {threshold.text}"
    actual = measured.text(threshold.measure)
    where = plan.source.where(Place(plan.file, threshold.path, on_key=threshold.path == ("load",)))
    passed = threshold.holds(measured.value(threshold.measure))
    check = Check(threshold.measure, "threshold", threshold.text, actual, where=where, passed=passed)
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    return StepResult(
        f"{name}: {actual}",
        verdict,
        passed_checks=int(passed),
        judged=True,
        attempts=(AttemptResult(checks=(check,)),),
        where=where,
    )


def lost_workers(statistics: Statistics, file: str) -> WorkflowResult | None:
    """An error result if workers of the load test were lost; None if not."""
    if not statistics.lost:
        return None
    names = ", ".join(statistics.lost)
    error = Failure(
        "interrupted", f"workers were lost: {names}", "their last measurements are missing: run the load test again"
    )
    return WorkflowResult(
        "the workers", file, Verdict.ERROR, "load", statistics.seconds, error=error, started=statistics.started
    )
