"""Making a value for a place: alternatives are settled, then a maker for the kind builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from promptkit.schemas.generation.choices import Choices, NoValue
from promptkit.schemas.generation.contradictions import narrow
from promptkit.schemas.generation.documents import Document, Schema
from promptkit.schemas.generation.heights import ENDLESS, Heights
from promptkit.schemas.generation.list_values import list_value
from promptkit.schemas.generation.number_values import number_value
from promptkit.schemas.generation.object_values import object_value
from promptkit.schemas.generation.opposites import opposites
from promptkit.schemas.generation.rule_parts import Alternatives, canonical, kind_of
from promptkit.schemas.generation.rules import Rules
from promptkit.schemas.generation.text_values import text_value
from promptkit.schemas.json_types import is_mapping

__all__ = ["NOTHING", "Maker", "Suggest"]

NOTHING: Final = object()
"""What a suggestion returns to leave a place to the generator."""

Path: TypeAlias = tuple[str | int, ...]
Suggest: TypeAlias = Callable[[Path, Mapping[str, Any], Choices], Any]
"""Asked at every place, with its path, its schema and the source of chance: a value to try there, or `NOTHING`."""

_DEEP = 5
_MAX_FRAMES = 480
_SETTLE_FRAMES = 4
_PLACE_FRAMES = 9
_VALUE_TRIES = 6
_MAX_LISTED = 2_000
_CHEAP = 30
"""How much of rules costs a step."""
_MAX_EXCLUSIONS = 8
_MAX_DEPENDENTS = 8


class Maker:
    """Makes one value by one source of choices.

    Args:
        document: The schema.
        heights: Its heights.
        choices: Where numbers are drawn.
        suggest: Asked first at every place; None: nobody is.
        careful: True to keep the branches of ``oneOf`` apart while values are made, and to check the parts.
    """

    def __init__(
        self,
        document: Document,
        heights: Heights,
        choices: Choices,
        *,
        suggest: Suggest | None = None,
        careful: bool = False,
    ) -> None:
        self.document = document
        self.choices = choices
        self._heights = heights
        self._suggest = suggest
        self._careful = careful
        self._frames = 0
        self._above: dict[int, int] = {}

    def value(self, schemas: Sequence[Schema], path: Path) -> Any:
        """A value that meets all the schemas.

        Raises:
            NoValue: When none was found.
            Spent: When the steps are used up.
        """
        self.choices.spend()
        rules = Rules()
        rules.take(schemas, self.document)
        self.choices.spend(rules.weight() // _CHEAP)
        suggested = self._suggested(rules, path)
        if suggested is not NOTHING:
            return suggested
        self._enter(_PLACE_FRAMES, path)
        try:
            return self._settled(rules, path)
        finally:
            self._frames -= _PLACE_FRAMES

    def name(self, schemas: Sequence[Schema], path: Path) -> str:
        """A name for a field; nobody is asked to suggest one."""
        suggest, self._suggest = self._suggest, None
        try:
            return str(self.value(schemas, path))
        finally:
            self._suggest = suggest

    def is_deep(self, path: Path) -> bool:
        """True when what is left to choice should stay away."""
        return len(path) > _DEEP or self.choices.frugal

    def comes_again(self, schemas: Sequence[Schema]) -> bool:
        """True when one of the schemas is being made further up."""
        return any(id(part) in self._above for part in self._reached(schemas))

    def is_endless(self, schemas: Sequence[Schema]) -> bool:
        """True when each value of the schemas would nest without end."""
        return self._heights.exact and self._heights.of(schemas) >= ENDLESS

    def _reached(self, schemas: Sequence[Schema]) -> list[Schema]:
        reached = [*schemas]
        for schema in schemas:
            if is_mapping(schema):
                reached.extend(self.document.references(schema)[0])
        return reached

    def _enter(self, frames: int, path: Path) -> None:
        if self._frames + frames > _MAX_FRAMES:
            raise NoValue(path, "the schema nests deeper than values are made here", proven=False)
        self._frames += frames

    def _suggested(self, rules: Rules, path: Path) -> Any:
        if self._suggest is None:
            return NOTHING
        value = self._suggest(path, rules.fragment, self.choices)
        if value is NOTHING or not all(self.document.fits(part, value) for part in rules.parts):
            return NOTHING
        return value

    def _settled(self, rules: Rules, path: Path) -> Any:
        narrow(rules, path, self.document)
        if rules.pending:
            return self._chosen(rules, rules.pending.pop(0), path)
        self._require_dependents(rules)
        if rules.pending or rules.never:
            return self._settled(rules, path)
        try:
            return self._built(rules, path)
        except NoValue as dead:
            raise NoValue(dead.path, dead.detail, proven=dead.proven and not rules.loose) from None

    def _chosen(self, rules: Rules, alternatives: Alternatives, path: Path) -> Any:
        """A value by one of the branches, the others tried when it has none."""
        branches = alternatives.branches
        if alternatives.keyword == "not":
            branches = [[it] for it in opposites(branches[0][0], self.document)]
        if not branches:
            detail = f"what {alternatives.keyword} leaves is nothing"
            raise NoValue(path, detail, proven=not rules.loose)
        options = self._ordered(branches, path)
        self._enter(_SETTLE_FRAMES, path)

        def attempt(branch: Sequence[Schema]) -> Any:
            self.choices.spend(1 + rules.weight() // _CHEAP)
            narrowed = rules if len(options) == 1 else rules.copy()
            if alternatives.exclusive:
                self._exclude(narrowed, branches, branch)
            narrowed.take(branch, self.document)
            return self._settled(narrowed, path)

        try:
            return self.choices.first_that_works(options, attempt, plain=self.is_deep(path))
        finally:
            self._frames -= _SETTLE_FRAMES

    def _exclude(self, rules: Rules, branches: Sequence[Sequence[Schema]], chosen: Sequence[Schema]) -> None:
        if not self._careful:
            return
        others = [branch[0] for branch in branches if branch is not chosen]
        if len(others) <= _MAX_EXCLUSIONS:
            rules.take([{"not": other} for other in others], self.document)
        else:
            rules.refused.extend(others)

    def _ordered(self, branches: Sequence[Sequence[Schema]], path: Path) -> list[Sequence[Schema]]:
        """The plainest first: null and what comes again last, when deep the lowest first and no other."""
        kept = [branch for branch in branches if not self.is_endless(branch)] or [*branches]
        if len(kept) == 1:
            return kept
        kept.sort(key=_only_null)
        if self.is_deep(path):
            return sorted(kept, key=self._heights.of)
        if any(self.comes_again(branch) for branch in kept):
            kept.sort(key=lambda branch: self._heights.of(branch) if self.comes_again(branch) else 0)
        return kept

    def _require_dependents(self, rules: Rules) -> None:
        """Take in what fields bring with them; whether those that may be absent are there is left to choose."""
        if "object" not in rules.kinds or not rules.dependents:
            return
        rules.loose = rules.loose or len(rules.kinds) > 1
        brought: dict[str, list[Schema]] = {}
        for name, it in rules.dependents:
            brought.setdefault(name, []).append(
                it if isinstance(it, bool) or is_mapping(it) else {"required": it}
            )
        due = [name for name in brought if name in rules.required]
        rules.dependents = [] if not due else [it for it in rules.dependents if it[0] not in due]
        if due:
            rules.take([schema for name in due for schema in brought[name]], self.document)
            self._require_dependents(rules)
            return
        for name, schemas in brought.items():
            absent: list[Schema] = [{"properties": {name: False}}]
            if len(rules.pending) < _MAX_DEPENDENTS:
                present: list[Schema] = [{"required": [name]}, *schemas]
                rules.pending.append(Alternatives(keyword="dependencies", branches=[absent, present]))
            else:
                rules.take(absent, self.document)
                rules.loose = True

    def _built(self, rules: Rules, path: Path) -> Any:
        for part in rules.parts:
            self._above[id(part)] = self._above.get(id(part), 0) + 1
        try:
            if rules.excluded or rules.refused:
                return self.choices.repeated(
                    _VALUE_TRIES, lambda: self._allowed(self._of_kind(rules, path), rules, path)
                )
            return self._of_kind(rules, path)
        finally:
            for part in rules.parts:
                self._above[id(part)] -= 1
                if not self._above[id(part)]:
                    del self._above[id(part)]

    def _allowed(self, value: Any, rules: Rules, path: Path) -> Any:
        if rules.excluded and canonical(value) in rules.excluded:
            raise NoValue(path, "the values that were tried are excluded by not", proven=False)
        if any(self.document.fits(part, value, unknown=False) for part in rules.refused):
            raise NoValue(path, "the values that were tried fit what not or oneOf excludes", proven=False)
        return value

    def _of_kind(self, rules: Rules, path: Path) -> Any:
        if rules.values is not None:
            return self._listed(rules, path)
        if rules.examples and self.choices.draw(3) == 0:
            for value in rules.examples:
                if self._fits(rules, value):
                    return value
        kinds = self._kinds(rules)
        if not kinds:
            raise NoValue(path, "no kind of value is left", proven=not rules.loose)
        return self.choices.first_that_works(kinds, lambda kind: self._made(kind, rules, path))

    def _listed(self, rules: Rules, path: Path) -> Any:
        values = rules.values or []
        start = self.choices.draw(len(values))
        mark = self.choices.mark()
        for shift in range(min(len(values), _MAX_LISTED)):
            value = values[(start + shift) % len(values)]
            self.choices.spend(shift % 2)
            if self._fits(rules, value):
                if shift:
                    self.choices.rewind(mark - 1, (start + shift) % len(values))
                return value
        proven = not rules.loose and len(values) <= _MAX_LISTED
        raise NoValue(path, "no value that enum or const allows meets the other rules", proven=proven)

    def _fits(self, rules: Rules, value: Any) -> bool:
        """True when a value that was found, not made, fits; nothing is compiled for types and values alone."""
        if kind_of(value) not in rules.kinds or (rules.excluded and canonical(value) in rules.excluded):
            return False
        simple = not isinstance(value, float) and all(
            _SIMPLE.issuperset(part) for part in rules.parts if is_mapping(part)
        )
        if simple and (rules.values is None or any(value is it for it in rules.values)):
            return True
        return all(self.document.fits(part, value) for part in rules.parts)

    def _kinds(self, rules: Rules) -> list[str]:
        hinted = [kind for kind, words in _HINTS if not words.isdisjoint(rules.fragment)]
        wanted = [*(rules.order or [*hinted, "string", "integer", "boolean", "object", "array"]), "null"]
        found = [kind for kind in dict.fromkeys(wanted) if kind in rules.kinds and kind != "null"]
        found += [kind for kind in ("null", *rules.kinds) if kind in rules.kinds and kind not in found]
        if "integer" in found and "fraction" in found:
            found.remove("fraction")
        return sorted(found, key=lambda kind: kind == "null")

    def _made(self, kind: str, rules: Rules, path: Path) -> Any:
        match kind:
            case "string":
                return text_value(rules, self.document, self.choices, path)
            case "integer" | "fraction":
                return self._number(rules, path)
            case "object":
                return object_value(rules, self, path)
            case "array":
                return list_value(rules, self, path)
            case "boolean":
                return self.choices.draw(2) == 1
            case _:
                return None

    def _number(self, rules: Rules, path: Path) -> int | float:
        whole, broken = "fraction" not in rules.kinds, "integer" not in rules.kinds
        try:
            return number_value(rules.bounds, self.choices, whole=whole, broken=broken)
        except NoValue as dead:
            raise NoValue(path, dead.detail, proven=dead.proven) from None


_HINTS = (
    (
        "object",
        frozenset({"properties", "required", "additionalProperties", "patternProperties", "minProperties"}),
    ),
    ("array", frozenset({"items", "prefixItems", "minItems", "contains", "uniqueItems"})),
    ("integer", frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})),
)
_SIMPLE = frozenset(
    {"type", "enum", "const", "title", "description", "default", "examples", "example", "$comment", "$schema"}
)


def _only_null(branch: Sequence[Schema]) -> bool:
    return any(is_mapping(part) and part.get("type") == "null" for part in branch)
