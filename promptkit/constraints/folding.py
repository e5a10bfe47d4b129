"""Texts folded for comparison: forms, case and blanks that readers take for the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from promptkit.schemas.json_types import is_list, is_object

__all__ = ["INVISIBLE", "folded", "texts_of"]

# Default_Ignorable_Code_Point of Unicode 16, DerivedCoreProperties.txt.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
INVISIBLE = _INVISIBLE.pattern
"""A class of characters for regular expressions: what nobody sees."""


def folded(text: str) -> str:
    """Compatibility forms and case folded (Unicode, caseless matching), blanks single, the invisible left out."""
    text = _INVISIBLE.sub("", text)
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def texts_of(value: Any) -> Iterator[str]:
    """All strings inside plain data, names of fields left out."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for part in value.values():
            yield from texts_of(part)
    elif is_list(value):
        for part in value:
            yield from texts_of(part)
