"""Parses the status line and headers of a response strictly. Refuses a response whose length is ambiguous (RFC 9112 §6.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model.errors import TransferError
from ..model.urls import TOKEN
from ..model.wording import cut

_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: ([^\r\n\0]*))?")
_STATUS_LINE_OF_LIBCURL = re.compile(rb"HTTP/(1\.[01]|[23]) ([1-9][0-9]{2})(?: ([^\r\n\0]*))?")
"""HTTP/2 and HTTP/3 have no status line (RFC 9113 §8.3.2): libcurl writes one for them."""

_LENGTH = re.compile(r"[0-9]{1,18}")
_FORBIDDEN = re.compile(r"[\0\r\n]")

MAX_INFORMATIONAL = 100
MAX_LINES = 100
MAX_LINE_BYTES = 65536


def framing_problem(version: str, codings: Sequence[str], lengths: Sequence[str]) -> str | None:
    """What is wrong with the framing of a response; None if it is valid.

    Args:
        version: The version of HTTP, such as `1.0`.
        codings: The values of its Transfer-Encoding headers.
        lengths: The values of its Content-Length headers.
    """
    if codings and version == "1.0":
        return "HTTP/1.0 has no Transfer-Encoding, so the length of the body is not known"
    if codings and [coding.strip(" \t").lower() for coding in codings] != ["chunked"]:
        return f"the transfer coding {', '.join(codings)!r} is not supported"
    if lengths:
        if codings:
            return "the response has both Transfer-Encoding and Content-Length"
        every = {part.strip(" \t") for length in lengths for part in length.split(",")}
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

    Args:
        http1: The connection speaks HTTP/1, so a status line with another version is invalid.

    Attributes:
        status: The status code; 0 until all headers are received.
        version: The version of HTTP: `1.0`, `1.1`, `2` or `3`.
        lines: The names and values of the headers.
        started: A line was received.
    """

    __slots__ = (
        "_informational", "_lower", "_pattern", "_raw", "_status_line", "lines", "reason", "started", "status", "version",
    )  # fmt: skip

    def __init__(self, *, http1: bool = True) -> None:
        self._pattern = _STATUS_LINE if http1 else _STATUS_LINE_OF_LIBCURL
        self._status_line: re.Match[bytes] | None = None
        self.status = 0
        self.version = ""
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
        bare = line.removesuffix(b"\n").removesuffix(b"\r")
        if self._status_line is None:
            self._status_line = self._pattern.fullmatch(bare[: MAX_LINE_BYTES + 1])
            if self._status_line is None:
                raise MalformedHead(f"it begins with {cut(bare[:90].decode('latin-1'), 80)}")
            return False
        if bare:
            self._check_size(bare)
            self._raw.append(bare)
            return False
        status_line, self._status_line = self._status_line, None
        return self._complete(status_line)

    def _check_size(self, line: bytes) -> None:
        if len(line) > MAX_LINE_BYTES:
            raise MalformedHead(f"a line is too long: got more than {MAX_LINE_BYTES} bytes when reading header line")
        if len(self._raw) >= MAX_LINES:
            raise MalformedHead(f"got more than {MAX_LINES} headers")

    def _complete(self, status_line: re.Match[bytes]) -> bool:
        status, self.version = int(status_line[2]), status_line[1].decode()
        rest, self._raw = self._raw, []
        if status == 101:
            raise MalformedHead("the server switched protocols, which was not requested")
        if status < 200:
            self._informational += 1
            if self._informational >= MAX_INFORMATIONAL:
                raise MalformedHead(f"more than {MAX_INFORMATIONAL} informational responses")
            return False
        self.lines = _fields(rest)
        self._lower = [(name.lower(), value) for name, value in self.lines]
        problem = framing_problem(self.version, self.values("transfer-encoding"), self.values("content-length"))
        if problem is not None:
            raise MalformedHead(problem)
        self.status = status
        self.reason = (status_line[3] or b"").decode("latin-1").strip(" \t")
        return True

    @property
    def chunked(self) -> bool:
        """The body has the chunked transfer coding."""
        return bool(self.status) and bool(self.values("transfer-encoding"))

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
        value = value.strip(" \t")
        if folded:
            lines[-1] = (name, f"{lines[-1][1]} {value}")
        else:
            lines.append((name, value))
    return lines
