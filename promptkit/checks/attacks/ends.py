"""Ends: text of the template that stands right behind a value and that the value can imitate."""

from __future__ import annotations

import re
from typing import Any

from promptkit.checks.attacks.places import Place
from promptkit.errors import InputError, TemplateError
from promptkit.prompts import Prompt

__all__ = ["open_end"]

_MARK = "qjxzkvwyqjxzkvwy"
_SHOWN = 30


def open_end(prompt: Prompt[Any], place: Place) -> str | None:
    """How the template goes on behind the value in the same message; None where it ends or a fence closes it.

    Text on the same line counts from a word on: a full stop behind a value is no instruction.
    """
    try:
        messages = prompt.render(**place.filled(_MARK)).messages
    except (InputError, TemplateError):
        return None
    if place.way[-1] == "content" and len(place.way) > 1:
        return None  # a turn of the history is a message of its own
    for message in messages:
        before, found, after = message.text.rpartition(_MARK)
        if not found or _is_fenced(before, after):
            continue
        words = after.strip()
        if re.search(r"[^\W_]{2,}", words):
            line = words.split("\n")[0]
            return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
    return None


def _is_fenced(before: str, after: str) -> bool:
    """Whether a fence was opened before the value and is closed behind it."""
    opened = list(re.finditer(r"(?m)^(~{3,})( [^\n]*)?$", before))
    if not opened or not opened[-1][2]:
        return False
    return re.search(rf"(?m)^{opened[-1][1]}$", after) is not None
