"""Writing a file anew: beside it and renamed, so that it is the old one or the new one, whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Put this content in a file's place, with its permissions if it is there; a link stays one.

    Raises:
        OSError: it cannot be written; the old one is whole.
    """
    file = file.resolve()
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        with suppress(FileNotFoundError):  # it is new
            beside.chmod(file.stat().st_mode)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
