"""Objects: names in other spellings, names too many or missing, envelopes around the object that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.leaves import Misfit
from promptkit.output.alignment.nodes import Arr, Bare, Fix, Node, Obj, Place
from promptkit.output.alignment.steps import Steps, same
from promptkit.output.alignment.words import is_null
from promptkit.schemas.fragments import is_nullable, types_of
from promptkit.schemas.json_types import is_mapping

__all__ = ["Objects"]

_COMMENTARY = frozenset(
    map(
        fold,
        [
            "reasoning",
            "reason_for_answer",
            "thoughts",
            "thought",
            "thinking",
            "explanation",
            "rationale",
            "analysis",
            "notes",
            "note",
            "comment",
            "comments",
            "remarks",
            "justification",
            "chain_of_thought",
            "scratchpad",
        ],
    )
)
"""Names under which models write what was not asked for."""
_ENVELOPE = _COMMENTARY | frozenset(
    map(
        fold,
        [
            "name",
            "type",
            "id",
            "tool",
            "tool_name",
            "function_name",
            "call_id",
            "tool_call_id",
            "role",
            "index",
            "title",
            "version",
        ],
    )
)
"""Names that stand beside the value in an envelope such as a tool call."""


class Objects:
    """Brings what was read to the form of an object.

    Args:
        fitter: Brings the values in it to theirs, and keeps the receipts.
    """

    def __init__(self, fitter: Steps) -> None:
        self._fitter = fitter

    def of_node(self, node: Node, fragment: Mapping[str, Any], place: Place) -> Any:
        """The object that a node is, or that it holds.

        Raises:
            Misfit: When it is and holds none.
        """
        if isinstance(node, Obj):
            return self._fields_or_inside(node, fragment, place)
        if isinstance(node, Arr):
            return self._object_of_list(node, fragment, place)
        if isinstance(node, str):
            return self.of_node(self._fitter.decoded(node, place, "an object"), fragment, place)
        raise Misfit(place, f"expected an object, got {node.text[:60] or 'nothing'}")

    def _object_of_list(self, node: Arr, fragment: Mapping[str, Any], place: Place) -> Any:
        properties = fragment.get("properties", {})
        if len(properties) == 1:
            ((name, inner),) = properties.items()
            if types_of(self._fitter.whole(inner)) == ("array",) and not any(
                isinstance(i, Obj) and _has(i, name) for i in node.items
            ):
                self._fitter.note(place, "field_value", "[…]", name)
                return {name: self._fitter.fit_at(node, inner, (*place, name))}
        if not node.items:
            raise Misfit(place, "expected an object, got an empty list")
        kept = self._fitter.fixes
        made: list[tuple[Any, list[Fix]]] = []
        for item in node.items:
            self._fitter.fixes = []
            made.append((self.of_node(item, fragment, place), self._fitter.fixes))
        self._fitter.fixes = kept
        if any(not same(data, made[0][0]) for data, _ in made):
            raise Misfit(place, "a list of several objects stands where one is asked for", several=True)
        self._fitter.refuse_open(node, place)
        self._fitter.note(place, "list_of_one", "[…]", "its item")
        self._fitter.fixes.extend(made[0][1])
        return made[0][0]

    def _fields_or_inside(self, node: Obj, fragment: Mapping[str, Any], place: Place) -> Any:
        kept, self._fitter.fixes = self._fitter.fixes, []
        try:
            data = self._fields(node, fragment, place)
        except Misfit as misfit:
            inside = self._inside(node, fragment)
            if inside is None:
                self._fitter.fixes = kept
                raise
            self._fitter.fixes = []
            self._fitter.note(place, "wrapper", " ".join(name for name, _ in node.pairs), "the object in it")
            if node.open:
                self._fitter.note(place, "unclosed", "", "}")
            try:
                data = self.of_node(inside, fragment, place)
            except Misfit as other:
                raise (other if other.several else misfit) from None
        finally:
            made, self._fitter.fixes = self._fitter.fixes, kept
        self._fitter.fixes.extend(made)
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
        closed = fragment.get("additionalProperties", {}) is False and "patternProperties" not in fragment
        spelled_freely = properties if closed else [name for name in properties if name in required]
        chosen = self._named(node, properties, place, spelled_freely)
        data: dict[str, Any] = {}
        extras: list[tuple[str, Node]] = []
        for name, raw, value in chosen:
            if name is None:
                extras.append((raw, value))
            elif name in data:
                self._again(name, value, properties[name], data, (*place, name))
            elif self._is_absent(value, properties[name], open_end=node.open, optional=name not in required):
                self._fitter.note((*place, name), "null_absent", "null", "nothing")
            else:
                data[name] = self._fitter.fit_at(value, properties[name], (*place, name))
        stated = {name for name, _, _ in chosen}
        missing = [name for name in properties if name not in stated]
        self._further(extras, fragment, data, place, [properties[name] for name in missing])
        self._close(node, data, missing, place, countable=_is_closed(fragment) or not extras)
        lacking = [name for name in required if name not in data]
        if lacking:
            listed = next((name for name in properties if name in lacking), lacking[0])
            raise Misfit((*place, listed), "is missing")
        return data

    def _named(
        self, node: Obj, properties: Mapping[str, Any], place: Place, spelled_freely: Iterable[str]
    ) -> list[tuple[str | None, str, Node]]:
        """Each pair with the property that its name is; None where it is none.

        Only names that must be meant are found in other spellings: an open object may have such names of its own.
        """
        spelled: dict[str, list[str]] = {}
        for declared in spelled_freely:
            spelled.setdefault(fold(declared), []).append(declared)
        made: list[tuple[str | None, str, Node]] = []
        for raw, value in node.pairs:
            name: str | None = raw if raw in properties else None
            if name is None and len(spelled.get(fold(raw), ())) == 1:
                (only,) = spelled[fold(raw)]
                self._fitter.note((*place, only), "name", raw, only)
                self._fitter.renamed[*place, raw] = name = only
            made.append((name, raw, value))
        return sorted(made, key=lambda each: each[0] is not None and each[0] != each[1])

    def _is_absent(self, value: Node, fragment: Any, *, open_end: bool, optional: bool) -> bool:
        if not isinstance(value, Bare) or not (is_null(value.text) or (open_end and not value.text)):
            return False
        whole: Mapping[str, Any] = self._fitter.whole(fragment) if is_mapping(fragment) else {}
        says_nothing = not {"type", "enum", "const", "anyOf", "oneOf", "properties", "items"} & whole.keys()
        return optional and not (says_nothing or is_nullable(whole))

    def _again(self, name: str, value: Node, fragment: Any, data: dict[str, Any], place: Place) -> None:
        """A name that stands there once more."""
        before = data[name]
        data[name] = self._fitter.fit_at(value, fragment, place)
        rule = "same_twice" if same(before, data[name]) else "last_of_name"
        self._fitter.note(place, rule, before, data[name])

    def _further(
        self,
        extras: Sequence[tuple[str, Node]],
        fragment: Mapping[str, Any],
        data: dict[str, Any],
        place: Place,
        missing: Sequence[Any],
    ) -> None:
        """Names that the schema does not declare one by one.

        One that it does not have is left out where that loses nothing that it asks for: no declared field is
        missing whose value this could be, no other alternative of the schema may be meant, and most names are
        declared.
        """
        doubtful = self._fitter.alternatives > 0 or len(extras) > len(data)
        for name, value in extras:
            inner = _of_further_names(fragment)
            if inner is not False:
                if name in data:
                    self._again(name, value, inner, data, (*place, name))
                else:
                    data[name] = self._fitter.fit_at(value, inner, (*place, name))
            else:
                harmless = fold(name) in _COMMENTARY or not (
                    doubtful or any(self._may_be(value, part) for part in missing)
                )
                self._fitter.note(
                    (*place, name), "undeclared" if harmless else "name_dropped", _brief(value), None
                )

    def _may_be(self, value: Node, fragment: Any) -> bool:
        """True when the value has the form of the fragment."""
        kept, self._fitter.fixes = self._fitter.fixes, []
        try:
            self._fitter.fit_at(value, fragment, ())
        except Misfit:
            return False
        finally:
            rules, self._fitter.fixes = {fix.rule for fix in self._fitter.fixes}, kept
        return "as_text" not in rules

    def _close(
        self, node: Obj, data: Mapping[str, Any], missing: Sequence[str], place: Place, *, countable: bool
    ) -> None:
        if node.open:
            whole = not missing and bool(data) and countable
            self._fitter.note(place, "unclosed" if whole else "cut", "", "}" if whole else "what was there")


def _of_further_names(fragment: Mapping[str, Any]) -> Any:
    """What the schema says of a name that it does not declare; False when it may not stand there.

    Patterns of names are not tried here: the validator does that in linear time, and has the last word.
    """
    patterns: Sequence[Any] = list(fragment.get("patternProperties", {}).values())
    if patterns:
        return patterns[0] if len(patterns) == 1 else {}
    return fragment.get("additionalProperties", {})


def _is_closed(fragment: Mapping[str, Any]) -> bool:
    return fragment.get("additionalProperties", {}) is False


def _has(node: Obj, name: str) -> bool:
    return any(fold(raw) == fold(name) for raw, _ in node.pairs)


def _brief(node: Node) -> str:
    if isinstance(node, str):
        return node[:200]
    return node.text[:200] if isinstance(node, Bare) else "[…]" if isinstance(node, Arr) else "{…}"
