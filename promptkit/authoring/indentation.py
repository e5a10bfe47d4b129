"""The lines of a YAML text indented by two blanks for each level, comments and texts with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

__all__ = ["Line", "indented", "lines_of"]

_DASH = re.compile(r"-(?:[ \t]+|$)")
_WIDE = re.compile(r"([\w?.*-]+(?:[ \t]*\([^()]*\))?\??:)[ \t]{2,}(?=[^\s#])")
_INDICATED = re.compile(r"[|>][+-]?[1-9]")
_STEP = 2


@dataclass(slots=True)
class Line:
    """One line of a YAML text.

    Attributes:
        text: The line.
        goes_on: True when it belongs to the text, list or mapping in brackets that began above it.
        block: True when that is a text of the style ``|`` or ``>``, whose blanks count.
    """

    text: str
    goes_on: bool = False
    block: bool = False

    @property
    def is_comment(self) -> bool:
        """Whether it holds a comment and nothing else."""
        return not self.goes_on and self.text.lstrip().startswith("#")

    @property
    def is_blank(self) -> bool:
        """Whether it is empty and stands between others."""
        return not self.goes_on and not self.text.strip()


@dataclass(slots=True)
class _Level:
    """One level of nesting: where it stood, where it will stand, and whether its lines are items."""

    old: int
    new: int
    dash: bool


@dataclass(slots=True)
class _Indenter:
    levels: list[_Level] = field(default_factory=lambda: [_Level(-1, -_STEP, dash=False)])

    def content(self, text: str) -> str:
        """A line that begins an item or an entry."""
        rest = text.lstrip(" ")
        column = len(text) - len(rest)
        new = self._enter(column, dash=_DASH.match(rest) is not None)
        made = " " * new
        while (dash := _DASH.match(rest)) is not None:
            rest = rest[dash.end() :]
            made += "- " if rest else "-"
            column, new = column + dash.end(), new + _STEP
            if rest:
                self.levels.append(_Level(column, new, dash=_DASH.match(rest) is not None))
        return made + _WIDE.sub(r"\1 ", rest, count=1) if _WIDE.match(rest) else made + rest

    def comment(self, text: str, following: tuple[int, int] | None) -> str:
        """A comment: with the line below it where the two stood alike, else with the level that it stood at."""
        rest = text.lstrip(" ")
        column = len(text) - len(rest)
        if following is not None and following[0] == column:
            return " " * following[1] + rest
        known = [level.new for level in self.levels if level.old == column]
        return " " * (known[-1] if known else column) + rest

    def _enter(self, column: int, *, dash: bool) -> int:
        while self.levels[-1].old > column:
            self.levels.pop()
        top = self.levels[-1]
        if top.old == column and top.dash and not dash:
            self.levels.pop()  # the list at its key's own column is over
            top = self.levels[-1]
        if top.old == column and top.dash == dash:
            return top.new
        self.levels.append(_Level(column, top.new + _STEP, dash=dash))
        return self.levels[-1].new


def lines_of(text: str) -> list[Line]:
    """The lines of a YAML text, each with what it belongs to.

    Raises:
        yaml.YAMLError: When the text is no YAML.
    """
    lines = [Line(line) for line in text.split("\n")]
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    opened: list[int] = []
    for event in _events(text, loader):
        first, last = event.start_mark.line, event.end_mark.line
        column, style = event.end_mark.column, getattr(event, "style", None)
        if isinstance(event, yaml.ScalarEvent):
            block = style in ("|", ">")
            end = last if block and column == 0 else last + 1
            _go_on(lines, first + 1, end, block=block)
        elif getattr(event, "flow_style", None):
            opened.append(first)
        elif opened and _closes(event, lines):
            _go_on(lines, opened.pop() + 1, last + 1, block=False)
    return lines


def _events(text: str, loader: Any) -> Iterator[Any]:
    """The parser's events; each has its marks."""
    return yaml.parse(text, Loader=loader)


def _closes(event: Any, lines: list[Line]) -> bool:
    """Whether an event ends a list or a mapping in brackets."""
    mark: Any = event.end_mark
    line, column = int(mark.line), int(mark.column)
    ends = isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent) and column > 0
    return ends and lines[line].text[column - 1] in "]}"


def indented(lines: list[Line]) -> list[Line]:
    """The lines, indented anew."""
    indenter, made = _Indenter(), list[Line]()
    waiting: list[Line] = []
    for group in _groups(lines):
        head = group[0]
        if head.is_blank or head.is_comment:
            waiting.append(head)
            continue
        column = len(head.text) - len(head.text.lstrip(" "))
        text = indenter.content(head.text)
        following = column, len(text) - len(text.lstrip(" "))
        made += [_waiting(line, indenter, following) for line in waiting]
        waiting = []
        made.append(Line(text))
        made += _continued(head, group[1:], indenter.levels[-1])
    return [*made, *(_waiting(line, indenter, None) for line in waiting)]


def _waiting(line: Line, indenter: _Indenter, following: tuple[int, int] | None) -> Line:
    return Line("") if line.is_blank else Line(indenter.comment(line.text, following))


def _continued(head: Line, rest: list[Line], level: _Level) -> list[Line]:
    """What belongs to the line above it, moved with it."""
    shift = level.new - level.old
    if rest and rest[0].block and _INDICATED.search(head.text) is None:
        filled = [len(line.text) - len(line.text.lstrip(" ")) for line in rest if line.text.strip()]
        shift = level.new + _STEP - min(filled, default=level.new + _STEP)
    return [Line(_moved(line.text, shift), goes_on=True, block=line.block) for line in rest]


def _moved(text: str, shift: int) -> str:
    if not text.strip(" "):
        return text if shift >= 0 or len(text) < -shift else text[-shift:]
    spaces = len(text) - len(text.lstrip(" "))
    return " " * max(spaces + shift, 0) + text[spaces:]


def _groups(lines: list[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in lines:
        if group and not line.goes_on:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _go_on(lines: list[Line], first: int, end: int, *, block: bool) -> None:
    for line in lines[first:end]:
        line.goes_on, line.block = True, line.block or block
