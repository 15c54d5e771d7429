"""Decodes the content codings of a body while it is received (RFC 9110 §8.4), up to a size limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Protocol

from ..model.errors import TransferError

ENCODINGS = ("gzip", "deflate")
MAX_CODINGS = 5


class DecodeError(TransferError):
    """The body is not what its Content-Encoding says."""


class TooLarge(TransferError):
    """The decoded body is larger than the limit."""

    def __init__(self) -> None:
        super().__init__("the decoded body is larger than the limit")


class _Decoder(Protocol):
    def feed(self, data: bytes, limit: int) -> bytes: ...
    def finish(self) -> None: ...


class _Gzip:
    """gzip (RFC 1952); a body may consist of several members."""

    name = "gzip"

    def __init__(self) -> None:
        self._inner = self._new()
        self._has_data = False

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(31)

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode some bytes. Raises TooLarge: more than `limit` bytes come out."""
        parts: list[bytes] = []
        while data:
            if self._inner.eof:
                self._inner = self._new()
            self._has_data = True
            try:
                part = self._inner.decompress(data, limit + 1)
            except zlib.error as error:
                raise DecodeError(f"the body is not {self.name}: {error}") from None
            limit -= len(part)
            if limit < 0:
                raise TooLarge
            parts.append(part)
            data = self._inner.unused_data
        return b"".join(parts)

    def finish(self) -> None:
        """Check that the coding is complete. Raises DecodeError."""
        if self._has_data and not self._inner.eof:
            raise DecodeError(f"the {self.name} body ends too early")


class _Deflate(_Gzip):
    """deflate (RFC 1950), and the format without its header (RFC 1951), which some servers send under the same name."""

    name = "deflate"
    _bare = False

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(-15 if self._bare else 15)

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode as gzip does; the first byte tells the two formats apart."""
        if not self._has_data and data and (data[0] & 0x0F) != 8:
            self._bare = True
            self._inner = self._new()
        return super().feed(data, limit)


_DECODERS = {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate}


class Decoding:
    """Decodes a body while it is received.

    Args:
        content_encoding: The value of the Content-Encoding header, or "".
        limit: The maximum size of the decoded body in bytes.

    Raises:
        DecodeError: a coding is unknown, or there are too many of them.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self._decoders: list[_Decoder] = []
        if not content_encoding:
            return
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name not in {"", "identity"}]
        if len(names) > MAX_CODINGS:
            raise DecodeError(f"the body is encoded {len(names)} times; at most {MAX_CODINGS} codings are decoded")
        for name in reversed(names):
            if name not in _DECODERS:
                raise DecodeError(f"the Content-Encoding {name!r} is not supported")
            self._decoders.append(_DECODERS[name]())

    def feed(self, chunk: bytes) -> None:
        """Decode the next bytes of the body.

        Raises:
            DecodeError: the bytes are not valid in the coding.
            TooLarge: the body is larger than the limit.
        """
        data = chunk
        for decoder in self._decoders:
            data = decoder.feed(data, self._left)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge
        self._parts.append(data)

    def body(self) -> bytes:
        """The decoded body. Raises DecodeError: it is incomplete."""
        for decoder in self._decoders:
            decoder.finish()
        return b"".join(self._parts)


def decoded(chunks: Iterable[bytes], content_encoding: str, limit: int) -> bytes:
    """Receive and decode a body.

    Args:
        chunks: The body as it is received.
        content_encoding: The value of the Content-Encoding header, or "".
        limit: The maximum size of the decoded body in bytes.

    Raises:
        DecodeError: a coding is unknown, or the bytes are not valid in it, or incomplete.
        TooLarge: the body is larger than the limit.
    """
    decoding = Decoding(content_encoding, limit)
    for chunk in chunks:
        decoding.feed(chunk)
    return decoding.body()
