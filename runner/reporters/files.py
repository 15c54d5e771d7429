"""Writes reports to files: to a temporary file first, which replaces the report when it is complete."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..model.events import Event, SuiteFinished
from ..model.kinds import FileReporter

STDOUT = Path("-")
Make = Callable[[IO[bytes]], FileReporter]


class ReportFile:
    """A reporter that writes to a file.

    Args:
        name: The name of the report, as for `--report`.
        make: Makes the reporter for a stream.
        path: The file; `-` is standard output.
        streams: Write to the file directly, while the suite runs.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, name: str, make: Make, path: Path, *, streams: bool) -> None:
        self.name = name
        self._complete = False
        self._path = path
        self._temporary: Path | None = None
        if path == STDOUT:
            self._stream: IO[bytes] = sys.stdout.buffer
        else:
            self._path = path.resolve()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
            is_device = self._path.exists() and not self._path.is_file()
            self._stream = (self._path if streams or is_device else temporary).open("wb")
            self._temporary = None if streams or is_device else temporary
        self._reporter = make(self._stream)

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        self._reporter.handle(event)
        if isinstance(event, SuiteFinished):
            self._stream.flush()
            self._complete = True

    def close(self) -> None:
        """Close the file. A complete report replaces the old one; an incomplete one is deleted. Raises OSError."""
        if self._path == STDOUT:
            return
        try:
            self._stream.close()
            if self._temporary is not None and self._complete:
                self._temporary.replace(self._path)
                self._temporary = None
        finally:
            if self._temporary is not None:
                with suppress(OSError):
                    self._temporary.unlink()
