"""Regular expressions that mean the same wherever JSON Schema is read: ECMA's engines and Rust's."""

from __future__ import annotations

import re

__all__ = ["as_portable", "escaped", "is_sayable"]

_SYNTAX = re.compile(r"[\\.+*?()|\[\]{}^$]")
_CODE = r"\\[tnrfv]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}"
_QUANTIFIER = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{])"
_TOKEN = re.compile(
    rf"(?P<class>\[\^?(?:\\[\\\]\[^-]|\\[dw]|{_CODE}|[^\\\[\]&~-]|-(?!-)|&(?!&)|~(?!~))++\])"
    rf"|(?P<shorthand>\\[dDwW])|\\[\\.+*?()|\[\]{{}}^$]|{_CODE}|\(\?:|\((?!\?)|[).|]|[$^](?![*+?{{])|{_QUANTIFIER}"
    r"|[^\\.+*?()|\[\]{}^$]"
)
_ALONE = {r"\d": "[0-9]", r"\D": "[^0-9]", r"\w": "[0-9A-Za-z_]", r"\W": "[^0-9A-Za-z_]"}
_INSIDE = re.compile(r"\\(.)")


def as_portable(pattern: str) -> str | None:
    r"""The checked pattern without what engines read in two ways; None when it needs such a thing.

    ``\d`` and ``\w`` are written out, since some engines take digits and letters of every script for them.
    Needed and not portable are ``\s``, ``\b``, ``\p``, flags, named groups and nested classes. ``.`` stays:
    engines differ only on whether it takes line breaks other than ``\n``.
    """
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return None
        text = token.group()
        if token["shorthand"]:
            text = _ALONE[text]
        elif token["class"]:
            text = _INSIDE.sub(_written_out, text)
        parts.append(text)
        position = token.end()
    portable = "".join(parts)
    return portable if is_sayable(portable) else None


def escaped(text: str) -> str:
    """A pattern that matches the text and nothing else, in both syntaxes."""
    return _SYNTAX.sub(r"\\\g<0>", text)


def is_sayable(text: str) -> bool:
    """False for half of a surrogate pair, which no engine over UTF-8 can hold."""
    return text.isprintable() or not any("\ud800" <= char <= "\udfff" for char in text)


def _written_out(match: re.Match[str]) -> str:
    return {"d": "0-9", "w": "0-9A-Za-z_"}.get(match[1], match.group())
