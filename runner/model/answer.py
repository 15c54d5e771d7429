"""What selectors read from: the final response of a step. Its text and its JSON are decoded strictly, once."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

from .errors import StepError
from .exchange import Response, TransportFailure
from .wording import cut

_CHARSET = re.compile(r'charset\s*=\s*"?([^";,\s]+)', re.IGNORECASE)
_UNREAD = object()


class DuplicateKey(ValueError):
    """A JSON object has the same key twice. Parsers disagree on which value counts (RFC 8259 §4)."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # the one-line idiom for "first seen again"
        raise DuplicateKey(f"the key {json.dumps(twice)} occurs twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {cut(text, 40)} does not fit into a 64-bit float")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)


def read_json(text: str) -> Any:
    """Parse a JSON text strictly: integers are exact; NaN, infinities and repeated keys are refused (RFC 8259).

    Raises:
        ValueError: the text is not such JSON; the message says where.
    """
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        if "digits" in str(error):
            raise ValueError("it contains a number of more than 4300 digits") from None
        raise


class Answer:
    """What a selector reads from: the final response of a request or why there is none, or the outputs of an include.

    Args:
        response: The response, if there is one.
        failure: Why there is none.
        redirects: The URLs that redirected, in order.
        jar: The cookies in the jar afterwards, by name.
        charset: The charset that the step sets for the body; "" for the one that the response names.
        outputs: The outputs of an include, from which `$` selects.
    """

    __slots__ = ("_charset", "_json", "_text", "_type", "failure", "jar", "outputs", "redirects", "response")

    def __init__(
        self,
        response: Response | None,
        *,
        failure: TransportFailure | None = None,
        redirects: tuple[str, ...] = (),
        jar: dict[str, str] | None = None,
        charset: str = "",
        outputs: dict[str, Any] | None = None,
    ) -> None:
        self.response = response
        self.failure = failure
        self.redirects = redirects
        self.jar = jar or {}
        self.outputs = outputs
        self._charset = charset
        self._type: str = (response.header("content-type") if response is not None else None) or ""
        self._text: Any = _UNREAD
        self._json: Any = _UNREAD if outputs is None else outputs

    def require_response(self) -> Response:
        """The response.

        Raises:
            StepError: there is none: the request failed, or an include has outputs only.
        """
        if self.response is not None:
            return self.response
        if self.failure is not None:
            raise StepError(f"there is no response: {self.failure.message}", "extract")
        raise StepError("an include has no response of its own", "extract", hint="select one of its outputs: `$.name`")

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters, or ""."""
        return self._type.split(";", 1)[0].strip().lower()

    @property
    def says_json(self) -> bool:
        """Whether the Content-Type is JSON, `+json` included (RFC 6838 §4.2.8)."""
        kind = self.content_type
        return kind.endswith(("/json", "+json"))

    @property
    def duration(self) -> float:
        """How many seconds the final exchange took."""
        outcome = self.response or self.failure
        return outcome.elapsed if outcome else 0.0

    @property
    def charset(self) -> str:
        """The charset of the body: as the step sets it, else as Content-Type names it, else UTF-8."""
        if self._charset:
            return self._charset
        found = _CHARSET.search(self._type)
        return found[1] if found else "utf-8"

    @property
    def text(self) -> str:
        """The body as text, decoded strictly.

        Raises:
            StepError: the charset is unknown, or the bytes are not valid in it.
        """
        if self._text is _UNREAD:
            self._text = self._decoded()
        return self._text  # type: ignore[no-any-return]  # set to text on the line above

    def _decoded(self) -> str:
        body, charset = self.require_response().body, self.charset
        try:
            if codecs.lookup(charset).name == "utf-8":
                charset = "utf-8-sig"  # a byte order mark is not part of the text
            return body.decode(charset)
        except LookupError:
            raise StepError(
                f"the response names an unknown charset: {charset!r}", "decode",
                hint="set the real charset on the step: `http: {charset: utf-8}`",
            ) from None  # fmt: skip
        except UnicodeDecodeError as error:
            raise StepError(
                f"the body is not valid {self.charset}: byte 0x{body[error.start]:02x} at position {error.start}", "decode",
                hint="set the real charset on the step, `http: {charset: …}`; for a binary body use the selectors `hex`, `size` or `sha256`",
            ) from None  # fmt: skip

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            StepError: it is empty or not JSON.
        """
        if self._json is _UNREAD:
            if not self.require_response().body.strip():
                raise StepError("the body is empty; JSON was expected", "decode")
            try:
                self._json = read_json(self.text)
            except ValueError as error:
                kind = self.content_type or "no Content-Type"
                raise StepError(f"the body ({kind}) is not JSON: {error}", "decode", hint=self._opening()) from None
        return self._json

    def _opening(self) -> str:
        """The first characters of a body that is not JSON."""
        opening = " ".join(cut(self.text, 80).split())
        return f"it begins with: {opening}"

    def check_json(self) -> None:
        """Check that a body whose Content-Type is JSON is JSON; an empty body passes.

        Raises:
            StepError: it is not.
        """
        if self.says_json and self.require_response().body:
            _ = self.json
