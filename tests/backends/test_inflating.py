from __future__ import annotations

import gzip
import zlib

import pytest

from promptkit.backends.inflating import MAX_PIECE_BYTES, Inflater, inflater_for

TEXT = "Grüße, " * 500
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = {
    "gzip": gzip.compress(TEXT.encode()),
    "zlib": zlib.compress(TEXT.encode()),
    "deflate without a header": RAW.compress(TEXT.encode()) + RAW.flush(),
    "two members": gzip.compress(TEXT.encode()[:99]) + gzip.compress(TEXT.encode()[99:]),
}


def inflated(data: bytes, step: int) -> bytes:
    inflater = Inflater()
    pieces = [piece for at in range(0, len(data), step) for piece in inflater.feed(data[at : at + step])]
    inflater.end()
    return b"".join(pieces)


@pytest.mark.parametrize("step", [7, 10**6])
@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_a_body_comes_out_as_it_went_in_however_it_is_cut(packed, step) -> None:
    assert inflated(packed, step) == TEXT.encode()


def test_a_body_that_grows_a_thousandfold_comes_in_pieces_that_can_be_counted() -> None:
    bomb = gzip.compress(b"\0" * (5 * MAX_PIECE_BYTES))

    sizes = [len(piece) for piece in Inflater().feed(bomb)]

    assert max(sizes) <= MAX_PIECE_BYTES
    assert sum(sizes) == 5 * MAX_PIECE_BYTES


@pytest.mark.parametrize(
    "data", [b"not compressed", PACKED["gzip"] + b"and more"], ids=["plain", "more behind it"]
)
def test_bytes_that_are_not_compressed_are_told(data) -> None:
    with pytest.raises(ValueError, match="Error -3"):
        list(Inflater().feed(data))


def test_compressed_data_that_is_cut_is_told_at_its_end() -> None:
    inflater = Inflater()
    list(inflater.feed(PACKED["gzip"][:-9]))

    with pytest.raises(ValueError, match="ends too early"):
        inflater.end()


def test_a_body_of_no_bytes_is_whole() -> None:
    Inflater().end()


@pytest.mark.parametrize(
    ("encoding", "known"), [("gzip", True), (" GZIP", True), ("deflate", True), ("", False)]
)
def test_only_what_is_packed_is_unpacked(encoding, known) -> None:
    assert (inflater_for(encoding) is not None) is known
