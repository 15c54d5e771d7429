"""Heads of answers: read strictly, and refused where they can be read in two ways (RFC 9112 §6.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model.errors import TransferError
from ..model.urls import TOKEN
from ..model.wording import cut

_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})(?: (.*))?")

_LENGTH = re.compile(r"[0-9]{1,18}")
_FORBIDDEN = re.compile(r"[\0\r\n]")

MAX_INFORMATIONAL = 100
MAX_LINES = 100
MAX_LINE_BYTES = 65536


def ambiguous(codings: Sequence[str], lengths: Sequence[str]) -> str:
    """What is wrong with the framing of an answer, or "".

    Args:
        codings: Values of its Transfer-Encoding lines.
        lengths: Values of its Content-Length lines.
    """
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        return f"the transfer coding {', '.join(codings)!r} is not known here"
    if lengths:
        if codings:
            return "the answer has both Transfer-Encoding and Content-Length"
        every = {part.strip() for length in lengths for part in length.split(",")}
        if len(every) > 1 or not _LENGTH.fullmatch(next(iter(every))):
            return f"the Content-Length makes no sense: {', '.join(lengths)!r}"
    return ""


def forbidden(name: str, value: str) -> bool:
    """Whether a header line is none: its name is no token, or its value holds what some take for its end (RFC 9110 §5.1, §5.5)."""
    return TOKEN.fullmatch(name) is None or _FORBIDDEN.search(value) is not None


class CutShort(TransferError):
    """The connection ended before the answer was whole."""


class MalformedHead(TransferError):
    """The head of an answer is not what HTTP allows, or not what was asked for."""


class Head:
    """The head of one answer, taken line by line, for a library that gives it so.

    Attributes:
        status: Of the answer, once its head is whole; 0 before.
        lines: Names and values.
        begun: A line has come.
    """

    __slots__ = ("_informational", "_lower", "_raw", "begun", "lines", "reason", "status")

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        self.lines: list[tuple[str, str]] = []
        self.begun = False
        self._raw: list[bytes] = []
        self._informational = 0

    def take(self, line: bytes) -> bool:
        """One more line with its end: whether the head of the answer itself is whole now.

        Raises:
            MalformedHead: this is no head, or one that can be read in two ways.
        """
        self.begun = True
        if self.status:
            return False  # a trailer field, which nobody reads
        bare = line.rstrip(b"\r\n")
        if bare:
            self._check_size(bare)
            self._raw.append(bare)
            return False
        return self._whole()

    def _check_size(self, line: bytes) -> None:
        if len(line) > MAX_LINE_BYTES:
            raise MalformedHead(f"a line is too long: got more than {MAX_LINE_BYTES} bytes when reading header line")
        if len(self._raw) > MAX_LINES:
            raise MalformedHead(f"got more than {MAX_LINES} headers")

    def _whole(self) -> bool:
        first, *rest = self._raw or [b""]
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise MalformedHead(f"it begins with {cut(first[:90].decode('latin-1'), 80)}")
        status = int(found[1])
        self._raw.clear()
        if status == 101:
            raise MalformedHead("the server switched protocols, which was not asked for")
        if status < 200:
            self._informational += 1
            if self._informational >= MAX_INFORMATIONAL:
                raise MalformedHead(f"more than {MAX_INFORMATIONAL} informational answers")
            return False
        self.lines = _fields(rest)
        self._lower = [(name.lower(), value) for name, value in self.lines]
        wrong = ambiguous(self.values("transfer-encoding"), self.values("content-length"))
        if wrong:
            raise MalformedHead(wrong)
        self.status = status
        self.reason = (found[2] or b"").decode("latin-1").strip()
        return True

    def values(self, name: str) -> list[str]:
        """The values of every line of a name, which is given in lower case."""
        return [value for line, value in self._lower if line == name]


def _fields(raw: Sequence[bytes]) -> list[tuple[str, str]]:
    """Header lines, those that were folded put together again (RFC 9112 §5.2)."""
    lines: list[tuple[str, str]] = []
    for line in raw:
        text = line.decode("latin-1")
        folded = text[0] in " \t" and bool(lines)
        name, colon, value = (lines[-1][0], ":", text) if folded else text.partition(":")
        if not colon or forbidden(name, value):
            raise MalformedHead(f"the head of the answer is malformed: {cut(text, 80)!r}")
        value = value.strip()
        if folded:
            lines[-1] = (name, f"{lines[-1][1]} {value}")
        else:
            lines.append((name, value))
    return lines
