"""Characters as a reader sees them, which may be several code points: where a text may be cut between them."""

from __future__ import annotations

import unicodedata

__all__ = ["whole_before"]

_JOINER = "\u200d"
_SKIN = ("\U0001f3fb", "\U0001f3ff")
_FLAG = ("\U0001f1e6", "\U0001f1ff")
_TAG = ("\U000e0020", "\U000e007f")
_MOST_MARKS = 32
"""Code points of one character that are looked back over, beyond which it is cut: no script needs as many."""


def whole_before(text: str, start: int, at: int) -> int:
    """The last place not behind ``at`` that lies between two characters; ``at`` itself where one fills all of it.

    A character is about an extended grapheme cluster of UAX #29: a base with its marks and joiners, an emoji with
    its skin tone, a flag's two letters, a carriage return with its line feed.

    Args:
        text: The text.
        start: Where the part begins, which is between two characters.
        at: Where it is to end, behind ``start``.
    """
    for place in range(at, max(start, at - _MOST_MARKS), -1):
        if place == len(text) or not _goes_on(text, start, place):
            return place
    return at


def _goes_on(text: str, start: int, at: int) -> bool:
    """Whether what stands at this place belongs to the character before it."""
    before, char = text[at - 1], text[at]
    if _JOINER in (before, char) or (before == "\r" and char == "\n"):
        return True
    if _SKIN[0] <= char <= _SKIN[1] or _TAG[0] <= char <= _TAG[1]:
        return True
    if _FLAG[0] <= char <= _FLAG[1] and _FLAG[0] <= before <= _FLAG[1]:
        letters = at - start - len(text[start:at].rstrip(_LETTERS))
        return letters % 2 == 1
    return unicodedata.category(char).startswith("M")


_LETTERS = "".join(map(chr, range(ord(_FLAG[0]), ord(_FLAG[1]) + 1)))
