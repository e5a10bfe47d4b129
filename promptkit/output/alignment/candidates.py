"""Where values stand in an answer: in fences, prose, tags and calls, with thoughts left out of account."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.nodes import Arr, Node, Obj, Reading
from promptkit.output.alignment.reader import Reader
from promptkit.schemas.json_types import is_object

__all__ = ["Found", "Seeker", "speaks_of", "strings_in"]

_THOUGHT = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis)"
_TOKEN = re.compile(
    rf"(?P<opened><{_THOUGHT}\b[^<>]{{0,80}}>)|(?P<closed></{_THOUGHT}\s*>)"
    r"|(?P<channel><\|channel\|>\s*(?:analysis|commentary)\b)"
    r"|(?P<value>\[|\{(?=\s{0,200}[\"'“”„`‘}\w/#,.$\-\\])|(?<![\w.])[A-Za-z_]\w{0,80}\((?=\s{0,40}[A-Za-z_]\w{0,80}\s{0,9}=[^=]))",
    re.IGNORECASE,
)
_CLOSED_THOUGHT = re.compile(rf"</{_THOUGHT}\s*>", re.IGNORECASE)
_CLOSED_CHANNEL = re.compile(r"<\|(?:end|start)\|>|<\|channel\|>\s*final")
_BEGINS_LIST = re.compile(r"\[\s*(?:/[*/]|#|[\"'“{\[(\d\-\]]|true\b|false\b|null\b|None\b)", re.IGNORECASE)
_SCANNER = json.JSONDecoder()
_SPOKEN_DEPTH = 4
_MOST_STRICT_FAILURES = 50
"""Each may look at the whole text, in native code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value in an answer.

    Attributes:
        start: Offset of its first character.
        end: The character behind it.
        strict: True when it is JSON as it stands; ``reading`` is None then.
        reading: What the tolerant reader makes of it.
        thought: True when it stands in thoughts.
    """

    start: int
    end: int
    strict: bool = False
    reading: Reading | None = None
    thought: bool = False


class Seeker:
    """Finds the values of one text, in one pass.

    Args:
        text: The answer.
        names: The names that the schema has, folded.

    Attributes:
        reader: Reads values of the same text.
        open_thought: True when thoughts begin that never end.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.reader = Reader(text, names)
        self.open_thought = False
        self._text = text
        self._names = names
        self._strict_tries = _MOST_STRICT_FAILURES

    def find(self) -> list[Found]:
        """The outermost values in their order.

        Raises:
            TooMuchWork: When the text is no text that means values.
        """
        found: list[Found] = []
        at = 0
        while (token := _TOKEN.search(self._text, at)) is not None:
            at = token.end()
            if token["opened"]:
                at = self._behind_thought(_CLOSED_THOUGHT, at)
            elif token["channel"]:
                at = self._behind_thought(_CLOSED_CHANNEL, at)
            elif token["closed"]:  # the beginning of the thoughts was left out: all before are thoughts
                found = [self._as_thought(each) for each in found]
            elif (value := self._value(token.start())) is not None:
                found.append(value)
                at = max(at, value.end)
        return found

    def read_again(self, found: Found) -> Found:
        """The same value with what the tolerant reader makes of it."""
        reading = self.reader.read(found.start)
        return Found(start=found.start, end=found.end, reading=reading, thought=found.thought)

    def _as_thought(self, found: Found) -> Found:
        return Found(
            start=found.start, end=found.end, strict=found.strict, reading=found.reading, thought=True
        )

    def _behind_thought(self, closing: re.Pattern[str], at: int) -> int:
        closed = closing.search(self._text, at)
        if closed is None:
            self.open_thought = True
            return len(self._text)
        return closed.end() if closing is _CLOSED_THOUGHT else closed.start()

    def _value(self, at: int) -> Found | None:
        text = self._text
        if text[at] == "[" and not _BEGINS_LIST.match(text, at):
            return None
        end = self._strict_end(at)
        if end is not None:
            return Found(start=at, end=end, strict=True)
        reading = self.reader.read(at)
        if reading is None or (reading.cut and not speaks_of(reading.node, self._names)):
            return None
        return Found(start=at, end=reading.end, reading=reading)

    def _strict_end(self, at: int) -> int | None:
        """The end of the strict JSON that begins there; None where none does, and after many vain tries."""
        if self._strict_tries <= 0:
            return None
        try:
            _, end = _SCANNER.raw_decode(self._text, at)
        except (ValueError, RecursionError):  # no JSON, too many digits, or deeper than Python's own bound
            self._strict_tries -= 1
            return None
        return end


def speaks_of(node: Node, names: frozenset[str], depth: int = _SPOKEN_DEPTH) -> bool:
    """True when a value has one of the schema's names, or when the schema has none."""
    if not names:
        return True
    if depth == 0:
        return False
    if isinstance(node, Arr):
        return any(speaks_of(item, names, depth - 1) for item in node.items[:20])
    if isinstance(node, Obj):
        return any(fold(name) in names for name, _ in node.pairs) or any(
            speaks_of(value, names, depth - 1) for _, value in node.pairs[:20]
        )
    return False


def strings_in(data: object) -> list[str]:
    """The texts of plain data, in their order."""
    found: list[str] = []
    _gather(data, found)
    return found


def _gather(data: object, found: list[str]) -> None:
    if isinstance(data, str):
        found.append(data)
    elif is_object(data):
        for value in data.values():
            _gather(value, found)
    elif isinstance(data, list | tuple):
        for value in data:  # pyright: ignore[reportUnknownVariableType]
            _gather(value, found)  # pyright: ignore[reportUnknownArgumentType]
