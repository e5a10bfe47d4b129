"""Messages that a person can read, however much of a file they quote."""

from __future__ import annotations

import re

__all__ = ["readable"]

_WORD = re.compile(r"\S{400,}")
"""No path and no name of a person's is as long."""
_SHOWN_OF_WORD = 100
_MOST = 2_000
_BEGINNING, _END = 1_400, 500


def readable(message: str) -> str:
    """The message, with words of more than 400 characters cut, and what is still too long without its middle."""
    short = _WORD.sub(lambda match: f"{match[0][:_SHOWN_OF_WORD]}…", message)
    if len(short) <= _MOST:
        return short
    return f"{short[:_BEGINNING]} … {short[-_END:]}"
