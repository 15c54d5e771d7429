"""Parses the status line and headers of a response strictly. Refuses a response whose length is ambiguous (RFC 9112 §6.3)."""

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


def framing_problem(codings: Sequence[str], lengths: Sequence[str]) -> str | None:
    """What is wrong with the framing of a response; None if it is valid.

    Args:
        codings: The values of its Transfer-Encoding headers.
        lengths: The values of its Content-Length headers.
    """
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        return f"the transfer coding {', '.join(codings)!r} is not supported"
    if lengths:
        if codings:
            return "the response has both Transfer-Encoding and Content-Length"
        every = {part.strip() for length in lengths for part in length.split(",")}
        if len(every) > 1 or not _LENGTH.fullmatch(next(iter(every))):
            return f"the Content-Length is not one valid number: {', '.join(lengths)!r}"
    return None


def is_invalid(name: str, value: str) -> bool:
    """Whether a header line is invalid: its name is not a token, or its value holds a NUL, CR or LF (RFC 9110 §5.1, §5.5)."""
    return TOKEN.fullmatch(name) is None or _FORBIDDEN.search(value) is not None


class CutShort(TransferError):
    """The connection ended before the response was complete."""


class MalformedHead(TransferError):
    """The status line or a header of a response is invalid, or not allowed for the request."""


class ResponseHead:
    """The status line and headers of one response, parsed line by line.

    Attributes:
        status: The status code; 0 until all headers are received.
        lines: The names and values of the headers.
        started: A line was received.
    """

    __slots__ = ("_informational", "_lower", "_raw", "lines", "reason", "started", "status")

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""
        self.lines: list[tuple[str, str]] = []
        self.started = False
        self._raw: list[bytes] = []
        self._informational = 0

    def feed(self, line: bytes) -> bool:
        """Parse one more line with its line end.

        Returns:
            Whether it completes the headers of the response itself, and not those of a 1xx response.

        Raises:
            MalformedHead: the lines are invalid, or the length of the response is ambiguous.
        """
        self.started = True
        if self.status:
            return False  # a trailer field, which is ignored
        bare = line.rstrip(b"\r\n")
        if bare:
            self._check_size(bare)
            self._raw.append(bare)
            return False
        return self._complete()

    def _check_size(self, line: bytes) -> None:
        if len(line) > MAX_LINE_BYTES:
            raise MalformedHead(f"a line is too long: got more than {MAX_LINE_BYTES} bytes when reading header line")
        if len(self._raw) > MAX_LINES:
            raise MalformedHead(f"got more than {MAX_LINES} headers")

    def _complete(self) -> bool:
        first, *rest = self._raw or [b""]
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise MalformedHead(f"it begins with {cut(first[:90].decode('latin-1'), 80)}")
        status = int(found[1])
        self._raw.clear()
        if status == 101:
            raise MalformedHead("the server switched protocols, which was not requested")
        if status < 200:
            self._informational += 1
            if self._informational >= MAX_INFORMATIONAL:
                raise MalformedHead(f"more than {MAX_INFORMATIONAL} informational responses")
            return False
        self.lines = _fields(rest)
        self._lower = [(name.lower(), value) for name, value in self.lines]
        problem = framing_problem(self.values("transfer-encoding"), self.values("content-length"))
        if problem is not None:
            raise MalformedHead(problem)
        self.status = status
        self.reason = (found[2] or b"").decode("latin-1").strip()
        return True

    def values(self, name: str) -> list[str]:
        """The values of all headers with a name in lower case."""
        return [value for line, value in self._lower if line == name]


def _fields(raw: Sequence[bytes]) -> list[tuple[str, str]]:
    """Parse header lines, and join those that were folded (RFC 9112 §5.2)."""
    lines: list[tuple[str, str]] = []
    for line in raw:
        text = line.decode("latin-1")
        folded = text[0] in " \t" and bool(lines)
        name, colon, value = (lines[-1][0], ":", text) if folded else text.partition(":")
        if not colon or is_invalid(name, value):
            raise MalformedHead(f"a response header is malformed: {cut(text, 80)!r}")
        value = value.strip()
        if folded:
            lines[-1] = (name, f"{lines[-1][1]} {value}")
        else:
            lines.append((name, value))
    return lines
