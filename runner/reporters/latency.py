"""Percentiles of the durations of steps, for each step name. Keeps only numbers in memory."""

from __future__ import annotations

from array import array
from math import ceil

import msgspec

from ..model.results import StepResult, Verdict


class LatencyRow(msgspec.Struct, frozen=True):
    """A step name and its durations, in seconds. Percentiles use the nearest rank: each is a measured duration."""

    name: str
    count: int
    p50: float
    p95: float
    p99: float
    slowest: float


class Latency:
    """Collects durations by step name. Skipped steps have none."""

    def __init__(self) -> None:
        self._durations: dict[str, array[float]] = {}

    def add(self, step: StepResult) -> None:
        """Add a step that has ended."""
        if step.verdict is not Verdict.SKIPPED and (step.started or step.duration):  # a threshold takes no time
            self._durations.setdefault(step.name, array("d")).append(step.duration)

    def rows(self, most: int) -> list[LatencyRow]:
        """The slowest step names first; at most `most` rows."""
        slowest = sorted(self._durations.items(), key=lambda item: -max(item[1]))[:most]
        return [_row(name, sorted(durations)) for name, durations in slowest]


def _row(name: str, ranked: list[float]) -> LatencyRow:
    p50, p95, p99 = (percentile(ranked, share) for share in (50, 95, 99))
    return LatencyRow(name, len(ranked), p50, p95, p99, ranked[-1])


def percentile(ranked: list[float], share: int) -> float:
    """The smallest value that `share` percent of all values do not exceed (nearest rank).

    Args:
        ranked: Values in ascending order; at least one.
        share: From 1 to 100.
    """
    return ranked[ceil(len(ranked) * share / 100) - 1]
