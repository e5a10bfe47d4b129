"""Answers without brackets: labelled lines, tags named as fields, bullets, a sentence that ends in the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.nodes import Arr, Bare, Node, Obj
from promptkit.output.alignment.reader import Reader
from promptkit.output.alignment.words import strip_marks
from promptkit.schemas.fragments import opened, types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["Spoken", "bullets", "labelled", "plain_node", "sentence", "tagged"]

_LINE = re.compile(
    r"(?P<indent>[ \t]*)(?P<lead>(?:[-*•+>|]|\d{1,3}[.)])[ \t]+)?(?P<name>[^:=|\n]{1,60}?)[ \t]*[:=|](?P<value>[^\n]*)"
)
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*•+]|\d{1,3}[.)])[ \t]+(?P<item>[^\n]+)")
_TAG = re.compile(
    r"<parameter\s+name=[\"']?(?P<parameter>[\w .-]{1,60})[\"']?\s*>|<(?P<tag>[A-Za-z_][\w.-]{0,60})\s*>",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:^|[.!?\n]\s*|\*\*)(?:(?:so|thus|therefore|hence),?\s+)?(?:(?:my|the|your)\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer|result|output|value|response|verdict|decision|label|category|class(?:ification)?|score|rating|total|choice)"
    r"(?:\*\*)?\s*(?:is|=|:)(?:\*\*)?\s*:?\s*(?P<value>[^\n]{1,200}?)\s*\Z",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?P<mark>[\"'`])(?P<text>(?:(?!(?P=mark)).)*)(?P=mark),?")
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value that stands in an answer without brackets.

    Attributes:
        node: The value.
        rule: The rule by which it was found.
        start: Offset of its first character.
        end: The character behind it.
    """

    node: Node
    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One line: its indentation, its name where it has one of the fragment's, its value."""

    indent: int
    name: str
    value: str
    start: int
    end: int


def labelled(text: str, schema: Mapping[str, Any]) -> Spoken | None:
    """An object from lines that begin with its names; None where there is no such line.

    Nested objects and lists stand below their name, further in. A line that goes on with a text of the line
    before it makes the whole unclear, and nothing is taken.
    """
    lines = _Lines(text, schema)
    return lines.spoken()


class _Lines:
    """One pass over the lines of a text."""

    def __init__(self, text: str, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._rows = list(_rows(text))
        self._first: _Row | None = None
        self._last: _Row | None = None
        self._names: frozenset[str] = frozenset()

    def spoken(self) -> Spoken | None:
        if len(self._rows) > _MOST_LINES:
            return None
        fragment = opened(self._root, self._root)
        if not fragment.get("properties"):
            return None
        node, end = self._block(0, -1, fragment, top=True)
        if node is None or self._first is None or self._last is None or self._goes_on(end):
            return None
        return Spoken(node, "labels", self._first.start, self._last.end)

    def _goes_on(self, at: int) -> bool:
        """True when a line without a name stands right behind the last one."""
        row = self._rows[at] if at < len(self._rows) else None
        return row is not None and bool(row.value) and not re.fullmatch(r"[`~|+=\-\s]*", row.value)

    def _block(
        self, at: int, indent: int, fragment: Mapping[str, Any], *, top: bool
    ) -> tuple[Obj | None, int]:
        """The names of one object in the lines from ``at`` that are further in than ``indent``."""
        declared = {fold(name): name for name in fragment.get("properties", {})}
        made = Obj()
        while at < len(self._rows):
            row = self._rows[at]
            if not row.value and not row.name:  # an empty line
                if made.pairs and top and not self._names_follow(at, declared):
                    return made, at
                at += 1
                continue
            if row.indent <= indent:
                break
            name = declared.get(fold(row.name)) if row.name else None
            if name is None:
                if made.pairs:
                    return made, at
                at += 1
                continue
            at = self._field(made, at, name, fragment)
        return (made if made.pairs else None), at

    def _names_follow(self, at: int, declared: Mapping[str, str]) -> bool:
        following = self._rows[at + 1] if at + 1 < len(self._rows) else None
        return following is not None and fold(following.name) in declared

    def _field(self, made: Obj, at: int, name: str, fragment: Mapping[str, Any]) -> int:
        row = self._rows[at]
        self._first = self._first or row
        self._last = row
        value = _clean(row.value)
        declared = fragment["properties"][name]
        inner: Mapping[str, Any] = opened(declared, self._root) if is_mapping(declared) else {}
        if value:
            made.pairs.append((name, plain_node(value)))
            return at + 1
        if "object" in types_of(inner) or "properties" in inner:
            block, end = self._block(at + 1, row.indent, inner, top=False)
            made.pairs.append((name, block or ""))
            return end
        items: list[Node] = []
        at += 1
        while at < len(self._rows) and (item := _ITEM.fullmatch(self._rows[at].value)) is not None:
            items.append(plain_node(_clean(item["item"])))
            self._last = self._rows[at]
            at += 1
        made.pairs.append((name, Arr(items) if items else ""))
        return at


def _rows(text: str) -> Sequence[_Row]:
    rows: list[_Row] = []
    start = 0
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\r\n")
        found = _LINE.fullmatch(body)
        indent = len(body) - len(body.lstrip(" \t"))
        end = start + len(body)
        name = "" if found is None else found["name"].strip("*_`\"' ")
        value = body.strip() if found is None else found["value"]
        if found is not None and found["lead"] and not found["lead"].startswith(("-", "*", "•")):
            indent = len(found["indent"])
        rows.append(_Row(indent, name, value if found is not None else body.strip(), start, end))
        start += len(line)
    return rows


def _clean(value: str) -> str:
    """A value without the emphasis that its name began, and without the bar of a table."""
    value = value.strip().removeprefix("**").removeprefix("__").strip()
    return value.removesuffix("|").strip() if value.endswith("|") else value


def plain_node(value: str) -> Node:
    """What stands behind a name: JSON in brackets, a quoted text, or the text itself."""
    if value[:1] in ("[", "{"):
        reading = Reader(value, frozenset()).read(0)
        if (
            reading is not None
            and not reading.cut
            and not reading.broken
            and not value[reading.end :].strip()
        ):
            return reading.node
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        return quoted["text"]
    return Bare("") if value[:1] in "\"'`{[" else value  # something else begins there: no value of one line


def tagged(text: str, names: Mapping[str, str]) -> Spoken | None:
    """An object from tags that are named as its fields, or as parameters of a call."""
    made = Obj()
    first, at = -1, 0
    closings: dict[str, int] = {}
    while (tag := _TAG.search(text, at)) is not None:
        at = tag.end()
        written = tag["parameter"] or tag["tag"]
        name = names.get(fold(written))
        if name is None:
            continue
        closing = "</parameter>" if tag["parameter"] else f"</{tag['tag']}>"
        if closings.get(closing, at) < 0:
            continue
        end = text.find(closing, at)
        closings[closing] = end
        if end < 0:
            continue
        made.pairs.append((name, plain_node(text[at:end].strip())))
        first = tag.start() if first < 0 else first
        at = end + len(closing)
    return Spoken(made, "tags", first, at) if made.pairs else None


def bullets(text: str) -> Spoken | None:
    """A list from lines with bullets or numbers; None where anything but a heading stands beside them."""
    items: list[Node] = []
    first = last = 0
    start = 0
    for line in text.splitlines(keepends=True):
        found = _ITEM.fullmatch(line.rstrip("\r\n"))
        if found is not None:
            first = first if items else start
            items.append(plain_node(_clean(found["item"])))
            last = start + len(line.rstrip("\r\n"))
        elif items and line.strip():
            return None
        start += len(line)
    return Spoken(Arr(items), "bullets", first, last) if items else None


def sentence(text: str) -> Spoken | None:
    """The value at the end of an answer that announces it, or the whole answer without its emphasis."""
    body = text.strip()
    start = text.index(body) if body else 0
    found = _SENTENCE.search(body[-400:])
    if found is not None:
        offset = start + max(len(body) - 400, 0)
        return Spoken(
            strip_marks(found["value"]), "sentence", offset + found.start("value"), start + len(body)
        )
    bare = strip_marks(body.strip("`").strip()) if len(body) <= 200 else ""  # noqa: PLR2004 - a value, no text
    return Spoken(bare, "fence", start, start + len(body)) if bare and "\n" not in bare else None
