"""How deep the smallest value of a schema must nest: what keeps a recursive schema from growing without end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptkit.schemas.generation.documents import Document, Schema
from promptkit.schemas.generation.number_values import as_fraction
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["ENDLESS", "Heights"]

ENDLESS = 10**9
_MAX_PARTS = 20_000
_MAX_PASSES = 60
_MAX_LED = 40
_HOLDING_ONE = (
    *("items", "additionalItems", "additionalProperties", "contains"),
    *("if", "then", "else", "not"),
)


class Heights:
    """Heights of the parts of one document, reckoned at the first question.

    The least fixed point of "one more than the highest field that must be there, the lowest of the alternatives"
    (Knuth: "A generalization of Dijkstra's algorithm", 1977, by repeated passes instead of a queue).
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._heights: dict[int, int] | None = None
        self._parts: dict[int, Mapping[str, Any]] = {}
        self._exact = True

    @property
    def exact(self) -> bool:
        """True when the heights are certain: the schema is not too big to be reckoned through."""
        self._known()
        return self._exact

    def of(self, schemas: Sequence[Schema]) -> int:
        """The least height of a value that meets the schemas; at least 10**9 when each nests without end."""
        heights = self._known()
        return max((self._height(schema, heights) for schema in schemas), default=0)

    def _known(self) -> dict[int, int]:
        if self._heights is None:
            self._heights = {}
            if self._collect():
                self._settle(self._heights)
        return self._heights

    def _settle(self, heights: dict[int, int]) -> None:
        heights.update(dict.fromkeys(self._parts, ENDLESS))
        for _ in range(_MAX_PASSES):
            changed = False
            for key, part in self._parts.items():
                height = min(self._reckoned(part, heights, frozenset()) or 0, ENDLESS)
                changed = changed or height != heights[key]
                heights[key] = height
            if not changed:
                return
        self._exact = False

    def _height(self, schema: Any, heights: Mapping[int, int]) -> int:
        return heights.get(id(schema), 0)

    def _reckoned(
        self, part: Mapping[str, Any], heights: Mapping[int, int], above: frozenset[int]
    ) -> int | None:
        """The height by those of what nests in the part; None for a part that only leads back to itself."""
        if id(part) in above:
            return None
        if len(above) > _MAX_LED:
            return self._height(part, heights)
        above |= {id(part)}

        def led(schema: Any) -> int | None:
            return self._reckoned(schema, heights, above) if is_mapping(schema) else 0

        targets, _ = self._document.references(part)
        found = [led(target) for target in targets]
        if "$ref" in part and self._document.lone_references:
            return max((it for it in found if it is not None), default=0)
        found += [led(it) for it in _listed(part.get("allOf"))]
        for keyword in ("anyOf", "oneOf"):
            branches = [led(it) for it in _listed(part.get(keyword)) if it is not False]
            found.append(min((it for it in branches if it is not None), default=0))
        found += self._nested(part, heights)
        return max((it for it in found if it is not None), default=0)

    def _nested(self, part: Mapping[str, Any], heights: Mapping[int, int]) -> list[int]:
        kind = part.get("type")
        if "enum" in part or "const" in part:
            return []
        found: list[int] = []
        properties = part.get("properties")
        if kind == "object" and is_mapping(properties):
            names = [name for name in _listed(part.get("required")) if isinstance(name, str)]
            found += [1 + self._height(properties.get(name), heights) for name in names]
        least = as_fraction(part.get("minItems"))
        if kind == "array" and least is not None and least > 0 and "prefixItems" not in part:
            found.append(1 + self._height(part.get("items"), heights))
        return found

    def _collect(self) -> bool:
        """Find all parts that the root leads to; true when some lead back to themselves."""
        edges: dict[int, list[int]] = {}
        left: list[Any] = [self._document.root]
        while left and len(self._parts) < _MAX_PARTS:
            part = left.pop()
            if not is_mapping(part) or id(part) in self._parts:
                continue
            self._parts[id(part)] = part
            below = [*_below(part), *self._document.references(part)[0]]
            edges[id(part)] = [id(it) for it in below if is_mapping(it)]
            left.extend(below)
        self._exact = not left
        return _has_circle(edges)


def _listed(value: Any) -> Sequence[Any]:
    return value if is_list(value) else ()


def _below(part: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for keyword in ("properties", "patternProperties", "dependentSchemas", "dependencies"):
        value = part.get(keyword)
        if is_mapping(value):
            found.extend(value.values())
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems", "items"):
        found.extend(_listed(part.get(keyword)))
    found.extend(part.get(keyword) for keyword in _HOLDING_ONE)
    return found


def _has_circle(edges: Mapping[int, Sequence[int]]) -> bool:
    """True when something is left after nodes that lead nowhere are taken away again and again."""
    counts = dict.fromkeys(edges, 0)
    back: dict[int, list[int]] = {node: [] for node in edges}
    for node, targets in edges.items():
        for target in targets:
            if target in back:
                back[target].append(node)
                counts[node] += 1
    free = [node for node, count in counts.items() if count == 0]
    taken = len(free)
    while free:
        for source in back[free.pop()]:
            counts[source] -= 1
            if counts[source] == 0:
                free.append(source)
                taken += 1
    return taken < len(edges)
