"""The runs that `.runflow` keeps of the project around the working directory."""

from __future__ import annotations

from pathlib import Path

from ..reporters.format.store import Store


def store() -> Store:
    """Where they are."""
    from ..language.project import find_project

    here = Path.cwd()
    found = find_project(here)
    return Store(found.folder if found else here)
