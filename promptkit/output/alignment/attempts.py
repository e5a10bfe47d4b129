"""One text held to one schema: each value in it, read and brought to the form that is asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from promptkit.output.alignment.blanks import fold
from promptkit.output.alignment.candidates import Found, Seeker, speaks_of
from promptkit.output.alignment.fitting import Fitter, Misfit
from promptkit.output.alignment.lines import Spoken, bullets, labelled, sentence, tagged
from promptkit.output.alignment.nodes import Arr, Fix, Node, Obj, Reading
from promptkit.output.alignment.tables import has_table, table
from promptkit.schemas import Invalid, OutputSchema, Valid
from promptkit.schemas.fragments import branches, opened, types_of
from promptkit.schemas.json_types import is_list, is_mapping, is_object

__all__ = ["Attempt", "Attempts", "allows_null_and_text", "has_further_names"]

_SINGLE = frozenset({"integer", "number", "boolean", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one value of the text gives.

    Attributes:
        start: Offset of its first character.
        end: The character behind it.
        valid: The value in the form of the schema; None when it has none.
        fixes: What was changed for that.
        problem: Why it has no such form.
        several: True when it may be several values.
        cut: True when the text ended inside it.
        speaks: True when it has names of the schema, so that it is no other JSON of the text.
    """

    start: int
    end: int
    valid: Valid[Any] | None = None
    fixes: tuple[Fix, ...] = ()
    problem: str | None = None
    several: bool = False
    cut: bool = False
    speaks: bool = False


class Attempts:
    """Tries the values of one text.

    Args:
        text: The answer.
        schema: What it must be.
    """

    def __init__(self, text: str, schema: OutputSchema[Any]) -> None:
        self._text = text
        self._schema = schema
        self._root = schema.json_schema
        self.names = _names_of(schema)
        self.seeker = Seeker(text, self.names)
        self._fitter = Fitter(self._root, self.names, 20 * len(text) + 20_000)

    def in_brackets(self) -> list[Attempt]:
        """What each object or list of the text gives, thoughts left out."""
        found = [each for each in self.seeker.find() if not each.thought]
        row = self._row(found)
        return [row] if row is not None else [self.attempt(each) for each in found]

    def attempt(self, found: Found) -> Attempt:
        """What one value gives: as strict JSON where it is that, else by the tolerant reader."""
        if found.strict:
            valid = self._schema.read_json(self._text[found.start : found.end], closed=True)
            if isinstance(valid, Valid):
                return Attempt(start=found.start, end=found.end, valid=valid, speaks=True)
            found = self.seeker.read_again(found)
        reading = found.reading
        if reading is None:  # strict JSON that the tolerant reader does not see as such
            return Attempt(start=found.start, end=found.end, problem="it cannot be read")
        return self.of_reading(reading, found.start)

    def of_reading(self, reading: Reading, start: int) -> Attempt:
        """What a value that was read gives."""
        made = Attempt(
            start=start, end=reading.end, cut=reading.cut, speaks=speaks_of(reading.node, self.names)
        )
        if reading.broken:
            return replace(made, problem=reading.broken)
        return self._fitted(made, reading.node, reading.fixes, inside=reading.inside)

    def spoken(self) -> Iterator[Attempt]:
        """What stands in the text without brackets, likeliest form first."""
        for form in self._forms():
            if form is not None:
                made = Attempt(start=form.start, end=form.end, speaks=form.rule != "fence")
                yield self._fitted(
                    made, form.node, (Fix((), form.rule, self._text[form.start : form.end][:200], None),)
                )

    def _forms(self) -> list[Spoken | None]:
        top = opened(self._root, self._root)
        kinds = types_of(top)
        properties: Mapping[str, Any] = top.get("properties", {})
        declared = {fold(name): name for name in properties}
        only = [types_of(opened(inner, self._root)) for inner in properties.values() if is_mapping(inner)]
        items = top.get("items", {})
        item: Mapping[str, Any] = opened(items, self._root) if is_mapping(items) else {}
        if has_table(self._text):
            named = declared or {fold(name): name for name in item.get("properties", {})}
            return [table(self._text, named)]
        if declared:
            lists = [bullets(self._text)] if only == [("array",)] else []
            return [labelled(self._text, self._root), tagged(self._text, declared), *lists]
        if "array" in kinds:
            numbers = types_of(item) in (("integer",), ("number",))
            return [bullets(self._text), sentence(self._text) if numbers else None]
        return [sentence(self._text)] if self._is_single(top) else []

    def _is_single(self, fragment: Mapping[str, Any]) -> bool:
        """True when a value is a number, true or false, null or one of some choices: words of prose are none."""
        parts = branches(fragment)
        if parts:
            return all(self._is_single(opened(part, self._root)) for part in parts)
        kinds = types_of(fragment)
        return bool({"enum", "const"} & fragment.keys()) or (bool(kinds) and set(kinds) <= _SINGLE)

    def _row(self, found: list[Found]) -> Attempt | None:
        """Several objects in a row as the list that is asked for; None where the text is no such row."""
        if len(found) < 2 or types_of(opened(self._root, self._root)) != ("array",):  # noqa: PLR2004
            return None
        gaps = [self._text[one.end : other.start].strip() for one, other in itertools.pairwise(found)]
        if any(gap not in ("", ",") for gap in gaps):
            return None
        readings = [each.reading or self.seeker.reader.read(each.start) for each in found]
        items: list[Node] = []
        fixes: list[Fix] = []
        for index, reading in enumerate(readings):
            if reading is None or not isinstance(reading.node, Obj) or reading.broken:
                return None
            items.append(reading.node)
            fixes += [replace(fix, place=(index, *fix.place)) for fix in reading.fixes]
        last = readings[-1]
        assert last is not None
        made = Attempt(start=found[0].start, end=last.end, cut=last.cut, speaks=True)
        fixes.append(Fix((), "values_in_row", f"{len(items)} values", "a list"))
        return self._fitted(made, Arr(items, open=last.cut), tuple(fixes), inside=last.inside)

    def _fitted(self, made: Attempt, node: Node, fixes: tuple[Fix, ...], *, inside: bool = False) -> Attempt:
        self._fitter.renamed.clear()
        try:
            fitted = self._fitter.fit(node)
        except Misfit as misfit:
            return replace(made, problem=str(misfit), several=misfit.several)
        valid = self._schema.validate(fitted.data)
        if isinstance(valid, Invalid):
            return replace(made, problem="; ".join(map(str, valid.problems[:3])))
        cut = (Fix((), "cut", "the text ends inside", "what was there"),) if inside else ()
        renamed = self._fitter.renamed
        placed = fixes if not renamed else tuple(_renamed(fix, renamed) for fix in fixes)
        return replace(made, valid=valid, fixes=(*placed, *fitted.fixes, *cut))


def _renamed(fix: Fix, renamed: Mapping[tuple[str | int, ...], str]) -> Fix:
    """The fix under the names that the places have in the value."""
    place: tuple[str | int, ...] = ()
    for step in fix.place:
        place = (*place, renamed.get((*place, step), step))
    return replace(fix, place=place)


@lru_cache(maxsize=256)
def _names_of(schema: OutputSchema[Any]) -> frozenset[str]:
    """All names of properties that the schema has, folded."""
    return frozenset(_names_in(schema.json_schema))


@lru_cache(maxsize=256)
def allows_null_and_text(schema: OutputSchema[Any]) -> bool:
    """True when a text and null may both stand somewhere, so that a text may mean null."""
    kinds = set(_types_in(schema.json_schema))
    return {"null", "string"} <= kinds


def has_further_names(data: Any, schema: OutputSchema[Any]) -> bool:
    """True when an object of the data has a name that its closed schema does not have."""
    root = schema.json_schema
    waiting: list[tuple[Any, Any]] = [(data, root)]
    while waiting:
        value, given = waiting.pop()
        fragment: Mapping[str, Any] = opened(given, root) if is_mapping(given) else {}
        properties: Mapping[str, Any] = fragment.get("properties", {})
        if is_object(value):
            closed = fragment.get("additionalProperties") is False and "patternProperties" not in fragment
            if closed and not value.keys() <= properties.keys():
                return True
            waiting.extend((value[name], inner) for name, inner in properties.items() if name in value)
        elif is_list(value):
            waiting.extend((item, fragment.get("items")) for item in value)
    return False


def _types_in(fragment: Any) -> Iterator[str]:
    if is_mapping(fragment):
        yield from types_of(fragment) if isinstance(fragment.get("type"), str | list) else ()
        for value in fragment.values():
            yield from _types_in(value)
    elif is_list(fragment):
        for value in fragment:
            yield from _types_in(value)


def _names_in(fragment: Any) -> Iterator[str]:
    if is_mapping(fragment):
        properties = fragment.get("properties")
        if is_mapping(properties):
            yield from (fold(name) for name in properties)
        for value in fragment.values():
            yield from _names_in(value)
    elif is_list(fragment):
        for value in fragment:
            yield from _names_in(value)
