"""One JSON value that arrives in pieces, as tokens: each character is looked at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias

from promptkit.schemas.strict_json import MAX_DEPTH

__all__ = ["Kind", "Scanner", "Token"]


class Kind(StrEnum):
    """What a token is."""

    OPEN = "open"  # of an object or a list; the value is its bracket
    CLOSE = "close"  # of the innermost one
    NAME = "name"  # of a property
    BEGIN = "begin"  # of a string (the value is True) or of a scalar
    PIECE = "piece"  # of a string, escapes decoded
    STRING = "string"  # whole, with something behind it that may follow a value
    SCALAR = "scalar"  # a number, true, false or null, whole


Token: TypeAlias = tuple[Kind, Any, int]
"""Kind, value, and how many characters of the text stand before it, or before and in it for what it ends."""

_OPEN, _CLOSE, _NAME, _BEGIN, _PIECE, _STRING, _SCALAR = Kind
# RFC 8259: a string holds no raw control characters; a lone surrogate is no character.
_PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')
_BLANKS = re.compile(r"[ \t\n\r]*")
_LEXEME = re.compile(r"[-+.0-9A-Za-z]*")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CLOSING = {"{": "}", "[": "]"}
_MAX_LEXEME = 5_000  # above what a float or an integer of 4,300 digits needs


class _Lost(Exception):
    """The text is no strict JSON, or none that is followed here."""


class Scanner:
    """Follows one strict JSON value (RFC 8259); what stands behind it is not looked at.

    A string or scalar counts as whole when the character behind it is there and may follow a value, so that a
    number is never told digit by digit, and a quotation mark that a model forgot to escape ends no string.

    Attributes:
        lost: True once the text is not what strict reading takes: nothing is told any more.
        done: True once the value is whole.
        held: What of the text waits for more of it.
        at: How many characters stand before that.
        half: What has been decoded of the string or name that is being read.
    """

    __slots__ = (
        "_inside",
        "_known",
        "_parts",
        "_pending",
        "_stack",
        "_state",
        "_told",
        "at",
        "done",
        "half",
        "held",
        "lost",
    )

    def __init__(self) -> None:
        self.lost = False
        self.done = False
        self.at = 0
        self.held = ""
        self.half: list[str] = []
        self._parts: list[str] = []  # of the same, what this feed has decoded and not told
        self._stack: list[str] = []
        self._known: list[set[str]] = []  # names of each open object
        self._pending: Token | None = None
        self._told: list[Token] = []
        self._state: Callable[[str, int], int] = self._value
        self._inside = False  # a string that is no name

    def feed(self, text: str) -> list[Token]:
        """The tokens that the next piece of the text makes."""
        if self.lost or self.done:
            return []
        text, at, self._told = self.held + text, 0, []
        try:
            while at < len(text) and not self.done:
                after = self._state(text, at)
                if after < 0:
                    break
                at = after
        except _Lost:
            self.lost, self._inside = True, False
        self.held = text[at:]
        self.at += at
        told, self._told = self._told, []
        return told

    def goes_on(self, text: str) -> bool:
        """Take a piece that only goes on with a string, as most do; False leaves it to :meth:`feed`."""
        if not self._inside or self.held or _PLAIN.fullmatch(text) is None:
            return False
        self.half.append(text)
        self.at += len(text)
        return True

    def finish(self) -> list[Token]:
        """The last token, when no more text comes: a string or scalar that is the whole value."""
        if self.lost or self.done or self._stack:
            return []
        self._told = []
        try:
            if self._state == self._value and self.held:
                self._value(f"{self.held} ", 0)
            if self._pending is not None:
                self._confirm()
                self.done = True
        except _Lost:
            self.lost = True
        return self._told

    def _value(self, text: str, at: int) -> int:
        """What stands where a value must."""
        at = _skip(text, at)
        if at == len(text):
            return at
        first = text[at]
        if first in "{[":
            self._open(first, at)
        elif first == '"':
            self._told.append((_BEGIN, True, self.at + at))
            self._state, self._inside, self.half = self._string, True, []
        elif first == "]" and self._stack and self._stack[-1] == "[":
            return self._close(text, at)
        else:
            return self._scalar(text, at)
        return at + 1

    def _open(self, bracket: str, at: int) -> None:
        if len(self._stack) == MAX_DEPTH:
            raise _Lost
        self._told.append((_OPEN, bracket, self.at + at))
        self._stack.append(bracket)
        self._known.append(set())
        self._state = self._first_name if bracket == "{" else self._value

    def _scalar(self, text: str, at: int) -> int:
        """A number or a word, once what ends it is there."""
        found = _LEXEME.match(text, at)
        assert found is not None
        lexeme = found.group()
        if not lexeme or len(lexeme) > _MAX_LEXEME:
            raise _Lost
        if found.end() == len(text):
            return -1
        self._told.append((_BEGIN, False, self.at + at))
        self._pending = (_SCALAR, _plain(lexeme), self.at + found.end())
        self._state = self._behind
        return found.end()

    def _first_name(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at < len(text) and text[at] == "}":
            return self._close(text, at)
        return self._name(text, at)

    def _name(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        if text[at] != '"':
            raise _Lost
        self._state, self.half = self._in_name, []
        return at + 1

    def _in_name(self, text: str, at: int) -> int:
        end = self._characters(text, at)
        self.half += self._parts
        self._parts = []
        if end >= len(text) or text[end] != '"':
            return end if end > at else -1
        name = "".join(self.half)
        if name in self._known[-1]:
            raise _Lost
        self._known[-1].add(name)
        self._told.append((_NAME, name, self.at + end + 1))
        self._state = self._colon
        return end + 1

    def _colon(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        if text[at] != ":":
            raise _Lost
        self._state = self._value
        return at + 1

    def _string(self, text: str, at: int) -> int:
        end = self._characters(text, at)
        if self._parts:
            piece = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
            self._parts = []
            self.half.append(piece)
            self._told.append((_PIECE, piece, self.at + end))
        if end >= len(text) or text[end] != '"':
            return end if end > at else -1
        self._pending = (_STRING, "".join(self.half), self.at + end + 1)
        self._state, self._inside = self._behind, False
        return end + 1

    def _characters(self, text: str, at: int) -> int:
        """Decode as far as whole characters go; the end is at the closing mark, or where more text is needed."""
        while True:
            plain = _PLAIN.match(text, at)
            if plain is not None:
                self._parts.append(plain.group())
                at = plain.end()
            if at == len(text) or text[at] == '"':
                return at
            if text[at] != "\\":
                raise _Lost
            length = self._escape(text, at)
            if not length:
                return at
            at += length

    def _escape(self, text: str, at: int) -> int:
        """Decode one escape; how long it is, 0 while it is not whole."""
        letter = text[at + 1 : at + 2]
        if letter != "u":
            if letter and letter not in _ESCAPES:
                raise _Lost
            self._parts += [_ESCAPES[letter]] if letter else []
            return 2 if letter else 0
        code = _code(text, at)
        if code is None:
            return 0
        if not 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates of UTF-16
            self._parts.append(chr(code))
            return 6
        return self._pair(text, at, code)

    def _pair(self, text: str, at: int, high: int) -> int:
        """The character of two surrogates; one alone is none."""
        if high >= 0xDC00 or not "\\u".startswith(text[at + 6 : at + 8]):  # noqa: PLR2004 - UTF-16
            raise _Lost
        low = _code(text, at + 6)
        if low is None:
            return 0
        if not 0xDC00 <= low <= 0xDFFF:  # noqa: PLR2004 - UTF-16
            raise _Lost
        self._parts.append(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
        return 12

    def _behind(self, text: str, at: int) -> int:
        """What may stand behind a value."""
        at = _skip(text, at)
        if at == len(text):
            return at
        if not self._stack:
            raise _Lost
        if text[at] == ",":
            self._confirm()
            self._state = self._name if self._stack[-1] == "{" else self._item
            return at + 1
        return self._close(text, at)

    def _item(self, text: str, at: int) -> int:
        """A value, which must stand behind a comma."""
        at = _skip(text, at)
        if at < len(text):
            if text[at] == "]":
                raise _Lost
            self._state = self._value
        return at

    def _close(self, text: str, at: int) -> int:
        if text[at] != _CLOSING[self._stack[-1]]:
            raise _Lost
        self._confirm()
        self._stack.pop()
        self._known.pop()
        self._told.append((_CLOSE, None, self.at + at + 1))
        self._state = self._behind
        self.done = not self._stack
        return at + 1

    def _confirm(self) -> None:
        if self._pending is not None:
            self._told.append(self._pending)
            self._pending = None


def _skip(text: str, at: int) -> int:
    if at < len(text) and text[at] > " ":
        return at  # as most often
    blanks = _BLANKS.match(text, at)
    return at if blanks is None else blanks.end()


def _code(text: str, at: int) -> int | None:
    """The code of a ``u`` escape; None while it is not whole."""
    digits = text[at + 2 : at + 6]
    if len(digits) == 4:  # noqa: PLR2004 - the digits of such an escape
        if _HEX.fullmatch(digits) is None:
            raise _Lost
        return int(digits, 16)
    return None


def _plain(lexeme: str) -> Any:
    if lexeme in _WORDS:
        return _WORDS[lexeme]
    try:
        if _INTEGER.fullmatch(lexeme):
            return int(lexeme)
        if _NUMBER.fullmatch(lexeme):
            number = float(lexeme)
            if number not in (float("inf"), float("-inf")):
                return number
    except ValueError:  # an integer of more digits than sys.get_int_max_str_digits() allows
        raise _Lost from None
    raise _Lost
