"""Columns of text: rows aligned below one another, as a snapshot and a terminal show them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned", "counted"]

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row as one line, every column as wide as its longest cell, without trailing blanks."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def counted(count: int, noun: str) -> str:
    """A number with its noun: ``1 rule``, ``9 rules``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
