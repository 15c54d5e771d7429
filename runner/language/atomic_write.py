"""Replaces a file atomically: a new file is written beside it and renamed, so that no reader sees a part."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Replace the content of a file and keep its permissions; a symbolic link stays one.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    file = file.resolve()
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        with suppress(FileNotFoundError):  # the file is new
            beside.chmod(file.stat().st_mode)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
