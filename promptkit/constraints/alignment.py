"""Texts folded for the comparison of quotations, with a map from the folded text back to the source's offsets.

Folded are blanks, Unicode's compatibility forms (NFKC) and typographic marks; what nobody sees is left out. Letters'
case stays: a quotation keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from promptkit.constraints.folding import INVISIBLE

__all__ = ["Aligned", "aligned"]

_DASH = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\ufe31\ufe32"
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4\u0060\u02b9\u02bc\uff07", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u301d\u301e\u301f\uff02", '"'),
        **dict.fromkeys(_DASH, "-"),
        "\u22ef": "...",
    }
)
# A stretch of ASCII that folds to itself, single blanks and hyphens inside; or what else stands without a blank, with
# the letter of ASCII before it that a mark may join.
_STRETCH = re.compile(r"[!-,.-_a-~]+(?:[ -][!-,.-_a-~]+)*(?![^\x00-\x7f])|\S?[^\s!-,.-_a-~]+|\S")
# Characters that often change and never join the one before them; what stands between them mostly does not change.
_MARKS = "".join(char for char in map(chr, _PLAIN) if not char.isascii())
_OFTEN = re.compile(f"([-{_DASH}]{{2,3}}|[{_MARKS}\u2026\uff01-\uff65])")
# What changes though it is normalized already.
_CHANGES = re.compile(f"[{''.join(map(chr, _PLAIN))}]|{INVISIBLE}|--")
_DASHES = re.compile(f"[-{_DASH}]{{2,3}}")  # as plain text writes a long dash
# Characters that join the one before them under NFKC and are no marks (Unicode's general category M): voiced sound
# marks of half width, and the vowels and finals of Hangul in their three blocks.
_JOINING = re.compile(
    "[\uff9e\uff9f\u1160-\u11ff\ud7b0-\ud7ff\u314f-\u3163\uffc2-\uffdc\u3131-\u314e\uffa1-\uffbe]"
)
_MAX_CACHED = 2_000_000
_MAX_SHORT = 4
# Folded occurrences that begin or end inside one character of the source, as "fi" does inside a ligature; past that
# many the search gives up, which keeps it linear.
_MAX_TRIES = 64


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text and its folded form.

    Attributes:
        source: The text as it is.
        folded: Its folded form.
        starts: First folded character of each piece, ascending.
        origins: The piece's first character in the source.
        ends: Behind the piece's last character in the source.
        evens: True for a piece that goes letter for letter.
    """

    source: str
    folded: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]
    ends: tuple[int, ...]
    evens: tuple[bool, ...]

    def find(self, quote: str) -> tuple[int, int] | None:
        """Offsets in the source of the first passage that folds as ``quote``, which is folded already, does.

        A passage begins and ends between characters of the source, so that ``cafe`` is none of ``café``.
        """
        at = -1
        for _ in range(_MAX_TRIES):
            at = self.folded.find(quote, at + 1)
            if at < 0:
                return None
            start, end = self._offset(at, last=False), self._offset(at + len(quote), last=True)
            if start is not None and end is not None:
                return start, end
        return None

    def _offset(self, at: int, *, last: bool) -> int | None:
        """The offset in the source of the folded one; None inside of what is one character there.

        Args:
            at: The boundary before the folded character of that number.
            last: True for the end of a passage: what was left out behind it is no part of it.
        """
        piece = bisect_right(self.starts, at - 1 if last else at) - 1
        start, origin, end = self.starts[piece], self.origins[piece], self.ends[piece]
        stop = self.starts[piece + 1] if piece + 1 < len(self.starts) else len(self.folded)
        if self.evens[piece]:
            return origin + at - start
        if last:
            return end if at == stop else None
        return origin if at == start else None


def aligned(text: str) -> Aligned:
    """The text with its folded form, in time linear in the text."""
    return _cached(text) if len(text) <= _MAX_CACHED else _align(text)


@lru_cache(maxsize=8)
def _cached(text: str) -> Aligned:
    """Several quotations of an answer are looked for in the same few texts."""
    return _align(text)


def _align(text: str) -> Aligned:
    made = _Pieces()
    behind = 0
    for stretch in _STRETCH.finditer(text):
        for folded, start, end, even in _folded_stretch(stretch.group(), stretch.start()):
            if made.length and behind < stretch.start():
                made.add(" ", behind, stretch.start(), even=stretch.start() == behind + 1)
            behind = stretch.end()
            made.add(folded, start, end, even=even)
    pieces = (tuple(made.starts), tuple(made.origins), tuple(made.ends), tuple(made.evens))
    return Aligned(text, "".join(made.texts), *pieces)


class _Pieces:
    """Pieces in the order of the text; such as go on letter for letter are one piece."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.origins: list[int] = []
        self.ends: list[int] = []
        self.evens: list[bool] = []
        self.length = 0

    def add(self, folded: str, start: int, end: int, *, even: bool) -> None:
        if even and self.evens and self.evens[-1] and self.ends[-1] == start:
            self.ends[-1] = end
        else:
            self.starts.append(self.length)
            self.origins.append(start)
            self.ends.append(end)
            self.evens.append(even)
        self.texts.append(folded)
        self.length += len(folded)


def _folded_stretch(text: str, offset: int) -> Iterator[tuple[str, int, int, bool]]:
    """Pieces of a stretch: the folded text, where it begins and ends, and whether it goes letter for letter."""
    parts = [text] if text.isascii() else [part for part in _OFTEN.split(text) if part]
    if any(_joins(part[0]) for part in parts[1:]):
        parts = [text]
    for part in parts:
        if _CHANGES.search(part) is None and (part.isascii() or unicodedata.is_normalized("NFKC", part)):
            yield part, offset, offset + len(part), True
        else:
            yield from _folded_clusters(part, offset)
        offset += len(part)


def _folded_clusters(text: str, offset: int) -> Iterator[tuple[str, int, int, bool]]:
    start = 0
    while start < len(text):
        dashes = _DASHES.match(text, start)
        end = dashes.end() if dashes else _cluster_end(text, start)
        folded = "-" if dashes else _folded_cluster(text[start:end])
        if folded:
            yield folded, offset + start, offset + end, len(folded) == end - start == 1
        start = end


def _cluster_end(text: str, start: int) -> int:
    """Behind a character and all that Unicode may join to it."""
    end = start + 1
    while end < len(text) and _joins(text[end]):
        end += 1
    return end


@lru_cache(maxsize=8192)
def _joins(char: str) -> bool:
    return not char.isascii() and (
        unicodedata.category(char)[0] == "M"
        or _JOINING.match(char) is not None
        or re.match(INVISIBLE, char) is not None
    )


def _folded_cluster(cluster: str) -> str:
    return _folded_short(cluster) if len(cluster) <= _MAX_SHORT else _fold_cluster(cluster)


@lru_cache(maxsize=8192)
def _folded_short(cluster: str) -> str:
    return _fold_cluster(cluster)


def _fold_cluster(cluster: str) -> str:
    plain = re.sub(INVISIBLE, "", cluster).translate(_PLAIN)
    return unicodedata.normalize("NFKC", plain).translate(_PLAIN)
