"""What each filter takes and gives, as far as types go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from promptkit.rendering.analysis.calls import Arguments
from promptkit.rendering.analysis.kinds import NUMBER, TEXT, Kind, KindName, list_of, said

__all__ = ["FILTER_KINDS", "Signature", "item_fault"]

Gives: TypeAlias = Callable[[Kind], Kind]

_LISTS: frozenset[KindName] = frozenset({"any", "list"})
_REVERSIBLE: frozenset[KindName] = frozenset({"any", "list", "text"})
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
        items: What it does with the items, or with that field of each: ``order``, ``add`` or ``tell apart``.
    """

    takes: frozenset[KindName]
    wants: str
    gives: Gives
    none: bool = False
    by_field: tuple[str, ...] = ()
    keeps: Callable[[Arguments], bool] | None = None
    items: str = ""


_ITEMS: Mapping[str, tuple[frozenset[KindName], str]] = {
    "add": (frozenset({"any", "boolean", "number"}), "numbers"),
    "order": (frozenset({"any", "boolean", "list", "number", "text"}), "items that have an order"),
    "tell apart": (frozenset({"any", "boolean", "none", "number", "text"}), "texts or numbers"),
}


def item_fault(name: str, item: Kind) -> tuple[str, str] | None:
    """The rule that a filter's work on such items breaks, and what is wrong; None when it can do it.

    Args:
        name: The filter.
        item: What the list holds, or the field of it that the filter looks at.
    """
    takes, wants = _ITEMS[FILTER_KINDS[name].items]
    what = item.path or "an item"
    if item.name not in takes:
        return "operand-type", f"{what} is {said(item)}, and the filter {name} needs {wants}"
    if item.nullable and "none" not in takes:
        mend = "take out what is None with select or selectattr first"
        return "unguarded-optional", f"{what} may be None, and the filter {name} needs {wants}; {mend}"
    return None


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
    if kind.name != "list":
        return kind.loose()
    return kind.item.called(f"{kind.key}[...]" if kind.key else "")


def _list_of_any(kind: Kind) -> Kind:
    return list_of(kind.loose())


def _lazy_list_of_any(kind: Kind) -> Kind:
    return replace(list_of(kind.loose()), lazy=True)


def _listed(kind: Kind) -> Kind:
    if kind.name in ("object", "text"):
        return list_of(_text(kind))
    return replace(kind.certain(), lazy=False)


def _lazy(kind: Kind) -> Kind:
    return replace(kind.certain(), lazy=kind.name == "list", fenced=kind.fenced and kind.name == "list")


def _summed(kind: Kind) -> Kind:
    """A number, unless it begins with a text and adds texts."""
    return NUMBER if kind.trusted or kind.item.name in ("boolean", "number") else kind.loose()


def _part(kind: Kind) -> Kind:
    """What a filter takes out of a list may be nothing, whatever is known of the list."""
    return replace(_lazy(kind), own=f"{kind.key} in part" if kind.key else "")


_PRINTS = Signature(takes=_PRINTABLE, wants="text", gives=_text, none=True)
_PART = Signature(takes=_LISTS, wants="a list", gives=_part)
_TO_ITEM = Signature(takes=_LISTS, wants="a list", gives=_item)
_DEFAULT = replace(_PRINTS, takes=_PRINTABLE | {"document", "image"}, gives=Kind.certain)
_SIZE = Signature(takes=_SIZED, wants="a list, an object or text", gives=_number)
_BY_FIELD = replace(_PART, by_field=("0",))
_BY_ATTRIBUTE = Signature(takes=_LISTS, wants="a list", gives=_listed, by_field=("attribute",))

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
    **dict.fromkeys(("reject", "select"), _PART),
    **dict.fromkeys(("rejectattr", "selectattr"), _BY_FIELD),
    "sort": replace(_BY_ATTRIBUTE, items="order"),
    "unique": replace(_BY_ATTRIBUTE, gives=_lazy, items="tell apart"),
    **dict.fromkeys(("max", "min"), replace(_BY_ATTRIBUTE, gives=_item, items="order")),
    "abs": Signature(takes=_NUMBERS, wants="a number", gives=_number),
    "d": _DEFAULT,
    "default": _DEFAULT,
    "dictsort": Signature(takes=_OBJECTS, wants="an object", gives=_list_of_any),
    "fence": replace(_PRINTS, gives=_fenced),
    "float": Signature(takes=_NUMERIC, wants="a number or text", gives=_number, none=True),
    "groupby": Signature(
        takes=_LISTS, wants="a list", gives=_list_of_any, by_field=("attribute", "0"), items="order"
    ),
    "indent": replace(_PRINTS, keeps=_by_blanks),
    "int": Signature(takes=_NUMERIC, wants="a number or text", gives=_number, none=True),
    "items": Signature(takes=_OBJECTS, wants="an object", gives=_lazy_list_of_any),
    "join": Signature(takes=_LISTS, wants="a list", gives=_text, keeps=_by_lines),
    "list": Signature(takes=_SIZED, wants="a list", gives=_listed),
    "map": Signature(takes=_LISTS, wants="a list", gives=_lazy_list_of_any, by_field=("attribute",)),
    "reverse": Signature(takes=_REVERSIBLE, wants="a list", gives=_lazy),
    "round": Signature(takes=_NUMBERS, wants="a number", gives=_number),
    "string": replace(_PRINTS, keeps=_without_arguments),
    "sum": Signature(takes=_LISTS, wants="a list", gives=_summed, by_field=("attribute", "0"), items="add"),
    "trim": replace(_PRINTS, keeps=_without_arguments),
    "wordcount": replace(_PRINTS, gives=_number),
}
"""Every filter by name."""
