"""Regular expressions as trees: the usual part of ECMAScript's, read to write texts that match.

Nothing is matched here. Who writes a text from a tree with an ``Edge`` or a ``Look`` checks it with a real engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from promptkit.schemas.generation.character_sets import ANY, DIGIT, SPACE, WORD, CharacterSet, property_set

__all__ = ["Again", "Edge", "Either", "Group", "Look", "Node", "One", "Repeat", "Row", "Unreadable", "parse"]

MAX_NESTING = 40
MAX_CHARACTERS = 5_000
MAX_COUNT = 1_000_000


class Unreadable(ValueError):
    """The expression uses what this reader does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Parts one after the other."""

    parts: tuple[Node, ...]
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """One of several."""

    options: tuple[Node, ...]
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A part ``low`` to ``high`` times; high None: without end."""

    part: Node
    low: int
    high: int | None
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A part whose text may be asked for again by number or name."""

    part: Node
    names: tuple[str, ...]
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The text that a group had."""

    name: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A place without width: ``^``, ``$``, ``b`` (the edge of a word) or ``B``."""

    sign: str
    least: int = 0
    most: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What must follow or precede, or must not, without width."""

    part: Node
    ahead: bool
    wanted: bool
    least: int = 0
    most: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """One character."""

    characters: CharacterSet
    least: int = 1
    most: int | None = 1


Node: TypeAlias = Row | Either | Repeat | Group | Again | Edge | Look | One


def parse(pattern: str) -> Node:
    """The tree of an expression.

    Raises:
        Unreadable: When it is faulty, longer than 5,000 characters, nested too deep or uses other syntax.
    """
    if len(pattern) > MAX_CHARACTERS:
        raise Unreadable(f"it is longer than {MAX_CHARACTERS} characters")
    reader = _Reader(pattern)
    tree = reader.either(0)
    if not reader.at_end():
        raise Unreadable("a bracket is closed that was not opened")
    return tree


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._groups = 0

    def at_end(self) -> bool:
        return self._place >= len(self._text)

    def either(self, depth: int) -> Node:
        """Alternatives up to the end or a closing bracket."""
        if depth > MAX_NESTING:
            raise Unreadable(f"it is nested deeper than {MAX_NESTING}")
        options = [self._row(depth)]
        while self._took("|"):
            options.append(self._row(depth))
        if len(options) == 1:
            return options[0]
        mosts = [option.most for option in options]
        most = None if None in mosts else max(most for most in mosts if most is not None)
        return Either(options=tuple(options), least=min(option.least for option in options), most=most)

    def _row(self, depth: int) -> Node:
        parts: list[Node] = []
        while not self.at_end() and self._text[self._place] not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        if len(parts) == 1:
            return parts[0]
        return Row(parts=tuple(parts), least=sum(it.least for it in parts), most=_total(parts))

    def _repeated(self, part: Node) -> Node:
        while True:
            counts = self._counts()
            if counts is None:
                return part
            if not self._took("?"):
                self._took("+")
            low, high = counts
            if high is not None and high < low:
                raise Unreadable("a count runs from high to low")
            most = 0 if part.most == 0 or high == 0 else None
            if part.most is not None and high is not None:
                most = part.most * high
            part = Repeat(part=part, low=low, high=high, least=part.least * low, most=most)

    def _counts(self) -> tuple[int, int | None] | None:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._took(sign):
                return counts
        found = _COUNTS.match(self._text, self._place)
        if found is None:
            return None
        self._place = found.end()
        low = min(int(found[1]), MAX_COUNT)
        if found[2] is None:
            return low, low
        return low, min(int(found[3]), MAX_COUNT) if found[3] else None

    def _atom(self, depth: int) -> Node:
        character = self._next()
        if character in "^$":
            return Edge(sign=character)
        if character == ".":
            return One(characters=ANY)
        if character == "(":
            return self._group(depth)
        if character == "[":
            return One(characters=self._class())
        if character == "\\":
            return self._escape()
        if character in "*+?":
            raise Unreadable("a count stands where there is nothing to count")
        return One(characters=_one(character))

    def _group(self, depth: int) -> Node:
        for sign, ahead, wanted in _LOOKS:
            if self._took(sign):
                return Look(part=self._closed(depth), ahead=ahead, wanted=wanted)
        if self._took("?:") or self._took("?>"):
            return self._closed(depth)
        names: tuple[str, ...] = ()
        if self._took("?"):
            found = _GROUP_NAME.match(self._text, self._place)
            if found is None:
                raise Unreadable("flags or a group of a rare kind stand in it")
            self._place = found.end()
            names = (found[1],)
        self._groups += 1
        names = (str(self._groups), *names)
        part = self._closed(depth)
        return Group(part=part, names=names, least=part.least, most=part.most)

    def _closed(self, depth: int) -> Node:
        part = self.either(depth + 1)
        if not self._took(")"):
            raise Unreadable("a bracket is not closed")
        return part

    def _escape(self) -> Node:
        character = self._next()
        if character in "bB":
            return Edge(sign=character)
        if character in "AzZ":
            return Edge(sign="^" if character == "A" else "$")
        if character in "123456789":
            return Again(name=character)
        if character == "k":
            found = _BACK_NAME.match(self._text, self._place)
            if found is None:
                raise Unreadable("a name of a group is missing")
            self._place = found.end()
            return Again(name=found[1])
        return One(characters=self._escaped_set(character))

    def _escaped_set(self, character: str) -> CharacterSet:
        known = _SETS.get(character.lower())
        if known is not None:
            return known.complement() if character.isupper() else known
        if character in "pP":
            return self._property(negated=character == "P")
        if character in _CONTROLS:
            return _one(_CONTROLS[character])
        for form in (_HEX, _WIDE, _BRACED):
            found = form.match(self._text, self._place - 1)
            if found is not None:
                self._place = found.end()
                return _one(chr(min(int(found[1], 16), 0x10FFFF)))
        if character == "c":
            return _one(chr(ord(self._next()) % 32))
        return _one(character)

    def _property(self, *, negated: bool) -> CharacterSet:
        found = _PROPERTY.match(self._text, self._place)
        characters = None if found is None else property_set(found[1] or found[2])
        if found is None or characters is None:
            raise Unreadable("a property of characters in it is unknown here")
        self._place = found.end()
        if not negated:
            return characters
        letters = CharacterSet(ranges=((0x80, 0x10FFFF),))
        return characters.joined(letters).complement()

    def _class(self) -> CharacterSet:
        negated = self._took("^")
        characters = CharacterSet(ranges=())
        while not self._took("]"):
            low = self._member()
            if self._text[self._place : self._place + 1] == "-" and self._text[self._place + 1 :][:1] != "]":
                place = self._place
                self._place += 1
                high = self._member()
                span = _span(low, high)
                if span is None:
                    self._place = place + 1
                    low = low.joined(_one("-"))
                else:
                    low = span
            characters = characters.joined(low)
        return characters.complement() if negated else characters

    def _member(self) -> CharacterSet:
        character = self._next()
        if character != "\\":
            return _one(character)
        escaped = self._next()
        return _one("\b") if escaped == "b" else self._escaped_set(escaped)

    def _next(self) -> str:
        if self.at_end():
            raise Unreadable("it ends too early")
        self._place += 1
        return self._text[self._place - 1]

    def _took(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._place):
            return False
        self._place += len(sign)
        return True


def _total(parts: Sequence[Node]) -> int | None:
    total = 0
    for part in parts:
        if part.most is None:
            return None
        total += part.most
    return total


def _one(character: str) -> CharacterSet:
    return CharacterSet(ranges=((ord(character), ord(character)),))


def _span(low: CharacterSet, high: CharacterSet) -> CharacterSet | None:
    """From one character to another; None when either end is a set, as the first may be in a class."""
    start, end = low.ranges[0][0], high.ranges[0][0]
    if low != _one(chr(start)) or high != _one(chr(end)):
        return None
    if end < start:
        raise Unreadable("a range of characters runs from high to low")
    return CharacterSet(ranges=((start, end),))


_COUNTS = re.compile(r"\{(\d{1,9})(,(\d{1,9})?)?\}", re.ASCII)
_GROUP_NAME = re.compile(r"P?<(\w+)>")
_BACK_NAME = re.compile(r"<(\w+)>")
_PROPERTY = re.compile(r"\{\^?([^}]+)\}|([A-Z])")
_HEX = re.compile(r"x([0-9a-fA-F]{2})")
_WIDE = re.compile(r"u([0-9a-fA-F]{4})")
_BRACED = re.compile(r"u\{([0-9a-fA-F]{1,6})\}")
_SETS = {"d": DIGIT, "w": WORD, "s": SPACE}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_LOOKS = (("?=", True, True), ("?!", True, False), ("?<=", False, True), ("?<!", False, False))
