"""Bodies are decoded completely or not at all, and never beyond the limit."""

from __future__ import annotations

import gzip

import pytest

from runflow.drivers.decoding import DecodeError, TooLarge, decoded

GZ = gzip.compress(b"x" * 1000, mtime=0)


def test_decoding_is_limited_at_every_layer_and_complete() -> None:
    assert decoded([GZ[:10], GZ[10:]], "gzip", 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        decoded([GZ], "gzip", 999)
    with pytest.raises(DecodeError, match="ends too early"):
        decoded([GZ[:-1]], "gzip", 5000)
    assert decoded([], "gzip", 10) == b""
