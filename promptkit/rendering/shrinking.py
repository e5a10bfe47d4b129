"""A value made shorter: whole items of a list, whole lines, sentences or words of a text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.constraints import sentence_ends
from promptkit.declarations import Shrink

__all__ = ["LEFT_OUT", "Fits", "Shrunk", "shrunk"]

LEFT_OUT = "[…]"
"""Stands where a part of a text was left out. Frozen as ``promptkit/1``."""

Fits: TypeAlias = Callable[[Any], bool]

_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left of a value.

    Attributes:
        value: The shorter value; an empty text or list when nothing fits.
        kept: How many units are left.
        of: How many there were.
        unit: What they are: items, lines, sentences or words.
    """

    value: Any
    kept: int
    of: int
    unit: str


def shrunk(value: str | Sequence[Any], how: Shrink, fits: Fits) -> Shrunk:
    """As much of a value as fits.

    A list loses whole items. A text loses whole lines, or sentences where ``how`` says so; where not one of them
    fits alone, sentences, then words are tried. Where something of a text is left out stands ``[…]``.

    Args:
        value: A text or a list.
        how: ``drop_first`` keeps the end, ``drop_last`` and ``sentences`` keep the beginning, ``middle`` keeps both.
        fits: Says whether a value has room; what is shorter than one that has, has it as well.
    """
    if not isinstance(value, str):
        return _longest(list(value), how, fits, _as_list, "items")
    first: Shrunk | None = None
    for unit, split in _SPLITS[1:] if how == "sentences" else _SPLITS:
        found = _longest(split(value), how, fits, _as_text, unit)
        if found.kept:
            return found
        first = first or found
    assert first is not None
    return first


def _longest(
    pieces: list[Any], how: Shrink, fits: Fits, make: Callable[[list[Any], list[Any], bool], Any], unit: str
) -> Shrunk:
    def of_length(count: int) -> Any:
        head = {"drop_first": 0, "middle": -(-count // 2)}.get(how, count)
        tail = count - head
        return make(pieces[:head], pieces[len(pieces) - tail :], count < len(pieces))

    low, high = 0, len(pieces)  # of_length(low) fits or is nothing; of_length(high + 1) does not
    while low < high:
        middle = (low + high + 1) // 2
        if fits(of_length(middle)):
            low = middle
        else:
            high = middle - 1
    return Shrunk(of_length(low) if low else make([], [], False), low, len(pieces), unit)


def _as_list(head: list[Any], tail: list[Any], _cut: bool) -> list[Any]:
    return [*head, *tail]


def _as_text(head: list[str], tail: list[str], cut: bool) -> str:
    if not cut:
        return "".join([*head, *tail])
    before, after = "".join(head).rstrip(), "".join(tail).lstrip("\r\n")
    return "\n".join(text for text in (before, LEFT_OUT, after) if text)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _sentences(text: str) -> list[str]:
    ends = [end for end in sentence_ends(text) if end < len(text)]
    found = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    # The blank between two sentences stays with the first, so that none begins with it.
    leads = [len(piece) - len(piece.lstrip()) for piece in found[1:]]
    cuts = [0, *(end + lead for end, lead in zip(ends, leads, strict=True)), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(cuts) if start < end]


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


_SPLITS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    ("lines", _lines),
    ("sentences", _sentences),
    ("words", _words),
)
