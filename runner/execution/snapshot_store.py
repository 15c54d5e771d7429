"""Stores the values that `snapshot` found, to compare later runs with them (`--update-snapshots`)."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ..language.atomic_write import replace
from ..matchers.equality import same
from ..model.errors import StepError
from ..model.json_types import JSON
from ..model.results import Snapshot
from ..model.wording import plural
from ..plan.conditions import Stored
from ..plan.plan import IncludePlan, Plan
from ..plan.snapshots import Contents, is_iteration_of, read_contents


class SnapshotStore:
    """Collects snapshots from any number of threads, and writes them to their files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Path, dict[tuple[str, str, str], Snapshot]] = defaultdict(dict)

    def __call__(self, snapshot: Snapshot) -> None:
        """Take a snapshot.

        Raises:
            StepError: a different value was taken for the same place before: the step runs several times, and its values
                cannot be told apart.
        """
        place = (snapshot.step, snapshot.selector, snapshot.case)
        with self._lock:
            known = self._found[snapshot.file].setdefault(place, snapshot)
        if not same(known.value, snapshot.value):
            hint = "`ignore` what varies: it runs for each page, for each iteration, or in another workflow that includes the file"
            message = f"the step runs several times, and `{snapshot.selector}` has a different value each time"
            raise StepError(message, "policy", hint=hint)

    def write(self, plans: Iterable[Plan]) -> list[str]:
        """Write the files that changed, without snapshots that no step uses any more.

        Args:
            plans: Every workflow that was run.

        Returns:
            A line about each file.

        Raises:
            OSError: a file cannot be written.
        """
        every = [stored for plan in plans for stored in _stored(plan)]
        lines = []
        for file, found in sorted(self._found.items()):
            used = [(stored.step, stored.selector) for stored in every if stored.file == file]
            before = _contents(file)
            after = _still_used(before, used)
            for snapshot in found.values():
                after.setdefault(snapshot.step, {}).setdefault(snapshot.selector, {})[snapshot.case] = snapshot.value
            if not same(before, after):
                file.parent.mkdir(exist_ok=True)
                replace(file, _text(after))
            lines.append(f"{os.path.relpath(file)}: {_changes(before, after)}")
        return lines


def _stored(plan: Plan) -> Iterator[Stored]:
    """Every snapshot of a workflow and of those that it includes."""
    sessions = (step for session in plan.sessions for step in session.steps)
    for step in (*plan.steps, *plan.cleanup, *sessions):
        yield from (each.snapshot for each in step.expectations if each.snapshot is not None)
        if isinstance(step.action, IncludePlan):
            yield from _stored(step.action.plan)


def _contents(file: Path) -> Contents:
    try:
        return read_contents(file.read_bytes())
    except FileNotFoundError:
        return {}


def _still_used(contents: Contents, used: list[tuple[str, str]]) -> Contents:
    """The snapshots that a step still uses."""
    left: Contents = {}
    for stored, by_selector in contents.items():
        for selector, cases in by_selector.items():
            if any(is_iteration_of(stored, step) and selector == wanted for step, wanted in used):
                left.setdefault(stored, {})[selector] = dict(cases)
    return left


def _changes(before: Contents, after: Contents) -> str:
    """How many snapshots are new, changed and removed, in words."""
    old, new = (dict(_flat(contents)) for contents in (before, after))
    counts = {
        "new": len(new.keys() - old.keys()),
        "changed": sum(not same(old[place], new[place]) for place in old.keys() & new.keys()),
        "removed": len(old.keys() - new.keys()),
    }
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{plural(len(new), 'snapshot')}, {words or 'nothing changed'}"


def _flat(contents: Contents) -> Iterator[tuple[tuple[str, str, str], JSON]]:
    for step, by_selector in contents.items():
        for selector, cases in by_selector.items():
            for case, value in cases.items():
                yield (step, selector, case), value


def _text(contents: Contents) -> bytes:
    """Indented JSON. A lone surrogate, which JSON allows and UTF-8 does not, needs escapes, and then all of the text is escaped."""
    for escaped in (False, True):
        with suppress(UnicodeEncodeError):
            return f"{json.dumps(contents, indent=2, ensure_ascii=escaped)}\n".encode()
    raise AssertionError(contents)  # ASCII is UTF-8
