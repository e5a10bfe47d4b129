"""Texts that match a regular expression, of a wanted length where the expression allows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from promptkit.schemas.generation.character_sets import CharacterSet
from promptkit.schemas.generation.choices import Choices, NoValue
from promptkit.schemas.generation.regular_expressions import (
    Again,
    Edge,
    Either,
    Group,
    Look,
    Node,
    One,
    Repeat,
    Row,
)

__all__ = ["is_closed", "needs_check", "pattern_text"]

_MANY_REPEATS = 5
_WORDS = CharacterSet(ranges=((0x61, 0x7A),), common=True)
_FILLER = Repeat(part=One(characters=_WORDS), low=0, high=None, least=0, most=None)


def is_closed(tree: Node) -> bool:
    """True when the expression speaks of the whole text: ``^`` at its start and ``$`` at its end."""
    parts = _parts(tree)
    return len(parts) > 1 and parts[0] == Edge(sign="^") and parts[-1] == Edge(sign="$")


def needs_check(tree: Node) -> bool:
    """True when a text from the tree may fail to match: something without width stands inside."""
    parts = list(_parts(tree))
    if parts and parts[0] == Edge(sign="^"):
        del parts[0]
    if parts and parts[-1] == Edge(sign="$"):
        del parts[-1]
    left: list[Node] = parts
    while left:
        node = left.pop()
        if isinstance(node, Edge | Look | Again):
            return True
        left.extend(_children(node))
    return False


def pattern_text(tree: Node, choices: Choices, least: int, most: int) -> str:
    """A text of ``least`` to ``most`` characters; check it with an engine when ``needs_check`` says so.

    Raises:
        NoValue: When the parts cannot be fitted to the length.
    """
    wishes = [it.part for it in _parts(tree) if isinstance(it, Look) and it.wanted and it.ahead]
    writer = _Writer(choices=choices)
    if wishes and isinstance(tree, Row) and len(wishes) < len(tree.parts):
        granted = "".join(writer.write(wish, wish.least, max(most, wish.least)) for wish in wishes)
        text = _written(writer, tree, least, most)
        # What look-aheads ask for is laid over the text: most of them ask for a character at any place.
        return granted + text[len(granted) :] if choices.draw(2) == 0 else text
    return _written(writer, tree, least, most)


def _written(writer: _Writer, tree: Node, least: int, most: int) -> str:
    if is_closed(tree):
        return writer.write(tree, least, most)
    parts = _parts(tree)
    front = [] if parts and parts[0] == Edge(sign="^") else [_FILLER]
    back = [] if parts and parts[-1] == Edge(sign="$") else [_FILLER]
    if tree.most is not None and tree.most < least:
        return writer.row([*(front if not back else []), *parts, *back], least, most)
    text = writer.write(tree, least, most)
    room = min(_MANY_REPEATS, most - len(text)) if back else 0
    return text + "".join(
        _WORDS.character(writer.choices) or "" for _ in range(writer.choices.draw(room + 1))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes nodes; keeps what its groups wrote."""

    choices: Choices
    groups: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, node: Node, least: int, most: int) -> str:
        self.choices.spend()
        if node.least > most or (node.most is not None and node.most < least):
            raise NoValue((), "the pattern and the length leave no text", proven=False)
        match node:
            case One():
                return self._character(node)
            case Row():
                return self.row(node.parts, least, most)
            case Either():
                fitting = [
                    it for it in node.options if it.least <= most and (it.most is None or it.most >= least)
                ]
                if not fitting:
                    raise NoValue((), "the pattern and the length leave no text", proven=False)
                return self.choices.first_that_works(fitting, lambda it: self.write(it, least, most))
            case Repeat():
                return self._repeat(node, least, most)
            case Group():
                text = self.write(node.part, least, most)
                self.groups.update(dict.fromkeys(node.names, text))
                return text
            case Again():
                return self.groups.get(node.name, "")
            case Edge() | Look():
                return ""

    def row(self, parts: Sequence[Node], least: int, most: int) -> str:
        """The parts one after the other: each takes a length that leaves enough for the rest, and not too much."""
        texts: list[str] = []
        rests = _rests(parts)
        used = 0
        for index, part in enumerate(parts):
            rest_least, rest_most = rests[index + 1]
            low = part.least
            if rest_most is not None:
                low = max(low, least - used - rest_most)
            elif part.most is None and part.least + rest_least < least - used:
                low = max(low, min(least - used - rest_least, part.least + self.choices.draw(3)))
            high = most - used - rest_least
            if part.most is not None:
                high = min(high, part.most)
            if isinstance(part, Look) and index == len(parts) - 1 and part.wanted:
                texts.append(self.write(part.part, part.part.least, max(high, most - used)))
            else:
                texts.append(self.write(part, low, high))
            used += len(texts[-1])
        return "".join(texts)

    def _character(self, node: One) -> str:
        character = node.characters.character(self.choices)
        if character is None:
            raise NoValue((), "a set of characters in the pattern is empty", proven=False)
        return character

    def _repeat(self, node: Repeat, least: int, most: int) -> str:
        part = node.part
        low, high = node.low, node.high
        if part.most is not None and part.most > 0:
            low = max(low, -(-least // part.most))
        elif part.most is None and least > 0:
            low = max(low, 1)
        if part.least > 0:
            fitting = most // part.least
            high = fitting if high is None else min(high, fitting)
        if high is not None and high < low:
            raise NoValue((), "the pattern and the length leave no text", proven=False)
        more = _MANY_REPEATS if high is None else min(_MANY_REPEATS, high - low)
        count = low if self.choices.frugal else low + self.choices.draw(more + 1)
        return self.row([part] * count, least, most) if count else ""


def _parts(tree: Node) -> tuple[Node, ...]:
    return tree.parts if isinstance(tree, Row) else (tree,)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Row():
            return node.parts
        case Either():
            return node.options
        case Repeat() | Group() | Look():
            return (node.part,)
        case _:
            return ()


def _rests(parts: Sequence[Node]) -> list[tuple[int, int | None]]:
    """For each part and the end: the least and most length of what stands from there on."""
    rests: list[tuple[int, int | None]] = [(0, 0)]
    for part in reversed(parts):
        least, most = rests[-1]
        rests.append((least + part.least, None if most is None or part.most is None else most + part.most))
    return rests[::-1]
