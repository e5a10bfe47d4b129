"""Spelling help for error messages: which known name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "nearest"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``, or None when none is close.

    Closeness is difflib's ratio of at least 0.6, the standard library's own default.
    """
    matches = get_close_matches(name, list(known), n=1)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` with a leading blank, or the empty string when nothing is close."""
    match = nearest(name, known)
    return f" (did you mean {match}?)" if match else ""
