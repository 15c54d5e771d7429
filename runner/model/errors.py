"""The exceptions of runflow, and where an error is.

Exceptions that leave their module, each with the module that defines it:

```
RunflowError                    model.errors          the root: a message, a place, a hint
├── WorkflowError               model.errors          a file is wrong: all its problems at once
├── StepError                   model.errors          a step could not be completed; caught in the engine, becomes data
├── FileRefused                 language.files        a file cannot be read, or must not be
│   └── FileMissing             language.files        a file does not exist
├── InvalidArgument             model.errors          what a file passes to a selector, matcher, body or credential is wrong
├── TemplateProblem             templating.names      a template does not parse; becomes a Problem of its file
├── FilterError                 templating.filters    a filter or function failed; becomes a StepError
├── ExpressionError             selection.expression  an expression of -k or --tag does not parse
├── RunLost                     execution.executor    a run ended without a result; becomes a Failure
└── TransferError               model.errors          an exchange failed inside a driver; becomes a TransportFailure
    ├── DecodeError             drivers.decoding      the body is not what its Content-Encoding says
    ├── TooLarge                drivers.decoding      the decoded body is larger than the limit
    ├── CutShort                drivers.response_head the connection ended before the response was complete
    ├── MalformedHead           drivers.response_head the status line or the headers are not valid HTTP
    │   └── MalformedChunks     drivers.chunked       the body is not valid chunked coding
    ├── CertificateUnusable     drivers.failures      a certificate, key or CA file cannot be used
    └── CannotSend              drivers.failures      the driver cannot send such a request
```

Outside this tree:

- `Interrupted` (here), and what carries it up through the engine with the results so far: `StepInterrupted`,
  `AttemptInterrupted`, `AttemptsInterrupted`, `ExchangeStopped`, `RequestStopped`. They derive from BaseException, so
  that no `except Exception` keeps a run from ending.
- Those that another library expects: `WorkflowFailed` (pytest) and `StepFailed` (Locust) are AssertionErrors;
  `DuplicateKey` (raised inside `json`) is a ValueError; `Refused` is a response of the demo API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from .exchange import FailureKind

DocumentPath = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value: `("steps", 0, "get")`."""


class Place(msgspec.Struct, frozen=True):
    """A value (or its key) in a file. It becomes a line and a column when it is shown.

    Attributes:
        file: The file's path as shown to people.
        path: The document path inside it.
        on_key: The key is meant, not its value.
        line: The line (from 1), where the file could not be read far enough to have a document path.
        column: The column (from 1) that goes with `line`.
        width: How many characters of that line are meant.
        unread: The file as a whole is meant; nothing of it was read, so no excerpt is shown.
    """

    file: str
    path: DocumentPath = ()
    on_key: bool = False
    line: int | None = None
    column: int | None = None
    width: int = 1
    unread: bool = False


class Edit(msgspec.Struct, frozen=True):
    """Replaces a part of a file by another text. Lines and columns count from 0; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a file: what is wrong, where, and what to do next.

    Attributes:
        instead: The text that fixes it in place of the one that is there, where there is only one such text; else "".
    """

    message: str
    place: Place | None = None
    hint: str = ""
    instead: str = ""


MAX_PROBLEMS = 200
"""How many problems of one file are listed. A hostile file must not cause unlimited work."""


class RunflowError(Exception):
    """The root of the exceptions that runflow raises on purpose.

    Args:
        message: What is wrong, in one sentence.
        place: Where.
        hint: What to do next.
    """

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint


class WorkflowError(RunflowError):
    """A file, or the command line that names it, is wrong.

    Args:
        problems: All its problems, in order of place; at least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, first.place, first.hint)
        self.problems = tuple(problems)


class InvalidArgument(RunflowError, ValueError):
    """What a file passes to a selector, a matcher, a body or a credential is wrong. Plugins raise it too.

    Args:
        message: What is wrong, in one sentence.
        hint: What to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, None, hint)

    @classmethod
    def of(cls, error: ValueError) -> InvalidArgument:
        """The same error with a message and a hint; a plain ValueError has no hint."""
        return error if isinstance(error, InvalidArgument) else cls(str(error))


class TransferError(RunflowError):
    """An exchange failed inside a driver, which turns this into a TransportFailure."""


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
    """A step could not be completed. The engine catches it once and puts it into the step's result.

    Attributes:
        kind: What could not be done.
        cause: How the request failed, where it did; else None.
        below: The path, below the value that was being rendered, at which the error arose.
    """

    def __init__(
        self,
        message: str,
        kind: ErrorKind,
        place: Place | None = None,
        hint: str = "",
        cause: FailureKind | None = None,
    ) -> None:
        super().__init__(message, place, hint)
        self.kind: ErrorKind = kind
        self.cause: FailureKind | None = cause
        self.below: DocumentPath = ()

    def under(self, key: str | int) -> StepError:
        """The same error, with `key` put before the path in `below`."""
        self.below = (key, *self.below)
        return self

    def at(self, file: str, path: DocumentPath) -> StepError:
        """The same error, with the place `path` plus `below` unless it has a place already."""
        if self.place is None:
            self.place = Place(file, (*path, *self.below))
        return self


class Interrupted(BaseException):
    """Thrown into a running flow when it must end: a signal came, or the time limit of the whole run was reached.

    Attributes:
        reason: Why, for people.
        kind: `interrupted` or `timeout`.
    """

    def __init__(self, reason: str, kind: ErrorKind = "interrupted") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: ErrorKind = kind
