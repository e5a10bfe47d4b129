"""The source map of a traced run: marks as ranges. Those of messages that never change are made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from promptkit.messages import Message, TextPart
from promptkit.rendering.run import Run
from promptkit.rendering.spans import Marks
from promptkit.requests import Origin, SourceMap, SourceRange

__all__ = ["Mapper"]

PartMarks: TypeAlias = Mapping[int, Marks]

_ELSEWHERE = Origin(kind="text")
_HISTORY = Origin(kind="history", name="history")


class Mapper:
    """Makes the maps of one template.

    Args:
        fixed: Messages that never change, each with the marks of its texts by part.
        examples: The turns of the examples, as the same objects that are emitted.
    """

    __slots__ = ("_fixed", "_held", "_made")

    def __init__(self, fixed: Sequence[tuple[Message, PartMarks]], examples: Sequence[Message]) -> None:
        self._held = (fixed, examples)  # so that no other message can come to have the same id
        self._fixed: dict[int, tuple[PartMarks, Origin]] = {
            id(message): (marks, _HISTORY) for message, marks in fixed
        }
        for index, turn in enumerate(examples):
            self._fixed[id(turn)] = ({}, Origin(kind="example", name=f"examples[{index // 2}]"))
        # By message, with the place at which it stood last: a history before it may move it.
        self._made: dict[int, tuple[int, list[SourceRange]]] = {}

    def source_map(self, run: Run) -> SourceMap:
        """The map of what a run emitted."""
        ranges: list[SourceRange] = []
        for number, message in enumerate(run.messages):
            key = id(message)
            if key not in self._fixed:
                ranges += _of_message(number, message, run.marks, _HISTORY)
                continue
            place, made = self._made.get(key, (-1, []))
            if place != number:
                marks, turn = self._fixed[key]
                known = {(number, part): found for part, found in marks.items()}
                made = _of_message(number, message, known, turn)
                self._made[key] = (number, made)
            ranges += made
        return SourceMap(ranges=tuple(ranges))


def _of_message(
    number: int, message: Message, marks: Mapping[tuple[int, int], Marks], turn: Origin
) -> list[SourceRange]:
    """The ranges of one message; a text without marks is a turn."""
    content = message.content
    if isinstance(content, str):
        return _ranges(number, 0, content, marks.get((number, 0)) or ((len(content), turn),))
    found: list[SourceRange] = []
    for at, part in enumerate(content):
        if isinstance(part, TextPart):
            known = marks.get((number, at)) or ((len(part.text), turn),)
            found += _ranges(number, at, part.text, known)
    return found


def _ranges(message: int, part: int, text: str, marks: Marks) -> list[SourceRange]:
    """Marks as ranges, neighbours of one origin together."""
    found: list[tuple[int, Origin]] = []
    whole = 0
    last: Origin | None = None
    for length, known in marks:
        origin = _ELSEWHERE if known is None else known
        if last is origin or (last is not None and origin.name == last.name and origin == last):
            whole += length
        else:
            if whole and last is not None:
                found.append((whole, last))
            whole, last = length, origin
    if whole and last is not None:
        found.append((whole, last))
    return SourceRange.many(message, part, text, found)
