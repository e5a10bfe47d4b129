"""How far an answer in JSON has come: what no grammar counts, the length of numbers and the names of an object."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

__all__ = ["Pieces", "Progress"]

_WHOLE_NAME = re.compile(rb'[,{]?"([^"\\]*)"')
_DIGITS = b"0123456789"
_NUMBER = b"0123456789.eE+-"
_QUOTE, _ESCAPE, _COMMA = ord('"'), ord("\\"), ord(",")


class Pieces:
    """A vocabulary's pieces, found by what they begin with.

    Args:
        pieces: The bytes of each token.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        order = sorted(range(len(pieces)), key=pieces.__getitem__)
        self._tokens = order
        self._sorted = [pieces[token] for token in order]
        self._whole: dict[bytes, list[int]] = {}
        for token, piece in enumerate(pieces):
            if found := _WHOLE_NAME.match(piece):
                self._whole.setdefault(found[1], []).append(token)

    def beginning(self, text: bytes) -> list[int]:
        """Tokens that begin with a text that ends in a quotation mark."""
        low = bisect_left(self._sorted, text)
        return self._tokens[low : bisect_left(self._sorted, text[:-1] + b"#", low)]

    def naming(self, names: Iterable[bytes]) -> list[int]:
        """Tokens that hold one of these names with both of its quotation marks."""
        return [token for name in self._whole.keys() & names for token in self._whole[name]]


class Progress:
    """Follows a JSON text.

    Attributes:
        length: Bytes of the number at the end of the text; 0 outside numbers.
        exponent: Digits of its exponent; -1 where it has none.

    Args:
        pieces: The vocabulary, if names are to be followed.
    """

    def __init__(self, pieces: Pieces | None) -> None:
        self.length = 0
        self.exponent = -1
        self._in_string = False
        self._escaped = False
        self._pieces = pieces
        # The names so far of each object that is open, as they are spelled; None for a list.
        self._open: list[set[bytes] | None] = []
        self._name: bytearray | None = None
        self._name_is_next = False

    def follow(self, piece: bytes) -> None:
        """Go on by the bytes of one token."""
        for byte in piece:
            if self._in_string:
                self._within_string(byte)
                continue
            if byte in _NUMBER:
                self._count(byte)
            else:
                self.length, self.exponent = 0, -1
                self._in_string = byte == _QUOTE
                if self._pieces is not None:
                    self._between(byte)

    def repeating(self) -> Sequence[int]:
        """Tokens that would give an object a name that it has already, and so make the text no JSON.

        Names are compared as they are spelled: of those whose characters are escaped in two ways nothing is said.
        """
        names = self._open[-1] if self._open else None
        if not names or self._pieces is None:
            return ()
        if self._name is not None:
            so_far = bytes(self._name)
            ends = [name[len(so_far) :] + b'"' for name in names if name.startswith(so_far)]
            return [token for end in ends for token in self._pieces.beginning(end)]
        return () if self._in_string else self._pieces.naming(names)

    def _within_string(self, byte: int) -> None:
        if byte == _QUOTE and not self._escaped:
            self._in_string = False
            if self._name is not None:
                names = self._open[-1]
                assert names is not None
                names.add(bytes(self._name))
                self._name = None
            return
        self._escaped = byte == _ESCAPE and not self._escaped
        if self._name is not None:
            self._name.append(byte)

    def _between(self, byte: int) -> None:
        """Note what a byte outside strings and numbers opens, closes or announces."""
        if byte == _QUOTE:
            self._name = bytearray() if self._name_is_next else None
            self._name_is_next = False
        elif byte == _COMMA:
            self._name_is_next = bool(self._open) and self._open[-1] is not None
        elif byte in b"{[":
            self._open.append(set() if byte in b"{" else None)
            self._name_is_next = byte in b"{"
        elif byte in b"}]" and self._open:
            self._open.pop()
            self._name_is_next = False

    def _count(self, byte: int) -> None:
        self.length += 1
        if byte in b"eE":
            # The letter also stands in true, false and null, where no digit can follow.
            self.exponent = 0
        elif self.exponent >= 0 and byte in _DIGITS:
            self.exponent += 1
