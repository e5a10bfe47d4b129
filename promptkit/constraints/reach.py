"""Where a path leads in a JSON Schema: references followed, alternatives one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.constraints.paths import Path, Step
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["ends", "is_list_schema", "kinds", "spread", "step_into"]


def ends(path: Path, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every fragment that a value at the path may be described by."""
    fragments: list[Mapping[str, Any]] = [schema]
    for step in path.steps:
        fragments = [part for fragment in fragments for part in spread(fragment, schema)]
        fragments = [part for fragment in fragments for part in step_into(fragment, step)]
    return [part for fragment in fragments for part in spread(fragment, schema)]


def spread(
    fragment: Mapping[str, Any], root: Mapping[str, Any], depth: int = 8
) -> Iterator[Mapping[str, Any]]:
    """The fragment and everything it may stand for: references followed, alternatives one by one."""
    fragment = resolve(fragment, root)
    yield fragment
    if depth:
        for part in [*branches(fragment), *fragment.get("allOf", ())]:
            yield from spread(part, root, depth - 1)


def step_into(fragment: Mapping[str, Any], step: Step) -> Iterator[Mapping[str, Any]]:
    """Where a step may lead; an open fragment leads anywhere."""
    types = types_of(fragment)
    if not isinstance(step, str):
        if is_list_schema(fragment):
            items = fragment.get("items", {})
            yield items if is_mapping(items) else {}
        elif _is_open(fragment, types):
            yield {}
        return
    properties = fragment.get("properties", {})
    others = fragment.get("additionalProperties", "object" in types and not properties)
    if step in properties:
        yield properties[step] if is_mapping(properties[step]) else {}
    elif others is not False and ("object" in types or "additionalProperties" in fragment):
        yield others if is_mapping(others) else {}
    elif _is_open(fragment, types):
        yield {}


def is_list_schema(fragment: Mapping[str, Any]) -> bool:
    """True when the fragment describes a list."""
    return "items" in fragment or "array" in types_of(fragment)


def kinds(fragment: Mapping[str, Any]) -> tuple[str, ...]:
    """The types of a fragment; an enumeration has those of its values."""
    values: list[object] = fragment.get("enum", [fragment["const"]] if "const" in fragment else [])
    return types_of(fragment) or tuple(_JSON_TYPES[type(value)] for value in values)


_JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _is_open(fragment: Mapping[str, Any], types: tuple[str, ...]) -> bool:
    says = {"properties", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "items"}
    return not types and not says & fragment.keys()
