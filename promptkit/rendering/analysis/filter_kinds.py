"""What each filter takes and gives, as far as types go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from promptkit.rendering.analysis.calls import Arguments
from promptkit.rendering.analysis.kinds import ANY, NUMBER, TEXT, Kind, KindName, list_of

__all__ = ["FILTER_KINDS", "Signature"]

Gives: TypeAlias = Callable[[Kind], Kind]

_LISTS: frozenset[KindName] = frozenset({"any", "list"})
_OBJECTS: frozenset[KindName] = frozenset({"any", "object"})
_SIZED: frozenset[KindName] = frozenset({"any", "list", "object", "text"})
_NUMBERS: frozenset[KindName] = frozenset({"any", "boolean", "number"})
_NUMERIC: frozenset[KindName] = frozenset({"any", "boolean", "none", "number", "text"})
_PRINTABLE: frozenset[KindName] = frozenset(
    {"any", "boolean", "list", "message", "none", "number", "object", "text"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One filter.

    Attributes:
        takes: Kinds that it works on.
        wants: What a message says it needs.
        gives: The kind of what it makes.
        none: True when it takes None as well.
        by_field: Names of its arguments that name a field of the items: a keyword, or ``0`` for the first.
        keeps: Says whether fences stay what they are, with these arguments; None where they never do, and where
            the value itself is passed on.
    """

    takes: frozenset[KindName]
    wants: str
    gives: Gives
    none: bool = False
    by_field: tuple[str, ...] = ()
    keeps: Callable[[Arguments], bool] | None = None


def _text(kind: Kind) -> Kind:
    return replace(TEXT, trusted=kind.trusted, changes=kind.changes, path=kind.path)


def _fenced(kind: Kind) -> Kind:
    return replace(_text(kind), fenced=not kind.trusted)


def _without_arguments(arguments: Arguments) -> bool:
    return not arguments.kinds


def _by_blanks(arguments: Arguments) -> bool:
    """Whether ``indent`` is given no text to put before lines."""
    width = arguments.first or arguments.named("width")
    return width is None or width.name == "number"


def _by_lines(arguments: Arguments) -> bool:
    """Whether ``join`` puts each item on lines of its own."""
    separator = arguments.first or arguments.named("separator")
    known = separator.values if separator is not None else None
    return known is not None and all("\n" in str(value) for value in known)


def _number(_kind: Kind) -> Kind:
    return NUMBER


def _item(kind: Kind) -> Kind:
    return kind.item if kind.name == "list" else _loose(kind)


def _loose(kind: Kind) -> Kind:
    return replace(ANY, trusted=kind.trusted, changes=kind.changes)


def _same(kind: Kind) -> Kind:
    return kind.certain()


def _same_items(kind: Kind) -> Kind:
    return replace(kind.certain(), fenced=kind.fenced and kind.name != "text")


def _summed(kind: Kind) -> Kind:
    return NUMBER if kind.item.name in ("number", "boolean") else _loose(kind)


def _list_of_any(kind: Kind) -> Kind:
    return list_of(_loose(kind))


_PRINTS = Signature(takes=_PRINTABLE, wants="text", gives=_text, none=True)
_ON_LIST = Signature(takes=_LISTS, wants="a list", gives=_same)
_TO_ITEM = Signature(takes=_LISTS, wants="a list", gives=_item)
_SIZE = Signature(takes=_SIZED, wants="a list, an object or text", gives=_number)
_BY_FIELD = Signature(takes=_LISTS, wants="a list", gives=_same, by_field=("0",))
_BY_ATTRIBUTE = Signature(takes=_LISTS, wants="a list", gives=_same, by_field=("attribute",))

FILTER_KINDS: Mapping[str, Signature] = {
    **dict.fromkeys(
        (
            "capitalize",
            "json",
            "lower",
            "replace",
            "title",
            "tojson",
            "truncate",
            "upper",
            "wordwrap",
        ),
        _PRINTS,
    ),
    **dict.fromkeys(("first", "last"), _TO_ITEM),
    **dict.fromkeys(("count", "length"), _SIZE),
    **dict.fromkeys(("reject", "select"), _ON_LIST),
    **dict.fromkeys(("rejectattr", "selectattr"), _BY_FIELD),
    **dict.fromkeys(("sort", "unique"), _BY_ATTRIBUTE),
    **dict.fromkeys(("max", "min"), replace(_BY_ATTRIBUTE, gives=_item)),
    "abs": Signature(takes=_NUMBERS, wants="a number", gives=_number),
    "d": replace(_PRINTS, takes=_PRINTABLE | {"document", "image"}, gives=_same),
    "default": replace(_PRINTS, takes=_PRINTABLE | {"document", "image"}, gives=_same),
    "dictsort": Signature(takes=_OBJECTS, wants="an object", gives=_list_of_any),
    "fence": replace(_PRINTS, gives=_fenced),
    "float": Signature(takes=_NUMERIC, wants="a number or text", gives=_number, none=True),
    "groupby": Signature(takes=_LISTS, wants="a list", gives=_list_of_any, by_field=("0",)),
    "indent": replace(_PRINTS, keeps=_by_blanks),
    "int": Signature(takes=_NUMERIC, wants="a number or text", gives=_number, none=True),
    "items": Signature(takes=_OBJECTS, wants="an object", gives=_list_of_any),
    "join": Signature(takes=_LISTS, wants="a list", gives=_text, keeps=_by_lines),
    "list": replace(_ON_LIST, takes=_SIZED, gives=_same_items),
    "map": Signature(takes=_LISTS, wants="a list", gives=_list_of_any, by_field=("attribute",)),
    "reverse": replace(_ON_LIST, takes=_LISTS | {"text"}, gives=_same_items),
    "round": Signature(takes=_NUMBERS, wants="a number", gives=_number),
    "string": replace(_PRINTS, keeps=_without_arguments),
    "sum": Signature(takes=_LISTS, wants="a list", gives=_summed, by_field=("attribute",)),
    "trim": replace(_PRINTS, keeps=_without_arguments),
    "wordcount": replace(_PRINTS, gives=_number),
}
"""Every filter by name."""
