"""The runs that `.runflow` keeps of the project around the working directory."""

from __future__ import annotations

from pathlib import Path

from runner.model.errors import RunflowError
from runner.model.results import WorkflowResult
from runner.reporters.store import Store


def store() -> Store:
    """Where they are."""
    from runner.language.project import find_project

    here = Path.cwd()
    found = find_project(here)
    return Store(found.folder if found else here)


def same_file(told: str, path: Path) -> bool:
    """A report's file is the one that a path means: the same place, or the same end where it ran in another folder."""
    return Path(told).resolve() == path.resolve() or f"/{told}".endswith(f"/{path.as_posix()}")


def last_result(home: Path, path: Path, label: str) -> tuple[Path, WorkflowResult]:
    """The last run of a workflow that is kept, and where.

    Raises:
        RunflowError: there is none.
    """
    from runner.model.events import WorkflowFinished
    from runner.reporters.reading import Recorded

    for kept in reversed(Store(home).runs()):
        for event in Recorded([kept]).events():
            if (
                isinstance(event, WorkflowFinished)
                and event.result.label == label
                and same_file(event.result.file, path)
            ):
                return kept, event.result
    raise RunflowError(f"no run of {path.name} {label}".rstrip() + " is kept", hint="run it once from the start")
