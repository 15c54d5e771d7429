"""Content codings undone while the body streams in (RFC 9110 §8.4): capped, and whole or an error."""

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
    def feed(self, data: bytes, room: int) -> bytes: ...
    def finish(self) -> None: ...


class _Gzip:
    """RFC 1952; several members one after the other are one body."""

    name = "gzip"

    def __init__(self) -> None:
        self._inner = self._new()
        self._begun = False

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(31)

    def feed(self, data: bytes, room: int) -> bytes:
        """Decode; more than `room` bytes is TooLarge."""
        parts: list[bytes] = []
        while data:
            if self._inner.eof:
                self._inner = self._new()
            self._begun = True
            try:
                part = self._inner.decompress(data, room + 1)
            except zlib.error as error:
                raise DecodeError(f"the body is not {self.name}: {error}") from None
            room -= len(part)
            if room < 0:
                raise TooLarge
            parts.append(part)
            data = self._inner.unused_data
        return b"".join(parts)

    def finish(self) -> None:
        """The coding must have come to its end."""
        if self._begun and not self._inner.eof:
            raise DecodeError(f"the {self.name} body ends too early")


class _Deflate(_Gzip):
    """RFC 1950; bare RFC 1951 too, which servers send under the same name."""

    name = "deflate"
    _bare = False

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(-15 if self._bare else 15)

    def feed(self, data: bytes, room: int) -> bytes:
        """As gzip; the first bytes tell which of the two it is."""
        if not self._begun and data and (data[0] & 0x0F) != 8:
            self._bare = True
            self._inner = self._new()
        return super().feed(data, room)


_DECODERS = {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate}


class Decoding:
    """A body being decoded as it comes in.

    Args:
        content_encoding: The header's value, or "".
        limit: The most bytes that the decoded body may have.

    Raises:
        DecodeError: an unknown coding, or too many of them.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        self._room = limit
        self._parts: list[bytes] = []
        self._decoders: list[_Decoder] = []
        if not content_encoding:
            return
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name not in {"", "identity"}]
        if len(names) > MAX_CODINGS:
            raise DecodeError(f"the body was encoded {len(names)} times over")
        for name in reversed(names):
            if name not in _DECODERS:
                raise DecodeError(f"the Content-Encoding {name!r} is not known here")
            self._decoders.append(_DECODERS[name]())

    def feed(self, chunk: bytes) -> None:
        """Take what came.

        Raises:
            DecodeError: bytes that are not of the coding.
            TooLarge: more than the limit.
        """
        data = chunk
        for decoder in self._decoders:
            data = decoder.feed(data, self._room)
        self._room -= len(data)
        if self._room < 0:
            raise TooLarge
        self._parts.append(data)

    def body(self) -> bytes:
        """The whole body. Raises DecodeError where it is not whole."""
        for decoder in self._decoders:
            decoder.finish()
        return b"".join(self._parts)


def decoded(chunks: Iterable[bytes], content_encoding: str, limit: int) -> bytes:
    """The whole body, its codings undone.

    Args:
        chunks: The body as it comes in.
        content_encoding: The header's value, or "".
        limit: The most bytes that the decoded body may have.

    Raises:
        DecodeError: an unknown coding, or bytes that are not of it, or too few of them.
        TooLarge: more than `limit` bytes.
    """
    decoding = Decoding(content_encoding, limit)
    for chunk in chunks:
        decoding.feed(chunk)
    return decoding.body()
