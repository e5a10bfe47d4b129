"""Walking a JSON Schema: references, nullable branches, the fragment at a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["branches", "is_nullable", "resolve", "types_of", "without_null"]

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
