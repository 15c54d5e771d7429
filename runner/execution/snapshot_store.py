"""`--update-snapshots`: what steps found becomes what they are held against. Writes the files; judges nothing."""

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
    """What was found in a run, from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Path, dict[tuple[str, str, str], Snapshot]] = defaultdict(dict)

    def __call__(self, snapshot: Snapshot) -> None:
        """Take one.

        Raises:
            StepError: another was taken for the same place: the step runs several times, and nobody can tell which is which.
        """
        place = (snapshot.step, snapshot.selector, snapshot.case)
        with self._lock:
            known = self._found[snapshot.file].setdefault(place, snapshot)
        if not same(known.value, snapshot.value):
            hint = "a page, a turn of an include or another workflow that includes the file; `ignore` what varies"
            message = f"the step runs several times, and `{snapshot.selector}` is another each time"
            raise StepError(message, "policy", hint=hint)

    def write(self, plans: Iterable[Plan]) -> list[str]:
        """Write what changed; what no step asks for any more is left out.

        Args:
            plans: Every workflow that ran.

        Returns:
            A line for each file.

        Raises:
            OSError: one cannot be written.
        """
        every = [stored for plan in plans for stored in _stored(plan)]
        lines = []
        for file, found in sorted(self._found.items()):
            asked = [(stored.step, stored.selector) for stored in every if stored.file == file]
            before = _contents(file)
            after = _left(before, asked)
            for snapshot in found.values():
                after.setdefault(snapshot.step, {}).setdefault(snapshot.selector, {})[snapshot.case] = snapshot.value
            if not same(before, after):
                file.parent.mkdir(exist_ok=True)
                replace(file, _text(after))
            lines.append(f"{os.path.relpath(file)}: {_changes(before, after)}")
        return lines


def _stored(plan: Plan) -> Iterator[Stored]:
    """Every snapshot that a workflow and those that it includes are held against."""
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


def _left(contents: Contents, asked: list[tuple[str, str]]) -> Contents:
    """What is asked for."""
    left: Contents = {}
    for stored, by_selector in contents.items():
        for selector, cases in by_selector.items():
            if any(is_iteration_of(stored, step) and selector == wanted for step, wanted in asked):
                left.setdefault(stored, {})[selector] = dict(cases)
    return left


def _changes(before: Contents, after: Contents) -> str:
    """How many are new, changed and gone, in words."""
    old, new = (dict(_flat(contents)) for contents in (before, after))
    counts = {
        "new": len(new.keys() - old.keys()),
        "changed": sum(not same(old[place], new[place]) for place in old.keys() & new.keys()),
        "gone": len(old.keys() - new.keys()),
    }
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{plural(len(new), 'snapshot')}, {words or 'nothing changed'}"


def _flat(contents: Contents) -> Iterator[tuple[tuple[str, str, str], JSON]]:
    for step, by_selector in contents.items():
        for selector, cases in by_selector.items():
            for case, value in cases.items():
                yield (step, selector, case), value


def _text(contents: Contents) -> bytes:
    """As people read it; half of a surrogate pair, which JSON may hold and UTF-8 may not, stays escaped, and then all else too."""
    for escaped in (False, True):
        with suppress(UnicodeEncodeError):
            return f"{json.dumps(contents, indent=2, ensure_ascii=escaped)}\n".encode()
    raise AssertionError(contents)  # ASCII is UTF-8
