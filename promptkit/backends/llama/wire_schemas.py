"""An output's schema as the decoder is given it: with less room for a small model to stray."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast

from promptkit.schemas.fragments import is_nullable, resolve, types_of
from promptkit.schemas.generation.documents import Document
from promptkit.schemas.generation.heights import ENDLESS, Heights
from promptkit.schemas.json_types import is_list, is_mapping, is_object

__all__ = [
    "ANNOTATIONS",
    "fragments",
    "has_free_names",
    "to_wire",
    "with_patterns",
    "without",
    "without_endless",
    "without_keywords",
    "without_pattern_properties",
]

Fragment: TypeAlias = Mapping[str, Any]

# Keywords that describe rather than bind.
ANNOTATIONS = frozenset(
    {
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "$anchor",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
    }
)

_EXACT = 2**53  # up to here every integer is a double of its own
_EXACT_FRACTION = 10**9  # up to here fractions of six digits are

# With one of these and without a type, a fragment leaves it to others what its values are.
_ELSEWHERE = frozenset({"$ref", "anyOf", "oneOf", "allOf"})
_ONE = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties")
# With one of these beside its properties, an object's further properties are or may be declared elsewhere.
_OPEN = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
        "patternProperties",
        "unevaluatedProperties",
    }
)


def to_wire(schema: Fragment, *, closed: bool = True) -> Fragment:
    """The schema for decoding; every value of it is a value of ``schema``, which is left as it is.

    - A property that may be null but may also be left out is required: a small model should state null
      rather than stop early.
    - If ``closed``, an object that says nothing of further properties takes none, lest a model add them without
      end.
    - ``oneOf`` with a discriminator is ``anyOf``: its branches exclude each other by a constant.
    - A number of which something is a multiple stays where doubles are exact, as its check counts in them.
    """
    composed = any("allOf" in fragment for _, fragment in fragments(schema))

    def change(fragment: Fragment) -> Fragment:
        changed = dict(fragment)
        if "discriminator" in changed and "oneOf" in changed and "anyOf" not in changed:
            changed["anyOf"] = changed.pop("oneOf")
        _bound_multiples(changed)
        properties: dict[str, Any] = changed.get("properties") or {}
        if not properties:
            return changed
        required: list[str] = list(changed.get("required", ()))
        missing = [
            name for name, inner in properties.items() if name not in required and _may_be_null(inner, schema)
        ]
        if missing:
            changed["required"] = [*required, *missing]
        if closed and not composed and not changed.keys() & _OPEN and set(required) <= properties.keys():
            changed["additionalProperties"] = False
        return changed

    return _mapped(schema, change)


def _bound_multiples(fragment: dict[str, Any]) -> None:
    if "multipleOf" not in fragment:
        return
    limit = _EXACT if float(fragment["multipleOf"]).is_integer() else _EXACT_FRACTION
    for end, other, bound in (
        ("minimum", "exclusiveMinimum", -limit),
        ("maximum", "exclusiveMaximum", limit),
    ):
        if end not in fragment and other not in fragment:
            fragment[end] = bound


def _may_be_null(fragment: Any, root: Fragment) -> bool:
    return isinstance(fragment, Mapping) and is_nullable(resolve(cast("Fragment", fragment), root))


def without_endless(schema: Fragment) -> Fragment | Literal[False]:
    """The schema with ``false`` for each part of which every value would have to nest without end.

    An answer that went into such a part would never come out; ``false`` alone when the whole schema is one.
    """
    heights = Heights(Document(schema))
    if not heights.exact:
        return schema
    endless = {id(fragment) for _, fragment in fragments(schema) if heights.of([fragment]) >= ENDLESS}
    if id(schema) in endless:
        return False
    return _pruned(schema, endless) if endless else schema


def _pruned(value: Any, endless: Collection[int]) -> Any:
    if id(value) in endless:
        return False
    if is_mapping(value):
        return {key: _pruned(inner, endless) for key, inner in value.items()}
    return [_pruned(inner, endless) for inner in value] if is_list(value) else value


def has_free_names(schema: Fragment) -> bool:
    """Whether a value may have properties that the schema does not name; in doubt it may."""
    return any(_is_free(fragment) for _, fragment in fragments(schema))


def _is_free(fragment: Fragment) -> bool:
    if any(inner is True for key, value in fragment.items() for _, inner in _children(key, value)):
        return True
    if fragment.keys() & {"enum", "const"} or (fragment.keys() & _ELSEWHERE and "type" not in fragment):
        return False
    kinds = types_of(fragment) or ("object", "array")
    is_open = fragment.get("additionalProperties") is not False or "patternProperties" in fragment
    return ("object" in kinds and is_open) or ("array" in kinds and "items" not in fragment)


def without(schema: Fragment, rules: Mapping[str, frozenset[str]]) -> Fragment:
    """The schema less those keywords whose value is listed, for example one pattern of several."""

    def change(fragment: Fragment) -> Fragment:
        return {key: value for key, value in fragment.items() if not _listed(key, value, rules)}

    return _mapped(schema, change)


def without_keywords(schema: Fragment, names: Collection[str]) -> Fragment:
    """The schema less these keywords and all that stands under them."""
    return _mapped(
        schema, lambda fragment: {key: value for key, value in fragment.items() if key not in names}
    )


def without_pattern_properties(schema: Fragment) -> Fragment:
    """The schema less ``patternProperties``; where one stood, an object takes any further properties."""

    def change(fragment: Fragment) -> Fragment:
        if "patternProperties" not in fragment:
            return fragment
        left = ("patternProperties", "additionalProperties")
        return {key: value for key, value in fragment.items() if key not in left}

    return _mapped(schema, change)


def with_patterns(schema: Fragment, patterns: Mapping[str, str]) -> Fragment:
    """The schema with other patterns in place of those that are listed, of texts and of property names."""

    def change(fragment: Fragment) -> Fragment:
        changed = dict(fragment)
        pattern, names = fragment.get("pattern"), fragment.get("patternProperties")
        if isinstance(pattern, str):
            changed["pattern"] = patterns.get(pattern, pattern)
        if is_object(names):
            changed["patternProperties"] = {patterns.get(name, name): inner for name, inner in names.items()}
        return changed

    return _mapped(schema, change)


def _listed(key: str, value: Any, rules: Mapping[str, frozenset[str]]) -> bool:
    return isinstance(value, str) and value in rules.get(key, ())


def _mapped(fragment: Fragment, change: Callable[[Fragment], Fragment]) -> Fragment:
    """A copy in which ``change`` was applied to every schema inside, the innermost first."""
    result: dict[str, Any] = {}
    for key, value in fragment.items():
        if key in _NAMED and isinstance(value, Mapping):
            result[key] = {name: _inner(inner, change) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        elif key in _MANY and isinstance(value, list):
            result[key] = [_inner(inner, change) for inner in value]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        elif key in _ONE:
            result[key] = _inner(value, change)
        else:
            result[key] = value
    return change(result)


def _inner(value: Any, change: Callable[[Fragment], Fragment]) -> Any:
    return _mapped(value, change) if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]


def fragments(schema: Fragment, path: str = "") -> Iterator[tuple[str, Fragment]]:
    """Every schema inside, with the place in the data that it is about, for example ``citations[].doc``.

    Definitions are listed under the path of the schema that holds them; branches share its path.
    """
    yield path, schema
    for key, value in schema.items():
        for suffix, inner in _children(key, value):
            if isinstance(inner, Mapping):
                joined = f"{path}.{suffix}" if path and suffix and suffix != "[]" else path + suffix
                yield from fragments(inner, joined)  # pyright: ignore[reportUnknownArgumentType]


def _children(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if key in _NAMED and isinstance(value, Mapping):
        for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield (str(name) if key == "properties" else ""), inner  # pyright: ignore[reportUnknownArgumentType]
    elif key in _MANY and isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield ("[]" if key == "prefixItems" else ""), inner
    elif key in _ONE:
        yield ("[]" if key in ("items", "contains") else ""), value
