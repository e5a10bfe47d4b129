"""How the characters of a text are spelled in an answer: as they are, or inside a JSON string."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

__all__ = ["JSON", "PLAIN", "QUOTED", "Spelling", "charset", "is_misquoted", "literal"]

_SHORT = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r"}
_RAW = r'[^"\\\x{0}-\x{1f}\x{7f}]'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spelling:
    r"""Regular expressions for characters as they stand in an answer.

    In JSON a printable character stands for itself, quotes and backslashes are escaped, and control characters
    have their short escape or ``\u00XX``. No other ``\uXXXX`` can be written, so there is one way to spell a
    word and a rule on the spelled text is a rule on the text.

    Attributes:
        specials: Characters that do not stand for themselves, each with the regular expression of its spellings.
        quote: What stands before and after the text.
        character: Any one character, as it is spelled.
    """

    specials: dict[str, str] = field(repr=False)
    quote: str
    character: str

    def one_of(self, inside: str, contains: Callable[[str], bool]) -> str:
        """One character of a class.

        Args:
            inside: What stands between the brackets of the class.
            contains: Whether a special character is in the class.
        """
        if not self.specials:
            return f"[{inside}]"
        spelled = [regex for special, regex in self.specials.items() if contains(special)]
        return f"(?:[[{inside}]&&{_RAW}]{''.join('|' + regex for regex in spelled)})"

    def one_in(self, characters: Iterable[str]) -> str:
        """One of these characters."""
        known = frozenset(characters)
        return self.one_of(charset(known), known.__contains__) if known else r"[^\x{0}-\x{10ffff}]"

    def spelled(self, text: str) -> str:
        """The text in the one spelling that JSON serialisers write."""
        if not self.specials:
            return text
        return "".join(_escaped(character) for character in text)


class _Quoted(Spelling):
    """Characters of a text that the engine itself turns into those of a JSON string.

    A class of all control characters but without the quotation mark or the backslash lets the escapes of these two
    through there (llguidance 1.9). Without U+0001 a class is taken as it is.
    """

    def one_of(self, inside: str, contains: Callable[[str], bool]) -> str:
        if is_misquoted(contains):
            return rf"[[{inside}]&&[^\x{{1}}]]"
        return f"[{inside}]"


def is_misquoted(contains: Callable[[str], bool]) -> bool:
    """Whether the engine may let through escapes that a class of characters does not contain."""
    return contains("\x01") and not (contains('"') and contains("\\"))


def charset(characters: Iterable[str]) -> str:
    """Characters as the inside of a class: code points and ranges of them."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(
        rf"\x{{{low:x}}}" if low == high else rf"\x{{{low:x}}}-\x{{{high:x}}}" for low, high in ranges
    )


def literal(text: str) -> str:
    """The text as a regular expression."""
    return "".join(letter if letter.isascii() and letter.isalnum() else charset([letter]) for letter in text)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character in _SHORT:
        return f"\\{_SHORT[character]}"
    return f"\\u{ord(character):04x}" if ord(character) < ord(" ") or character == "\x7f" else character


def _spellings(character: str) -> str:
    if character in '"\\':
        return rf"\\{literal(character)}"
    tens, ones = divmod(ord(character), 16)
    hexadecimal = f"{ones:x}" if ones < 10 else f"[{ones:x}{ones:X}]"  # noqa: PLR2004 - the decimal digits
    long = rf"\\u00{tens}{hexadecimal}"
    return rf"{long}|\\{_SHORT[character]}" if character in _SHORT else long


_SPECIALS = {
    character: _spellings(character) for character in ('"', "\\", *map(chr, range(ord(" "))), "\x7f")
}

PLAIN = Spelling(specials={}, quote="", character=r"[\x{0}-\x{10ffff}]")
QUOTED = _Quoted(specials={}, quote="", character=PLAIN.character)
JSON = Spelling(
    specials=_SPECIALS,
    quote='"',
    character=rf'(?:{_RAW}|\\["\\bfnrt]|\\u00(?:[01][0-9a-fA-F]|7[fF]))',
)
