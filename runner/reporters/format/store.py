"""Stores the last runs under `.runflow/runs`, as JSON Lines reports. The folder may be deleted at any time."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from ...model.errors import RunflowError
from ...model.wording import listed, plural

MAX_STORED_RUNS = 20
_FOLDER = Path(".runflow") / "runs"
_ENDING = ".jsonl"


class RunStore:
    """The stored runs of a project.

    Args:
        home: The folder that contains `.runflow`.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / _FOLDER

    def runs(self) -> list[Path]:
        """The stored runs, the oldest first; empty files are left out."""
        every = sorted(self.folder.glob(f"*{_ENDING}")) if self.folder.is_dir() else []
        return [path for path in every if _size(path)]

    def begin(self) -> Path:
        """The path of the file for a run that starts now. The oldest files are deleted, so that `MAX_STORED_RUNS` remain.

        Raises:
            OSError: the folder cannot be written to.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        for old in self.runs()[: 1 - MAX_STORED_RUNS]:
            with suppress(OSError):  # another process deleted it
                old.unlink()
        now = time.time()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
        return self.folder / f"{stamp}.{int(now % 1 * 1000):03}-{os.getpid()}{_ENDING}"

    @staticmethod
    def end(path: Path) -> None:
        """A run has ended. Delete its file if it is empty: the run never started, as when a variable was missing."""
        if not _size(path):
            with suppress(OSError):  # another process deleted it
                path.unlink()

    def find(self, text: str) -> Path:
        """Find a stored run.

        Args:
            text: The beginning or the end of its name, a number from the end (`-1` is the last), or a file.

        Raises:
            RunflowError: no run matches, or several do.
        """
        every = self.runs()
        if not every and not Path(text).is_file():
            raise RunflowError("no run is stored here yet", hint="run a workflow first, without --no-store")
        if text.startswith("-") and text[1:].isdigit():
            if not 1 <= int(text[1:]) <= len(every):
                hint = "list them: `runflow show --list`" if len(every) > 1 else "run a workflow once more"
                raise RunflowError(f"there is no run {text}: {plural(len(every), 'run')} stored", hint=hint)
            return every[int(text)]
        found = [path for path in every if path.stem.startswith(text) or path.stem.endswith(text)]
        if len(found) == 1:
            return found[0]
        if not found and Path(text).is_file():
            return Path(text)
        hint = f"the last runs: {listed(path.stem for path in every[-5:])}"
        raise RunflowError(f"{'several runs match' if found else 'no run matches'} {text!r}", hint=hint)


def _size(path: Path) -> int:
    """Its size in bytes; 0 where another process deleted the file."""
    with suppress(OSError):
        return path.stat().st_size
    return 0
