"""The errors of runflow and where they point. Knows nothing of files: a place becomes lines when it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from .exchange import FailureKind

DocumentPath = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value: `("steps", 0, "get")`."""


class Place(msgspec.Struct, frozen=True):
    """A value (or its key) in a file.

    Attributes:
        file: The file's path as shown to people.
        path: The document path inside it.
        on_key: The key is meant, not its value.
        line: A fixed line (from 1) where the document could not be read that far, else 0.
        column: The column (from 1) that goes with `line`.
        width: Characters of that line that are meant.
        unread: The file as a whole, of which nothing was read, so nothing is shown.
    """

    file: str
    path: DocumentPath = ()
    on_key: bool = False
    line: int = 0
    column: int = 0
    width: int = 1
    unread: bool = False


class Edit(msgspec.Struct, frozen=True):
    """Another text for a stretch of a file; lines and columns from 0, the end not in it."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a file: what is wrong, where, and what to do next.

    Attributes:
        instead: What stands at the place instead, where that mends it and cannot be anything else; or "".
    """

    message: str
    place: Place | None = None
    hint: str = ""
    instead: str = ""


MAX_PROBLEMS = 200
"""Of one file: nobody reads more, and a hostile file must not make work without end."""


class RunflowError(Exception):
    """The root of everything runflow raises on purpose."""

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint


class WorkflowError(RunflowError):
    """A file (or the command line that names it) is wrong: all its problems at once, in order of place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, first.place, first.hint)
        self.problems = tuple(problems)


ErrorKind = Literal[
    "template",
    "extract",
    "transport",
    "decode",
    "limit",
    "policy",
    "timeout",
    "auth",
    "input",
    "replay",
    "interrupted",
    "lost",
    "bug",
]


class StepError(RunflowError):
    """A step could not be carried out. Caught once, in the engine, and turned into data on the step's result.

    Attributes:
        below: Where, below the value that was at work, the error arose; `at` makes it part of the place.
        cause: How its request failed, where it was that.
    """

    def __init__(
        self,
        message: str,
        kind: ErrorKind,
        place: Place | None = None,
        hint: str = "",
        cause: FailureKind | Literal[""] = "",
    ) -> None:
        super().__init__(message, place, hint)
        self.kind: ErrorKind = kind
        self.cause: FailureKind | Literal[""] = cause
        self.below: DocumentPath = ()

    def under(self, key: str | int) -> StepError:
        """The same error, one level further up."""
        self.below = (key, *self.below)
        return self

    def at(self, file: str, path: DocumentPath) -> StepError:
        """The same error with its place, unless it has one."""
        if self.place is None:
            self.place = Place(file, (*path, *self.below))
        return self


class Interrupted(BaseException):
    """Thrown into a running flow by whoever drives it: a signal came, or the time of the whole run is over.

    Attributes:
        reason: Why, in words.
        kind: `interrupted` or `timeout`.
    """

    def __init__(self, reason: str, kind: ErrorKind = "interrupted") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: ErrorKind = kind
