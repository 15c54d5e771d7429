"""What a load test measured, and how it is judged by the thresholds of a workflow. Pure; knows no engine of load."""

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
"""Kinds of events in the statistics that are no requests: a whole workflow, a failed expectation."""


class RequestStatistics(msgspec.Struct, frozen=True):
    """A line of the statistics.

    Attributes:
        workflow: Its name.
        kind: The method of a request, FLOW or EXPECT.
        times: Milliseconds, rounded as the engine of load does, and how many took that long.
    """

    workflow: str
    kind: str
    name: str
    count: int
    failures: int
    times: dict[int, int] = {}


class Statistics(msgspec.Struct, frozen=True):
    """All of a load test.

    Attributes:
        seconds: From the first request to the last.
        started: Epoch seconds.
        lost: Workers that went missing.
        broken: Bugs of ours that users met.
    """

    entries: tuple[RequestStatistics, ...] = ()
    seconds: float = 0.0
    started: float = 0.0
    lost: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class Measured:
    """What was measured of some requests.

    Args:
        entries: Lines of the statistics.
        seconds: In which they happened.
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
        """Seconds within which this share of the requests was answered (nearest rank)."""
        rank = max(math.ceil(sum(self.times.values()) * percent / 100), 1)
        seen = 0
        for time in sorted(self.times):
            seen += self.times[time]
            if seen >= rank:
                return time / 1000
        return 0.0

    def value(self, measure: str) -> float:
        """What was measured, in the unit of the measure."""
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
        """What was measured, as people read it."""
        value = self.value(measure)
        if measure == "error_rate":
            return f"{value:.2%}"
        return f"{value:.1f}" if measure == "rps" else f"{value:.0f}" if measure == "requests" else seconds_text(value)


def verdict_of(plan: Plan, statistics: Statistics) -> WorkflowResult:
    """How a workflow kept to its thresholds: a result like that of any run, a step for each threshold."""
    measured = Measured((each for each in statistics.entries if each.workflow == plan.name), statistics.seconds)
    thresholds = plan.load.thresholds
    if not any(each.measure == "error_rate" for each in thresholds):
        thresholds = (
            *thresholds,
            Threshold("error_rate", "<=", 0.0, "<= 0%", ("load",)),
        )  # a pass is never one of errors
    steps = tuple(_judged(each, measured, plan) for each in thresholds)
    shown = {name: measured.text(name) for name in ("requests", "rps", "error_rate", "p50", "p90", "p95", "p99", "max")}
    failed = any(step.verdict is Verdict.FAILED for step in steps)
    verdict = Verdict.FAILED if failed else Verdict.PASSED
    error = None
    if not measured.requests:
        verdict, error = (
            Verdict.ERROR,
            Failure("interrupted", "nothing was sent, so nothing was measured", "give it more time, or more users"),
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


def _judged(threshold: Threshold, measured: Measured, plan: Plan) -> StepResult:
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
    """What a load test is worth whose workers died: an error, whatever was measured."""
    if not statistics.lost:
        return None
    names = ", ".join(statistics.lost)
    error = Failure("interrupted", f"workers were lost: {names}", "what they measured last is missing: run it again")
    return WorkflowResult(
        "the workers", file, Verdict.ERROR, "load", statistics.seconds, error=error, started=statistics.started
    )
