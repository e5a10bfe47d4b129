"""Keeps text that spells a model's markers apart from the markers themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["Shield"]

# Private-use characters: no text function of a template changes, trims or escapes them.
_ESCAPE, _LITERAL, _BREAK, _CUT = "\ue000", "\ue001", "\ue002", "\ue003"
_ESCAPED = re.compile(f"{_ESCAPE}([{_LITERAL}{_BREAK}{_CUT}])")
_NOTHING = re.compile("(?!)")


class Shield:
    """Breaks markers in content before a template is applied, and mends the text afterwards.

    ``protect`` puts a private-use pair into each marker's text inside content, and at an edge of
    content that could become a marker together with the template's own text. ``markers`` then finds the
    template's own markers only, and ``restore`` gives the content back byte for byte, in pieces that
    must be tokenized apart where llama.cpp would read a marker from plain text.

    Args:
        control: Texts of markers that llama.cpp leaves as text when it is told to look for none.
        defined: Texts of markers that it finds in any text.
    """

    def __init__(self, *, control: Iterable[str], defined: Iterable[str]) -> None:
        # A marker of one character cannot be broken; it is never looked for, so it stays text everywhere.
        self._defined = {text for text in defined if len(text) > 1}
        self._every = {text for text in control if len(text) > 1} | self._defined
        longest_first = sorted(self._every, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if self._every else _NOTHING
        self._heads = _heads(self._every)
        self._tails = _tails(self._every)
        self._defined_heads = _heads(self._defined)
        self._defined_tails = _tails(self._defined)
        self._reach = max(map(len, self._every), default=1) - 1

    def protect(self, text: str) -> str:
        """The text with every marker in it broken; undone by ``restore``."""
        breaks: dict[int, str] = {}
        found = self._pattern.search(text)
        while found is not None:
            at = found.start() + 1
            breaks[at] = _CUT if self._spells_defined(text, found.start()) else _BREAK
            found = self._pattern.search(text, at)
        self._break_edges(text, breaks)
        pieces: list[str] = []
        last = 0
        for at in sorted(breaks):
            pieces += [text[last:at].replace(_ESCAPE, _ESCAPE + _LITERAL), _ESCAPE, breaks[at]]
            last = at
        pieces.append(text[last:].replace(_ESCAPE, _ESCAPE + _LITERAL))
        return "".join(pieces)

    def _spells_defined(self, text: str, at: int) -> bool:
        return any(text.startswith(marker, at) for marker in self._defined)

    def _break_edges(self, text: str, breaks: dict[int, str]) -> None:
        # Templates trim, so an edge is where the blanks end.
        end = len(text.rstrip())
        start = len(text) - len(text.lstrip())
        if 0 < end - start <= self._reach:
            self._break_inner(text[start:end], start, breaks)
        for length in range(1, min(self._reach, end - start) + 1):
            if (edge := text[end - length : end]) in self._heads:
                breaks.setdefault(end, _BREAK)
                if edge in self._defined_heads:
                    breaks[end] = _CUT
            if (edge := text[start : start + length]) in self._tails:
                breaks.setdefault(start, _BREAK)
                if edge in self._defined_tails:
                    breaks[start] = _CUT

    def _break_inner(self, text: str, start: int, breaks: dict[int, str]) -> None:
        """Break content that the template's text could make a marker of from both sides."""
        if any(text in marker for marker in self._defined):
            breaks[start] = _CUT
        elif any(text in marker for marker in self._every):
            breaks.setdefault(start, _BREAK)

    def markers(self, prompt: str) -> Iterator[tuple[str, str]]:
        """The template's markers in a rendered prompt, as pairs of (protected text before, marker).

        The last pair's marker is empty.
        """
        last = 0
        for found in self._pattern.finditer(prompt):
            yield prompt[last : found.start()], found.group()
            last = found.end()
        yield prompt[last:], ""

    def restore(self, text: str) -> list[str]:
        """The text as it was before ``protect``, in pieces to be tokenized one by one."""
        pieces = [""]
        last = 0
        for found in _ESCAPED.finditer(text):
            pieces[-1] += text[last : found.start()]
            if found.group(1) == _LITERAL:
                pieces[-1] += _ESCAPE
            elif found.group(1) == _CUT:
                pieces.append("")
            last = found.end()
        pieces[-1] += text[last:]
        return pieces


def _heads(markers: Iterable[str]) -> set[str]:
    return {text[:size] for text in markers for size in range(1, len(text))}


def _tails(markers: Iterable[str]) -> set[str]:
    return {text[size:] for text in markers for size in range(1, len(text))}
