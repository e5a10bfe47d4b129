"""Sets of characters in regular expressions, as ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from promptkit.schemas.generation.choices import Choices

__all__ = ["ANY", "DIGIT", "SPACE", "WORD", "CharacterSet", "property_set"]

Ranges = tuple[tuple[int, int], ...]

_LAST = 0x10FFFF
_PRINTABLE: Ranges = ((0x20, 0x7E),)
_PLAINEST = "ax0A1 "
_KINDS_OF_DRAWS = 24
"""Out of so many draws one gives the plainest character, one an unusual one."""
_UNUSUAL = "éßñжλ中あ😀"


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterSet:
    """Characters that may stand at one place.

    Attributes:
        ranges: Code points from and to, in order, apart from one another.
        common: True to draw only ASCII characters: engines differ in which others are letters, digits and
            blanks.
    """

    ranges: Ranges
    common: bool = False

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        return any(low <= code <= high for low, high in self.ranges)

    def joined(self, other: CharacterSet) -> CharacterSet:
        """What is in either."""
        return CharacterSet(
            ranges=_ordered([*self.ranges, *other.ranges]), common=self.common or other.common
        )

    def complement(self) -> CharacterSet:
        """What is not in it, without the code points of surrogates, which are no characters."""
        ranges: list[tuple[int, int]] = []
        start = 0
        for low, high in _ordered([*self.ranges, (0xD800, 0xDFFF)]):
            if start < low:
                ranges.append((start, low - 1))
            start = high + 1
        if start <= _LAST:
            ranges.append((start, _LAST))
        return CharacterSet(ranges=tuple(ranges), common=self.common)

    def character(self, choices: Choices) -> str | None:
        """One of them, printable ASCII where there is any; None when there is none at all."""
        usual = _overlap(self.ranges, _PRINTABLE) or self.ranges
        if not usual:
            return None
        kind = choices.draw(_KINDS_OF_DRAWS)
        if kind == 0 or (kind == _KINDS_OF_DRAWS - 1 and self.common):
            for plain in _PLAINEST:
                if plain in self:
                    return plain
            return chr(usual[0][0])
        unusual = [it for it in _UNUSUAL if it in self] if kind == _KINDS_OF_DRAWS - 1 else []
        if unusual:
            return choices.pick(unusual)
        place = choices.draw(sum(high - low + 1 for low, high in usual))
        for low, high in usual:
            if place <= high - low:
                return chr(low + place)
            place -= high - low + 1
        return None


def _ordered(ranges: Iterable[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _overlap(these: Ranges, those: Ranges) -> Ranges:
    pairs = ((max(a, c), min(b, d)) for a, b in these for c, d in those)
    return tuple((low, high) for low, high in pairs if low <= high)


def _of(text: str, *, common: bool = False) -> CharacterSet:
    """The characters of pairs: ``azAZ`` is a to z and A to Z."""
    pairs = zip(text[::2], text[1::2], strict=True)
    return CharacterSet(ranges=_ordered((ord(low), ord(high)) for low, high in pairs), common=common)


ANY = _of("\n\n\r\r\u2028\u2029").complement()
"""What a dot stands for in ECMAScript."""
DIGIT = _of("09", common=True)
WORD = _of("09AZ__az", common=True)
SPACE = _of("\t\r  ", common=True)

# Parts of the sets that Unicode defines: enough to write texts with, not to read them.
_PROPERTIES = {
    "L": "azAZßöøÿжжλλ中中",
    "Lu": "AZÀÖ",
    "Ll": "azßö",
    "M": "\u0300\u030f",
    "N": "09",
    "Nd": "09",
    "P": "!#%*,/:;?@[]__{{}}",
    "S": "$$++<>^^``||~~",
    "Z": "  ",
    "Zs": "  ",
    "Latin": "azAZßöøÿ",
    "Greek": "αρσω",
    "Cyrillic": "АЯая",
    "Han": "一龥",
    "Hiragana": "ぁゖ",
    "Katakana": "ァヺ",
    "Hebrew": "את",
    "Arabic": "بغ",
    "ASCII": "\x00\x7f",
}
_NAMES = {
    "letter": "L",
    "alphabetic": "L",
    "alpha": "L",
    "l&": "L",
    "uppercase_letter": "Lu",
    "uppercase": "Lu",
    "lowercase_letter": "Ll",
    "lowercase": "Ll",
    "mark": "M",
    "mn": "M",
    "number": "N",
    "decimal_number": "Nd",
    "digit": "Nd",
    "punctuation": "P",
    "punct": "P",
    "symbol": "S",
    "separator": "Z",
    "space_separator": "Zs",
    "white_space": "Zs",
}


def property_set(name: str) -> CharacterSet | None:
    """Characters that have the Unicode property, by its short or long name or ``Script=Latin``; some, not all."""
    plain = name.rpartition("=")[2]
    key = _NAMES.get(plain.lower(), plain)
    return _of(_PROPERTIES[key]) if key in _PROPERTIES else None
