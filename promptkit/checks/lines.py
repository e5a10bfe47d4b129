"""Lines of files, for the marks below findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from promptkit.passages import Passage

__all__ = ["Lines"]


@dataclass(slots=True)
class Lines:
    """The lines of files by path, read once each.

    Attributes:
        known: What was read so far.
        passages: What was looked through for words, by file, first line and number of lines.
    """

    known: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    passages: dict[tuple[str, int, int], Passage] = field(default_factory=dict[tuple[str, int, int], Passage])

    def line(self, file: str, number: int) -> str:
        """One line, counted from 1; empty where there is none."""
        lines = self._of(file)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def passage(self, file: str, first: int, count: int) -> Passage:
        """Some lines in which words are looked for, from ``first`` on, counted from 1."""
        key = file, first, count
        if key not in self.passages:
            self.passages[key] = Passage(self._of(file)[max(first - 1, 0) :][:count], first)
        return self.passages[key]

    def _of(self, file: str) -> list[str]:
        if file not in self.known:
            self.known[file] = _read(file)
        return self.known[file]


def _read(file: str) -> list[str]:
    try:
        text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return []
    return text.split("\n")
