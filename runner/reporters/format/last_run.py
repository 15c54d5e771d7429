"""Finds the last result of a workflow in the stored runs."""

from __future__ import annotations

from pathlib import Path

from ...model.errors import RunflowError
from ...model.events import WorkflowFinished
from ...model.results import WorkflowResult
from .reader import ReportReader
from .store import RunStore


def same_file(reported: str, path: Path) -> bool:
    """Whether a file of a report is the file at a path, or has the same end where the run was in another folder."""
    return Path(reported).resolve() == path.resolve() or f"/{reported}".endswith(f"/{path.as_posix()}")


def last_result(home: Path, path: Path, label: str | None = None) -> tuple[Path, WorkflowResult]:
    """The last stored result of a workflow, and the file that it is in.

    Args:
        home: The folder that contains `.runflow`.
        path: The workflow's file.
        label: Its case or matrix entry; None is any.

    Raises:
        RunflowError: no run of it is stored.
    """
    for stored in reversed(RunStore(home).runs()):
        for event in ReportReader([stored]).events():
            if (
                isinstance(event, WorkflowFinished)
                and label in {event.result.label, None}
                and same_file(event.result.file, path)
            ):
                return stored, event.result
    raise RunflowError(
        f"no run of {path.name} {label or ''}".rstrip() + " is stored", hint="run it once from the start"
    )
