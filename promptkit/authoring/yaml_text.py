"""YAML text → nodes, by YAML 1.2 rules; PyYAML itself reads by 1.1 rules."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from promptkit.authoring.nodes import Items, Node, Pair, Pairs, Place, Scalar, Source, Style
from promptkit.authoring.yaml_faults import DEPTH, explain, reference, too_deep, unquoted_template

__all__ = ["load"]

_CONSTANTS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Numbers are what JSON writes as numbers. The other forms of the YAML 1.2 core schema (0x1f, 0o17, +49,
# 007, .inf) stay text: in prompts they are ids, phone numbers and zip codes, and data must stay JSON.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,4000})(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ONE_POINT_ONE_BREAKS = "\x85\u2028\u2029"  # line breaks for libyaml, ordinary characters in YAML 1.2
_CONTROL = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES: dict[str, Style] = {
    "'": "quoted",
    '"': "quoted",
    "|": "literal",
    ">": "folded",
}


def load(text: str, *, source: Source, first_line: int = 1, libyaml: bool = True) -> Node | None:
    r"""Read one YAML document.

    Args:
        text: The document, its lines ended by ``\n``.
        source: The file it stands in, for messages.
        first_line: Line of the file at which ``text`` begins, counted from 1.
        libyaml: False reads with PyYAML's own parser even where the ten times faster libyaml is there.

    Returns:
        The root node; None for a document without content.

    Raises:
        TemplateError: For anything that is no YAML of the kind promptkit reads, with the mend.
    """
    _refuse_control_characters(text, source, first_line)
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if libyaml else yaml.SafeLoader
    disguised, undo = _disguise(text, python_parser=loader is yaml.SafeLoader)
    composer = _Composer(yaml.parse(disguised, Loader=loader), source, first_line, undo)
    try:
        return composer.document()
    except yaml.MarkedYAMLError as error:
        raise explain(error, source, first_line) from None


def _refuse_control_characters(text: str, source: Source, first_line: int) -> None:
    found = _CONTROL.search(text)
    if found is None:
        return
    line = text.count("\n", 0, found.start())
    column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
    code = f"\\u{ord(found.group()):04x}"
    raise Place(source, first_line + line, column + 1).fault(
        f"The character U+{code[2:].upper()} cannot stand in YAML. Remove it, or write it as {code} inside "
        "double quotes."
    )


def _disguise(text: str, *, python_parser: bool) -> tuple[str, dict[int, str]]:
    """Stand-ins of equal width for characters that the parser would take for syntax, and the way back."""
    positions = [(at, mark) for mark in _ONE_POINT_ONE_BREAKS if mark in text for at in _found(text, mark)]
    if python_parser and "?" in text:
        positions += [(at, "?") for at in _question_marks(text)]
    if not positions:
        return text, {}
    spare = (code for code in range(0xE000, 0xF900) if chr(code) not in text)
    stand_ins = {mark: next(spare) for mark in sorted({mark for _, mark in positions})}
    characters = list(text)
    for at, mark in positions:
        characters[at] = chr(stand_ins[mark])
    return "".join(characters), {code: mark for mark, code in stand_ins.items()}


def _found(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def _question_marks(text: str) -> Iterator[int]:
    """Where PyYAML's own scanner takes a ``?`` inside a plain scalar of a flow collection for a key."""
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            at = token.start_mark.index
            if (
                isinstance(token, yaml.KeyToken)
                and text[at : at + 1] == "?"
                and at
                and text[at - 1] not in " \n{[,"
            ):
                yield at
    except yaml.YAMLError:
        return  # the parser that reads the text next reports it, with its place


def _value(text: str) -> str | int | float | bool | None:
    """What a plain scalar stands for."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number.group(1) is None and number.group(2) is None:
        return int(text)
    value = float(text)
    return value if math.isfinite(value) else text


class _Composer:
    """Parser events → nodes; an own one because PyYAML's forgets anchors and accepts duplicate keys."""

    def __init__(self, events: Iterator[Any], source: Source, first_line: int, undo: dict[int, str]) -> None:
        self._events = events
        self._source = source
        self._first_line = first_line
        self._undo = undo

    def document(self) -> Node | None:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        root = self._node(next(self._events), 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._place(after).fault(
                "A second YAML document begins here, and a prompt file holds one. Remove this line."
            )
        if isinstance(root, Scalar) and root.value is None:
            return None
        return root

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._source, self._first_line + mark.line, mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            raise reference(place)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if depth == DEPTH:
            raise too_deep(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, place, depth)
        return self._pairs(event, place, depth)

    def _scalar(self, event: Any, place: Place) -> Scalar:
        text: str = event.value.translate(self._undo) if self._undo else event.value
        style = _STYLES.get(event.style or "", "plain")
        end = event.end_mark
        value = _value(text) if style == "plain" else text
        return Scalar(place, text, value, style, self._first_line + end.line, end.column + 1)

    def _items(self, event: Any, place: Place, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(item, depth + 1))
        return Items(place, tuple(items), bool(event.flow_style))

    def _pairs(self, event: Any, place: Place, depth: int) -> Pairs:
        entries: dict[str, Pair] = {}
        while not isinstance(item := next(self._events), yaml.MappingEndEvent):
            key = self._key(self._node_of_key(item, place, depth), place)
            if key.text in entries:
                first = entries[key.text].key.place.line
                raise key.place.fault(
                    f"The key {key.text} is given twice, in line {first} and here. Remove one of them."
                )
            entries[key.text] = Pair(key, self._node(next(self._events), depth + 1))
        return Pairs(place, entries, bool(event.flow_style))

    def _node_of_key(self, event: Any, place: Place, depth: int) -> Node:
        if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            line = self._place(event).text
            if line[place.column - 1 :].startswith("{{"):
                raise unquoted_template(place)
        return self._node(event, depth + 1)

    def _key(self, node: Node, place: Place) -> Scalar:
        if not isinstance(node, Scalar):
            raise place.fault("A key of this mapping is itself a list or a mapping. Write a text as the key.")
        return node
