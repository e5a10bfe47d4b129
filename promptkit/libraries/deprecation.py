"""Deprecation: a prompt that should no longer be used says so where it is loaded."""

from __future__ import annotations

import inspect
import warnings

from promptkit.declarations import Declaration

__all__ = ["notice_of", "warn_if_deprecated"]


def notice_of(declaration: Declaration) -> str | None:
    """What to tell those who use a prompt; None while it may be used."""
    if declaration.deprecated is None:
        return None
    version = f"@{declaration.version}" if declaration.version else ""
    return f"{declaration.name}{version} is deprecated: {declaration.deprecated}"


def warn_if_deprecated(declaration: Declaration) -> None:
    """Warn with DeprecationWarning at the line outside promptkit that asked for the prompt."""
    notice = notice_of(declaration)
    if notice is not None:
        warnings.warn(notice, DeprecationWarning, stacklevel=_level_of_the_caller())


def _level_of_the_caller() -> int:
    """How many frames above :func:`warn_if_deprecated` the first one outside promptkit is, counted from 1."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "promptkit":
        level, frame = level + 1, frame.f_back
    return max(level, 1)
