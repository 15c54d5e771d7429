"""The files that reports are written to: beside their place, and moved there when they are whole. Knows no format."""

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
    """A report and the file it goes to, as one reporter.

    Args:
        make: Makes the reporter for a stream.
        path: Where to; `-` is standard output.
        streams: Straight to its place, as things happen.

    Attributes:
        name: What `--report` calls it.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, name: str, make: Make, path: Path, *, streams: bool) -> None:
        self.name = name
        self._whole = False
        self._place = path
        self._beside: Path | None = None
        if path == STDOUT:
            self._stream: IO[bytes] = sys.stdout.buffer
        else:
            self._place = path.resolve()
            self._place.parent.mkdir(parents=True, exist_ok=True)
            beside = self._place.with_name(f".{self._place.name}.{os.getpid()}.part")
            is_device = self._place.exists() and not self._place.is_file()
            self._stream = (self._place if streams or is_device else beside).open("wb")
            self._beside = None if streams or is_device else beside
        self._reporter = make(self._stream)

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        self._reporter.handle(event)
        if isinstance(event, SuiteFinished):
            self._stream.flush()
            self._whole = True

    def close(self) -> None:
        """Put a whole report in its place, drop one that is not. Raises OSError where that cannot be done."""
        if self._place == STDOUT:
            return
        try:
            self._stream.close()
            if self._beside is not None and self._whole:
                self._beside.replace(self._place)
                self._beside = None
        finally:
            if self._beside is not None:
                with suppress(OSError):
                    self._beside.unlink()
