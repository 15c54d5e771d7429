"""The runs that `.runflow` keeps of the project around the working directory."""

from __future__ import annotations

from pathlib import Path

from ..reporters.format.store import RunStore


def store() -> RunStore:
    """Where they are."""
    from ..language.project import find_project

    here = Path.cwd()
    found = find_project(here)
    return RunStore(found.folder if found else here)
