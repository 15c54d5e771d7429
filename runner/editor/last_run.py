"""The values of names in the last run of a workflow, from the stored runs in `.runflow`. Secrets are masked there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ..language.project import find_project
from ..model.errors import RunflowError, WorkflowError
from ..model.results import WorkflowResult
from ..reporters.format.last_run import last_result
from ..reporters.format.store import RunStore
from .names import NameDefinition


class LastValue(NamedTuple):
    """The last value of a name."""

    value: Any


class LastRuns:
    """The last runs of workflows. A run is read again when there is a newer one."""

    def __init__(self) -> None:
        self._cache: dict[Path, tuple[tuple[Path, int], WorkflowResult | None]] = {}

    def result(self, path: Path) -> WorkflowResult | None:
        """The last stored run of a workflow, or None."""
        folder = runs_folder(path)
        runs = RunStore(folder).runs()
        if not runs:
            return None
        newest = (runs[-1], runs[-1].stat().st_size)
        if path not in self._cache or self._cache[path][0] != newest:
            try:
                found = last_result(folder, path)[1]
            except RunflowError:
                found = None
            self._cache[path] = (newest, found)
        return self._cache[path][1]


def runs_folder(path: Path) -> Path:
    """The folder where the runs of a workflow are stored: that of its project file, else the working directory."""
    try:
        found = find_project(path.parent)
    except WorkflowError:  # it is reported in that file
        found = None
    return found.folder if found else Path.cwd()


def value_of(definition: NameDefinition, result: WorkflowResult) -> LastValue | None:
    """The value of a name after the step that defines it; the values of all iterations of a loop. None if it had no value."""
    if definition.step is None:
        return LastValue(result.variables[definition.name]) if definition.name in result.variables else None
    defining = [step for step in result.steps if definition.name in step.provided]
    own = [step for step in defining if step.name == definition.step] or defining
    if not own:
        return None
    values = [step.provided[definition.name] for step in own]
    return LastValue(values if own[0].iteration is not None else values[-1])
