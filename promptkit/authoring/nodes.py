"""What a YAML text says, as values that know their place in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from promptkit.constraints import KINDS, Kinds
from promptkit.errors import TemplateError
from promptkit.schemas.json_types import is_mapping

__all__ = [
    "Items",
    "Node",
    "Pair",
    "Pairs",
    "Place",
    "Scalar",
    "Source",
    "Style",
    "in_quotes",
    "node_of",
    "plain",
]

Style: TypeAlias = Literal["plain", "quoted", "literal", "folded"]


@dataclass(frozen=True, slots=True)
class Source:
    """The file that nodes were read from.

    Attributes:
        file: Its path, for messages.
        lines: Its lines without line breaks.
        kinds: The kinds of rule that it may name.
    """

    file: str
    lines: tuple[str, ...]
    kinds: Kinds = field(default_factory=lambda: KINDS, repr=False, compare=False)

    def at(self, line: int, column: int) -> Place:
        """The place at ``line`` and ``column``, both counted from 1."""
        return Place(self, line, column)


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a file.

    Attributes:
        source: The file.
        line: Counted from 1.
        column: In characters, counted from 1.
    """

    source: Source
    line: int
    column: int

    @property
    def text(self) -> str:
        """The whole line; empty behind the file's end."""
        return self.source.lines[self.line - 1] if self.line <= len(self.source.lines) else ""

    def fault(self, problem: str) -> TemplateError:
        """An error about this place, to be raised."""
        return TemplateError(problem, file=self.source.file, line=self.line, column=self.column)

    def mended(self) -> str:
        """This line as it should be when all from this place on is one text: with that text in quotes."""
        start = self.column - 1
        return f"{self.text[:start].lstrip()}{in_quotes(self.text[start:])}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value that is neither list nor mapping.

    Attributes:
        place: Where it begins.
        text: Its text, quotes and indentation taken off.
        value: What it stands for: text, int, float, bool or None.
        style: How it was written.
        end_line: Line at which it ends, counted from 1.
        end_column: Column behind its last character, counted from 1.
    """

    place: Place
    text: str
    value: str | int | float | bool | None
    style: Style
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list.

    Attributes:
        place: Where it begins.
        items: Its items in order.
        flow: True when it was written in brackets.
    """

    place: Place
    items: tuple[Node, ...]
    flow: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One entry of a mapping.

    Attributes:
        key: The key, always read as text.
        value: What stands behind the colon.
    """

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping.

    Attributes:
        place: Where it begins.
        entries: The pairs by key, in order.
        flow: True when it was written in braces.
    """

    place: Place
    entries: Mapping[str, Pair]
    flow: bool

    def get(self, key: str) -> Node | None:
        """The value under ``key``; None when there is no such key."""
        pair = self.entries.get(key)
        return pair.value if pair else None


Node: TypeAlias = Scalar | Items | Pairs


def plain(node: Node) -> Any:
    """The node as plain data: dict, list, text, int, float, bool or None."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(pair.value) for key, pair in node.entries.items()}


def node_of(data: Any, place: Place) -> Node:
    """Plain data as a node, the way back from :func:`plain`; all of it stands at one place.

    Raises:
        TemplateError: For what is no plain data.
    """
    if is_mapping(data):
        keys = {key: _scalar(key, place) for key in data}
        pairs = {key.text: Pair(key, node_of(data[name], place)) for name, key in keys.items()}
        return Pairs(place, pairs, flow=True)
    if isinstance(data, list | tuple):
        return Items(place, tuple(node_of(item, place) for item in data), flow=True)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return _scalar(data, place)


def _scalar(value: Any, place: Place) -> Scalar:
    if not isinstance(value, str | int | float | None):
        raise place.fault(
            f"{value!r} is no plain data. Give texts, numbers, True, False, None, lists and mappings, as a file "
            "holds them; types are words, such as string and integer."
        )
    text = value if isinstance(value, str) else json.dumps(value)
    style: Style = "quoted" if isinstance(value, str) else "plain"
    return Scalar(place, text, value, style, place.line, place.column)


def in_quotes(text: str) -> str:
    """``text`` as a quoted YAML scalar; a comment at its end stays a comment."""
    comment = text.find(" # ")
    value, rest = (text[:comment], text[comment:]) if comment >= 0 else (text, "")
    value = value.rstrip()
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'" + rest
    return f'"{value}"{rest}'
