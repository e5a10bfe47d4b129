"""How much a value holds, and charging it to the render under way before something walks through it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import TemplateRuntimeError

from promptkit.rendering.run import CURRENT, MAX_ITEMS
from promptkit.rendering.spans import MAX_CHARACTERS, Noted, Span

__all__ = [
    "LONG",
    "charge_items",
    "charge_printed",
    "compared",
    "need_items",
    "need_room",
    "weighed",
    "weight",
]

_FLAT: frozenset[type[Any]] = frozenset({str, Span, Noted, int, float, bool, type(None)})
LONG = 100
"""Characters from which the texts inside a printed value are counted."""
_FAST = 8
"""What C code copies or compares in the time in which one item is printed; rough, on the safe side."""


def weight(value: Any) -> int:
    """The items in a value, those of nested values each time that they occur; 0 for no collection.

    A value that occurs many times is walked once. Counting stops soon after MAX_ITEMS.
    """
    if type(value) in _FLAT or not _nests(value):
        return 0
    found: dict[int, int] = {}
    inner: dict[int, list[Any]] = {}
    waiting: list[Any] = [value]
    walked = 0
    while waiting:
        each = waiting[-1]
        if id(each) not in inner:
            walked += 1 + len(each)
            if walked > MAX_ITEMS:
                return walked
            inner[id(each)] = _nested(each)  # kept, since items of views are made anew at each look
            waiting.extend(item for item in inner[id(each)] if id(item) not in found)
            continue
        waiting.pop()
        if id(each) not in found:
            found[id(each)] = 1 + len(each) + sum(found[id(item)] for item in inner[id(each)])
            if found[id(each)] > MAX_ITEMS:
                return found[id(each)]
    return found[id(value)]


def _nested(value: Any) -> list[Any]:
    """The collections among the items of a collection."""
    items: Collection[Any] = [*value, *value.values()] if isinstance(value, Mapping) else value
    if set(map(type, items)) <= _FLAT:
        return []
    return [item for item in items if type(item) not in _FLAT and _nests(item)]


def _nests(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | bytearray)


def need_room(characters: int) -> None:
    """Count a text before it is made.

    Raises:
        TemplateRuntimeError: When it, or all that were made in this render, are too long.
    """
    if characters > MAX_CHARACTERS:
        raise TemplateRuntimeError(
            f"this would make a text longer than {MAX_CHARACTERS:,} characters; shorten what goes into it"
        )
    CURRENT.get().charge_text(characters)


def need_items(items: int) -> None:
    """Count a list before it is made, or a value before it is compared.

    Raises:
        TemplateRuntimeError: When it, or all that were made in this render, hold too many items.
    """
    if items > MAX_ITEMS:
        raise TemplateRuntimeError(
            f"this would make a value of more than {MAX_ITEMS:,} items, nested ones included; "
            f"make it smaller, or prepare it in Python"
        )
    CURRENT.get().charge_items(items // _FAST)


def charge_items(items: int) -> None:
    """Count items that are printed, where a render is under way."""
    run = CURRENT.get(None)
    if run is not None:
        run.charge_items(items)


def charge_printed(text: str) -> None:
    """Count a long text inside a value; short ones are bounded by the number of items."""
    run = CURRENT.get(None) if len(text) > LONG else None
    if run is not None:
        run.charge_text(len(text))


def weighed(value: Any) -> Any:
    """The value, counted: a text by its characters, a collection by its items; an iterator as a list."""
    if isinstance(value, str):
        need_room(len(value))
        return value
    return compared(value)


def compared(value: Any) -> Any:
    """The same for what is compared, where texts are not counted."""
    if type(value) in _FLAT:
        return value
    if isinstance(value, Iterator):
        return list[Any](_counted(iter(value)))  # pyright: ignore[reportUnknownArgumentType]
    found = weight(value)
    if found:
        need_items(found)
    return value


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    total = 0
    for item in items:
        total += 1 + weight(item)
        if total > MAX_ITEMS:
            break
        yield item
    need_items(total)
