"""Stores the duration and outcome of earlier runs in `.runflow/history.json`, a small file that may be deleted at any time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from ..model.results import Verdict, WorkflowResult

HISTORY_FOLDER = ".runflow"
_FILE = "history.json"
_MAX_RUNS = 200_000


class RunHistory(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one run ended the last time.

    Attributes:
        seconds: Its duration in seconds when it last passed.
        failed: It did not pass the last time.
    """

    seconds: float = 0.0
    failed: bool = False


class _Content(msgspec.Struct, frozen=True):
    version: int = 1
    runs: dict[str, RunHistory] = {}


class History:
    """Earlier runs by their keys.

    Args:
        folder: The folder that has or will have the folder `.runflow`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / HISTORY_FOLDER
        self.records: dict[str, RunHistory] = {}
        with suppress(OSError, msgspec.DecodeError):  # a file that cannot be read is ignored
            self.records = msgspec.json.decode((self.folder / _FILE).read_bytes(), type=_Content).runs

    @property
    def durations(self) -> dict[str, float]:
        """The duration of runs in seconds."""
        return {key: record.seconds for key, record in self.records.items() if record.seconds}

    @property
    def failed(self) -> set[str]:
        """The keys of runs that did not pass the last time."""
        return {key for key, record in self.records.items() if record.failed}

    def learn(self, ended: Iterable[tuple[str, WorkflowResult]], *, durations: bool = True) -> None:
        """Store the results of a suite.

        Args:
            ended: Keys and results; repetitions share a key. Skipped runs are ignored.
            durations: Store durations too. All shards must know the same durations, so a shard stores none.

        Raises:
            OSError: the file cannot be written.
        """
        by_key: dict[str, list[WorkflowResult]] = {}
        for key, result in ended:
            if result.verdict is not Verdict.SKIPPED:
                by_key.setdefault(key, []).append(result)
        for key, results in by_key.items():
            passed = [result.duration for result in results if result.verdict is Verdict.PASSED]
            seconds = max(passed) if passed and durations else self.records.get(key, RunHistory()).seconds
            self.records[key] = RunHistory(round(seconds, 4), any(result.verdict.is_bad for result in results))
        newest = dict(list(self.records.items())[-_MAX_RUNS:])
        self._write(msgspec.json.encode(_Content(runs=newest)))

    def _write(self, content: bytes) -> None:
        self.folder.mkdir(exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        beside = self.folder / f"{_FILE}.{os.getpid()}"
        beside.write_bytes(content)
        beside.replace(self.folder / _FILE)
