"""What a tolerant reader makes of a text: objects, lists, texts and bare words, and what it mended on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Arr", "Bare", "Fix", "Node", "Obj", "Place", "Reading"]

Place: TypeAlias = tuple[str | int, ...]
"""Names as they were written and indices, from the outside in."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A word or number without quotation marks, as it was written; what it means depends on the schema.

    Attributes:
        text: The word.
    """

    text: str


@dataclass(slots=True)
class Arr:
    """A list.

    Attributes:
        items: Its items in order.
        open: True when the text ended before the list did.
    """

    items: list[Node] = field(default_factory=list["Node"])
    open: bool = False


@dataclass(slots=True)
class Obj:
    """An object; a name may stand in it more than once.

    Attributes:
        pairs: Names and values in order.
        open: True when the text ended before the object did.
    """

    pairs: list[tuple[str, Node]] = field(default_factory=list[tuple[str, "Node"]])
    open: bool = False


Node: TypeAlias = str | Bare | Arr | Obj


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing that was mended.

    Attributes:
        place: Where, by names as they were written.
        rule: The rule's name, a key of ``RULES``.
        before: The text or value as it was written.
        after: What it was taken for.
    """

    place: Place
    rule: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value that begins at some place of a text.

    Attributes:
        node: The value.
        end: The character behind it.
        fixes: What was mended.
        cut: True when the text ended inside the value, be it behind its last character.
        inside: True when it ended inside a text, a word or a number, or where more was announced.
        broken: Why no value may be taken from it though it could be read, for example an unclear end of a text;
            None when nothing is wrong.
    """

    node: Node
    end: int
    fixes: tuple[Fix, ...] = ()
    cut: bool = False
    inside: bool = False
    broken: str | None = None
