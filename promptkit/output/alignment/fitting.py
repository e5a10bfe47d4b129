"""What was read, brought to the form that a schema asks for: each step has a cost and leaves a receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.leaves import Leaf, Misfit, choice_leaf, choices_in, free_leaf, leaf
from promptkit.output.alignment.nodes import Arr, Bare, Fix, Node, Obj, Place
from promptkit.output.alignment.reader import MAX_DEPTH, Reader, TooMuchWork
from promptkit.output.alignment.rules import RULES
from promptkit.output.alignment.words import is_null
from promptkit.schemas import path_text
from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["Fitted", "Fitter", "Misfit", "weight"]

_COMMENTARY = frozenset(
    map(
        fold,
        "reasoning reason_for_answer thoughts thought thinking explanation rationale analysis notes note comment "
        "comments remarks justification chain_of_thought scratchpad".split(),
    )
)
"""Names under which models write what was not asked for."""
_ENVELOPE = _COMMENTARY | frozenset(
    map(fold, "name type id tool tool_name function_name call_id tool_call_id role index title version".split())
)
"""Names that stand beside the value in an envelope such as a tool call."""
_TAG = re.compile(r"[a-z0-9][\w.+#/-]*")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+(?P<item>.+?)\s*")
_MOST_TEXT = 10_000


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
        self._names = names
        self._left = most
        self._fixes: list[Fix] = []
        self.renamed: dict[Place, str] = {}

    def fit(self, node: Node) -> Fitted:
        """The whole value.

        Raises:
            Misfit: When the node has no such form.
            TooMuchWork: When the schema's alternatives have too many combinations.
        """
        self._fixes = []
        data = self._fit(node, self._root, ())
        return Fitted(data, tuple(self._fixes))

    def _note(self, place: Place, rule: str, before: Any, after: Any) -> None:
        self._fixes.append(Fix(place, rule, before, after))

    def _taken(self, made: Leaf, node: str | Bare, place: Place) -> Any:
        before = node if isinstance(node, str) else node.text
        for rule in made.rules:
            self._note(place, rule, before, made.value)
        return made.value

    def _fit(self, node: Node, fragment: Any, place: Place) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooMuchWork
        if len(place) > MAX_DEPTH:
            raise Misfit(place[:5], f"nested deeper than {MAX_DEPTH}")
        fragment = self._whole(fragment) if is_mapping(fragment) else {}
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

    def _whole(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fragment with its reference followed and the parts of ``allOf`` laid over one another."""
        fragment = resolve(fragment, self._root)
        parts = fragment.get("allOf")
        if not is_list(parts):
            return fragment
        merged: dict[str, Any] = {key: value for key, value in fragment.items() if key != "allOf"}
        for part in parts:
            inner = self._whole(part) if is_mapping(part) else {}
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
        kept = self._fixes
        found: list[tuple[tuple[int, int], Any, list[Fix]]] = []
        refused: list[Misfit] = []
        texts = isinstance(node, str) and is_null(node)
        for part in parts:
            self._fixes = []
            if texts and types_of(self._whole(part)) == ("null",):
                kept.append(Fix(place, "null_text", node, None))
                self._fixes = kept
                return None
            try:
                data = self._fit(node, part, place)
            except Misfit as misfit:
                refused.append(misfit)
            else:
                found.append((weight(self._fixes), data, self._fixes))
        self._fixes = kept
        if not found:
            raise max(refused, key=lambda misfit: (misfit.several, len(misfit.place)))
        least = min(found, key=lambda each: each[0])
        rivals = [data for cost, data, _ in found if cost == least[0] and not _same(data, least[1])]
        if rivals:
            raise Misfit(place, "it fits several alternatives of the schema in different ways", several=True)
        self._fixes.extend(least[2])
        return least[1]

    def _choice(self, node: Node, choices: Sequence[Any], place: Place) -> Any:
        if isinstance(node, Arr) and len(node.items) == 1 and not node.open:
            self._note(place, "list_of_one", "[…]", "its item")
            return self._choice(node.items[0], choices, place)
        if isinstance(node, Obj):
            inner = self._only_value(node, place)
            return self._choice(inner, choices, place)
        if isinstance(node, Arr):
            raise Misfit(place, "a list stands where one value is asked for", several=len(node.items) > 1)
        return self._taken(choice_leaf(node, choices, place), node, place)

    def _typed(self, node: Node, fragment: Mapping[str, Any], kind: str, place: Place) -> Any:
        if kind == "object":
            return self._object(node, fragment, place)
        if kind == "array":
            return self._array(node, fragment, place)
        if not kind:
            return self._free(node, place)
        if isinstance(node, Arr):
            return self._of_list(node, fragment, kind, place)
        if isinstance(node, Obj):
            return self._typed(self._only_value(node, place), fragment, kind, place)
        return self._taken(leaf(node, kind, fragment, place), node, place)

    def _of_list(self, node: Arr, fragment: Mapping[str, Any], kind: str, place: Place) -> Any:
        if len(node.items) == 1 and not node.open:
            self._note(place, "list_of_one", "[…]", "its item")
            return self._typed(node.items[0], fragment, kind, place)
        if kind == "string" and node.items and all(isinstance(item, str) for item in node.items):
            joined = ", ".join(str(item) for item in node.items)
            self._note(place, "items_joined", list(node.items), joined)
            return joined
        raise Misfit(place, f"expected {kind}, got a list", several=len(node.items) > 1 and not place)

    def _only_value(self, node: Obj, place: Place) -> Node:
        """The value of an object around a whole answer that is no object."""
        if place or len(node.pairs) != 1 or node.open:
            raise Misfit(place, "expected a single value, got an object")
        self._note(place, "wrapper", node.pairs[0][0], "its value")
        return node.pairs[0][1]

    def _free(self, node: Node, place: Place) -> Any:
        if isinstance(node, Arr):
            self._refuse_open(node, place)
            return [self._fit(item, {}, (*place, index)) for index, item in enumerate(node.items)]
        if isinstance(node, Obj):
            return self._object(node, {}, place)
        return self._taken(free_leaf(node, place), node, place)

    def _refuse_open(self, node: Arr | Obj, place: Place) -> None:
        if node.open:
            self._note(place, "cut", "the text ends here", "what was there")

    # objects

    def _object(self, node: Node, fragment: Mapping[str, Any], place: Place) -> Any:
        if isinstance(node, Obj):
            return self._fields_or_inside(node, fragment, place)
        if isinstance(node, Arr):
            return self._object_of_list(node, fragment, place)
        if isinstance(node, str):
            return self._object(self._decoded(node, place, "an object"), fragment, place)
        raise Misfit(place, f"expected an object, got {node.text[:60] or 'nothing'}")

    def _object_of_list(self, node: Arr, fragment: Mapping[str, Any], place: Place) -> Any:
        properties = fragment.get("properties", {})
        if len(properties) == 1:
            ((name, inner),) = properties.items()
            if types_of(self._whole(inner)) == ("array",) and not any(isinstance(i, Obj) and _has(i, name) for i in node.items):
                self._note(place, "field_value", "[…]", name)
                return {name: self._fit(node, inner, (*place, name))}
        if not node.items:
            raise Misfit(place, "expected an object, got an empty list")
        kept = self._fixes
        made: list[tuple[Any, list[Fix]]] = []
        for item in node.items:
            self._fixes = []
            made.append((self._object(item, fragment, place), self._fixes))
        self._fixes = kept
        if any(not _same(data, made[0][0]) for data, _ in made):
            raise Misfit(place, "a list of several objects stands where one is asked for", several=True)
        self._refuse_open(node, place)
        self._note(place, "list_of_one", "[…]", "its item")
        self._fixes.extend(made[0][1])
        return made[0][0]

    def _decoded(self, text: str, place: Place, wanted: str) -> Node:
        """The value that a text holds as JSON."""
        start = text.lstrip()[:1]
        if start not in ("{", "["):
            raise Misfit(place, f"expected {wanted}, got a string")
        at = text.index(start)
        reading = Reader(text, self._names).read(at)
        if reading is None or reading.cut or reading.broken or text[reading.end :].strip():
            raise Misfit(place, f"expected {wanted}, got a string that is no JSON")
        self._note(place, "encoded", text, "the JSON in it")
        for fix in reading.fixes:
            self._note((*place, *fix.place), fix.rule, fix.before, fix.after)
        return reading.node

    def _fields_or_inside(self, node: Obj, fragment: Mapping[str, Any], place: Place) -> Any:
        kept, self._fixes = self._fixes, []
        try:
            data = self._fields(node, fragment, place)
        except Misfit as misfit:
            inside = self._inside(node, fragment)
            if inside is None:
                self._fixes = kept
                raise
            self._fixes = []
            self._note(place, "wrapper", " ".join(name for name, _ in node.pairs), "the object in it")
            if node.open:
                self._note(place, "unclosed", "", "}")
            try:
                data = self._object(inside, fragment, place)
            except Misfit as other:
                raise (other if other.several else misfit) from None
        finally:
            made, self._fixes = self._fixes, kept
        self._fixes.extend(made)
        return data

    def _inside(self, node: Obj, fragment: Mapping[str, Any]) -> Node | None:
        """What an envelope holds: the only value in it that may be the object; None when this is no envelope."""
        declared = {fold(name) for name in fragment.get("properties", {})}
        values = [
            (name, value)
            for name, value in node.pairs
            if isinstance(value, Obj | Arr) or (isinstance(value, str) and value.lstrip()[:1] == "{")
        ]
        if len(values) != 1 or fold(values[0][0]) in declared:
            return None
        beside = [name for name, value in node.pairs if value is not values[0][1]]
        return values[0][1] if all(fold(name) in _ENVELOPE for name in beside) else None

    def _fields(self, node: Obj, fragment: Mapping[str, Any], place: Place) -> dict[str, Any]:
        properties: Mapping[str, Any] = fragment.get("properties", {})
        required = set(fragment.get("required", ()))
        chosen = self._named(node, properties, place)
        data: dict[str, Any] = {}
        extras: list[tuple[str, Node]] = []
        for name, raw, value in chosen:
            if name is None:
                extras.append((raw, value))
            elif name in data:
                self._again(name, value, properties[name], data, (*place, name))
            elif self._is_absent(value, properties[name], open_end=node.open, optional=name not in required):
                self._note((*place, name), "null_absent", "null", "nothing")
            else:
                data[name] = self._fit(value, properties[name], (*place, name))
        missing = [name for name in properties if name not in {found for found, _, _ in chosen}]
        self._further(extras, fragment, data, place, complete=not missing)
        self._close(node, data, missing, place, countable=_is_closed(fragment) or not extras)
        lacking = [name for name in required if name not in data]
        if lacking:
            listed = next((name for name in properties if name in lacking), lacking[0])
            raise Misfit((*place, listed), "is missing")
        return data

    def _named(
        self, node: Obj, properties: Mapping[str, Any], place: Place
    ) -> list[tuple[str | None, str, Node]]:
        """Each pair with the property that its name is; None where it is none."""
        spelled: dict[str, list[str]] = {}
        for name in properties:
            spelled.setdefault(fold(name), []).append(name)
        made: list[tuple[str | None, str, Node]] = []
        for raw, value in node.pairs:
            name = raw if raw in properties else None
            if name is None and len(spelled.get(fold(raw), ())) == 1:
                name = spelled[fold(raw)][0]
                self._note((*place, name), "name", raw, name)
                self.renamed[*place, raw] = name
            made.append((name, raw, value))
        return sorted(made, key=lambda each: each[0] is not None and each[0] != each[1])

    def _is_absent(self, value: Node, fragment: Any, *, open_end: bool, optional: bool) -> bool:
        if not isinstance(value, Bare) or not (is_null(value.text) or (open_end and not value.text)):
            return False
        return optional and not (is_mapping(fragment) and is_nullable(self._whole(fragment)))

    def _again(self, name: str, value: Node, fragment: Any, data: dict[str, Any], place: Place) -> None:
        """A name that stands there once more."""
        before = data[name]
        data[name] = self._fit(value, fragment, place)
        rule = "same_twice" if _same(before, data[name]) else "last_of_name"
        self._note(place, rule, before, data[name])

    def _further(
        self,
        extras: Sequence[tuple[str, Node]],
        fragment: Mapping[str, Any],
        data: dict[str, Any],
        place: Place,
        *,
        complete: bool,
    ) -> None:
        """Names that the schema does not declare one by one."""
        for name, value in extras:
            inner = _fragment_of(name, fragment)
            if inner is not False:
                if name in data:
                    self._again(name, value, inner, data, (*place, name))
                else:
                    data[name] = self._fit(value, inner, (*place, name))
            else:
                harmless = complete or fold(name) in _COMMENTARY
                self._note((*place, name), "undeclared" if harmless else "name_dropped", _brief(value), None)

    def _close(
        self, node: Obj, data: Mapping[str, Any], missing: Sequence[str], place: Place, *, countable: bool
    ) -> None:
        if node.open:
            whole = not missing and bool(data) and countable
            self._note(place, "unclosed" if whole else "cut", "", "}" if whole else "what was there")

    # lists

    def _array(self, node: Node, fragment: Mapping[str, Any], place: Place) -> Any:
        if isinstance(node, Arr):
            self._refuse_open(node, place)
            return [
                self._fit(item, inner, (*place, index))
                for index, (item, inner) in enumerate(zip(node.items, _items(fragment), strict=False))
            ]
        if isinstance(node, Obj):
            return self._array_of_object(node, fragment, place)
        text = node if isinstance(node, str) else node.text
        if text.lstrip()[:1] == "[" and isinstance(node, str):
            return self._array(self._decoded(text, place, "a list"), fragment, place)
        if not text.strip() or is_null(text):
            raise Misfit(place, f"expected a list, got {text.strip() or 'nothing'}")
        return self._array_of_text(node, text, fragment, place)

    def _array_of_object(self, node: Obj, fragment: Mapping[str, Any], place: Place) -> Any:
        if not place and len(node.pairs) == 1 and isinstance(node.pairs[0][1], Arr):
            self._note(place, "wrapper", node.pairs[0][0], "the list in it")
            if node.open:
                self._note(place, "unclosed", "", "}")
            return self._array(node.pairs[0][1], fragment, place)
        item = next(_items(fragment))
        self._note(place, "lone_item", "{…}", "[{…}]")
        return [self._fit(node, item, (*place, 0))]

    def _array_of_text(
        self, node: str | Bare, text: str, fragment: Mapping[str, Any], place: Place
    ) -> list[Any]:
        item = next(_items(fragment))
        parts, rule = self._parts(text, item)
        if not parts:
            self._note(place, "lone_item", text, [text])
            return [self._fit(node, item, (*place, 0))]
        self._note(place, rule, text, parts)
        kept, self._fixes = self._fixes, []
        made = [self._fit(part, item, (*place, index)) for index, part in enumerate(parts)]
        lossy = [fix for fix in self._fixes if RULES[fix.rule].lossy]
        self._fixes = [*kept, *lossy]  # how the items are written is part of the one step
        return made

    def _parts(self, text: str, item: Any) -> tuple[list[str], str]:
        """The items that a text lists, and the rule that takes them; none where it is one item."""
        if len(text) > _MOST_TEXT:
            return [], ""
        lines = [line for line in text.splitlines() if line.strip()]
        bullets = [_BULLET.fullmatch(line) for line in lines]
        if len(lines) > 1 and all(bullets):
            return [found["item"] for found in bullets if found], "list_text"
        parts = [part.strip() for part in re.split(r"[,;\n]", text)]
        if len(parts) < 2 or not all(parts):  # noqa: PLR2004 - one part is the item itself
            return [], ""
        whole = self._whole(item) if is_mapping(item) else {}
        if choices_in(whole) is None and "string" in (types_of(whole) or ("string",)) and not _are_tags(parts):
            return parts, "text_split"
        return parts, "list_text"


def _implied(fragment: Mapping[str, Any]) -> str:
    if "properties" in fragment or "patternProperties" in fragment:
        return "object"
    return "array" if "items" in fragment or "prefixItems" in fragment else ""


def _items(fragment: Mapping[str, Any]) -> Iterator[Any]:
    """What the schema says of each item, without end."""
    yield from fragment.get("prefixItems", ())
    while True:
        yield fragment.get("items", {})


def _fragment_of(name: str, fragment: Mapping[str, Any]) -> Any:
    """What the schema says of a name that it does not declare; False when it may not stand there."""
    for pattern, inner in fragment.get("patternProperties", {}).items():
        try:
            if re.search(pattern, name):
                return inner
        except re.error:  # a pattern that Python writes otherwise: the validator has the last word
            continue
    return fragment.get("additionalProperties", {})


def _is_closed(fragment: Mapping[str, Any]) -> bool:
    return fragment.get("additionalProperties", {}) is False


def _are_tags(parts: Sequence[str]) -> bool:
    return all(_TAG.fullmatch(part) for part in parts)


def _has(node: Obj, name: str) -> bool:
    return any(fold(raw) == fold(name) for raw, _ in node.pairs)


def _brief(node: Node) -> str:
    if isinstance(node, str):
        return node[:200]
    return node.text[:200] if isinstance(node, Bare) else "[…]" if isinstance(node, Arr) else "{…}"


def _same(one: Any, other: Any) -> bool:
    """True for equal data; true and 1 differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
