"""Where in an answer the model is writing: the path of the text at its end, and that text as it reads."""

from __future__ import annotations

import codecs
import json
import re
from typing import NamedTuple

__all__ = ["JsonCursor", "Passage", "TextCursor"]

# Runs of plain characters, whole escapes, and the quote that ends a string; what else stands at the end is begun.
_PART = re.compile(rb'[^"\\]+|\\u[0-9a-fA-F]{4}|\\[^u]|"', re.DOTALL)


class Passage(NamedTuple):
    """A text as far as it is written.

    Attributes:
        text: Its whole characters.
        begun: Bytes of a character of which more must come.
        ended: True once it has ended.
        rest: The bytes behind its end.
    """

    text: str
    begun: bytes = b""
    ended: bool = False
    rest: bytes = b""


class TextCursor:
    """Follows a plain text.

    Attributes:
        path: Empty: the text is the whole answer.
        passage: The text so far.
    """

    path: tuple[str | int, ...] | None = ()

    def __init__(self) -> None:
        self.passage = Passage("")

    def longer(self, piece: bytes) -> Passage:
        """The text with some more bytes."""
        text, begun = _decoded(self.passage.begun + piece)
        return Passage(self.passage.text + text, begun)

    def follow(self, piece: bytes) -> None:
        """Go on by some bytes."""
        self.passage = self.longer(piece)


class JsonCursor:
    """Follows JSON text from its beginning.

    Attributes:
        passage: The string at the end of what is written, a value or a name; empty outside strings.
    """

    def __init__(self) -> None:
        self.passage = Passage("")
        self._steps: list[str | int | None] = []
        self._in_string = False
        self._names = False

    @property
    def path(self) -> tuple[str | int, ...] | None:
        """Names and indices that lead to the string value that is being written; None outside of such."""
        if not self._in_string or self._names:
            return None
        return tuple(step for step in self._steps if step is not None)

    def longer(self, piece: bytes) -> Passage:
        """The string with some more bytes, up to its end."""
        text, data = self.passage.text, self.passage.begun + piece
        at = 0
        while (part := _PART.match(data, at)) is not None:
            found = part.group()
            if found == b'"':
                return Passage(text, b"", True, data[part.end() :])
            if found[:1] == b"\\":
                text += json.loads(b'"' + found + b'"', strict=False) if _is_escape(found) else "\ufffd"
            else:
                decoded, begun = _decoded(found)
                text += decoded
                if begun and part.end() == len(data):
                    return Passage(text, begun)
                text += "\ufffd" if begun else ""
            at = part.end()
        return Passage(text, data[at:])

    def follow(self, piece: bytes) -> None:
        """Go on by some bytes."""
        while piece:
            if self._in_string:
                self.passage = self.longer(piece)
                piece = self.passage.rest
                if self.passage.ended:
                    self._end_string()
            else:
                self._enter(piece[:1])
                piece = piece[1:]

    def _end_string(self) -> None:
        if self._names:
            self._steps[-1] = self.passage.text
        self._in_string = self._names = False
        self.passage = Passage("")

    def _enter(self, byte: bytes) -> None:
        """One byte outside of strings. A None at the end of the steps waits for the name of an object's member."""
        if byte == b'"':
            self._in_string, self._names = True, bool(self._steps) and self._steps[-1] is None
        elif byte in (b"{", b"["):
            self._steps.append(None if byte == b"{" else 0)
        elif byte in (b"}", b"]"):
            del self._steps[-1:]
        elif byte == b"," and self._steps:
            last = self._steps[-1]
            self._steps[-1] = last + 1 if isinstance(last, int) else None


def _decoded(data: bytes) -> tuple[str, bytes]:
    """The whole characters of some UTF-8, and the begin of another one at its end."""
    text, count = codecs.utf_8_decode(data, "replace", False)
    return text, data[count:]


def _is_escape(found: bytes) -> bool:
    return found[1:2] in (b'"', b"\\", b"/", b"b", b"f", b"n", b"r", b"t", b"u")
