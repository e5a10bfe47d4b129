"""Lines of files, for the marks below findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Lines"]


@dataclass(slots=True)
class Lines:
    """The lines of files by path, read once each.

    Attributes:
        known: What was read so far.
    """

    known: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def line(self, file: str, number: int) -> str:
        """One line, counted from 1; empty where there is none."""
        if file not in self.known:
            self.known[file] = _read(file)
        lines = self.known[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def _read(file: str) -> list[str]:
    try:
        text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return []
    return text.split("\n")
