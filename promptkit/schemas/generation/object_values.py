"""Objects: the fields that must be there, some that may, and names made up where more are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptkit.schemas.generation.choices import NoValue
from promptkit.schemas.generation.documents import Schema
from promptkit.schemas.generation.rules import Rules
from promptkit.schemas.generation.workshop import Workshop
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.places import shown

__all__ = ["object_value"]

MAX_FIELDS = 2_000
_MANY_FIELDS = 10
_NAME_TRIES = 12
_MAX_EXTRA = 3


def object_value(rules: Rules, workshop: Workshop, path: tuple[str | int, ...]) -> dict[str, Any]:
    """An object that meets the rules; what may be absent is absent when all is plain.

    Raises:
        NoValue: When a field that must be there has no value, or more than 2,000 are asked for.
    """
    if max(rules.size.low, len(rules.required)) > MAX_FIELDS:
        detail = f"more fields are asked for than the {MAX_FIELDS} that are made here"
        raise NoValue(path, detail, proven=False)
    return _ObjectMaker(rules, workshop, path).fields()


class _ObjectMaker:
    def __init__(self, rules: Rules, workshop: Workshop, path: tuple[str | int, ...]) -> None:
        self._rules = rules
        self._workshop = workshop
        self._path = path
        self._made: dict[str, Any] = {}
        self._declared = [*dict.fromkeys(name for group in rules.fields for name in group.properties)]

    def fields(self) -> dict[str, Any]:
        """All fields, in the order in which they are declared."""
        rules = self._rules
        for name in self._declared:
            if name in rules.required:
                self._made[name] = self._value(name)
            elif self._has_room():
                self._maybe(name)
        for name in rules.required:
            if name not in self._made:
                self._made[name] = self._value(name)
        for schema in rules.wanted_names:
            self._add_wanted(schema)
        for name in self._declared:
            if len(self._made) >= rules.size.low:
                break
            self._try(name)
        self._add_extra()
        return self._made

    def _value(self, name: str) -> Any:
        schemas = self._rules.of_name(name, self._workshop.document)
        return self._workshop.value(schemas, (*self._path, name))

    def _has_room(self) -> bool:
        left = sum(1 for name in self._rules.required if name not in self._made)
        high = self._rules.size.high
        return high is None or len(self._made) + left < high

    def _maybe(self, name: str) -> None:
        """A field that may be absent: drawn, and left out when it has no value."""
        workshop = self._workshop
        if workshop.is_deep(self._path):
            return
        schemas = self._rules.of_name(name, workshop.document)
        if False in schemas or workshop.is_endless(schemas) or not self._is_name(name):
            return
        rare = len(self._declared) > _MANY_FIELDS or workshop.comes_again(schemas)
        mark = workshop.choices.mark()
        if not workshop.choices.rarely(4 if rare else 2):
            return
        try:
            self._made[name] = workshop.value(schemas, (*self._path, name))
        except NoValue:
            workshop.choices.rewind(mark, 0)

    def _add_wanted(self, schema: Schema) -> None:
        """A field whose name fits the schema, when there is none yet."""
        document = self._workshop.document
        if any(document.fits(schema, name) for name in self._made):
            return
        self._made.update(
            [
                self._workshop.choices.repeated(
                    _NAME_TRIES, lambda: self._named(self._made_up([schema]), known=True)
                )
            ]
        )

    def _try(self, name: str) -> None:
        """A field that fills up what ``minProperties`` asks for."""
        if name in self._made or not self._is_name(name):
            return
        mark = self._workshop.choices.mark()
        try:
            self._made[name] = self._value(name)
        except NoValue:
            self._workshop.choices.rewind(mark)

    def _is_name(self, name: str) -> bool:
        return all(self._workshop.document.fits(part, name) for part in self._rules.names)

    def _add_extra(self) -> None:
        """Fields that no schema names."""
        rules, choices = self._rules, self._workshop.choices
        while len(self._made) < rules.size.low:
            choices.spend()
            self._made.update([choices.repeated(_NAME_TRIES, self._extra)])
        if self._workshop.is_deep(self._path) or not self._is_open():
            return
        for _ in range(_MAX_EXTRA):
            if not self._has_room():
                return
            mark = choices.mark()
            if not choices.rarely(3):
                return
            try:
                self._made.update([choices.repeated(_NAME_TRIES, self._extra)])
            except NoValue:
                choices.rewind(mark, 0)
                return

    def _is_open(self) -> bool:
        """True when the schema has something to say about fields of other names."""
        described = any(group.patterns or is_mapping(group.rest) for group in self._rules.fields)
        closed = any(group.rest is False and not group.patterns for group in self._rules.fields)
        return described and not closed and False not in self._rules.unevaluated_fields

    def _extra(self) -> tuple[str, Any]:
        options = [None, *self._patterns()]
        if any(group.rest is False for group in self._rules.fields) and len(options) > 1:
            del options[0]
        pattern = self._workshop.choices.pick(options)
        return self._named(self._name(pattern), known=False)

    def _named(self, name: str, *, known: bool) -> tuple[str, Any]:
        """The field of a name that was made up; ``known``: it may be one that the schema declares."""
        if name in self._made or (name in self._declared and not known):
            detail = f"the names that were tried for another field are taken ({shown(name, 60)})"
            raise NoValue(self._path, detail, proven=False)
        schemas = self._rules.of_name(name, self._workshop.document)
        if False in schemas or not self._is_name(name):
            detail = f"no name was found for another field ({shown(name, 60)} is not allowed)"
            raise NoValue(self._path, detail, proven=False)
        return name, self._workshop.value(schemas, (*self._path, name))

    def _patterns(self) -> Sequence[str]:
        return [
            key for group in self._rules.fields for key, part in group.patterns.items() if part is not False
        ]

    def _name(self, pattern: str | None) -> str:
        if pattern is None and not self._rules.names:
            taken = {*self._made, *self._declared, *self._rules.required}
            numbers = range(len(self._made) + 1, len(self._made) + len(taken) + 2)
            return next(name for name in (f"key{number}" for number in numbers) if name not in taken)
        return self._made_up([] if pattern is None else [{"pattern": pattern}])

    def _made_up(self, schemas: Sequence[Schema]) -> str:
        return self._workshop.name([{"type": "string"}, *schemas, *self._rules.names], self._path)
