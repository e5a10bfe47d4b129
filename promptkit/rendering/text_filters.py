"""Filters and operators that pass parts of a text on as they are, and with them what is known of those parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Any

from jinja2 import pass_environment
from jinja2.environment import Environment
from jinja2.filters import do_truncate

from promptkit.rendering.printing import noted_text
from promptkit.rendering.run import MAX_STEPS
from promptkit.rendering.spans import MAX_CHARACTERS, Span, as_fence, cut, joined, plain, rebuilt, sliced
from promptkit.rendering.weights import need_room

__all__ = ["added", "indented", "joined_items", "text_join", "trimmed", "truncated"]

_INDENT = " \t"


def text_join(items: Sequence[Any], own: Sequence[int] = ()) -> str:
    """What ``a ~ b`` makes: the printed texts one after the other.

    Args:
        items: The operands.
        own: Which of them are texts that the template itself says, whose outer blanks are its own.
    """
    texts = [noted_text(item) for item in items]
    for at in own:
        texts[at] = items[at]
    need_room(sum(map(len, texts)))
    return joined(texts)


def added(left: str, right: str) -> str:
    """What ``a + b`` makes of two texts."""
    need_room(len(left) + len(right))
    return (
        left + right if type(left) is type(right) is str else rebuilt([noted_text(left), noted_text(right)])
    )


def joined_items(value: Iterable[Any], separator: Any = "") -> str:
    """``x | join(', ')``: the printed items with the separator between them."""
    between, texts, size = noted_text(separator), list[str](), 0
    for item in islice(value, MAX_STEPS):
        text = noted_text(item)
        size += len(text) + len(between)
        if size > MAX_CHARACTERS:
            break
        texts += [between, text] if texts else [text]
    need_room(size)
    return rebuilt(texts)


def trimmed(value: Any, chars: str | None = None) -> str:
    """``x | trim``: without the blanks, or the given characters, at both ends."""
    text = noted_text(value)
    if not isinstance(text, Span):
        return text.strip(chars)
    start = len(text) - len(text.lstrip(chars))
    return cut(text, start, max(start, len(text.rstrip(chars))))


@pass_environment
def truncated(
    environment: Environment,
    value: Any,
    length: int = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int | None = None,
) -> str:
    """``x | truncate(20)``: the beginning of a text that is longer, with dots behind it."""
    text = noted_text(value)
    short = do_truncate(environment, plain(text), length, killwords, end, leeway)
    if not isinstance(text, Span) or short == text:
        return text if short == text else short
    return rebuilt([cut(text, 0, len(short) - len(end)), end])


def indented(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """``x | indent``: with blanks, or the given text, before each line but the first."""
    text = noted_text(value)
    pad = width if isinstance(width, str) else " " * min(width, MAX_CHARACTERS)
    lines = plain(text).split("\n")
    need_room(len(text) + len(pad) * len(lines))
    pieces: list[str] = []
    for number, piece in enumerate(sliced(text, list(accumulate(len(line) + 1 for line in lines)))):
        if first if number == 0 else lines[number] or blank:
            pieces.append(pad)
        pieces.append(piece)
    made = rebuilt(pieces)
    return as_fence(made) if isinstance(text, Span) and text.fences and not pad.strip(_INDENT) else made
