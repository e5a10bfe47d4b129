"""Walking a JSON Schema: references, nullable branches, the fragments on the way to a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptkit.schemas.json_types import is_list, is_mapping

__all__ = [
    "TANGLED",
    "branches",
    "fragments_to",
    "is_nullable",
    "opened",
    "references_in",
    "resolve",
    "types_of",
    "without_null",
]

_MAX_HOPS = 32


def resolve(fragment: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fragment with a local ``$ref`` followed; keywords beside the ``$ref`` win.

    A reference that leads nowhere, out of the document or in a circle is left as it is.
    """
    siblings: dict[str, Any] = {}
    for _ in range(_MAX_HOPS):
        reference = fragment.get("$ref")
        if not isinstance(reference, str):
            return {**fragment, **siblings} if siblings else fragment
        siblings = {**{key: value for key, value in fragment.items() if key != "$ref"}, **siblings}
        target = _pointed(reference, root)
        if target is None:
            return {**fragment, **siblings}
        fragment = target
    return fragment


def _pointed(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not reference.startswith("#"):
        return None
    target: Any = root
    for token in reference[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if not is_mapping(target) or name not in target:
            return None
        target = target[name]
    return target if is_mapping(target) else None


def types_of(fragment: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under ``type``, whether one or a list of them; empty when there is none."""
    kinds = fragment.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def branches(fragment: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The alternatives under ``anyOf`` or ``oneOf``, a bare ``true`` as ``{}``; empty when there are none."""
    parts: Sequence[Any] = fragment.get("anyOf") or fragment.get("oneOf") or ()
    return [part if is_mapping(part) else {} for part in parts if part is not False]


def is_nullable(fragment: Mapping[str, Any]) -> bool:
    """True when null is one of the values that are said to be allowed."""
    if "const" in fragment:
        return fragment["const"] is None
    if "enum" in fragment:
        return None in fragment["enum"]
    if "null" in types_of(fragment):
        return True
    return any(is_nullable(branch) for branch in branches(fragment))


def without_null(fragment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fragment less null: of ``anyOf: [X, null]`` it is X with the keywords that stand beside."""
    alternatives = branches(fragment)
    if alternatives:
        rest = [branch for branch in alternatives if types_of(branch) != ("null",)]
        beside = {key: value for key, value in fragment.items() if key not in ("anyOf", "oneOf")}
        if len(rest) == 1:
            return {**rest[0], **beside}
        return {**beside, "anyOf": rest}
    narrowed = dict(fragment)
    if is_list(fragment.get("type")):
        kinds = [kind for kind in fragment["type"] if kind != "null"]
        narrowed["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "enum" in fragment:
        narrowed["enum"] = [value for value in fragment["enum"] if value is not None]
    return narrowed


TANGLED = frozenset(
    {"$ref", "$dynamicRef", "allOf", "if", "not", "dependentSchemas", "patternProperties", "prefixItems"}
)
"""With one of these beside, what a property or an item must be is not said in one place alone."""


def fragments_to(place: Sequence[str | int], root: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The fragment of the root, of each place on the way, and of the place itself, which stands last.

    Each is as it stands in the schema: a reference is not followed, null is not taken out.

    Args:
        place: Names and indices from the outside in.
        root: The schema.

    Returns:
        None where no one fragment describes the place: a name that is no declared property, several
        alternatives besides null, ``allOf``, ``if``, patterns of names, items that differ by their index.
    """
    fragments: list[Mapping[str, Any]] = [root]
    for step in place:
        holder = opened(fragments[-1], root)
        if TANGLED & holder.keys() or branches(holder):
            return None
        inner = holder.get("items") if isinstance(step, int) else holder.get("properties", {}).get(step)
        if not is_mapping(inner):
            return None
        fragments.append(inner)
    return fragments


def opened(fragment: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a fragment stands for when its value is not null: references followed, a lone alternative taken."""
    for _ in range(_MAX_HOPS):
        fragment = resolve(fragment, root)
        if not branches(fragment):
            break
        bare = without_null(fragment)
        if branches(bare):
            break
        fragment = bare
    return fragment


def references_in(data: Any) -> Iterator[str]:
    """Each reference inside a fragment; one that stands in an example or a constant counts too."""
    if is_mapping(data):
        for key in ("$ref", "$dynamicRef"):
            if isinstance(data.get(key), str):
                yield data[key]
        for value in data.values():
            yield from references_in(value)
    elif is_list(data):
        for value in data:
            yield from references_in(value)
