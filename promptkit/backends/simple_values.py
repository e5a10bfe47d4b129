"""The plainest value that fits a JSON Schema, for schemas that are plain themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptkit.schemas.fragments import branches, resolve, types_of

__all__ = ["simple_value"]

_MAX_DEPTH = 32
_FORMATS = {
    "date": "2000-01-01",
    "date-time": "2000-01-01T00:00:00Z",
    "email": "a@example.org",
    "time": "00:00:00Z",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def simple_value(schema: Mapping[str, Any]) -> Any:
    """The first of an enum, ``text``, the smallest number, false, a list of one; the same every time.

    Patterns, ``not`` and rules across fields are not looked at: validate what comes out.
    """
    return _value(schema, schema, 0)


def _value(fragment: Any, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(fragment, Mapping) or depth > _MAX_DEPTH:
        return None
    rules: Mapping[str, Any] = resolve(fragment, root)  # pyright: ignore[reportUnknownArgumentType]
    for key in ("const", "default"):
        if key in rules:
            return rules[key]
    if rules.get("enum"):
        return rules["enum"][0]
    parts: Sequence[Any] = branches(rules) or rules.get("allOf", ())
    if parts:
        return _value(parts[0], root, depth + 1)
    make = _MAKERS.get(next(iter(types_of(rules)), "object" if "properties" in rules else "null"))
    return make(rules, root, depth + 1) if make else None


def _object(rules: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    properties: Mapping[str, Any] = rules.get("properties", {})
    required: Sequence[str] = rules.get("required", ())
    return {name: _value(part, root, depth) for name, part in properties.items() if name in required}


def _array(rules: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    # One item where that is allowed: an empty list is valid as well, but breaks most rules that people write.
    count = max(rules.get("minItems", 0), min(1, rules.get("maxItems", 1)) if "items" in rules else 0)
    return [_value(rules.get("items"), root, depth) for _ in range(count)]


def _string(rules: Mapping[str, Any], _root: Mapping[str, Any], _depth: int) -> Any:
    text = _FORMATS.get(rules.get("format", ""), "text")
    return text.ljust(rules.get("minLength", 0), "x")[: rules.get("maxLength")]


def _number(rules: Mapping[str, Any], _root: Mapping[str, Any], _depth: int) -> Any:
    step = rules.get("multipleOf", 1)
    for low in ("minimum", "exclusiveMinimum"):
        if low in rules:
            least = rules[low] + (step if low == "exclusiveMinimum" else 0)
            return -(-least // step) * step
    highest = [rules["maximum"]] if "maximum" in rules else []
    highest += [rules["exclusiveMaximum"] - step] if "exclusiveMaximum" in rules else []
    return min([0, *(number // step * step for number in highest)])


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], Any]] = {
    "array": _array,
    "boolean": lambda _rules, _root, _depth: False,
    "integer": _number,
    "number": _number,
    "object": _object,
    "string": _string,
}
