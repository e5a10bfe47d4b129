"""Names of prompts and fragments: paths below a library's root, never out of it."""

from __future__ import annotations

import re

__all__ = ["is_prompt_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


def is_prompt_name(name: str) -> bool:
    """Whether a library can hold a prompt or a fragment of this name; ``..`` and a leading / are never part of one."""
    return _NAME.fullmatch(name) is not None
