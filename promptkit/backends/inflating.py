"""Compressed bodies, taken apart as they arrive and never all at once: a small body may hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["Inflater", "inflater_for"]

MAX_PIECE_BYTES = 2**20
"""What is given at once at most, so that whoever counts can stop early."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # the header says which, by zlib's manual on inflateInit2
_RAW = -zlib.MAX_WBITS


def inflater_for(content_encoding: str) -> Inflater | None:
    """What takes a body of this encoding apart; None for one that is plain, or packed in a way unknown here."""
    encoding = content_encoding.strip().casefold()
    return Inflater() if encoding in ("gzip", "deflate") else None


class Inflater:
    """Decompresses gzip and deflate; the latter also as some servers send it, without zlib's header."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the bytes hold, in pieces of at most a mebibyte.

        Raises:
            ValueError: When they are not compressed as they should be.
        """
        while data:
            piece, data = self._step(data)
            if piece:
                yield piece

    def end(self) -> None:
        """Take notice that nothing more comes.

        Raises:
            ValueError: When the compressed data is cut.
        """
        if self._begun and not self._inflate.eof:
            raise ValueError("the compressed data ends too early")

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        if self._inflate.eof:  # gzip may be several members in a row
            self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            piece = self._inflate.decompress(data, MAX_PIECE_BYTES)
        except zlib.error as error:
            if self._begun:
                raise ValueError(str(error)) from None
            piece = self._raw(data, error)
        self._begun = True
        return piece, self._inflate.unconsumed_tail or self._inflate.unused_data

    def _raw(self, data: bytes, first: zlib.error) -> bytes:
        self._inflate = zlib.decompressobj(_RAW)
        try:
            return self._inflate.decompress(data, MAX_PIECE_BYTES)
        except zlib.error:
            raise ValueError(str(first)) from None
