"""Text that knows which of its outer blanks are the template's own, which parts stand in it, and if it is fenced."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from jinja2 import TemplateRuntimeError

from promptkit.messages import Part
from promptkit.requests import Origin

__all__ = [
    "BLANKS",
    "MAX_CHARACTERS",
    "Marks",
    "Noted",
    "Span",
    "as_fence",
    "bare",
    "cut",
    "is_nothing",
    "joined",
    "kept",
    "marked",
    "own_text",
    "part_span",
    "plain",
    "rebuilt",
    "sliced",
    "stripped",
    "without_edges",
]

Marks: TypeAlias = tuple[tuple[int, Origin | None], ...]
"""Where a text comes from: lengths that add up to its own, each with an origin where one is known."""

BLANKS = " \t\r\n\f\v"
"""What is taken off a message's edges, where it is the template's own."""

MAX_CHARACTERS = 8_000_000
"""Longest text that one render may make: about two million tokens, above what any model reads."""


_FEW = 8
"""Texts that are joined before their length is looked at; more could be one long text, many times over."""


class Span(str):
    """A string with a note on its edges; templates pass it on like any other string.

    Jinja turns what it prints into text by ``str()``; a subclass whose ``__str__`` is itself survives that,
    so the note reaches `joined` through Jinja's documented hooks alone, and no mark stands in the text that
    a value could forge.

    Attributes:
        fences: True when it is nothing but fences that promptkit made, with blanks beside them at most.
        lead: How many blanks at the start are the template's own.
        tail: How many blanks at the end are the template's own.
        pieces: The texts and parts in order where there is a part among them; else None.
        marks: Where it comes from, while a render is traced; else None.
    """

    __slots__ = ("fences", "lead", "marks", "pieces", "tail")

    fences: bool
    lead: int
    tail: int
    pieces: tuple[str | Part, ...] | None
    marks: Marks | None

    def __str__(self) -> str:
        return self


class Noted(Span):
    """A span with parts, marks or fences: a type of its own, so that one look at the types of many texts finds it."""

    __slots__ = ()


_TEXTS: AbstractSet[type] = frozenset({str})


def _span(
    text: str,
    lead: int,
    tail: int,
    pieces: tuple[str | Part, ...] | None = None,
    marks: Marks | None = None,
    *,
    fences: bool = False,
) -> Span:
    span = Noted(text) if fences or pieces is not None or marks is not None else Span(text)
    span.fences = fences
    span.lead = lead
    span.tail = tail
    span.pieces = pieces
    span.marks = marks
    return span


def marked(text: str, marks: Marks) -> Span:
    """The text with where it comes from; its edges stay what they are."""
    if isinstance(text, Span):
        return _span(text, text.lead, text.tail, text.pieces, marks, fences=text.fences)
    return _span(text, 0, 0, None, marks)


def as_fence(text: str) -> Span:
    """The text as one that promptkit fenced."""
    if isinstance(text, Span):
        return _span(text, text.lead, text.tail, text.pieces, text.marks, fences=True)
    return _span(text, 0, 0, fences=True)


def own_text(text: str, origin: Origin) -> Span:
    """A template's own text, with where it stands: its outer blanks are the template's."""
    lead, tail = len(text) - len(text.lstrip(BLANKS)), len(text) - len(text.rstrip(BLANKS))
    return _span(text, lead, tail, None, ((len(text), origin),))


def plain(text: str) -> str:
    """The text alone."""
    return str.__str__(text)


def kept(value: str) -> str:
    """A value's text, marked where its edges are blank: those blanks are data and stay."""
    if value and (value[0] in BLANKS or value[-1] in BLANKS):
        if isinstance(value, Span):
            return _span(value, 0, 0, value.pieces, value.marks, fences=value.fences)
        return _span(value, 0, 0)
    return value


def part_span(part: Part) -> Span:
    """A part at the place where it is printed."""
    return _span("", 0, 0, (part,))


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text; this is the environment's ``concat``.

    A plain string with blank edges is the template's own text, since `kept` marks those of values. What
    comes back is a plain string when its edges are not blank and a `Span` when they are.

    Raises:
        TemplateRuntimeError: When the text is longer than MAX_CHARACTERS.
    """
    items: list[str] = pieces if isinstance(pieces, list) else list(pieces)
    if len(items) > _FEW:
        _need_room(sum(map(len, items)))
    text = "".join(items)
    if len(text) > MAX_CHARACTERS:
        _need_room(len(text))
    kinds = set(map(type, items))  # the cheapest way to ask about all of them
    if Noted in kinds:
        return _joined_notes(text, items)
    if text and (text[0] in BLANKS or text[-1] in BLANKS):
        if kinds == _TEXTS:
            return _span(text, len(text) - len(text.lstrip(BLANKS)), len(text) - len(text.rstrip(BLANKS)))
        return _span(text, _own_lead(items), _own_tail(items))
    return text


def _joined_notes(text: str, items: list[str]) -> str:
    """The same where there are parts, marks or fences among the texts."""
    marks: list[tuple[int, Origin | None]] = []
    marked, fences, parts = False, False, False
    for item in items:
        if type(item) is Noted:
            fences = fences or item.fences
            parts = parts or item.pieces is not None
            if item.marks is not None:
                marks += item.marks
                marked = True
                continue
        marks.append((len(item), None))
    known = tuple(marks) if marked else None
    fences = fences and _are_fences(items)
    if parts:
        return _span(text, 0, 0, tuple(_flat(items)), known, fences=fences)
    if marked or fences or (text and (text[0] in BLANKS or text[-1] in BLANKS)):
        return _span(text, _own_lead(items), _own_tail(items), None, known, fences=fences)
    return text


def _need_room(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise TemplateRuntimeError(
            f"the rendered text is longer than {MAX_CHARACTERS:,} characters; "
            f"shorten the inputs or print less of them"
        )


def rebuilt(pieces: Iterable[str]) -> str:
    """What a filter put together from parts of values: its edges are data."""
    return kept(joined(pieces))


def cut(text: str, start: int, end: int) -> str:
    """A part of a value's text; it is the same fences where blanks alone are cut off."""
    if not isinstance(text, Span):
        return text[start:end]
    fences = text.fences and not text[:start].strip(BLANKS) and not text[end:].strip(BLANKS)
    marks = None if text.marks is None else _cut(text.marks, start, len(text) - end)
    return _span(text[start:end], 0, 0, None, marks, fences=fences)


def _are_fences(items: list[str]) -> bool:
    """Whether they are fences, each on lines of its own, and nothing else but blanks and parts."""
    apart, found = True, False
    for item in items:
        if isinstance(item, Span) and item.fences:
            if is_nothing(item):  # None is fenced as nothing
                found = True
                continue
            before = len(item) - len(item.lstrip(BLANKS))
            if not apart and "\n" not in item[:before]:
                return False
            apart, found = "\n" in item[len(item.rstrip(BLANKS)) :], True
        elif item.strip(BLANKS):
            return False
        else:
            apart = apart or "\n" in item or (not item and not is_nothing(item))
    return found


def is_nothing(text: str) -> bool:
    """True for the empty text that holds no part either."""
    return not text and not (isinstance(text, Span) and text.pieces is not None)


def without_edges(pieces: list[str]) -> str:
    """The pieces as one text without the blanks at its edges that are the template's own; a value's are kept."""
    if set(map(type, pieces)) == _TEXTS:
        if (length := sum(map(len, pieces))) > MAX_CHARACTERS:
            _need_room(length)
        return "".join(pieces).strip(BLANKS)
    return kept(stripped(joined(pieces)))


def sliced(text: str, ends: Iterable[int]) -> list[str]:
    """A text in pieces that end at these places, the last of them at its end, each with where it comes from."""
    pieces = [text[start:end] for start, end in itertools.pairwise((0, *ends))]
    if not isinstance(text, Span) or text.marks is None:
        return pieces
    marks = iter(text.marks)
    left, origin = 0, None
    made: list[str] = []
    for piece in pieces:
        own: list[tuple[int, Origin | None]] = []
        need = len(piece)
        while need:
            if not left:
                left, origin = next(marks)
            length = min(left, need)
            own += [(length, origin)] if length else []
            left, need = left - length, need - length
        made.append(_span(piece, 0, 0, None, tuple(own)))
    return made


def stripped(text: str) -> str:
    """The text without the blanks at its edges that are the template's own; a plain string unless it is traced.

    A span with parts is given back as it is.
    """
    if not isinstance(text, Span):
        return text
    if text.pieces is not None:
        return text
    if text.marks is None and not text.fences:
        return bare(text)[0]
    inner, marks = bare(text)
    return _span(inner, 0, 0, None, marks, fences=text.fences)


def bare(text: Span) -> tuple[str, Marks | None]:
    """The characters without the blanks at the edges that are the template's own, and where they come from."""
    start, end = text.lead, max(text.lead, len(text) - text.tail)
    marks = text.marks
    if marks is not None and (start or end < len(text)):
        marks = _cut(marks, start, len(text) - end)
    return text[start:end], marks


def _cut(marks: Marks, before: int, behind: int) -> Marks:
    """The marks without those of so many characters at the start and at the end."""
    left = list(marks)
    for at, lost in ((0, before), (-1, behind)):
        while lost and left:
            length, origin = left[at]
            if length > lost:
                left[at] = (length - lost, origin)
                break
            del left[at]
            lost -= length  # noqa: PLW2901 - what is still to be taken off
    return tuple(left)


def _flat(items: list[str]) -> Iterable[str | Part]:
    for item in items:
        if isinstance(item, Span) and item.pieces is not None:
            yield from item.pieces
        elif item:
            yield item


def _own_lead(items: list[str]) -> int:
    count = 0
    for item in items:
        own = item.lead if isinstance(item, Span) else len(item) - len(item.lstrip(BLANKS))
        count += own
        if own < len(item):
            break
    return count


def _own_tail(items: list[str]) -> int:
    count = 0
    for item in reversed(items):
        own = item.tail if isinstance(item, Span) else len(item) - len(item.rstrip(BLANKS))
        count += own
        if own < len(item):
            break
    return count
