"""Picoschema's JSON Schemas as generated pydantic models, so that values have attributes."""

from __future__ import annotations

import datetime as dt
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from promptkit.errors import SchemaUnsupported
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list, is_mapping
from promptkit.schemas.places import path_text

__all__ = ["type_of"]

_Path = tuple[str | int, ...]

_SILENT = frozenset({"$schema", "title", "description", "default", "examples"})
_KNOWN: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "boolean": frozenset(),
    "null": frozenset(),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
}
_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_length",
    "maxItems": "max_length",
}
_DATES: Mapping[str, Any] = {
    "date": dt.date,
    "date-time": dt.datetime,
    "time": dt.time,
}
_TAKEN = frozenset(dir(BaseModel))
_CLOSED = ConfigDict(strict=True, extra="forbid", protected_namespaces=())
_OPEN = ConfigDict(strict=True, extra="allow", protected_namespaces=())


def type_of(schema: Mapping[str, Any], name: str) -> Any:
    """The Python type that validates exactly what the schema says.

    Args:
        schema: A JSON Schema without references: types, enums, properties, items, limits, unions.
        name: The output's name; its title-cased form names the class.

    Raises:
        SchemaUnsupported: For a keyword that no generated model can say, with its path.
    """
    return _type(schema, _class_name(name), ())


def _type(fragment: Any, name: str, path: _Path) -> Any:
    if fragment is True:
        return Any
    if not is_mapping(fragment):
        raise _unsupported(path, "a schema is a mapping")
    rules: Mapping[str, Any] = fragment
    for key, build in _COMBINERS.items():
        if key in rules:
            _refuse_others(rules, frozenset({key, "type"}), path)
            return build(rules[key], name, (*path, key))
    kinds = types_of(rules) or tuple(kind for kind, known in _KNOWN.items() if known & rules.keys())[:1]
    _refuse_others(rules, frozenset({"type"}).union(*(_KNOWN.get(kind, ()) for kind in kinds)), path)
    return _either([_of_kind(kind, rules, name, path) for kind in kinds]) if kinds else Any


def _of_kind(kind: str, rules: Mapping[str, Any], name: str, path: _Path) -> Any:
    build = _KINDS.get(kind)
    if build is None:
        raise _unsupported((*path, "type"), f"the type {kind} is unknown")
    limits = {_LIMITS[key]: rules[key] for key in rules if key in _LIMITS and key in _KNOWN[kind]}
    made = build(rules, name, path)
    return Annotated[made, Field(**limits)] if limits else made


def _string(rules: Mapping[str, Any], _name: str, path: _Path) -> Any:
    form = rules.get("format")
    if form is None:
        return str
    if form not in _DATES:
        raise _unsupported(
            (*path, "format"), f"the format {form} is not checked; use the rule `matches` instead"
        )
    return _DATES[form]


def _array(rules: Mapping[str, Any], name: str, path: _Path) -> Any:
    return list[_type(rules.get("items", True), f"{name}Item", (*path, "items"))]  # type: ignore[misc]


def _object(rules: Mapping[str, Any], name: str, path: _Path) -> Any:
    properties: Mapping[str, Any] = rules.get("properties", {})
    others = rules.get("additionalProperties", not properties)
    if not properties and others is not False:
        return dict[str, _type(others, f"{name}Value", (*path, "additionalProperties"))]  # type: ignore[misc]
    required = frozenset(rules.get("required", ()))
    fields: dict[str, Any] = {}
    for (key, part), attribute in zip(properties.items(), _attributes(properties), strict=True):
        made = _type(part, name + _class_name(key), (*path, "properties", key))
        default: Any = ... if key in required else part.get("default") if is_mapping(part) else None
        fields[attribute] = (made, Field(default, alias=key if attribute != key else None))
    if is_mapping(others):
        extra = _type(others, f"{name}Value", (*path, "additionalProperties"))
        return create_model(name, __base__=_base_with_extra(extra), **fields)
    return create_model(name, __config__=_OPEN if others else _CLOSED, **fields)


def _base_with_extra(extra: Any) -> type[BaseModel]:
    """A base whose further fields are all of one type, as ``__pydantic_extra__`` says it to pydantic."""
    body = {
        "__module__": __name__,
        "__annotations__": {"__pydantic_extra__": dict[str, extra]},
        "model_config": _OPEN,
    }
    return type("OpenModel", (BaseModel,), body)


def _choice(values: Any, _name: str, path: _Path) -> Any:
    if not is_list(values) or not values:
        raise _unsupported(path, "an enum is a list of at least one value")
    if not all(isinstance(value, str | int | None) for value in values):
        raise _unsupported(path, "the values of an enum are strings, integers, booleans or null")
    return Literal[tuple(values)]


def _constant(value: Any, name: str, path: _Path) -> Any:
    return _choice([value], name, path)


def _alternatives(parts: Any, name: str, path: _Path) -> Any:
    return _either([_type(part, f"{name}{index + 1}", (*path, index)) for index, part in enumerate(parts)])


def _either(types: Sequence[Any]) -> Any:
    made = types[0]
    for other in types[1:]:
        made = made | other
    return made


_COMBINERS: Mapping[str, Callable[[Any, str, _Path], Any]] = {
    "enum": _choice,
    "const": _constant,
    "anyOf": _alternatives,
}
_KINDS: Mapping[str, Callable[[Mapping[str, Any], str, _Path], Any]] = {
    "string": _string,
    "integer": lambda _rules, _name, _path: int,
    "number": lambda _rules, _name, _path: float,
    "boolean": lambda _rules, _name, _path: bool,
    "null": lambda _rules, _name, _path: type(None),
    "array": _array,
    "object": _object,
}


def _refuse_others(rules: Mapping[str, Any], known: frozenset[str], path: _Path) -> None:
    for key in rules:
        if key not in known and key not in _SILENT and not key.startswith("x-"):
            raise _unsupported((*path, key), f"the keyword {key} is not supported here")


def _unsupported(path: _Path, reason: str) -> SchemaUnsupported:
    place = path_text(path)
    return SchemaUnsupported(
        f"the output's schema cannot be used: {place or 'its root'}: {reason}. "
        "Say it more simply, or give the whole as a raw JSON Schema.",
        paths=[place],
    )


def _class_name(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    title = "".join(word[:1].upper() + word[1:] for word in words)
    return title if title[:1].isalpha() else f"Output{title}"


def _attributes(properties: Mapping[str, Any]) -> list[str]:
    """A Python attribute for each property, all different, equal to the property's name where it can be."""
    attributes: list[str] = []
    for key in properties:
        attribute = key
        if not key.isidentifier() or key.startswith("_"):
            attribute = re.sub(r"\W", "_", key).strip("_") or "field"
            attribute = attribute if attribute.isidentifier() else f"field_{attribute}"
        while (
            attribute in _TAKEN
            or keyword.iskeyword(attribute)
            or attribute in attributes
            or (attribute != key and attribute in properties)
        ):
            attribute += "_"
        attributes.append(attribute)
    return attributes
