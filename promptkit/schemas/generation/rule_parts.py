"""The parts of which rules consist: kinds, counts, what schemas say about fields and items."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptkit.schemas.generation.documents import Schema
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = [
    "KINDS",
    "OPPOSITE",
    "TYPES",
    "Alternatives",
    "Contained",
    "Fields",
    "Items",
    "Opposite",
    "Span",
    "canonical",
    "kind_of",
]

KINDS = ("string", "integer", "fraction", "object", "array", "boolean", "null")
"""Kinds of values, apart from one another: ``fraction`` is a number with decimals."""

TYPES: Mapping[str, tuple[str, ...]] = {
    "any": KINDS,
    "number": ("integer", "fraction"),
    **{kind: (kind,) for kind in KINDS if kind != "fraction"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A count from ``low`` to ``high``; None: without end."""

    low: int = 0
    high: int | None = None

    def at_least(self, low: int) -> Span:
        """The part of the span from ``low`` on."""
        return replace(self, low=max(self.low, low))

    def at_most(self, high: int) -> Span:
        """The part of the span up to ``high``."""
        return replace(self, high=high if self.high is None else min(self.high, high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What one schema says about the fields of an object; each name must meet what every schema says."""

    properties: Mapping[str, Schema]
    patterns: Mapping[str, Schema]
    rest: Schema = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """What one schema says about the items of a list: the first ones, and the rest."""

    first: Sequence[Schema]
    rest: Schema = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """How many items must fit a schema."""

    schema: Schema
    low: int
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """Schemas of which one must hold, or exactly one; each is a conjunction."""

    keyword: str
    branches: Sequence[Sequence[Schema]]
    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposite:
    """What no JSON Schema says in a word: it stands under ``OPPOSITE`` in schemas that are made, not read.

    Attributes:
        kinds: The kinds that are left, None for all.
        excluded: Values that are not allowed.
        refused: Schemas that the finished value must not fit.
        names: Schemas each of which the name of some field must fit.
    """

    kinds: tuple[str, ...] | None = None
    excluded: Sequence[Any] = ()
    refused: Sequence[Schema] = ()
    names: Sequence[Schema] = ()


OPPOSITE = "$opposite"


def kind_of(value: Any) -> str:
    """The kind of a value; a number without decimals is an integer, however it is written."""
    if value is None:
        return "null"
    for kinds, name in (
        (bool, "boolean"),
        (int, "integer"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kinds):
            return name
    return "integer" if isinstance(value, float) and value.is_integer() else "fraction"


def canonical(value: Any) -> str:
    """The value as text that equals another's exactly when the values are equal as JSON."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if is_list(value):
        return [_plain(item) for item in value]
    if is_mapping(value):
        return {key: _plain(item) for key, item in value.items()}
    return value
