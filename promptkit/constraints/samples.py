"""Small values of a JSON Schema fragment, in ascending order: material for values at the edge of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["sample"]

_MAX_DEPTH = 6
_DATES = {
    "date": "2026-01-{:02}",
    "date-time": "2026-01-{:02}T12:00:00Z",
    "time": "12:00:{:02}Z",
}
_SIMPLE = frozenset(
    {"type", "format", "description", "title", "default", "examples", "properties", "required", "items"}
    | {"additionalProperties", "enum", "const", "minimum", "uniqueItems", "minItems", "maxItems"}
)


def sample(fragment: Mapping[str, Any], index: int, depth: int = 0) -> Any:
    """The value numbered ``index``, 0 or 1, of the fragment; the second is greater than the first.

    None where no two such values are known: for references, patterns, and whatever else only a full generator
    can follow.
    """
    if depth > _MAX_DEPTH or fragment.keys() - _SIMPLE or "const" in fragment:
        return None
    if "enum" in fragment:
        return _listed(fragment["enum"], index)
    kinds = [kind for kind in types_of(fragment) if kind != "null"] or (["string"] if not fragment else [])
    if len(kinds) != 1:
        return None
    match kinds[0]:
        case "string":
            form = fragment.get("format")
            pattern = _DATES.get(form, "") if isinstance(form, str) else "ab"
            return "ab"[index] if form is None else pattern.format(index + 1) or None
        case "integer" | "number":
            least = fragment.get("minimum", 1)
            return least + index if isinstance(least, int | float) else None
        case "object":
            return _object(fragment, index, depth)
        case _:
            return None


def _listed(values: Any, index: int) -> Any:
    if not is_list(values):
        return None
    texts = sorted({value for value in values if isinstance(value, str)})
    numbers = sorted({value for value in values if type(value) in (int, float)})
    for alike in (texts, numbers):
        if index < len(alike) and len(alike) > 1:
            return alike[index]
    return None


def _object(fragment: Mapping[str, Any], index: int, depth: int) -> Any:
    properties = fragment.get("properties", {})
    required = fragment.get("required", ())
    made: dict[str, Any] = {}
    for name, inner in properties.items():
        value = _any(inner, index, depth) if is_mapping(inner) else None
        if value is not None:
            made[name] = value
        elif name in required:
            return None
    return made or None


def _any(fragment: Mapping[str, Any], index: int, depth: int) -> Any:
    """A sample; of a list, of a constant and of a boolean the same for both numbers."""
    if "const" in fragment:
        return fragment["const"]
    match types_of(fragment):
        case ("boolean",):
            return True
        case ("array",):
            return [] if not fragment.get("minItems") else None
        case _:
            return sample(fragment, index, depth + 1)
