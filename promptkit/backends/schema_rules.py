"""What a provider's structured output takes of JSON Schema, as data, and what of it a schema passes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptkit.requests import Limit
from promptkit.schemas.json_types import is_mapping

__all__ = ["SchemaRules", "limits_passed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRules:
    """One provider's subset of JSON Schema; None for a size that it does not limit.

    Attributes:
        keywords: Keywords that it enforces or takes as descriptions; the rest is only said to the model.
        formats: Values of ``format`` that it enforces.
        look_around: True when patterns may look ahead or behind.
        max_levels: Steps into fields and items, from the whole output to the innermost value.
        max_properties: Properties of all objects together.
        max_enum_values: Values of all enumerations together.
        max_characters: Characters of all names of properties and definitions, enum values and constants.
        demands_all: True when every property must be required.
        closed: True when objects must name all of their properties.
        recursion: True when a type may contain itself.
        constants_as_enum: True when a constant must be said as an enumeration of one value.
        least_items: The values of ``minItems`` that it enforces; None for all.
        max_optional: Properties that are not required.
        max_unions: Places that take several types, by ``anyOf`` or a list of types.
        long_enum: Values from which on one enumeration of texts counts as long: when it has more than these.
        max_long_enum_characters: Characters of all values of a long enumeration.
    """

    keywords: frozenset[str]
    formats: frozenset[str] = frozenset()
    look_around: bool = True
    max_levels: int | None = None
    max_properties: int | None = None
    max_enum_values: int | None = None
    max_characters: int | None = None
    long_enum: int = 0
    max_long_enum_characters: int | None = None
    demands_all: bool = True
    closed: bool = True
    recursion: bool = True
    constants_as_enum: bool = False
    least_items: frozenset[int] | None = None
    max_optional: int | None = None
    max_unions: int | None = None

    def takes(self, keyword: str, value: Any) -> bool:
        """True when the provider holds an answer to this keyword with this value."""
        if keyword == "format":
            return value in self.formats
        if keyword == "minItems" and self.least_items is not None:
            return value in self.least_items
        if keyword == "pattern" and not self.look_around and any(part in value for part in _LOOK_AROUND):
            return False
        return keyword in self.keywords


_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


@dataclass(slots=True)
class _Sizes:
    levels: int = 0
    properties: int = 0
    enum_values: int = 0
    characters: int = 0
    long_enum_characters: int = 0
    optional: int = 0
    unions: int = 0


def limits_passed(schema: Mapping[str, Any], rules: SchemaRules) -> tuple[Limit, ...]:
    """The limits that a schema passes, as it would be sent; empty when it fits.

    A definition is counted once and on the level of a first field, wherever it is used: references may go in
    a circle. Alternatives are no level of their own.
    """
    sizes = _Sizes()
    for level, fragment in _levels(schema, 0):
        _add(sizes, level, fragment, rules)
    found = (
        ("levels of nesting", rules.max_levels, sizes.levels),
        ("properties", rules.max_properties, sizes.properties),
        ("enum values", rules.max_enum_values, sizes.enum_values),
        ("characters of names, enum values and constants", rules.max_characters, sizes.characters),
        (
            f"characters of one enum of more than {rules.long_enum} values",
            rules.max_long_enum_characters,
            sizes.long_enum_characters,
        ),
        ("optional properties", rules.max_optional, sizes.optional),
        ("places of several types", rules.max_unions, sizes.unions),
    )
    return tuple(
        Limit(name=name, allowed=allowed, actual=actual)
        for name, allowed, actual in found
        if allowed is not None and actual > allowed
    )


def _add(sizes: _Sizes, level: int, fragment: Mapping[str, Any], rules: SchemaRules) -> None:
    sizes.levels = max(sizes.levels, level)
    names = [*fragment.get("properties", {}), *fragment.get("$defs", {})]
    sizes.properties += len(fragment.get("properties", {}))
    sizes.optional += len(fragment.get("properties", {}).keys() - set(fragment.get("required", ())))
    sizes.unions += "anyOf" in fragment or isinstance(fragment.get("type"), list)
    values: list[Any] = fragment.get("enum", [])
    sizes.enum_values += len(values)
    constants = [fragment["const"]] if "const" in fragment else []
    sizes.characters += sum(map(_length, [*names, *values, *constants]))
    if len(values) > rules.long_enum and all(isinstance(value, str) for value in values):
        sizes.long_enum_characters = max(sizes.long_enum_characters, sum(map(len, values)))


def _length(value: Any) -> int:
    return len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _levels(fragment: Mapping[str, Any], level: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield level, fragment
    inner = [
        *fragment.get("properties", {}).values(),
        *fragment.get("$defs", {}).values(),
        fragment.get("items"),
    ]
    for part in inner:
        if is_mapping(part):
            yield from _levels(part, level + 1)
    for part in fragment.get("anyOf", ()):
        if is_mapping(part):
            yield from _levels(part, level)
