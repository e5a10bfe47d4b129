"""What changed between two schemas, and for each change whether more or fewer values are taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of, without_null
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.places import shown

__all__ = ["Effect", "SchemaChange", "changes_of"]

Effect: TypeAlias = Literal[
    "narrowed", "widened", "changed", "added", "added_required", "removed", "required", "optional", "default"
]
"""``narrowed`` takes fewer values, ``widened`` more, ``changed`` others; the rest is said of a field."""

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
_EXACT = ("pattern", "format", "multipleOf")
_COMPARED = frozenset(
    {
        *_LOWER,
        *_UPPER,
        *_EXACT,
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "default",
        "enum",
        "items",
        "oneOf",
        "properties",
        "required",
        "type",
        "uniqueItems",
    }
)
_IGNORED = frozenset(
    {"$comment", "$defs", "$id", "$schema", "definitions", "description", "examples", "title"}
)
_MAX_DEPTH = 20
"""Where a recursive schema is cut: what is equal so far is taken as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """One difference.

    Attributes:
        path: Where, for example ``citations[].doc``; empty for the whole value.
        text: What changed, without its place.
        effect: What it means for values.
    """

    path: str
    text: str
    effect: Effect


def changes_of(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> tuple[SchemaChange, ...]:
    """What changed from ``old`` to ``new``; titles and descriptions do not count.

    What this cannot weigh, such as ``not`` or ``patternProperties``, is a change of the effect ``changed``.

    Args:
        old: A JSON Schema.
        new: Another.
        path: What the places begin with.
    """
    return tuple(_Comparison(old, new).changes(path, old, new, 0))


class _Comparison:
    """Two whole schemas, for their references."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new

    def changes(
        self, path: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int
    ) -> Iterator[SchemaChange]:
        if depth > _MAX_DEPTH:
            return
        old, new = resolve(old, self._old), resolve(new, self._new)
        if is_nullable(old) != is_nullable(new):
            if is_nullable(new):
                yield SchemaChange(path=path, text="may be null now", effect="widened")
            else:
                yield SchemaChange(path=path, text="may no longer be null", effect="narrowed")
        old = resolve(without_null(old) if is_nullable(old) else old, self._old)
        new = resolve(without_null(new) if is_nullable(new) else new, self._new)
        if branches(old) or branches(new):
            yield from _alternatives(path, old, new)
            return
        yield from _types_and_values(path, old, new)
        yield from _limits(path, old, new)
        yield from self._fields(path, old, new, depth)
        left, right = old.get("items"), new.get("items")
        if is_mapping(left) and is_mapping(right):
            yield from self.changes(f"{path}[]", left, right, depth + 1)
        elif left != right:
            effect: Effect = "narrowed" if left is None else "widened" if right is None else "changed"
            yield SchemaChange(path=f"{path}[]", text="says otherwise what an item is", effect=effect)
        for key in sorted((old.keys() | new.keys()) - _COMPARED - _IGNORED):
            if old.get(key) != new.get(key):
                yield SchemaChange(path=path, text=f"{key} changed", effect="changed")

    def _fields(
        self, path: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int
    ) -> Iterator[SchemaChange]:
        fields, others = old.get("properties", {}), new.get("properties", {})
        needed, now_needed = set(old.get("required", ())), set(new.get("required", ()))
        for name in [*fields, *(name for name in others if name not in fields)]:
            inner = f"{path}.{name}" if path else name
            if name not in others:
                yield SchemaChange(path=inner, text="is removed", effect="removed")
            elif name not in fields:
                required = name in now_needed
                text = "is added" if required else "is added and may be left out"
                yield SchemaChange(path=inner, text=text, effect="added_required" if required else "added")
            else:
                left, right = fields[name], others[name]
                if name in now_needed ^ needed:
                    optional = name in needed
                    text = "may be left out now" if optional else "may no longer be left out"
                    yield SchemaChange(path=inner, text=text, effect="optional" if optional else "required")
                    # What may be left out may be null as well; one of the two is enough to be told.
                    left, right = (
                        without_null(resolve(left, self._old)),
                        without_null(resolve(right, self._new)),
                    )
                elif name not in needed and left.get("default") != right.get("default"):
                    yield SchemaChange(path=inner, text="has another default", effect="default")
                yield from self.changes(inner, left, right, depth + 1)
        left, right = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if left != right and (fields or others or "additionalProperties" in old):
            yield _further_fields(path, left, right)


def _further_fields(path: str, left: Any, right: Any) -> SchemaChange:
    if right is False:
        return SchemaChange(path=path, text="takes no further fields now", effect="narrowed")
    if left is False:
        return SchemaChange(path=path, text="takes further fields now", effect="widened")
    return SchemaChange(path=path, text="says otherwise what further fields are", effect="changed")


def _alternatives(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SchemaChange]:
    """Alternatives are compared as a whole: each is there or is not."""
    left, right = (
        {json.dumps(part, sort_keys=True) for part in (branches(side) or [side])} for side in (old, new)
    )
    if left == right:
        return
    effect: Effect = "narrowed" if right < left else "widened" if left < right else "changed"
    yield SchemaChange(
        path=path, text=f"takes {len(right)} alternatives, and took {len(left)}", effect=effect
    )


def _types_and_values(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SchemaChange]:
    left, right = _values(old), _values(new)
    if left is not None and right is not None:
        gone, come = [value for value in left if value not in right], [v for v in right if v not in left]
        if gone:
            yield SchemaChange(path=path, text=f"no longer takes {_listed(gone)}", effect="narrowed")
        if come:
            yield SchemaChange(path=path, text=f"takes {_listed(come)} as well", effect="widened")
        return
    if left is None and right is not None:
        yield SchemaChange(path=path, text=f"takes only {_listed(right)} now", effect="narrowed")
    elif left is not None:
        yield SchemaChange(path=path, text="takes more than a list of values now", effect="widened")
    kinds, others = _kinds(old), _kinds(new)
    if kinds != others:
        yield SchemaChange(
            path=path,
            text=f"is {' or '.join(sorted(others)) or 'anything'} and was {' or '.join(sorted(kinds)) or 'anything'}",
            effect=_of_sets(kinds, others),
        )


def _values(fragment: Mapping[str, Any]) -> list[Any] | None:
    values = [fragment["const"]] if "const" in fragment else fragment.get("enum")
    return None if values is None else [value for value in values if value is not None]


def _kinds(fragment: Mapping[str, Any]) -> frozenset[str]:
    values = _values(fragment)
    if values is not None and not types_of(fragment):
        # An enumeration of texts is text, whether its schema says so or not.
        return frozenset("string" if isinstance(value, str) else "number" for value in values)
    return frozenset(kind for kind in types_of(fragment) if kind != "null")


def _of_sets(old: frozenset[str], new: frozenset[str]) -> Effect:
    left = old | {"integer"} if "number" in old else old
    right = new | {"integer"} if "number" in new else new
    if not new or (old and right > left):
        return "widened"
    return "narrowed" if not old or left > right else "changed"


def _limits(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SchemaChange]:
    for key in (*_LOWER, *_UPPER, *_EXACT, "uniqueItems"):
        left, right = old.get(key), new.get(key)
        if left == right or (key == "uniqueItems" and bool(left) == bool(right)):
            continue
        effect: Effect = "changed"
        if left is None or right is None:
            effect = "narrowed" if left is None else "widened"
        elif key not in _EXACT:
            effect = "narrowed" if (right > left) == (key not in _UPPER) else "widened"
        yield SchemaChange(path=path, text=_limit_text(key, left, right), effect=effect)


def _limit_text(key: str, left: Any, right: Any) -> str:
    if right is None:
        return f"has no {key} now (it was {shown(left)})"
    return f"has {key} {shown(right)}" + ("" if left is None else f" and had {shown(left)}")


def _listed(values: list[Any]) -> str:
    return ", ".join(shown(value) for value in values)
