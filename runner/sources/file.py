"""`--secrets-file`: a file of NAME=VALUE lines, all of them secrets. It is read when a name is first needed."""

from __future__ import annotations

from pathlib import Path

from ..model.errors import RunflowError
from ..model.wording import os_error_text


class SecretsFile:
    """A file of secrets.

    Args:
        path: The file; it is read only if a run needs a secret.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, str] | None = None

    def get(self, name: str, /) -> str | None:
        """The value, or None. Raises RunflowError where the file cannot be read."""
        if self._values is None:
            self._values = read_assignments(self.path)
        return self._values.get(name)


def read_assignments(path: Path) -> dict[str, str]:
    """The names and values of a file of NAME=VALUE lines; `#` begins a comment, quotes around a value are removed.

    Raises:
        RunflowError: it cannot be read, or a line is not valid. The line is not shown, because it may be a secret.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RunflowError(f"{path} cannot be read: {os_error_text(error)}") from None
    except UnicodeDecodeError:
        raise RunflowError(f"{path} is not UTF-8 text") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        assignment = line.strip().removeprefix("export ").strip()
        if not assignment or assignment.startswith("#"):
            continue
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip().isidentifier():
            raise RunflowError(f"{path}:{number}: write NAME=VALUE")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()
