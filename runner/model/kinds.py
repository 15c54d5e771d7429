"""The Protocols that plugins implement: selectors, matchers, bodies, credentials, secret sources and reporters.

Each kind is one small file in its folder; a package may bring others by entry points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from .answer import Answer
from .errors import DocumentPath
from .events import Event
from .exchange import Headers, Request, Response


class _Missing:
    """What a selector returns when it finds nothing: false in a condition, and equal only to itself."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"  # unpickling returns the same object


MISSING = _Missing()

Names = Mapping[str, Any]
"""The variables that a template sees."""

Variables = dict[str, Any]
"""The same as a dict that may be changed: JSON values, the functions of the language, and the environment."""

ReadFile = Callable[[str], bytes]
"""Reads a file that a workflow names: relative to the workflow, inside the file root. Raises StepError."""


class Value(Protocol):
    """A part of the document that is rendered to a value."""

    literal: bool
    """Whether it contains no template."""

    names: frozenset[str]
    """The variables that it uses."""

    needed: frozenset[str]
    """The variables that must have a value: not those in `default(…)` or `is defined`."""

    env: frozenset[str]
    """The environment variables that must be set."""

    def render(self, names: Names, /) -> Any:
        """Render the value. Raises StepError (`template`)."""
        ...


class Selector(Protocol):
    """A compiled selector."""

    indefinite: bool
    """Whether it always returns a list, which may be empty (RFC 9535 §2.1.1)."""

    def select(self, answer: Answer, /) -> Any:
        """The selected value, or MISSING. Raises StepError: the response cannot be read that way."""
        ...


class SelectorKind(Protocol):
    """A kind of selector.

    Attributes:
        name: The word that a selector begins with.
        argument: What its argument is called in the reference (`NAME`); "" where it takes none.
        text: Its value is always text, so comparing it with a number by `equals` is a mistake.
        summary: One line for the reference.
    """

    name: ClassVar[str]
    argument: ClassVar[str]
    text: ClassVar[bool]
    summary: ClassVar[str]

    def compile(self, argument: str, /) -> Selector:
        """Compile a selector.

        Raises:
            InvalidArgument: the argument is not valid. A plain ValueError is accepted too; it has no hint.
        """
        ...


class Miss(msgspec.Struct, frozen=True):
    """Why a value does not match.

    Attributes:
        detail: Why, where the expected and the actual value do not say it.
        undecided: This operator cannot judge such a value, so `not` fails too.
    """

    detail: str = ""
    undecided: bool = False


Judge = Callable[[Any], Miss | None]
"""Judges a value. Returns None where it matches."""

MatcherArgument = Literal["value", "conditions", "conditions list", "value or conditions"]


class Matcher(Protocol):
    """An operator of `expect`.

    Attributes:
        name: The operator as written.
        argument: What it takes: a value, conditions (passed as a Judge), a list of conditions, or either.
        summary: One line for the reference.
    """

    name: ClassVar[str]
    argument: ClassVar[MatcherArgument]
    summary: ClassVar[str]

    def check(self, argument: Any, /) -> str:
        """What is wrong with a rendered argument; "" where it is valid."""
        ...

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """Judge a value. Returns None where `actual` matches."""
        ...


Mistake = tuple[DocumentPath, str, str]
"""A path below the checked value, what is wrong there, and a hint."""


NamedFile = tuple[DocumentPath, str]
"""A path below the checked value, and the name of a file that is there."""


class Encoded(msgspec.Struct, frozen=True):
    """A request body, ready to send."""

    content: bytes
    content_type: str = ""


class Body(Protocol):
    """A kind of request body."""

    name: ClassVar[str]

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Find the mistakes in the document's value, whose templates are not rendered yet."""
        ...

    def files(self, data: Any, /) -> Iterable[NamedFile]:
        """The files that the document's value names; a name may be a template."""
        ...

    def encode(self, data: Any, read: ReadFile, /) -> Encoded:
        """Encode rendered data. Raises StepError or InvalidArgument."""
        ...


class Signer(Protocol):
    """Adds what depends on the final request, or on a challenge of the server."""

    def sign(self, request: Request, now: float, /) -> Attachment:
        """The headers to add to a request that has its cookies already; `now` is in epoch seconds. Raises InvalidArgument."""
        ...

    def challenged(self, response: Response, /) -> bool:
        """Whether the response asks for a signature, so that the request should be signed and sent again."""
        ...


AuthLocation = Literal["header", "query", "cookie"]
AUTH_LOCATIONS: tuple[AuthLocation, ...] = ("header", "query", "cookie")
"""The parts of a request that a credential may be in."""


class Attachment(msgspec.Struct, frozen=True):
    """What a credential adds to a request.

    Attributes:
        secrets: Texts to mask: what is sent, and what it was made from.
        signer: Adds more when the request is final; None where there is nothing to add.
    """

    headers: Headers = ()
    params: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    signer: Signer | None = None

    @classmethod
    def of(cls, found: Iterable[tuple[AuthLocation, str, str]]) -> Attachment:
        """Sort values by where they go: pairs of location, name and value."""
        every = list(found)
        headers, params, cookies = (
            tuple((name, value) for where, name, value in every if where == place) for place in AUTH_LOCATIONS
        )
        return cls(headers, params, cookies)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Each value that is sent, with a text that says where: `header Authorization`."""
        places = (("header", self.headers), ("query parameter", self.params), ("cookie", self.cookies))
        return [(f"{place} {name}", value) for place, pairs in places for name, value in pairs]


class Credential(Protocol):
    """A kind of credential whose values are known before anything is sent. One that fetches a token is a session."""

    name: ClassVar[str]

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Find the mistakes in the document's value."""
        ...

    def attach(self, data: Any, /) -> Attachment:
        """What the credential adds to a request, for rendered data. Raises InvalidArgument."""
        ...


class SecretSource(Protocol):
    """A place that stores secrets: a file, a keyring, a vault. Its factory takes one argument, a text."""

    def get(self, name: str, /) -> str | None:
        """The secret of this name, or None. Called once for each name that a run needs. Raises RunflowError."""
        ...


ReporterWants = Literal["", "exchanges", "places"]


class Reporter(Protocol):
    """Writes what happens. It receives masked events only."""

    def handle(self, event: Event, /) -> None:
        """Handle an event. May raise OSError: this reporter then receives no more events, and the exit code is 4."""
        ...


class FileReporter(Reporter, Protocol):
    """A reporter that writes one file.

    It is made with a binary stream, to which it may write at any time up to `SuiteFinished`.

    Attributes:
        name: Its name for `--report`.
        streams: The file is written while the suite runs; else a temporary file replaces it when it is complete.
        wants: What passing steps must contain: nothing, their `exchanges` (with checks and names), or their `places` too.
    """

    name: ClassVar[str]
    streams: ClassVar[bool]
    wants: ClassVar[ReporterWants]
