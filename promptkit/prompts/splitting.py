"""Long texts in parts that a model can read, with the place of each part in the text."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field

from promptkit.constraints import sentence_ends
from promptkit.errors import CapabilityMissing, InputError
from promptkit.prompts.characters import whole_before
from promptkit.prompts.counting import TextCounter
from promptkit.requests import Backend
from promptkit.sessions import BackendLike, current_session

__all__ = ["Chunk", "chunks"]


_LONG = 64
"""Characters for each token above which a text hardly fits: runs of blanks are the longest tokens that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a text: ``text[start:end]``.

    Attributes:
        text: The part.
        start: Where it begins in the whole, in characters.
        end: Where it ends.
        tokens: How many tokens it has, as they were counted.
    """

    text: str = field(repr=False)
    start: int
    end: int
    tokens: int


def chunks(
    text: str, *, tokens: int, overlap: int = 0, backend: BackendLike | None = None
) -> Iterator[Chunk]:
    """Split a text into parts of at most so many tokens, at the ends of lines or sentences.

    A sentence that is longer alone is split between words, a word that is longer between characters as a reader sees
    them: an accent stays with its letter, an emoji stays whole, as long as it fits. Offsets lead from a quotation in
    a part to its place in the whole.

    Args:
        text: The whole.
        tokens: The most tokens of a part.
        overlap: About how many tokens the end of a part has in common with the beginning of the next, in whole
            sentences.
        backend: Whose tokens are counted; without one they are estimated, about four characters each.

    Raises:
        InputError: When ``tokens`` is below 1, or ``overlap`` is not below it.
        CapabilityMissing: When the backend cannot count tokens; it is asynchronous only.
        TypeError: When one of them is no whole number.
    """
    tokens, overlap = operator.index(tokens), operator.index(overlap)
    if tokens < 1 or not 0 <= overlap < tokens:
        raise InputError(
            f"tokens is {tokens} and overlap {overlap}; a part has at least 1 token, and less of it is in common"
        )
    return _Splitter(text, tokens, overlap, backend).parts()


class _Splitter:
    def __init__(self, text: str, tokens: int, overlap: int, backend: BackendLike | None) -> None:
        self._text = text
        self._tokens = tokens
        self._overlap = overlap
        self._tokens_of = TextCounter(None if backend is None else _counting(backend))

    def parts(self) -> Iterator[Chunk]:
        """The parts in order; they cover the text."""
        start = 0
        ends = _ends(self._text)
        first = 0
        while start < len(self._text):
            while ends[first] <= start:
                first += 1
            last = self._furthest(start, ends, first)
            end = ends[last] if last is not None else self._within(start, ends[first])
            yield Chunk(text=self._text[start:end], start=start, end=end, tokens=self._count(start, end))
            if end == len(self._text):
                return
            start = end if last is None else self._begin(end, ends, first, last)

    def _furthest(self, start: int, ends: list[int], first: int) -> int | None:
        """The last end up to which a part from ``start`` is not too long; None when not even the first is."""
        if not self._fits(start, ends[first]):
            return None
        low, step = first, 1
        while low + step < len(ends) and self._count(start, ends[low + step]) <= self._tokens:
            low += step
            step *= 2
        high = min(low + step, len(ends) - 1)
        while low < high:
            middle = (low + high + 1) // 2
            if self._count(start, ends[middle]) <= self._tokens:
                low = middle
            else:
                high = middle - 1
        return low

    def _fits(self, start: int, end: int) -> bool:
        # A text without end, such as base64, is not counted as a whole again for each of its parts.
        if end - start > _LONG * self._tokens:
            return self._reach(start, end) == end
        return self._count(start, end) <= self._tokens

    def _within(self, start: int, end: int) -> int:
        """As far as a part gets within one sentence: behind a blank where there is one, at least a character."""
        low = self._reach(start, end)
        blank = max(self._text.rfind(blank, start + 1, low) for blank in " \t\n")
        return blank + 1 if blank >= 0 else whole_before(self._text, start, low)

    def _reach(self, start: int, end: int) -> int:
        """As far as a part may get before ``end``, at least a character; looked for in steps that double."""
        low, step = start + 1, self._tokens
        while low + step < end and self._count(start, low + step) <= self._tokens:
            low += step
            step *= 2
        high = min(low + step, end)
        while low < high:
            middle = (low + high + 1) // 2
            if self._count(start, middle) <= self._tokens:
                low = middle
            else:
                high = middle - 1
        return low

    def _begin(self, end: int, ends: list[int], first: int, last: int) -> int:
        """Where the next part begins: sentences back, as the overlap and the sentence that must follow allow."""
        start = end
        for at in range(last - 1, first - 1, -1) if self._overlap else ():
            if (
                self._count(ends[at], end) > self._overlap
                or self._count(ends[at], ends[last + 1]) > self._tokens
            ):
                break
            start = ends[at]
        return start

    def _count(self, start: int, end: int) -> int:
        return self._tokens_of(self._text[start:end])


def _counting(backend: BackendLike) -> Backend:
    found = current_session().backend_for("chunks", backend)
    if not isinstance(found, Backend):
        raise CapabilityMissing(f"backend {found.name} cannot count tokens; leave it out to estimate them")
    return found


def _ends(text: str) -> list[int]:
    """Where a part may end, in order: behind lines and behind sentences with their blanks; the last is the text's."""
    places = {len(text)}
    offset = 0
    for line in text.splitlines(keepends=True):
        for end in sentence_ends(line):
            behind = offset + end
            while behind < offset + len(line) and text[behind].isspace():
                behind += 1
            places.add(behind)
        offset += len(line)
        places.add(offset)
    return sorted(places - {0})
