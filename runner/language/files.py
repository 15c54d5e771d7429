"""Reads the files that a workflow names: only regular files inside the file root, each once."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..model.errors import RunflowError
from ..model.wording import os_error_text

MAX_FILE_BYTES = 64_000_000


class FileRefused(RunflowError):
    """A file is missing, is outside the file root, cannot be read, or is not a regular file."""


class FileMissing(FileRefused):
    """A file is missing."""


class Files:
    """The files of a run. Their contents are kept: those of a workflow are sent with it to a worker.

    Args:
        root: The folder outside which no file is read, whether by `..`, an absolute path or a link.
        hidden: Whether files are read whose path has a part that begins with a dot; `.git` holds credentials.
        contents: Contents to use instead of reading files, by their real paths.

    Attributes:
        contents: The contents that were read, by real paths.
        links: The real path of each path that contains a link.
        private: The real paths of files whose content is a secret.
    """

    def __init__(self, root: Path, *, hidden: bool = True, contents: Mapping[Path, bytes] | None = None) -> None:
        self.root = root.resolve()
        self._hidden = hidden
        self.contents: dict[Path, bytes] = dict(contents or {})
        self.links: dict[Path, Path] = {}
        self.private: set[Path] = set()
        self._noted: set[Path] = set()

    @contextmanager
    def noting(self) -> Iterator[set[Path]]:
        """Collect the real paths of all files that are read inside the block, also of those read before."""
        noted: set[Path] = set()
        before, self._noted = self._noted, noted
        try:
            yield noted
        finally:
            self._noted = before

    def resolve(self, name: str, beside: Path) -> Path:
        """Return the real path of a file that a workflow names.

        Args:
            name: The path as written, relative to the file that names it.
            beside: The folder of that file.

        Raises:
            FileRefused: the path leads outside the file root.
        """
        if not name or "\0" in name:
            raise FileRefused("the file name is empty" if not name else "a file name cannot hold a NUL character")
        path = self._real(name, beside)
        if not path.is_relative_to(self.root):
            hint = f"move the file below {self.root}, or name another folder with --file-root or `file_root` in the project file"
            raise FileRefused(f"{name} is outside the file root", hint=hint)
        if not self._hidden and any(part.startswith(".") for part in path.relative_to(self.root).parts):
            raise FileRefused(f"--untrusted refuses {name}: a part of its path begins with a dot")
        return path

    def read(self, name: str, beside: Path) -> bytes:
        """Return the content of a file that a workflow names.

        Raises:
            FileRefused: it is outside the file root, missing, unreadable, too large or not a regular file.
        """
        path = self.resolve(name, beside)
        self._noted.add(path)
        if path not in self.contents:
            self.contents[path] = self._load(path, name)
        return self.contents[path]

    def on_disk(self, name: str, beside: Path, *, private: bool = False) -> str:
        """Return the path at which a driver can read a file that a workflow names.

        Args:
            name: The path as written.
            beside: The folder of the file that names it.
            private: Whether its content is a secret.

        Raises:
            FileRefused: as for `read`.
        """
        self.read(name, beside)
        path = self.resolve(name, beside)
        if private:
            self.private.add(path)
        return str(path)

    def _real(self, name: str, beside: Path) -> Path:
        try:
            path = (beside / name).resolve()
        except (OSError, RuntimeError) as error:
            raise FileRefused(f"{name}: {os_error_text(error)}") from None
        written = as_written(name, beside)
        if written != path:
            self.links[written] = path
        return path

    def _load(self, path: Path, name: str) -> bytes:
        return read_file(path, name)


def as_written(name: str, beside: Path) -> Path:
    """Normalise a path without following links."""
    return Path(os.path.normpath(beside / name))


def read_file(path: Path, name: str) -> bytes:
    """Return the content of a regular file of at most `MAX_FILE_BYTES` bytes.

    Args:
        path: Where it is.
        name: Its name in messages.

    Raises:
        FileRefused: it is missing, unreadable, too large or not a regular file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise FileRefused(f"{name} is {kind}")
        if status.st_size > MAX_FILE_BYTES:
            raise FileRefused(f"{name} has {status.st_size} bytes; a file may have at most {MAX_FILE_BYTES}")
        return path.read_bytes()
    except FileNotFoundError:
        near = (
            sorted(other.name for other in path.parent.glob("*") if other.is_file())[:8] if path.parent.is_dir() else []
        )
        hint = f"the path is {path}" + (f"; its folder has: {', '.join(near)}" if near else "")
        raise FileMissing(f"there is no file {name}", hint=hint) from None
    except OSError as error:
        raise FileRefused(f"{name} cannot be read: {os_error_text(error)}") from None
