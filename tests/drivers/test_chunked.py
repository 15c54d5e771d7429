"""The chunked coding is read strictly, however the bytes arrive (RFC 9112 §7.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.drivers.chunked import MAX_TRAILERS, ChunkedDecoder, MalformedChunks

VALID: dict[bytes, bytes] = {
    b"0\r\n\r\n": b"",
    b"2\r\nok\r\n0\r\n\r\n": b"ok",
    b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n": b"ok",
    b"A\r\n0123456789\r\n0\r\n\r\n": b"0123456789",
    b"a\r\n0123456789\r\n00\r\n\r\n": b"0123456789",
    b"0000000000000002\r\nok\r\n0\r\n\r\n": b"ok",
    b"2;a=b\r\nok\r\n0;c\r\n\r\n": b"ok",
    b"2 ; a\r\nok\r\n0\r\n\r\n": b"ok",
    b"2\r\nok\r\n0\r\nX: y\r\nZ:\r\n\r\n": b"ok",
    b"4\r\n\r\n\r\n\r\n0\r\n\r\n": b"\r\n\r\n",
}
INVALID = (
    b"-0\r\n\r\n", b"+2\r\nok\r\n0\r\n\r\n", b"0x2\r\nok\r\n0\r\n\r\n", b" 2\r\nok\r\n0\r\n\r\n", b"2 2\r\nok\r\n0\r\n\r\n",
    b"2 \r\nok\r\n0\r\n\r\n", b"2_0\r\nok\r\n0\r\n\r\n", b"00000000000000000002\r\nok\r\n0\r\n\r\n", b"2\r\nok0\r\n\r\n",
    b"2\r\nokk\r\n0\r\n\r\n", b"2\nok\n0\n\n", b"2\r\nok\r\n0\n\r\n", b"2\r\nok\n0\r\n\r\n", b"\r\n2\r\nok\r\n0\r\n\r\n", b"g\r\n",
    b"2\r\nok\r\n0\r\nno colon\r\n\r\n", b"2\r\nok\r\n0\r\n: no name\r\n\r\n", b"2\r\nok\r\n0\r\nX: a\0b\r\n\r\n",
    b"2" + b"0" * 20_000, b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * (MAX_TRAILERS // 3) + b"\r\n",
)  # fmt: skip


def decoded(data: bytes, size: int) -> tuple[bytes, ChunkedDecoder]:
    decoder = ChunkedDecoder()
    content = b"".join(decoder.feed(data[at : at + size]) for at in range(0, len(data), size))
    return content, decoder


@pytest.mark.parametrize("size", [1, 3, 100_000])
@pytest.mark.parametrize("data", VALID)
def test_a_valid_body_is_decoded(data: bytes, size: int) -> None:
    content, decoder = decoded(data, size)
    assert (content, decoder.done, decoder.rest) == (VALID[data], True, b"")


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("data", INVALID)
def test_an_invalid_body_is_an_error(data: bytes, size: int) -> None:
    with pytest.raises(MalformedChunks):
        decoded(data, size)


@pytest.mark.parametrize("data", VALID)
def test_a_body_that_ends_early_is_not_done(data: bytes) -> None:
    for end in range(len(data)):
        assert not decoded(data[:end], 100_000)[1].done


def test_what_comes_after_the_end_is_kept_apart() -> None:
    content, decoder = decoded(b"2\r\nok\r\n0\r\n\r\nHTTP/1.1 200", 100_000)
    assert (content, decoder.rest) == (b"ok", b"HTTP/1.1 200")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(min_value=1, max_value=50))
def test_any_content_in_any_chunks_comes_back_whole(chunks: list[bytes], size: int) -> None:
    data = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    content, decoder = decoded(data, size)
    assert (content, decoder.done) == (b"".join(chunks), True)
