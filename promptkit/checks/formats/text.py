"""A finding for people: its place, what is wrong, the line of the file and a mark below the word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from promptkit.checks.formats.github import relative_to
from promptkit.checks.lines import Lines
from promptkit.findings import Finding

__all__ = ["text_lines"]

_WIDEST = 100
"""Characters of a file's line that are shown."""


def text_lines(
    findings: Iterable[Finding], folder: Path | None = None, lines: Lines | None = None
) -> Iterator[str]:
    """Each finding as one to three lines.

    Args:
        findings: The findings.
        folder: Where paths begin; None leaves them as they are.
        lines: Where the lines of files come from.
    """
    lines = lines or Lines()
    for finding in findings:
        yield str(finding if folder is None else replace(finding, file=relative_to(finding.file, folder)))
        if finding.line is not None and finding.column is not None:
            yield from _excerpt(finding, finding.column, lines.line(finding.file, finding.line))


def _excerpt(finding: Finding, column: int, line: str) -> Iterator[str]:
    if not line.strip():
        return
    # One cell for each character, so that the mark stands below its word.
    cells = "".join(letter if letter.isprintable() else " " for letter in line.rstrip())
    start = max(0, column - 1 - _WIDEST // 2) if len(cells) > _WIDEST else 0
    cells = cells[start : start + _WIDEST]
    margin = f"{finding.line} | "
    width = max(1, min(finding.width, len(cells) - (column - 1 - start)))
    yield f"  {margin}{cells}"
    yield f"  {' ' * (len(margin) - 2)}| {' ' * (column - 1 - start)}{'^' * width}"
