"""Decodes the chunked transfer coding (RFC 9112 §7.1) strictly: anything ambiguous is an error."""

from __future__ import annotations

import re

from .response_head import MalformedHead

MAX_LINE = 16384
"""The maximum length in bytes of a line with a chunk size and its extensions."""

MAX_TRAILERS = 65536
"""The maximum size in bytes of the trailer section, which is ignored."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[^\r\n]*)?")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*|[ \t][^\r\n\0]*")


class MalformedChunks(MalformedHead):
    """The body is not valid in the chunked coding."""


class ChunkedDecoder:
    """Decodes a chunked body while it is received.

    Attributes:
        done: The body is complete.
        rest: The bytes that were received after its end.
    """

    __slots__ = ("_at", "_buffer", "_left", "_state", "_trailers", "done", "rest")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._left = 0
        self._state = "size"
        self._trailers = 0
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes.

        Returns:
            Their content, which may be empty.

        Raises:
            MalformedChunks: the bytes are not valid (RFC 9112 §7.1).
        """
        self._buffer += data
        parts: list[bytes] = []
        while not self.done:
            if self._state == "content":
                part = self._buffer[self._at : self._at + self._left]
                self._at += len(part)
                self._left -= len(part)
                if part:
                    parts.append(part)
                if self._left:
                    break
                self._state = "end of content"
            line = self._line()
            if line is None:
                break
            self._take(line)
        self._buffer, self._at = self._buffer[self._at :], 0
        if self.done:
            self.rest, self._buffer = self.rest + self._buffer, b""
        return b"".join(parts)

    def _line(self) -> bytes | None:
        """The next line without its CRLF, or None while it is incomplete."""
        begin, end = self._at, self._buffer.find(b"\n", self._at)
        if end < 0:
            if len(self._buffer) - begin > MAX_LINE:
                raise MalformedChunks(f"a line of the chunked body is longer than {MAX_LINE} bytes")
            if self._state == "end of content" and self._buffer[begin:] not in {b"", b"\r"}:
                raise MalformedChunks("a chunk is longer than its size says")
            return None
        if end == begin or self._buffer[end - 1 : end] != b"\r":
            raise MalformedChunks("a line of the chunked body does not end with CR LF")
        self._at = end + 1
        return self._buffer[begin : end - 1]

    def _take(self, line: bytes) -> None:
        match self._state:
            case "size":
                found = _SIZE.fullmatch(line)
                if found is None:
                    raise MalformedChunks(f"{line[:40].decode('latin-1')!r} is not a valid chunk size")
                self._left = int(found[1], 16)
                self._state = "content" if self._left else "trailers"
            case "end of content":
                if line:
                    raise MalformedChunks("a chunk is longer than its size says")
                self._state = "size"
            case _:
                self._trailers += len(line)
                if not line:
                    self.done = True
                elif self._trailers > MAX_TRAILERS:
                    raise MalformedChunks(f"the trailers of the chunked body are longer than {MAX_TRAILERS} bytes")
                elif not _FIELD.fullmatch(line):
                    raise MalformedChunks(f"{line[:40].decode('latin-1')!r} is not a valid trailer")
