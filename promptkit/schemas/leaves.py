"""Plain JSON data by its places: what stands at one, what is put there, how many leaves there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import path_text

__all__ = ["Place", "count_leaves", "has_place", "value_at", "with_value"]

Place: TypeAlias = tuple[str | int, ...]
"""Names and indices from the outside in; empty for the whole."""


def has_place(data: Any, place: Sequence[str | int]) -> bool:
    """True when something, be it null, stands at the place."""
    try:
        value_at(data, place)
    except LookupError:
        return False
    return True


def value_at(data: Any, place: Sequence[str | int]) -> Any:
    """What stands at the place.

    Raises:
        LookupError: When nothing does.
    """
    found: Any = data
    for index, step in enumerate(place):
        if is_object(found) and isinstance(step, str) and step in found:  # noqa: SIM114 - types differ
            found = found[step]
        elif is_list(found) and isinstance(step, int) and 0 <= step < len(found):
            found = found[step]
        else:
            raise LookupError(f"nothing stands at {path_text(place[: index + 1])}")
    return found


def with_value(data: Any, place: Sequence[str | int], value: Any) -> Any:
    """The data with the value at the place; the given data is never changed, and shares its other parts.

    A name that its object lacks is added as its last one; an item must be there.

    Raises:
        LookupError: When the object or list around the place, or the item, does not exist.
    """
    if not place:
        return value
    step, rest = place[0], place[1:]
    if is_object(data) and isinstance(step, str):
        inner = value_at(data, (step,)) if rest else None
        return {**data, step: with_value(inner, rest, value)}
    inner = value_at(data, (step,))
    copy = list(data)
    copy[int(step)] = with_value(inner, rest, value)
    return copy


def count_leaves(data: Any) -> int:
    """How many plain values the data holds; an empty object or list counts as one."""
    if is_object(data):
        return sum(map(count_leaves, data.values())) or 1
    if is_list(data):
        return sum(map(count_leaves, data)) or 1
    return 1
