"""How long steps took over a whole suite: percentiles for each step name. Keeps numbers only."""

from __future__ import annotations

from array import array
from math import ceil

import msgspec

from ..model.results import StepResult, Verdict


class LatencyRow(msgspec.Struct, frozen=True):
    """A step name and how long it took, in seconds. Percentiles are of the nearest rank: each is a duration that was measured."""

    name: str
    count: int
    p50: float
    p95: float
    p99: float
    slowest: float


class Latency:
    """Durations by step name; skipped steps have none."""

    def __init__(self) -> None:
        self._durations: dict[str, array[float]] = {}

    def add(self, step: StepResult) -> None:
        """A step that ended."""
        if step.verdict is not Verdict.SKIPPED and (step.started or step.duration):  # a threshold takes no time
            self._durations.setdefault(step.name, array("d")).append(step.duration)

    def rows(self, most: int) -> list[LatencyRow]:
        """The slowest names first, so many at most."""
        slowest = sorted(self._durations.items(), key=lambda item: -max(item[1]))[:most]
        return [_row(name, sorted(durations)) for name, durations in slowest]


def _row(name: str, ranked: list[float]) -> LatencyRow:
    p50, p95, p99 = (percentile(ranked, share) for share in (50, 95, 99))
    return LatencyRow(name, len(ranked), p50, p95, p99, ranked[-1])


def percentile(ranked: list[float], share: int) -> float:
    """The smallest value that so many percent of all do not exceed (nearest rank).

    Args:
        ranked: Values in rising order, one at least.
        share: From 1 to 100.
    """
    return ranked[ceil(len(ranked) * share / 100) - 1]
