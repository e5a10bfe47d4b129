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
    "narrowed",
    "widened",
    "changed",
    "added",
    "added_required",
    "removed",
    "required",
    "optional",
    "defaulted",
    "default",
]
"""``narrowed`` takes fewer values, ``widened`` more, ``changed`` others; the rest is said of a field.

``optional`` may be left out now, ``defaulted`` as well, and has a default then, ``default`` has another one.
"""

_LEAST = ("minimum", "exclusiveMinimum")
_MOST = ("maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minProperties", "minContains")
_UPPER = ("maxLength", "maxItems", "maxProperties", "maxContains")
_EXACT = ("pattern", "format", "multipleOf")
_COMPARED = frozenset(
    {
        *_LEAST,
        *_MOST,
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
        if _is_anything(old) != _is_anything(new):
            yield _anything(path, old, new)
            return
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
                    yield _left_out(inner, name in needed, right)
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


def _left_out(path: str, optional: bool, new: Mapping[str, Any]) -> SchemaChange:
    if not optional:
        return SchemaChange(path=path, text="may no longer be left out", effect="required")
    if new.get("default") is None:
        return SchemaChange(path=path, text="may be left out now", effect="optional")
    text = f"may be left out now, and is {shown(new['default'])} then"
    return SchemaChange(path=path, text=text, effect="defaulted")


def _is_anything(fragment: Mapping[str, Any]) -> bool:
    """True for a schema that takes every value."""
    return not fragment.keys() - _IGNORED - {"default"}


def _anything(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> SchemaChange:
    if _is_anything(new):
        return SchemaChange(path=path, text=f"is anything and was {_named(old)}", effect="widened")
    return SchemaChange(path=path, text=f"is {_named(new)} and was anything", effect="narrowed")


def _named(fragment: Mapping[str, Any]) -> str:
    return " or ".join(sorted(_kinds(fragment))) or "limited"


def _further_fields(path: str, left: Any, right: Any) -> SchemaChange:
    if right is False:
        return SchemaChange(path=path, text="takes no further fields now", effect="narrowed")
    if left is False:
        return SchemaChange(path=path, text="takes further fields now", effect="widened")
    return SchemaChange(path=path, text="says otherwise what further fields are", effect="changed")


def _alternatives(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SchemaChange]:
    """Alternatives are compared as a whole: each is there or is not."""
    left, right = (
        {json.dumps(part, sort_keys=True) for whole in (branches(side) or [side]) for part in _by_type(whole)}
        for side in (old, new)
    )
    if left == right:
        return
    effect: Effect = "narrowed" if right < left else "widened" if left < right else "changed"
    yield SchemaChange(
        path=path, text=f"takes {len(right)} alternatives, and took {len(left)}", effect=effect
    )


def _by_type(fragment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A list of types as the alternatives that it stands for, where nothing else is said."""
    if not fragment.keys() - {"type"} - _IGNORED:
        return [{"type": kind} for kind in types_of(fragment)]
    return [fragment]


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
    for keys, sign in ((_LEAST, 1), (_MOST, -1)):
        yield from _bound_change(path, _bound(old, keys, sign), _bound(new, keys, sign))
    for key in (*_LOWER, *_UPPER, *_EXACT, "uniqueItems"):
        left, right = old.get(key), new.get(key)
        if left == right or (key == "uniqueItems" and bool(left) == bool(right)):
            continue
        effect: Effect = "changed"
        if left is None or right is None:
            effect = "narrowed" if left is None else "widened"
        elif key not in _EXACT:
            effect = "narrowed" if (right > left) == (key not in _UPPER) else "widened"
        yield SchemaChange(path=path, text=_limit_text(key, left, key, right), effect=effect)


@dataclass(frozen=True, slots=True)
class _Bound:
    """The end of a range of numbers: ``order`` is greater where fewer numbers are taken."""

    key: str
    value: Any
    order: tuple[Any, bool]


def _bound(fragment: Mapping[str, Any], keys: tuple[str, str], sign: int) -> _Bound | None:
    """The tighter of an end that is taken itself and one that is not; above 0 whole numbers begin at 1."""
    found: list[_Bound] = []
    for key, open_end in zip(keys, (False, True), strict=True):
        value = fragment.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole = open_end and types_of(fragment) == ("integer",) and value == int(value)
            order = (value * sign + 1, False) if whole else (value * sign, open_end)
            found.append(_Bound(key, value, order))
    return max(found, key=lambda bound: bound.order, default=None)


def _bound_change(path: str, old: _Bound | None, new: _Bound | None) -> Iterator[SchemaChange]:
    if old is None and new is not None:
        yield SchemaChange(path=path, text=_limit_text("", None, new.key, new.value), effect="narrowed")
    elif old is not None and new is None:
        yield SchemaChange(path=path, text=_limit_text(old.key, old.value, "", None), effect="widened")
    elif old is not None and new is not None and old.order != new.order:
        effect: Effect = "narrowed" if new.order > old.order else "widened"
        yield SchemaChange(path=path, text=_limit_text(old.key, old.value, new.key, new.value), effect=effect)


def _limit_text(old_key: str, old: Any, new_key: str, new: Any) -> str:
    if new is None:
        return f"has no {old_key} now (it was {shown(old)})"
    before = shown(old) if old_key == new_key else f"{old_key} {shown(old)}"
    return f"has {new_key} {shown(new)}" + ("" if old is None else f" and had {before}")


def _listed(values: list[Any]) -> str:
    return ", ".join(shown(value) for value in values)
