"""What is known of earlier runs: how long each took, and whether it failed. A small file that may always be deleted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from ..model.results import Verdict, WorkflowResult

HISTORY_FOLDER = ".runflow"
_FILE = "history.json"
_MOST = 200_000


class RunHistory(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run as it last ended.

    Attributes:
        seconds: How long it took when it last passed.
        failed: It did not pass when it was last run.
    """

    seconds: float = 0.0
    failed: bool = False


class _Content(msgspec.Struct, frozen=True):
    version: int = 1
    runs: dict[str, RunHistory] = {}


class History:
    """The records of runs by their keys.

    Args:
        folder: Where the folder `.runflow` stands or will stand.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / HISTORY_FOLDER
        self.records: dict[str, RunHistory] = {}
        with suppress(OSError, msgspec.DecodeError):  # what cannot be read is not known
            self.records = msgspec.json.decode((self.folder / _FILE).read_bytes(), type=_Content).runs

    @property
    def seconds(self) -> dict[str, float]:
        """How long runs took."""
        return {key: record.seconds for key, record in self.records.items() if record.seconds}

    @property
    def failed(self) -> set[str]:
        """Those that did not pass when they were last run."""
        return {key for key, record in self.records.items() if record.failed}

    def learn(self, ended: Iterable[tuple[str, WorkflowResult]], *, durations: bool = True) -> None:
        """Take what a run of the suite showed, and write it down.

        Args:
            ended: Keys and results, of repetitions several; what was skipped shows nothing.
            durations: Learn those too. Shards must all know the same, so a shard learns none.

        Raises:
            OSError: it cannot be written.
        """
        told: dict[str, list[WorkflowResult]] = {}
        for key, result in ended:
            if result.verdict is not Verdict.SKIPPED:
                told.setdefault(key, []).append(result)
        for key, results in told.items():
            passed = [result.duration for result in results if result.verdict is Verdict.PASSED]
            seconds = max(passed) if passed and durations else self.records.get(key, RunHistory()).seconds
            self.records[key] = RunHistory(round(seconds, 4), any(result.verdict.is_bad for result in results))
        newest = dict(list(self.records.items())[-_MOST:])
        self._write(msgspec.json.encode(_Content(runs=newest)))

    def _write(self, content: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        beside = self.folder / f"{_FILE}.{os.getpid()}"
        beside.write_bytes(content)
        beside.replace(self.folder / _FILE)
