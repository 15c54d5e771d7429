"""The last runs, kept under `.runflow/runs` as JSON Lines reports. May always be deleted."""

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
        home: The folder that `.runflow` stands in.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / _FOLDER

    def runs(self) -> list[Path]:
        """The stored runs, the oldest first; one that has told nothing yet is none."""
        every = sorted(self.folder.glob(f"*{_ENDING}")) if self.folder.is_dir() else []
        return [path for path in every if _size(path)]

    def begin(self) -> Path:
        """A file for a run that begins now; the oldest are dropped, so that the last twenty stay.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        for old in self.runs()[: 1 - MAX_STORED_RUNS]:
            with suppress(OSError):  # somebody else dropped it
                old.unlink()
        now = time.time()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
        return self.folder / f"{stamp}.{int(now % 1 * 1000):03}-{os.getpid()}{_ENDING}"

    @staticmethod
    def end(path: Path) -> None:
        """A run has ended; one that never began (a variable was missing, say) told nothing, and nothing is kept of it."""
        if not _size(path):
            with suppress(OSError):  # somebody else dropped it
                path.unlink()

    def find(self, text: str) -> Path:
        """The run that a text means: the beginning or the end of its name, a number from the end (`-1` is the last), or a file.

        Raises:
            RunflowError: there is none, or several.
        """
        every = self.runs()
        if not every and not Path(text).is_file():
            raise RunflowError("no run is kept here yet", hint="run something; with --no-store nothing is kept")
        if text.startswith("-") and text[1:].isdigit():
            if not 1 <= int(text[1:]) <= len(every):
                hint = "`runflow show --list` names them" if len(every) > 1 else "run once more: then there are two"
                raise RunflowError(f"there is no run {text}: {plural(len(every), 'run')} kept here", hint=hint)
            return every[int(text)]
        found = [path for path in every if path.stem.startswith(text) or path.stem.endswith(text)]
        if len(found) == 1:
            return found[0]
        if not found and Path(text).is_file():
            return Path(text)
        hint = f"the last ones: {listed(path.stem for path in every[-5:])}"
        raise RunflowError(f"{'several runs are' if found else 'no run is'} called {text!r}", hint=hint)


def _size(path: Path) -> int:
    """Bytes; 0 where somebody else dropped the file."""
    with suppress(OSError):
        return path.stat().st_size
    return 0
