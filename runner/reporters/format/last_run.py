"""What `.runflow` keeps of a workflow: its last result, from the JSON Lines reports of the last runs."""

from __future__ import annotations

from pathlib import Path

from ...model.errors import RunflowError
from ...model.events import WorkflowFinished
from ...model.results import WorkflowResult
from .reader import ReportReader
from .store import RunStore


def same_file(told: str, path: Path) -> bool:
    """A report's file is the one that a path means: the same place, or the same end where it ran in another folder."""
    return Path(told).resolve() == path.resolve() or f"/{told}".endswith(f"/{path.as_posix()}")


def last_result(home: Path, path: Path, label: str | None = None) -> tuple[Path, WorkflowResult]:
    """The last run of a workflow that is kept, and where.

    Args:
        home: The folder that `.runflow` stands in.
        path: The workflow's file.
        label: The case or matrix entry that is meant, or None for whichever was last.

    Raises:
        RunflowError: there is none.
    """
    for kept in reversed(RunStore(home).runs()):
        for event in ReportReader([kept]).events():
            if (
                isinstance(event, WorkflowFinished)
                and label in {event.result.label, None}
                and same_file(event.result.file, path)
            ):
                return kept, event.result
    raise RunflowError(f"no run of {path.name} {label or ''}".rstrip() + " is kept", hint="run it once from the start")
