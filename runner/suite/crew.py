"""Who runs flows, several at a time: the seam between a suite and threads, or one thread with many connections."""

from __future__ import annotations

from typing import Any, Protocol

from runner.model.effects import Flow
from runner.suite.stopping import Notice

LOOK_AGAIN = 0.1
"""Seconds after which whoever waits looks whether everything must end."""

Ended = tuple[int, BaseException | None]
"""The number of a flow that ended, and what it raised: a bug of ours."""


class Crew(Protocol):
    """Runs flows. One thread uses it."""

    def begin(self, number: int, flow: Flow[Any], notice: Notice, /) -> None:
        """Run a flow; its result is its own business (it emits events)."""
        ...

    def ended(self, seconds: float, /) -> list[Ended]:
        """Wait for flows to end, this long at the most: those that did."""
        ...

    def break_off(self) -> None:
        """Everything must end: break off what flows wait for that were not told yet."""
        ...

    def close(self) -> None:
        """Give everything back; no flow runs any more."""
        ...
