"""Gaps: what stands in a line beside a value that may print nothing."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

__all__ = ["gap_beside"]

_LONGEST = 40


def gap_beside(printed: Sequence[nodes.Node], at: int) -> str | None:
    """The text that would stand alone if the value at ``at`` printed nothing; None when nothing would.

    That is text on the same line, or a line above it that ends in a colon.
    """
    before, after = _data(printed, at - 1), _data(printed, at + 1)
    same_line = before.rpartition("\n")[2]
    rest = after.partition("\n")[0]
    if any(letter.isalnum() for letter in f"{same_line}{rest}"):
        return _short(
            f"{same_line.strip()} ... {rest.strip()}".strip() if rest.strip() else same_line.strip()
        )
    above = before.rstrip().rpartition("\n")[2].strip()
    return _short(above) if above.endswith(":") else None


def _data(printed: Sequence[nodes.Node], at: int) -> str:
    node = printed[at] if 0 <= at < len(printed) else None
    return node.data if isinstance(node, nodes.TemplateData) else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
