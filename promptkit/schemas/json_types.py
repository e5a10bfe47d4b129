"""Type guards for plain JSON data, so that type checkers follow what `isinstance` leaves unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard

__all__ = ["is_list", "is_listed", "is_mapping", "is_object", "is_set"]


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """True for a JSON list."""
    return isinstance(value, list)


def is_listed(value: Any) -> TypeGuard[Sequence[Any]]:
    """True for a list or a tuple."""
    return isinstance(value, list | tuple)


def is_set(value: Any) -> TypeGuard[AbstractSet[Any]]:
    """True for a set of either kind."""
    return isinstance(value, set | frozenset)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """True for a JSON object; its names are strings."""
    return isinstance(value, dict)


def is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """True for a JSON Schema or another mapping with names."""
    return isinstance(value, Mapping)
