"""The keywords of a JSON Schema that bind a value, each with the place in the data that it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.schemas.fragments import resolve
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["SILENT", "added_keywords", "keywords"]

SILENT = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$ref",
        "$schema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "examples",
        "items",
        "patternProperties",
        "prefixItems",
        "properties",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that describe, or that hold other schemas, rather than bind; so do those that begin with ``x-``."""

_ONE = {"items": "[]", "contains": "[]"} | dict.fromkeys(
    ("additionalProperties", "else", "if", "not", "propertyNames", "then", "unevaluatedProperties"), ""
)
_MANY = {"prefixItems": "[]"} | dict.fromkeys(("allOf", "anyOf", "oneOf"), "")
_MOST = 2_000  # shared definitions can be used at very many places


def keywords(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Path, keyword and value of each rule, in the order of the schema, the outer before the inner.

    Rules of a definition stand under every path at which it is used, a circle once. Where that would be more
    than 2,000 places, a rule named ``reference`` stands for what is behind one.
    """
    for path, fragment in _Walk(schema).visit(schema, ""):
        for keyword, value in fragment.items():
            if keyword not in SILENT and not keyword.startswith("x-"):
                yield path, keyword, value


def added_keywords(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[str, str, Any], ...]:
    """What ``after`` says that ``before`` does not, as :func:`keywords` gives it; ``anyOf`` and the like apart."""
    if after is before:
        return ()
    known = {_key(*rule) for rule in keywords(before)}
    return tuple(rule for rule in keywords(after) if rule[1] not in _MANY and _key(*rule) not in known)


def _key(path: str, keyword: str, value: Any) -> tuple[str, str, str]:
    return path, keyword, json.dumps(value, sort_keys=True)


class _Walk:
    """One pass over a schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._following: list[str] = []
        self._left = _MOST

    def visit(self, fragment: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The fragment and every one inside, with their paths."""
        self._left -= 1
        yield path, fragment
        for key, value in fragment.items():
            for step, inner in _children(key, value):
                if is_mapping(inner):
                    below = f"{path}.{step}" if path and step and step != "[]" else path + step
                    yield from self.visit(inner, below)
        reference = fragment.get("$ref")
        if not isinstance(reference, str) or reference in self._following:
            return
        if self._left < 0:
            yield path, {"reference": reference}
            return
        target = resolve({"$ref": reference}, self._root)
        if "$ref" not in target:
            self._following.append(reference)
            yield from self.visit(target, path)
            self._following.pop()


def _children(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if key in ("properties", "patternProperties") and is_mapping(value):
        for name, inner in value.items():
            yield (name if key == "properties" else ""), inner
    elif key in _MANY and is_list(value):
        for inner in value:
            yield _MANY[key], inner
    elif key in _ONE:
        yield _ONE[key], value
