"""Reading files that a workflow names: inside the file root only, regular files only, each read once. Knows no format."""

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
    """A file that is not there, may not be read, or is not a file."""


class FileMissing(FileRefused):
    """A file that is not there."""


class Files:
    """The files of a run: what was read is kept, so that a workflow's own make the bundle that it needs elsewhere.

    Args:
        root: No file outside this folder is read, by `..`, absolute path or link.
        hidden: Files whose name, or a folder's above it, begins with a dot are read too; `.git` holds credentials.
        contents: What stands in place of files, by their real paths.

    Attributes:
        contents: What was read, likewise.
        links: Where links lead: from the path as it is written to the real one.
        private: Files whose content is a secret, by their real paths.
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
        """The real paths of all that is read inside, whether it was read before or not."""
        noted: set[Path] = set()
        before, self._noted = self._noted, noted
        try:
            yield noted
        finally:
            self._noted = before

    def resolve(self, name: str, beside: Path) -> Path:
        """The real path of a file named in a workflow.

        Args:
            name: The path as written, relative to the file that names it.
            beside: The folder of that file.

        Raises:
            FileRefused: it leads outside the file root.
        """
        if not name or "\0" in name:
            raise FileRefused("the file name is empty" if not name else "a file name cannot hold a NUL character")
        path = self._real(name, beside)
        if not path.is_relative_to(self.root):
            hint = f"files stay below {self.root}; --file-root or `file_root` in the project file names another folder"
            raise FileRefused(f"{name} is outside the file root", hint=hint)
        if not self._hidden and any(part.startswith(".") for part in path.relative_to(self.root).parts):
            raise FileRefused(f"--untrusted keeps {name} from a workflow: its path has a part that begins with a dot")
        return path

    def read(self, name: str, beside: Path) -> bytes:
        """The content of a file named in a workflow.

        Raises:
            FileRefused: it is outside the root, missing, unreadable, too large or no regular file.
        """
        path = self.resolve(name, beside)
        self._noted.add(path)
        if path not in self.contents:
            self.contents[path] = self._load(path, name)
        return self.contents[path]

    def on_disk(self, name: str, beside: Path, *, private: bool = False) -> str:
        """The path at which others can read a file named in a workflow.

        Args:
            name: The path as written.
            beside: The folder of the file that names it.
            private: Its content is a secret.

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
    """Where a path seems to lead, without a look at the disk."""
    return Path(os.path.normpath(beside / name))


def read_file(path: Path, name: str) -> bytes:
    """The content of a regular file of at most `MAX_FILE_BYTES` bytes.

    Args:
        path: Where it is.
        name: What a person calls it.

    Raises:
        FileRefused: it is missing, unreadable, too large or no regular file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise FileRefused(f"{name} is {kind}")
        if status.st_size > MAX_FILE_BYTES:
            raise FileRefused(f"{name} has {status.st_size} bytes; at most {MAX_FILE_BYTES} are read")
        return path.read_bytes()
    except FileNotFoundError:
        near = (
            sorted(other.name for other in path.parent.glob("*") if other.is_file())[:8] if path.parent.is_dir() else []
        )
        hint = f"looked for {path}" + (f"; that folder has: {', '.join(near)}" if near else "")
        raise FileMissing(f"there is no file {name}", hint=hint) from None
    except OSError as error:
        raise FileRefused(f"{name} cannot be read: {os_error_text(error)}") from None
