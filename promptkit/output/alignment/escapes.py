"""Escapes inside a text: those of JSON, those of Python and JavaScript, and backslashes that escape nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Unescaped", "unescape"]

_ESCAPE = re.compile(
    r"\\(?:u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|x(?P<x>[0-9a-fA-F]{2})|(?P<line>\r?\n)|(?P<one>.)|\Z)",
    re.DOTALL,
)
_JSON = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LAST_CHARACTER = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Unescaped:
    """A text without its escapes.

    Attributes:
        text: The text.
        mended: True when it had escapes that JSON does not have.
        unclear: Why it may have been meant otherwise; None when it is clear.
    """

    text: str
    mended: bool = False
    unclear: str | None = None


class _Escapes:
    """One pass over a text."""

    def __init__(self) -> None:
        self.mended = False
        self.letters = False  # an escape of JSON that may as well be the beginning of a word, as in C:\new
        self.literal = False  # a backslash that stands for itself
        self.unclear: str | None = None

    def meaning(self, found: re.Match[str]) -> str:
        """The character that one escape stands for."""
        kind = found.lastgroup
        if kind == "u":
            return chr(int(found["u"], 16))
        if kind in ("U", "x"):
            return self._of_python(found, kind)
        if kind == "line":  # JavaScript and Python continue a text on the next line by this
            self.mended = True
            return ""
        one = found["one"] if kind == "one" else ""
        if one in _JSON and one:
            self.letters = self.letters or one.isalpha()
            return _JSON[one]
        self.mended = True
        if one == "u":
            self.unclear = "an escape \\u has no four hexadecimal digits"
        if one.isalnum() or not one:
            self.literal = True
            return f"\\{one}"
        return one

    def _of_python(self, found: re.Match[str], kind: str) -> str:
        number = int(found[kind], 16)
        self.mended = True
        if number > _LAST_CHARACTER:
            self.unclear = f"{found.group()} is no character"
            return ""
        return chr(number)


def unescape(raw: str) -> Unescaped:
    r"""The text that stands between two quotation marks.

    A backslash before a sign that needs no escape is dropped, as Markdown writes it (``\\_``); before a letter or
    digit it stands for itself, as in a pattern (``\\d``). Where such a text also has escapes of JSON that are
    letters (``C:\\new\\data``), what was meant is unclear.
    """
    if "\\" not in raw:
        return _whole(raw, mended=False, unclear=None)
    escapes = _Escapes()
    text = _ESCAPE.sub(escapes.meaning, raw)
    unclear = escapes.unclear
    if escapes.literal and escapes.letters:
        unclear = "a backslash may begin an escape or stand for itself"
    return _whole(text, mended=escapes.mended, unclear=unclear)


def _whole(text: str, *, mended: bool, unclear: str | None) -> Unescaped:
    """With surrogate pairs joined; one alone is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\ufffd" in joined and "\ufffd" not in text:
            unclear = unclear or "half of a surrogate pair stands alone"
        text = joined
    return Unescaped(text, mended, unclear)
