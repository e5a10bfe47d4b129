"""Text that knows which of its outer blanks are the template's own, and which parts stand inside it."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import TemplateRuntimeError

from promptkit.messages import Part

__all__ = ["BLANKS", "MAX_CHARACTERS", "Span", "is_nothing", "joined", "kept", "part_span", "stripped"]

BLANKS = " \t\r\n\f\v"
"""What is taken off a message's edges, where it is the template's own."""

MAX_CHARACTERS = 8_000_000
"""Longest text that one render may make: about two million tokens, above what any model reads."""


class Span(str):
    """A string with a note on its edges; templates pass it on like any other string.

    Jinja turns what it prints into text by ``str()``; a subclass whose ``__str__`` is itself survives that,
    so the note reaches `joined` through Jinja's documented hooks alone, and no mark stands in the text that
    a value could forge.

    Attributes:
        lead: How many blanks at the start are the template's own.
        tail: How many blanks at the end are the template's own.
        pieces: The texts and parts in order where there is a part among them; else None.
    """

    __slots__ = ("lead", "pieces", "tail")

    lead: int
    tail: int
    pieces: tuple[str | Part, ...] | None

    def __str__(self) -> str:
        return self


def _span(text: str, lead: int, tail: int, pieces: tuple[str | Part, ...] | None = None) -> Span:
    span = Span(text)
    span.lead = lead
    span.tail = tail
    span.pieces = pieces
    return span


def kept(value: str) -> str:
    """A value's text, marked where its edges are blank: those blanks are data and stay."""
    if value and (value[0] in BLANKS or value[-1] in BLANKS):
        return _span(value, 0, 0, value.pieces if isinstance(value, Span) else None)
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
    items = pieces if isinstance(pieces, list) else list(pieces)
    if sum(map(len, items)) > MAX_CHARACTERS:
        raise TemplateRuntimeError(
            f"the rendered text is longer than {MAX_CHARACTERS:,} characters; "
            f"shorten the inputs or print less of them"
        )
    spans = Span in set(map(type, items))  # the cheapest way to ask about all of them
    if spans and any(isinstance(item, Span) and item.pieces is not None for item in items):
        return _span("".join(items), 0, 0, tuple(_flat(items)))
    text = "".join(items)
    if text and (text[0] in BLANKS or text[-1] in BLANKS):
        return _span(text, _own_lead(items), _own_tail(items))
    return text


def is_nothing(text: str) -> bool:
    """True for the empty text that holds no part either."""
    return not text and not (isinstance(text, Span) and text.pieces is not None)


def stripped(text: str) -> str:
    """The text without the blanks at its edges that are the template's own; a plain string.

    A span with parts is given back as it is.
    """
    if not isinstance(text, Span):
        return text
    if text.pieces is not None:
        return text
    return text[text.lead : max(text.lead, len(text) - text.tail)]


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
