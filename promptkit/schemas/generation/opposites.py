"""The opposite of a schema: schemas of which one holds exactly where the schema does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptkit.schemas.generation.documents import Document, Schema
from promptkit.schemas.generation.number_values import as_fraction
from promptkit.schemas.generation.rule_parts import KINDS, OPPOSITE, TYPES, Opposite
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["opposites"]

_MAX_BRANCHES = 40
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "example", "$comment", "$schema", "$id", "id", "$anchor"}
    | {"definitions", "$defs", "deprecated", "readOnly", "writeOnly", "$dynamicAnchor", "$vocabulary"}
)


def opposites(schema: Schema, document: Document) -> list[Schema]:
    """Schemas of which at least one holds for each value that the schema refuses, and for no other value.

    What cannot be turned round keyword by keyword becomes a schema that lets everything pass and has the finished
    value checked.
    """
    if not is_mapping(schema):
        return [] if schema is True else [True]
    targets, complete = document.references(schema)
    if not complete:
        return [_unlike(schema)]
    branches: list[Schema] = [{"not": target} for target in targets]
    told: Mapping[str, Any] = {} if targets and document.lone_references and "$ref" in schema else schema
    for keyword, value in told.items():
        if keyword in _ANNOTATIONS or keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            continue
        if not document.knows(keyword):
            continue
        turn = _TURNED.get(keyword)
        turned = turn(value, told) if turn else None
        if (turned is None and keyword not in _ASKED_OF) or len(branches) > _MAX_BRANCHES:
            return [_unlike(schema)]
        branches.extend(turned if turned is not None else [{"type": _ASKED_OF[keyword], **_unlike(schema)}])
    return branches


def _unlike(schema: Schema) -> dict[str, Any]:
    return {OPPOSITE: Opposite(refused=(schema,))}


Turned = Callable[[Any, Mapping[str, Any]], "Sequence[Schema] | None"]


def _type(value: Any, _schema: Mapping[str, Any]) -> Sequence[Schema]:
    named = {kind for name in (value if is_list(value) else [value]) for kind in TYPES.get(str(name), ())}
    return [{OPPOSITE: Opposite(kinds=tuple(kind for kind in KINDS if kind not in named))}]


def _values(value: Any, _schema: Mapping[str, Any]) -> Sequence[Schema] | None:
    return [{OPPOSITE: Opposite(excluded=value)}] if is_list(value) else None


def _required(value: Any, _schema: Mapping[str, Any]) -> Sequence[Schema] | None:
    if not is_list(value):
        return None
    return [{"type": "object", "properties": {name: False}} for name in value]


def _properties(value: Any, _schema: Mapping[str, Any]) -> Sequence[Schema] | None:
    if not is_mapping(value):
        return None
    return [
        {"type": "object", "required": [name], "properties": {name: {"not": part}}}
        for name, part in value.items()
        if part is not True
    ]


def _names(value: Any, _schema: Mapping[str, Any]) -> Sequence[Schema]:
    return [{"type": "object", OPPOSITE: Opposite(names=({"not": value},))}]


def _items(value: Any, schema: Mapping[str, Any]) -> Sequence[Schema] | None:
    if is_list(value) or "prefixItems" in schema:
        return None
    return [{"type": "array", "contains": {"not": value}}]


def _contains(value: Any, schema: Mapping[str, Any]) -> Sequence[Schema] | None:
    if "minContains" in schema or "maxContains" in schema:
        return None
    return [{"type": "array", "items": {"not": value}}]


def _limit(kind: str, keyword: str, change: int = 0) -> Turned:
    def turn(value: Any, schema: Mapping[str, Any]) -> Sequence[Schema] | None:
        number = as_fraction(value)
        if number is None or schema.get("exclusiveMinimum") is True or schema.get("exclusiveMaximum") is True:
            return None
        if not change:
            return [{"type": kind, keyword: value}]
        bound = int(number) + change
        return [{"type": kind, keyword: bound}] if bound >= 0 else []

    return turn


def _open(kind: str, keyword: str) -> Turned:
    """Draft 4 writes an open bound as a boolean beside the number; both are written here."""

    def turn(value: Any, schema: Mapping[str, Any]) -> Sequence[Schema] | None:
        found = _limit(kind, keyword)(value, schema)
        if found is None:
            return None
        low = keyword == "exclusiveMinimum"
        return [{"type": kind, "minimum" if low else "maximum": value, keyword: True}]

    return turn


_TURNED: Mapping[str, Turned] = {
    "type": _type,
    "enum": _values,
    "const": lambda value, _schema: [{OPPOSITE: Opposite(excluded=[value])}],
    "required": _required,
    "propertyNames": _names,
    "items": _items,
    "contains": _contains,
    "properties": _properties,
    "anyOf": lambda value, _schema: (
        [{"allOf": [{"not": part} for part in value]}] if is_list(value) else None
    ),
    "allOf": lambda value, _schema: [{"not": part} for part in value] if is_list(value) else None,
    "not": lambda value, _schema: [value],
    "minimum": _open("number", "exclusiveMaximum"),
    "maximum": _open("number", "exclusiveMinimum"),
    "exclusiveMinimum": _limit("number", "maximum"),
    "exclusiveMaximum": _limit("number", "minimum"),
    "minLength": _limit("string", "maxLength", -1),
    "maxLength": _limit("string", "minLength", 1),
    "minItems": _limit("array", "maxItems", -1),
    "maxItems": _limit("array", "minItems", 1),
    "minProperties": _limit("object", "maxProperties", -1),
    "maxProperties": _limit("object", "minProperties", 1),
}

_ASKED_OF = {
    "additionalItems": "array",
    "additionalProperties": "object",
    "contains": "array",
    "dependencies": "object",
    "dependentRequired": "object",
    "dependentSchemas": "object",
    "format": "string",
    "items": "array",
    "maxContains": "array",
    "minContains": "array",
    "multipleOf": "number",
    "pattern": "string",
    "patternProperties": "object",
    "prefixItems": "array",
    "uniqueItems": "array",
}
"""Keywords whose opposite is only checked, and the type of the values that they can refuse."""
