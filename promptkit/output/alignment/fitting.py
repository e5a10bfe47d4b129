"""What was read, brought to the form that a schema asks for: each step has a cost and leaves a receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.output.alignment.leaves import Leaf, Misfit, choice_leaf, choices_in, free_leaf, leaf
from promptkit.output.alignment.lists import Lists
from promptkit.output.alignment.nodes import Arr, Bare, Fix, Node, Obj, Place
from promptkit.output.alignment.objects import Objects
from promptkit.output.alignment.reader import MAX_DEPTH, Reader, TooMuchWork
from promptkit.output.alignment.rules import RULES
from promptkit.output.alignment.steps import same
from promptkit.output.alignment.words import says_null
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["Fitted", "Fitter", "Misfit", "weight"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A value in the form of the schema.

    Attributes:
        data: Plain JSON data.
        fixes: What was changed, by places in the data.
    """

    data: Any
    fixes: tuple[Fix, ...]


def weight(fixes: Sequence[Fix]) -> tuple[int, int]:
    """How far from what was written: lossy steps first, then the sum of the costs."""
    return sum(RULES[fix.rule].lossy for fix in fixes), sum(RULES[fix.rule].cost for fix in fixes)


class Fitter:
    """Brings nodes to the form of one schema.

    Args:
        root: The schema.
        names: Its names, folded.
        most: The most steps for all nodes together; unions try each alternative.
    """

    def __init__(self, root: Mapping[str, Any], names: frozenset[str], most: int) -> None:
        self._root = root
        self.names = names
        self._left = most
        self.fixes: list[Fix] = []
        self.renamed: dict[Place, str] = {}
        self.alternatives = 0
        self._objects = Objects(self)
        self._lists = Lists(self)

    def fit(self, node: Node) -> Fitted:
        """The whole value.

        Raises:
            Misfit: When the node has no such form.
            TooMuchWork: When the schema's alternatives have too many combinations.
        """
        self.fixes, self.alternatives = [], 0
        data = self.fit_at(node, self._root, ())
        return Fitted(data, tuple(self.fixes))

    def note(self, place: Place, rule: str, before: Any, after: Any) -> None:
        """Keep the receipt of one step."""
        self.fixes.append(Fix(place, rule, before, after))

    def _taken(self, made: Leaf, node: str | Bare, place: Place) -> Any:
        before = node if isinstance(node, str) else node.text
        for rule in made.rules:
            self.note(place, rule, before, made.value)
        return made.value

    def fit_at(self, node: Node, fragment: Any, place: Place) -> Any:
        """The value at a place in the form of its fragment.

        Raises:
            Misfit: When it has none.
            TooMuchWork: See :meth:`fit`.
        """
        self._left -= 1
        if self._left < 0:
            raise TooMuchWork
        if len(place) > MAX_DEPTH:
            raise Misfit(place[:5], f"nested deeper than {MAX_DEPTH}")
        fragment = self.whole(fragment) if is_mapping(fragment) else {}
        parts = branches(fragment)
        if parts:
            beside = {key: value for key, value in fragment.items() if key not in ("anyOf", "oneOf")}
            return self._best(node, [{**beside, **part} for part in parts], place)
        choices = choices_in(fragment)
        if choices is not None:
            return self._choice(node, choices, place)
        kinds = types_of(fragment)
        if len(kinds) > 1:
            return self._best(node, [{**fragment, "type": kind} for kind in kinds], place)
        return self._typed(node, fragment, kinds[0] if kinds else _implied(fragment), place)

    def whole(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fragment with its reference followed and the parts of ``allOf`` laid over one another."""
        fragment = resolve(fragment, self._root)
        parts = fragment.get("allOf")
        if not is_list(parts):
            return fragment
        merged: dict[str, Any] = {key: value for key, value in fragment.items() if key != "allOf"}
        for part in parts:
            inner: Mapping[str, Any] = self.whole(part) if is_mapping(part) else {}
            properties = {**merged.get("properties", {}), **inner.get("properties", {})}
            required = [*merged.get("required", ()), *inner.get("required", ())]
            merged = {**inner, **merged}
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged

    def _best(self, node: Node, parts: Sequence[Mapping[str, Any]], place: Place) -> Any:
        """The value by the alternative that changes least.

        Raises:
            Misfit: When none fits, or two that change as much give different values.
        """
        kept, before = self.fixes, self.alternatives
        self.alternatives += sum(types_of(self.whole(part)) != ("null",) for part in parts) > 1
        found: list[tuple[tuple[int, int], Any, list[Fix]]] = []
        refused: list[Misfit] = []
        texts = isinstance(node, str) and says_null(node)
        for part in parts:
            self.fixes = []
            if texts and types_of(self.whole(part)) == ("null",):
                kept.append(Fix(place, "null_text", node, None))
                self.fixes, self.alternatives = kept, before
                return None
            try:
                data = self.fit_at(node, part, place)
            except Misfit as misfit:
                refused.append(misfit)
            else:
                found.append((weight(self.fixes), data, self.fixes))
        self.fixes, self.alternatives = kept, before
        if not found:
            raise max(refused, key=lambda misfit: (misfit.several, len(misfit.place)))
        least = min(found, key=lambda each: each[0])
        rivals = [data for cost, data, _ in found if cost == least[0] and not same(data, least[1])]
        if rivals:
            raise Misfit(place, "it fits several alternatives of the schema in different ways", several=True)
        self.fixes.extend(least[2])
        return least[1]

    def _choice(self, node: Node, choices: Sequence[Any], place: Place) -> Any:
        if isinstance(node, Arr) and len(node.items) == 1 and not node.open:
            self.note(place, "list_of_one", "[…]", "its item")
            return self._choice(node.items[0], choices, place)
        if isinstance(node, Obj):
            inner = self._only_value(node, place)
            return self._choice(inner, choices, place)
        if isinstance(node, Arr):
            raise Misfit(place, "a list stands where one value is asked for", several=len(node.items) > 1)
        return self._taken(choice_leaf(node, choices, place), node, place)

    def _typed(self, node: Node, fragment: Mapping[str, Any], kind: str, place: Place) -> Any:
        if kind == "object":
            return self._objects.of_node(node, fragment, place)
        if kind == "array":
            return self._lists.of_node(node, fragment, place)
        if not kind:
            return self._free(node, place)
        if isinstance(node, Arr):
            return self._of_list(node, fragment, kind, place)
        if isinstance(node, Obj):
            return self._typed(self._only_value(node, place), fragment, kind, place)
        return self._taken(leaf(node, kind, fragment, place), node, place)

    def _of_list(self, node: Arr, fragment: Mapping[str, Any], kind: str, place: Place) -> Any:
        if len(node.items) == 1 and not node.open:
            self.note(place, "list_of_one", "[…]", "its item")
            return self._typed(node.items[0], fragment, kind, place)
        if kind == "string" and node.items and all(isinstance(item, str) for item in node.items):
            joined = ", ".join(str(item) for item in node.items)
            self.note(place, "items_joined", list(node.items), joined)
            return joined
        raise Misfit(place, f"expected {kind}, got a list", several=len(node.items) > 1 and not place)

    def _only_value(self, node: Obj, place: Place) -> Node:
        """The value of an object around a whole answer that is no object."""
        if place or len(node.pairs) != 1 or node.open:
            raise Misfit(place, "expected a single value, got an object")
        self.note(place, "wrapper", node.pairs[0][0], "its value")
        return node.pairs[0][1]

    def _free(self, node: Node, place: Place) -> Any:
        if isinstance(node, Arr):
            self.refuse_open(node, place)
            return [self.fit_at(item, {}, (*place, index)) for index, item in enumerate(node.items)]
        if isinstance(node, Obj):
            return self._objects.of_node(node, {}, place)
        return self._taken(free_leaf(node, place), node, place)

    def refuse_open(self, node: Arr | Obj, place: Place) -> None:
        """Note the loss when the text ended inside the value."""
        if node.open:
            self.note(place, "cut", "the text ends here", "what was there")

    def decoded(self, text: str, place: Place, wanted: str) -> Node:
        """The value that a text holds as JSON."""
        start = text.lstrip()[:1]
        if start not in ("{", "["):
            raise Misfit(place, f"expected {wanted}, got a string")
        at = text.index(start)
        reading = Reader(text, self.names).read(at)
        if reading is None or reading.cut or reading.broken or text[reading.end :].strip():
            raise Misfit(place, f"expected {wanted}, got a string that is no JSON")
        self.note(place, "encoded", text, "the JSON in it")
        for fix in reading.fixes:
            self.note((*place, *fix.place), fix.rule, fix.before, fix.after)
        return reading.node


def _implied(fragment: Mapping[str, Any]) -> str:
    if "properties" in fragment or "patternProperties" in fragment:
        return "object"
    return "array" if "items" in fragment or "prefixItems" in fragment else ""
