"""Decides which run may begin next: in order, except for runs that wait for a lock or for another workflow."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from ..model.results import Verdict
from ..plan.plan import Plan, Row


class Run(msgspec.Struct, frozen=True):
    """One run of a workflow: one case, one matrix entry, one repetition.

    Attributes:
        plan: The workflow.
        row: Its case: the values of this run, and their label.
        key: Identifies the run in later runs of the suite; repetitions share it.
        number: The position among all selected runs, before they were divided into shards.
    """

    plan: Plan
    row: Row
    key: str
    number: int = 0


def runs_of(plans: Iterable[Plan]) -> list[Run]:
    """List every run of every workflow, in order."""
    every = ((plan, row) for plan in plans for row in plan.rows)
    return [Run(plan, row, f"{plan.key} {row.label}".rstrip(), number) for number, (plan, row) in enumerate(every)]


class Schedule:
    """The runs of a suite that have not begun.

    Args:
        runs: In the order in which they are reported.
        max_failures: After this many runs that did not pass, no further one begins; None means no limit.
    """

    def __init__(self, runs: Sequence[Run], max_failures: int | None = None) -> None:
        self._runs = runs
        self._max_failures = max_failures
        self._failures = 0
        self._unfinished = Counter(run.plan.path for run in runs)
        self._numbers: dict[Path, list[int]] = defaultdict(list)
        self._dependents: dict[Path, list[Path]] = defaultdict(list)
        self._open_needs: dict[Path, int] = {}
        self._ready: list[int] = []
        self._locks: set[str] = set()
        self._waiting_for_lock: dict[str, deque[int]] = defaultdict(deque)
        self._skipped: deque[tuple[int, str]] = deque()
        self._begun: set[int] = set()
        for number, run in enumerate(runs):
            self._numbers[run.plan.path].append(number)
        for path, numbers in self._numbers.items():
            self._enter(path, runs[numbers[0]].plan)

    def _enter(self, path: Path, plan: Plan) -> None:
        missing = [need for need in plan.needs if need.path not in self._numbers]
        if missing:
            self._skip(path, f"it needs {missing[0].file}, which could not be run")
            return
        needs = {need.path for need in plan.needs}
        self._open_needs[path] = len(needs)
        for need in needs:
            self._dependents[need].append(path)
        if not needs:
            self._ready += self._numbers[path]

    def next(self) -> int | None:
        """Return the number of the run that begins now, or None where none may begin."""
        while self._ready:
            number = heapq.heappop(self._ready)
            if number in self._begun:
                continue
            lock = self._runs[number].plan.lock
            if lock and lock in self._locks:
                self._waiting_for_lock[lock].append(number)
                continue
            if lock:
                self._locks.add(lock)
            self._begun.add(number)
            return number
        return None

    def skipped(self) -> Iterator[tuple[int, str]]:
        """Return the runs that will never begin, each once, with the reason."""
        while self._skipped:
            yield self._skipped.popleft()

    def ended(self, number: int, verdict: Verdict) -> None:
        """Note that a run ended."""
        run = self._runs[number]
        lock = run.plan.lock
        if lock:
            self._locks.discard(lock)
            waiting = self._waiting_for_lock[lock]
            while waiting and waiting[0] in self._begun:
                waiting.popleft()
            if waiting:
                heapq.heappush(self._ready, waiting.popleft())
        self._count(run, verdict)
        if verdict.is_bad:
            self._failures += 1
            if self._failures == self._max_failures:
                words = "a workflow" if self._failures == 1 else f"{self._failures} workflows"
                option = "--fail-fast" if self._failures == 1 else f"--max-failures {self._failures}"
                self.stop(f"{words} before it did not pass ({option})")

    def stop(self, reason: str) -> None:
        """Let no further run begin."""
        for path in self._numbers:
            self._skip(path, reason)

    def _count(self, run: Run, verdict: Verdict) -> None:
        """Count one run of a file as ended; the files that need it may begin now, or never will."""
        path = run.plan.path
        self._unfinished[path] -= 1
        if verdict is not Verdict.PASSED:
            ended = {Verdict.FAILED: "failed", Verdict.ERROR: "ended with an error", Verdict.SKIPPED: "was skipped"}
            for dependent in self._dependents[path]:
                self._skip(dependent, f"it needs {run.plan.file}, which {ended[verdict]}")
        elif not self._unfinished[path]:
            for dependent in self._dependents[path]:
                self._open_needs[dependent] -= 1
                if not self._open_needs[dependent]:
                    for number in self._numbers[dependent]:
                        heapq.heappush(self._ready, number)

    def _skip(self, path: Path, reason: str) -> None:
        pending = [(path, reason)]
        while pending:
            skipped, why = pending.pop()
            for number in self._numbers[skipped]:
                if number not in self._begun:
                    self._begun.add(number)
                    self._skipped.append((number, why))
            file = self._runs[self._numbers[skipped][0]].plan.file
            dependents = [each for each in self._dependents.pop(skipped, []) if self._waits(each)]
            pending += [(each, f"it needs {file}, which was skipped") for each in dependents]

    def _waits(self, path: Path) -> bool:
        return any(number not in self._begun for number in self._numbers[path])
