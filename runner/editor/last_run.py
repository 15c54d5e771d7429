"""What names were worth when a workflow last ran, from what `.runflow` keeps. Secrets are masked there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ..language.project import find_project
from ..model.errors import RunflowError, WorkflowError
from ..model.results import WorkflowResult
from ..reporters.format.last_run import last_result
from ..reporters.format.store import RunStore
from .names import Given


class LastValue(NamedTuple):
    """What a name was worth."""

    value: Any


class LastRuns:
    """The last runs of workflows; read again when there is a newer one."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[Path, int], WorkflowResult | None]] = {}

    def result(self, path: Path) -> WorkflowResult | None:
        """The last run of a workflow that is kept, or None."""
        home = home_of(path)
        runs = RunStore(home).runs()
        if not runs:
            return None
        newest = (runs[-1], runs[-1].stat().st_size)
        if path not in self._known or self._known[path][0] != newest:
            try:
                found = last_result(home, path)[1]
            except RunflowError:
                found = None
            self._known[path] = (newest, found)
        return self._known[path][1]


def home_of(path: Path) -> Path:
    """Where the runs of a workflow are kept: beside its project's file, else in the working directory."""
    try:
        found = find_project(path.parent)
    except WorkflowError:  # which is shown where it is
        found = None
    return found.folder if found else Path.cwd()


def value_of(given: Given, result: WorkflowResult) -> LastValue | None:
    """What a name was worth from the step on that gives it; of a loop the values of all turns. None where it had none."""
    if not given.step:
        return LastValue(result.variables[given.name]) if given.name in result.variables else None
    giving = [step for step in result.steps if given.name in step.provided]
    own = [step for step in giving if step.name == given.step] or giving
    if not own:
        return None
    values = [step.provided[given.name] for step in own]
    return LastValue(values if own[0].iteration >= 0 else values[-1])
