"""The runs that `.runflow` keeps of the project around the working directory."""

from __future__ import annotations

from pathlib import Path

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
