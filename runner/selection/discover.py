"""Finds workflow files: a path is a file, or a folder with every workflow below it. Reads no file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..language.project import PROJECT_FILE
from ..model.errors import Place, Problem, WorkflowError
from ..model.wording import did_you_mean

SUFFIXES = (".yaml", ".yml")


def discover(paths: Iterable[Path], *, links: bool = True, included: bool = False) -> list[Path]:
    """Find the workflow files of some paths, each once, in the given order; inside a folder sorted by name.

    Files and folders whose name begins with `_` are for inclusion only, those with `.` are hidden.

    Args:
        paths: Files and folders.
        links: Follow symbolic links below the working directory.
        included: Find files that are for inclusion only, too.

    Raises:
        WorkflowError: a path does not exist, or is a symbolic link.
    """
    found: dict[Path, None] = {}
    problems = []
    for path in paths:
        if not links and _is_link(path):
            problems.append(
                Problem(f"{path} is a symbolic link, which --untrusted does not follow", Place(str(path), unread=True))
            )
        elif path.is_dir():
            found.update(dict.fromkeys(_below(path, "." if included else ("_", "."))))
        elif path.exists():
            found[path] = None
        else:
            problems.append(Problem(f"there is no file or folder {path}", Place(str(path)), _near(path)))
    if problems:
        raise WorkflowError(problems)
    return list(found)


def _is_link(path: Path) -> bool:
    """Whether some part of the path, below the working directory, is a symbolic link."""
    here = Path.cwd()
    below = path.relative_to(here) if path.is_relative_to(here) else path
    parts = [below] if below.is_absolute() else [below, *below.parents]
    return any((here / part).is_symlink() for part in parts)


def _near(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = [each.name for each in _below(folder) if each.parent == folder]
    near = did_you_mean(path.name, names)
    return near or (f"{folder} has {', '.join(names[:5])}" if names else f"{folder} has no workflows")


def _below(folder: Path, hidden: str | tuple[str, ...] = ("_", ".")) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(hidden))
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith(hidden) and name != PROJECT_FILE:
                yield Path(here) / name
