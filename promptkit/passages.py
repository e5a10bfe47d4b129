"""Passages of a file: where in the lines of a file a word of a template stands, which Jinja's nodes do not say."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

__all__ = ["Passage"]

_DELIMITER = re.compile(r"\{\{|\{%|\}\}|%\}|\n")
_NAME = re.compile(r"\w+")
_NEAR = 200
"""Characters around a word in which the expression that it belongs to is looked for."""
_MOST_PLACES = 50
"""Of one word that are looked at."""


class Passage:
    """Some lines of a file, in which words are looked for; the lines are read once for all words.

    Args:
        lines: The lines, without their breaks.
        first: The first one's number in the file, counted from 1.
    """

    def __init__(self, lines: Sequence[str], first: int) -> None:
        self._text = "\n".join(lines)
        self._first = first
        self._found: dict[tuple[str, str], tuple[int, int] | None] = {}

    def find(self, word: str, spelling: str = "") -> tuple[int, int] | None:
        """Line and column of a word, counted from 1: inside an expression before anywhere else; None where it is not.

        Args:
            word: The word.
            spelling: A regular expression with the word in the group ``word``, where the same word stands there for
                other things as well; a word that is spelled so comes first.
        """
        key = word, spelling
        if key not in self._found:
            others = list[int]()
            for found in (self._spelled(word, spelling), self._plain(word)):
                for at in found:
                    if self._is_in_expression(at):
                        self._found[key] = self._place(at)
                        return self._found[key]
                    others.append(at)
            self._found[key] = self._place(others[0]) if others else None
        return self._found[key]

    def _spelled(self, word: str, spelling: str) -> Iterator[int]:
        """Where the word is spelled so: first where no field, item or call follows."""
        for pattern in (rf"{spelling}(?!\s*[.\[(])", spelling) if spelling else ():
            compiled = re.compile(pattern)
            for at in self._places.get(word, ()):
                # A whole passage is not read for each of its words: an expression that is longer has no place.
                found = compiled.finditer(self._text, max(0, at - _NEAR), at + len(word) + _NEAR)
                if any(match.start("word") == at for match in found):
                    yield at

    def _plain(self, word: str) -> Iterator[int]:
        if _NAME.fullmatch(word):
            return iter(self._places.get(word, ()))
        return (at.start() for at in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", self._text))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """The first places of each name: some inside expressions, some outside."""
        inside, outside = dict[str, list[int]](), dict[str, list[int]]()
        for match in _NAME.finditer(self._text):
            into = inside if self._is_in_expression(match.start()) else outside
            places = into.setdefault(match.group(), [])
            if len(places) < _MOST_PLACES:
                places.append(match.start())
        return {name: sorted(inside.get(name, []) + outside.get(name, [])) for name in inside | outside}

    @cached_property
    def _edges(self) -> list[int]:
        """Where, by turns, an expression begins and ends; one that a line leaves open ends with it."""
        edges: list[int] = []
        for match in _DELIMITER.finditer(self._text):
            is_open, opens = len(edges) % 2 == 1, match.group()[0] == "{"
            if opens != is_open:
                edges.append(match.end() if opens else match.start())
        return edges

    def _is_in_expression(self, at: int) -> bool:
        return bisect_right(self._edges, at) % 2 == 1

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return self._first + line - 1, at - self._starts[line - 1] + 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]
