"""The files that a workflow needs on another machine: they are sent with it, and no others are read there."""

from __future__ import annotations

import atexit
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from .files import FileMissing, Files, as_written


class Bundle(Files):
    """Files without the disk, which can be pickled.

    Args:
        files: The files of a run.
        names: The real paths of those that the workflow needs.
    """

    def __init__(self, files: Files, names: frozenset[Path]) -> None:
        super().__init__(files.root, contents={path: files.contents[path] for path in names if path in files.contents})
        self.links = {written: path for written, path in files.links.items() if path in self.contents}

    def on_disk(self, name: str, beside: Path, *, private: bool = False) -> str:  # noqa: ARG002  # all files are private here
        """Write the file where only this user can read it, until the process ends, and return its path."""
        content = self.read(name, beside)
        path = _folder() / hashlib.sha256(content).hexdigest()
        if not path.exists():
            written = path.with_suffix(f".{os.getpid()}")
            written.touch(0o600)
            written.write_bytes(content)
            written.replace(path)
        return str(path)

    def _real(self, name: str, beside: Path) -> Path:
        written = as_written(name, beside)
        return self.links.get(written, written)

    def _load(self, path: Path, name: str) -> bytes:  # noqa: ARG002  # there is no disk
        hint = "write the file name without a template, so that the file is sent with the workflow"
        raise FileMissing(f"{name} was not sent with the workflow", hint=hint)


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="runflow-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
