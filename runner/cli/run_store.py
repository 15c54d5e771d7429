"""Opens the stored runs of the project that contains the working directory."""

from __future__ import annotations

from pathlib import Path

from ..reporters.format.store import RunStore


def stored_runs() -> RunStore:
    """The stored runs: in `.runflow` of the project's folder, else of the working directory."""
    from ..language.project import find_project

    here = Path.cwd()
    found = find_project(here)
    return RunStore(found.folder if found else here)
