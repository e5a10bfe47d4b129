"""Text that knows which of its outer blanks are the template's own, and which parts stand inside it."""

from __future__ import annotations

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
    "is_nothing",
    "joined",
    "kept",
    "marked",
    "own_text",
    "part_span",
    "plain",
    "stripped",
    "without_edges",
]

Marks: TypeAlias = tuple[tuple[int, Origin | None], ...]
"""Where a text comes from: lengths that add up to its own, each with an origin where one is known."""

BLANKS = " \t\r\n\f\v"
"""What is taken off a message's edges, where it is the template's own."""

MAX_CHARACTERS = 8_000_000
"""Longest text that one render may make: about two million tokens, above what any model reads."""


_TEXTS: AbstractSet[type] = frozenset({str})
_FEW = 8
"""Texts that are joined before their length is looked at; more could be one long text, many times over."""


class Span(str):
    """A string with a note on its edges; templates pass it on like any other string.

    Jinja turns what it prints into text by ``str()``; a subclass whose ``__str__`` is itself survives that,
    so the note reaches `joined` through Jinja's documented hooks alone, and no mark stands in the text that
    a value could forge.

    Attributes:
        lead: How many blanks at the start are the template's own.
        tail: How many blanks at the end are the template's own.
        pieces: The texts and parts in order where there is a part among them; else None.
        marks: Where it comes from, while a render is traced; else None.
    """

    __slots__ = ("lead", "marks", "pieces", "tail")

    lead: int
    tail: int
    pieces: tuple[str | Part, ...] | None
    marks: Marks | None

    def __str__(self) -> str:
        return self


class Noted(Span):
    """A span with parts or marks: a type of its own, so that one look at the types of many texts finds it."""

    __slots__ = ()


def _span(
    text: str,
    lead: int,
    tail: int,
    pieces: tuple[str | Part, ...] | None = None,
    marks: Marks | None = None,
) -> Span:
    span = Span(text) if pieces is None and marks is None else Noted(text)
    span.lead = lead
    span.tail = tail
    span.pieces = pieces
    span.marks = marks
    return span


def marked(text: str, marks: Marks) -> Span:
    """The text with where it comes from; its edges stay what they are."""
    if isinstance(text, Span):
        return _span(text, text.lead, text.tail, text.pieces, marks)
    return _span(text, 0, 0, None, marks)


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
            return _span(value, 0, 0, value.pieces, value.marks)
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
    marks = None
    if Noted in kinds:
        marks = _marks(items)
        if any(isinstance(item, Span) and item.pieces is not None for item in items):
            return _span(text, 0, 0, tuple(_flat(items)), marks)
    if text and (marks is not None or text[0] in BLANKS or text[-1] in BLANKS):
        if kinds == _TEXTS:
            return _span(text, len(text) - len(text.lstrip(BLANKS)), len(text) - len(text.rstrip(BLANKS)))
        return _span(text, _own_lead(items), _own_tail(items), None, marks)
    return text


def _need_room(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise TemplateRuntimeError(
            f"the rendered text is longer than {MAX_CHARACTERS:,} characters; "
            f"shorten the inputs or print less of them"
        )


def _marks(items: list[str]) -> Marks | None:
    if not any(isinstance(item, Span) and item.marks is not None for item in items):
        return None
    found: list[tuple[int, Origin | None]] = []
    for item in items:
        known = item.marks if isinstance(item, Span) else None
        found += known or [(len(item), None)]
    return tuple(found)


def is_nothing(text: str) -> bool:
    """True for the empty text that holds no part either."""
    return not text and not (isinstance(text, Span) and text.pieces is not None)


def without_edges(pieces: list[str]) -> str:
    """The pieces as one text without the blanks at its edges that are the template's own; a value's are kept."""
    if set(map(type, pieces)) == _TEXTS:
        _need_room(sum(map(len, pieces)))
        return "".join(pieces).strip(BLANKS)
    return kept(stripped(joined(pieces)))


def stripped(text: str) -> str:
    """The text without the blanks at its edges that are the template's own; a plain string unless it is traced.

    A span with parts is given back as it is.
    """
    if not isinstance(text, Span):
        return text
    if text.pieces is not None:
        return text
    end = max(text.lead, len(text) - text.tail)
    if text.marks is None:
        return text[text.lead : end]
    return _span(text[text.lead : end], 0, 0, None, _cut(text.marks, text.lead, end))


def _cut(marks: Marks, start: int, end: int) -> Marks:
    kept_marks: list[tuple[int, Origin | None]] = []
    at = 0
    for length, origin in marks:
        first, last = max(at, start), min(at + length, end)
        if first < last:
            kept_marks.append((last - first, origin))
        at += length
    return tuple(kept_marks)


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
