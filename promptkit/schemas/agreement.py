"""Whether two schemas mean the same values, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of, without_null
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.places import shown

__all__ = ["differences", "schema_of", "with_limits"]

_LEFT_OUT = "the file lets it be left out, the code does not"
_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_MAX_DEPTH = 20
"""Where a recursive schema is cut: what is equal so far is taken as equal."""


def schema_of(python_type: Any) -> Mapping[str, Any]:
    """The JSON Schema that pydantic writes for a type.

    Raises:
        pydantic.errors.PydanticSchemaGenerationError: For a type that pydantic does not take.
    """
    return TypeAdapter(python_type).json_schema()


def differences(
    declared: Mapping[str, Any], other: Mapping[str, Any], *, may_omit: bool = True
) -> tuple[str, ...]:
    """Where ``other`` takes other values than ``declared``, as sentences; empty when the two agree.

    Types, fields and enumerated values count; for outputs also each limit that the file states, such as a
    maximum, a pattern or a format, because there the code's type has the last word. Limits that the code alone
    states agree: :func:`with_limits` tells them to the model. Descriptions, titles and defaults do not count.

    Args:
        declared: What the file says.
        other: What the code says.
        may_omit: True for outputs: what the file lets a model leave out the code must be able to do without.
    """
    left, right = _plain(declared, declared), _plain(other, other)
    found = _compare("", left, right, limits=may_omit)
    return tuple(text for text in found if may_omit or _LEFT_OUT not in text)


def with_limits(declared: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """The declared schema with those limits of an agreeing one that it does not state itself."""
    return _limited(declared, other, other, 0)


def _limited(
    left: Mapping[str, Any], right: Mapping[str, Any], root: Mapping[str, Any], depth: int
) -> Mapping[str, Any]:
    right = resolve(right, root)
    if depth > _MAX_DEPTH or "$ref" in left:
        return left
    if is_nullable(left) or is_nullable(right):
        right = without_null(right)
    if branches(left):
        key = "anyOf" if "anyOf" in left else "oneOf"
        real = [part for part in left[key] if types_of(part) != ("null",)]
        if len(real) != 1:
            return left
        return {
            **left,
            key: [_limited(part, right, root, depth + 1) if part in real else part for part in left[key]],
        }
    made = dict(left)
    if "properties" in left and "properties" in right:
        others = right["properties"]
        made["properties"] = {
            name: _limited(part, others[name], root, depth + 1) if name in others else part
            for name, part in left["properties"].items()
        }
    if is_mapping(left.get("items")) and is_mapping(right.get("items")):
        made["items"] = _limited(left["items"], right["items"], root, depth + 1)
    return {**{key: right[key] for key in _LIMITS if key in right}, **made} if _is_leaf(left) else made


def _is_leaf(fragment: Mapping[str, Any]) -> bool:
    return "enum" not in fragment and "const" not in fragment


def _compare(path: str, left: Mapping[str, Any], right: Mapping[str, Any], *, limits: bool) -> list[str]:
    if not left or not right:  # an empty schema takes anything
        return []
    here = path or "the value"
    if left.get("kinds") != right.get("kinds"):
        return [f"{here}: the file says {_words(left)}, the code says {_words(right)}"]
    found: list[str] = []
    if left.get("values") != right.get("values"):
        found.append(f"{here}: the file says {_words(left)}, the code says {_words(right)}")
    if limits:
        found.extend(_compare_limits(here, left.get("limits", {}), right.get("limits", {})))
    fields, others = left.get("fields"), right.get("fields")
    if fields is not None and others is not None:
        found.extend(_compare_fields(path, fields, others, limits=limits))
        found.extend(
            f"{f'{path}.{name}' if path else name}: {_LEFT_OUT}; "
            f"give it a default, for example `{name}: ... | None = None`"
            for name in fields
            if name in others and name in right["required"] - left["required"]
        )
    if left.get("items") and right.get("items"):
        found.extend(_compare(f"{path}[]", left["items"], right["items"], limits=limits))
    return found


def _compare_limits(here: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """A limit of the file that the code does not share would be told to the model and never checked."""
    return [
        f"{here}: the file says {key} {shown(value)}, the code "
        + (f"says {key} {shown(right[key])}" if key in right else f"sets no {key}")
        for key, value in left.items()
        if key not in right or right[key] != value
    ]


def _compare_fields(
    path: str, fields: Mapping[str, Any], others: Mapping[str, Any], *, limits: bool
) -> list[str]:
    found: list[str] = []
    for name in [*fields, *(name for name in others if name not in fields)]:
        inner = f"{path}.{name}" if path else name
        if name not in others:
            found.append(f"{inner}: the file has it, the code does not")
        elif name not in fields:
            found.append(f"{inner}: the code has it, the file does not")
        else:
            found.extend(_compare(inner, fields[name], others[name], limits=limits))
    return found


def _words(plain: Mapping[str, Any]) -> str:
    if plain.get("values"):
        return "one of " + ", ".join(sorted(plain["values"]))
    return " or ".join(sorted(plain.get("kinds", ()))) or "anything"


def _plain(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """A schema reduced to what :func:`differences` compares; {} where it is too deep or says nothing."""
    if depth > _MAX_DEPTH:
        return {}
    schema = resolve(schema, root)
    if "anyOf" in schema:
        return _merged([_plain(option, root, depth + 1) for option in schema["anyOf"]])
    kinds, values = _kinds_and_values(schema)
    plain: dict[str, Any] = {}
    if kinds:
        plain["kinds"] = kinds
    if values is not None:
        plain["values"] = values
    if "properties" in schema:
        plain["required"] = set(schema.get("required", ()))
        plain["fields"] = {
            name: _plain(field, root, depth + 1) for name, field in schema["properties"].items()
        }
    limits = {key: schema[key] for key in _LIMITS if key in schema}
    if limits and values is None:
        plain["limits"] = limits
    if isinstance(schema.get("items"), Mapping):
        plain["items"] = _plain(schema["items"], root, depth + 1)
    return plain


def _kinds_and_values(schema: Mapping[str, Any]) -> tuple[set[str], set[str] | None]:
    declared: str | list[str] = schema.get("type", [])
    kinds = {declared} if isinstance(declared, str) else set(declared)
    values: list[Any] | None = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is None:
        return kinds, None
    if None in values:
        kinds.add("null")
    if any(isinstance(value, str) for value in values):
        kinds.add("string")
    return kinds, {str(value) for value in values if value is not None}


def _merged(options: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for option in options:
        if not option:
            return {}
        for key, value in option.items():
            if key in ("kinds", "values"):
                merged[key] = merged.get(key, set[str]()) | value
            else:
                merged.setdefault(key, value)
    return merged
