"""Which run may begin next: in their order, but for what waits for a lock or for another file. Runs nothing itself."""

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
        key: What it is called from one run of the suite to the next; repetitions share it.
        number: Which one it is of all that were selected, before they were dealt out to shards.
    """

    plan: Plan
    row: Row
    key: str
    number: int = 0


def runs_of(plans: Iterable[Plan]) -> list[Run]:
    """Every run of every workflow, in order."""
    every = ((plan, row) for plan in plans for row in plan.rows)
    return [Run(plan, row, f"{plan.key} {row.label}".rstrip(), number) for number, (plan, row) in enumerate(every)]


class Schedule:
    """The runs of a suite that have not begun.

    Args:
        runs: In the order in which they are reported.
        most_failures: After so many that did not pass no further one begins; 0 means any number.
    """

    def __init__(self, runs: Sequence[Run], max_failures: int = 0) -> None:
        self._runs = runs
        self._max_failures = max_failures
        self._failures = 0
        self._left = Counter(run.plan.path for run in runs)
        self._numbers: dict[Path, list[int]] = defaultdict(list)
        self._dependents: dict[Path, list[Path]] = defaultdict(list)
        self._waits_for: dict[Path, int] = {}
        self._ready: list[int] = []
        self._held: set[str] = set()
        self._locked: dict[str, deque[int]] = defaultdict(deque)
        self._given_up: deque[tuple[int, str]] = deque()
        self._begun: set[int] = set()
        for number, run in enumerate(runs):
            self._numbers[run.plan.path].append(number)
        for path, numbers in self._numbers.items():
            self._enter(path, runs[numbers[0]].plan)

    def _enter(self, path: Path, plan: Plan) -> None:
        lost = [need for need in plan.needs if need.path not in self._numbers]
        if lost:
            self._give_up(path, f"it needs {lost[0].file}, which could not be run")
            return
        needs = {need.path for need in plan.needs}
        self._waits_for[path] = len(needs)
        for need in needs:
            self._dependents[need].append(path)
        if not needs:
            self._ready += self._numbers[path]

    def next(self) -> int | None:
        """The number of the run that begins now, or None where none may."""
        while self._ready:
            number = heapq.heappop(self._ready)
            if number in self._begun:
                continue
            lock = self._runs[number].plan.lock
            if lock and lock in self._held:
                self._locked[lock].append(number)
                continue
            if lock:
                self._held.add(lock)
            self._begun.add(number)
            return number
        return None

    def given_up(self) -> Iterator[tuple[int, str]]:
        """The runs that will never begin, each with the reason, told once."""
        while self._given_up:
            yield self._given_up.popleft()

    def ended(self, number: int, verdict: Verdict) -> None:
        """A run that had begun ended."""
        run = self._runs[number]
        lock = run.plan.lock
        if lock:
            self._held.discard(lock)
            waiting = self._locked[lock]
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
        """Begin nothing more."""
        for path in self._numbers:
            self._give_up(path, reason)

    def _count(self, run: Run, verdict: Verdict) -> None:
        """One run less of its file; who needs the file may begin, or never will."""
        path = run.plan.path
        self._left[path] -= 1
        if verdict is not Verdict.PASSED:
            ended = {Verdict.FAILED: "failed", Verdict.ERROR: "ended with an error", Verdict.SKIPPED: "was skipped"}
            for dependent in self._dependents[path]:
                self._give_up(dependent, f"it needs {run.plan.file}, which {ended[verdict]}")
        elif not self._left[path]:
            for dependent in self._dependents[path]:
                self._waits_for[dependent] -= 1
                if not self._waits_for[dependent]:
                    for number in self._numbers[dependent]:
                        heapq.heappush(self._ready, number)

    def _give_up(self, path: Path, reason: str) -> None:
        pending = [(path, reason)]
        while pending:
            lost, why = pending.pop()
            for number in self._numbers[lost]:
                if number not in self._begun:
                    self._begun.add(number)
                    self._given_up.append((number, why))
            file = self._runs[self._numbers[lost][0]].plan.file
            left = [each for each in self._dependents.pop(lost, []) if self._waits(each)]
            pending += [(each, f"it needs {file}, which was skipped") for each in left]

    def _waits(self, path: Path) -> bool:
        return any(number not in self._begun for number in self._numbers[path])
