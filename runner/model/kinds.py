"""The Protocols of the kinds: selector, matcher, body, credential, secret source, reporter, value. Each kind is one small file in its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from .answer import Answer
from .errors import DocumentPath
from .events import Event
from .exchange import Headers, Request, Response


class _Missing:
    """What a selector gives when it finds nothing; falsy, and equal only to itself."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"  # the one object, also after pickling


MISSING = _Missing()

Names = Mapping[str, Any]
"""The variables that a template sees."""

Variables = dict[str, Any]
"""The same as a map of its own: JSON values, the functions of the language, and the environment."""

ReadFile = Callable[[str], bytes]
"""Reads a file that the workflow names (relative to it, inside the file root); raises StepError."""


class Value(Protocol):
    """Something in the document that becomes a value when it is rendered."""

    literal: bool
    """It holds no template."""

    names: frozenset[str]
    """The variables it uses."""

    needed: frozenset[str]
    """Those of them that must have a value: no `default(…)`, no `is defined`."""

    env: frozenset[str]
    """The environment variables that must be set."""

    def render(self, names: Names, /) -> Any:
        """The value. Raises StepError (`template`)."""
        ...


class Selector(Protocol):
    """A compiled selector."""

    indefinite: bool
    """It always gives a list, which may be empty (RFC 9535 §2.1.1)."""

    def select(self, answer: Answer, /) -> Any:
        """The value, or MISSING. Raises StepError where the answer cannot be read that way."""
        ...


class SelectorKind(Protocol):
    """A kind of selector.

    Attributes:
        argument: Its argument in words (`NAME`), or "" for a selector that takes none.
        text: Its value is always text, so holding it against a bare number is a mistake.
    """

    name: ClassVar[str]
    argument: ClassVar[str]
    text: ClassVar[bool]
    summary: ClassVar[str]

    def compile(self, argument: str, /) -> Selector:
        """The selector, ready to use.

        Raises:
            InvalidArgument: the argument is wrong. A plain ValueError is taken, too; it has no hint.
        """
        ...


class Miss(msgspec.Struct, frozen=True):
    """Why a value does not match.

    Attributes:
        detail: Why, where expected against actual does not say it.
        undecided: The value cannot be judged by this operator, so `not` fails too.
    """

    detail: str = ""
    undecided: bool = False


Judge = Callable[[Any], Miss | None]
"""Judges a value: None when it holds."""

MatcherArgument = Literal["value", "conditions", "conditions list", "value or conditions"]


class Matcher(Protocol):
    """An operator of `expect`.

    Attributes:
        argument: What it takes: a value, conditions (given as a Judge), a list of them, or either.
    """

    name: ClassVar[str]
    argument: ClassVar[MatcherArgument]
    summary: ClassVar[str]

    def check(self, argument: Any, /) -> str:
        """What is wrong with a rendered argument, or ""."""
        ...

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """None when `actual` matches."""
        ...


Mistake = tuple[DocumentPath, str, str]
"""A place below the value at hand, what is wrong there, and a hint."""


class Encoded(msgspec.Struct, frozen=True):
    """A request body, ready to send."""

    content: bytes
    content_type: str = ""


class Body(Protocol):
    """A kind of request body."""

    name: ClassVar[str]

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """What is wrong with the document's value, templates not yet rendered."""
        ...

    def encode(self, data: Any, read: ReadFile, /) -> Encoded:
        """The bytes for rendered data. Raises StepError or InvalidArgument."""
        ...


class Signer(Protocol):
    """What a credential adds that depends on the request as it goes out, or on what the server asked for."""

    def sign(self, request: Request, now: float, /) -> Attachment:
        """Headers for this request, cookies included in it; `now` in epoch seconds. Raises InvalidArgument."""
        ...

    def challenged(self, response: Response, /) -> bool:
        """Whether the answer asks for something that signing again would give."""
        ...


AuthLocation = Literal["header", "query", "cookie"]
AUTH_LOCATIONS: tuple[AuthLocation, ...] = ("header", "query", "cookie")
"""Where a credential goes."""


class Attachment(msgspec.Struct, frozen=True):
    """What a credential adds to a request.

    Attributes:
        secrets: Texts to mask: what is sent and what it was made from.
        signer: Adds more at the last moment, or None.
    """

    headers: Headers = ()
    params: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    signer: Signer | None = None

    @classmethod
    def of(cls, found: Iterable[tuple[AuthLocation, str, str]]) -> Attachment:
        """What goes where: place, name and value."""
        every = list(found)
        headers, params, cookies = (
            tuple((name, value) for where, name, value in every if where == place) for place in AUTH_LOCATIONS
        )
        return cls(headers, params, cookies)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Each value that goes out, under the words for where it goes: `header Authorization`."""
        places = (("header", self.headers), ("query parameter", self.params), ("cookie", self.cookies))
        return [(f"{place} {name}", value) for place, pairs in places for name, value in pairs]


class Credential(Protocol):
    """A kind of credential whose values are known before anything is sent. Those that fetch a token are sessions."""

    name: ClassVar[str]

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """What is wrong with the document's value."""
        ...

    def attach(self, data: Any, /) -> Attachment:
        """What the credential adds to a request, for rendered data. Raises InvalidArgument."""
        ...


class SecretSource(Protocol):
    """Somewhere that secrets are kept: a file, a keyring, a vault. Whatever makes one takes its argument, a text."""

    def get(self, name: str, /) -> str | None:
        """The secret of that name, or None. Asked once for each name that a run needs. Raises RunflowError."""
        ...


ReporterWants = Literal["", "exchanges", "places"]


class Reporter(Protocol):
    """Something that writes what happens. It sees masked events only."""

    def handle(self, event: Event, /) -> None:
        """Take one event. May raise OSError, which is exit 4 and stops only this reporter."""
        ...


class FileReporter(Reporter, Protocol):
    """A reporter that writes one file. Made with a binary stream, to which it may write at any time up to `SuiteFinished`.

    Attributes:
        name: What `--report` calls it.
        streams: The file is written as things happen; else beside its place, and moved there when it is whole.
        wants: What passing steps must carry for it: nothing, their `exchanges` (and checks and names), or their `places` too.
    """

    name: ClassVar[str]
    streams: ClassVar[bool]
    wants: ClassVar[ReporterWants]
