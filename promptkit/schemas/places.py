"""Places inside data as text: `a.b[0].c`, and values shortened for a message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["below", "path_text", "shorten", "shown", "type_phrase"]

_PLAIN_NAME = re.compile(r"[^\s.\[\]\"]+")


def path_text(parts: Iterable[str | int]) -> str:
    """The path as text: names joined by dots, indices in brackets.

    A name that holds a blank, a dot, a bracket or a quotation mark stands as ``["the name"]``.
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def below(path: str, name: str) -> str:
    """The path of a field inside the value at ``path``."""
    piece = path_text([name])
    return f"{path}.{piece}" if path and not piece.startswith("[") else f"{path}{piece}"


def shorten(text: str, limit: int = 120) -> str:
    """The text, cut to ``limit`` characters with an ellipsis at the cut."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shown(value: Any, limit: int = 120) -> str:
    """A value as compact JSON on one line, at most ``limit`` characters."""
    if isinstance(value, str) and len(value) > limit:
        value = value[:limit]
    try:
        text = json.dumps(value, ensure_ascii=False, default=lambda other: f"<{type(other).__name__}>")
    except (TypeError, ValueError, RecursionError):
        text = f"<{type(value).__name__}>"
    return shorten(text, limit)


_TYPE_PHRASES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    ((list, tuple), "a list"),
    (dict, "an object"),
    ((bytes, bytearray), "bytes"),
)


def type_phrase(value: Any) -> str:
    """What kind of value this is, with its article: ``a string``, ``an integer``, ``null``."""
    if value is None:
        return "null"
    for kinds, phrase in _TYPE_PHRASES:
        if isinstance(value, kinds):
            return phrase
    return f"a {type(value).__name__}"
