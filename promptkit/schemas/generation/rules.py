"""Everything that a value at one place must meet: schemas that hold together, narrowed to one set of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from promptkit.schemas.generation.documents import Document, Schema
from promptkit.schemas.generation.number_values import Bounds, Limit, as_fraction
from promptkit.schemas.generation.rule_parts import (
    KINDS,
    OPPOSITE,
    TYPES,
    Alternatives,
    Contained,
    Fields,
    Items,
    Opposite,
    Span,
    canonical,
)
from promptkit.schemas.json_types import is_list, is_mapping
from promptkit.schemas.places import shown

__all__ = ["Rules"]

_MAX_PARTS = 3_000


@dataclass(slots=True, kw_only=True)
class Rules:
    """One conjunction.

    Attributes:
        fragment: The first schema with its references followed, for whoever suggests values.
        parts: The schemas that were taken in as they stand in the document.
        never: Why nothing fits, when a schema is ``false``.
        kinds: The kinds of values that are allowed.
        order: The kinds in the order in which they were named.
        values: The values that are allowed, when they are listed.
        excluded: Values that are not allowed, as canonical JSON.
        refused: Schemas that the finished value must not fit.
        pending: Alternatives from which nothing was chosen yet.
        loose: True when a rule was taken more strictly or more loosely than it is meant, so that nothing is proven.
    """

    fragment: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parts: list[Schema] = field(default_factory=list[Schema])
    seen: dict[int, Schema] = field(default_factory=dict[int, Schema])
    never: str | None = None
    kinds: frozenset[str] = frozenset(KINDS)
    order: tuple[str, ...] = ()
    values: list[Any] | None = None
    excluded: tuple[str, ...] = ()
    refused: list[Schema] = field(default_factory=list[Schema])
    bounds: Bounds = field(default_factory=Bounds)
    length: Span = field(default_factory=Span)
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    count: Span = field(default_factory=Span)
    items: list[Items] = field(default_factory=list[Items])
    contained: list[Contained] = field(default_factory=list[Contained])
    unique: bool = False
    size: Span = field(default_factory=Span)
    fields: list[Fields] = field(default_factory=list[Fields])
    required: dict[str, None] = field(default_factory=dict[str, None])
    names: list[Schema] = field(default_factory=list[Schema])
    wanted_names: list[Schema] = field(default_factory=list[Schema])
    dependents: list[tuple[str, Sequence[str] | Schema]] = field(
        default_factory=list[tuple[str, "Sequence[str] | Schema"]]
    )
    pending: list[Alternatives] = field(default_factory=list[Alternatives])
    unevaluated_fields: list[Schema] = field(default_factory=list[Schema])
    unevaluated_items: list[Schema] = field(default_factory=list[Schema])
    examples: list[Any] = field(default_factory=list[Any])
    loose: bool = False

    def copy(self) -> Rules:
        """The same rules, to be narrowed apart."""
        return replace(
            self,
            parts=[*self.parts],
            seen={**self.seen},
            refused=[*self.refused],
            bounds=self.bounds.copy(),
            items=[*self.items],
            contained=[*self.contained],
            fields=[*self.fields],
            required={**self.required},
            names=[*self.names],
            wanted_names=[*self.wanted_names],
            dependents=[*self.dependents],
            pending=[*self.pending],
            unevaluated_fields=[*self.unevaluated_fields],
            unevaluated_items=[*self.unevaluated_items],
            examples=[*self.examples],
        )

    def weight(self) -> int:
        """How much work it is to look through the rules once."""
        return len(self.seen) + (len(self.required) + 2) * len(self.fields) + len(self.values or ()) // 100

    def take(self, schemas: Sequence[Schema], document: Document) -> None:
        """Narrow the rules by schemas, with what they refer to and what stands under ``allOf``.

        A schema that was taken before says nothing new: that also ends a circle of references.
        """
        left = [*reversed(schemas)]
        while left:
            schema = left.pop()
            if schema is False:
                self.never = self.never or "the schema there is false"
            if not is_mapping(schema) or id(schema) in self.seen:
                continue
            self.seen[id(schema)] = schema  # kept: an id is only good as long as its object lives
            if OPPOSITE not in schema:
                self.parts.append(schema)
            if len(self.seen) > _MAX_PARTS:
                self.loose = True
                return
            targets, complete = document.references(schema)
            self.loose = self.loose or not complete
            self.fragment = self.fragment or {key: value for key, value in schema.items() if key != "$ref"}
            left.extend(reversed(targets))
            if "$ref" in schema and document.lone_references:
                continue
            for keyword, act in _TAKEN.items():
                if keyword in schema and document.knows(keyword):
                    act(self, schema[keyword], schema)
            if is_list(schema.get("allOf")):
                left.extend(reversed(schema["allOf"]))

    def limit_kinds(self, kinds: Sequence[str]) -> None:
        """Allow only these kinds."""
        self.kinds = self.kinds.intersection(kinds)
        if not self.order:
            self.order = tuple(kinds)

    def limit_values(self, values: Sequence[Any]) -> None:
        """Allow only these values."""
        if self.values is None:
            self.values = [*values]
        else:
            allowed = {canonical(value) for value in values}
            self.values = [value for value in self.values if canonical(value) in allowed]
            if not self.values:
                self.never = self.never or "enum and const leave no value in common"

    def of_name(self, name: str, document: Document) -> list[Schema]:
        """The schemas that the value of a field must meet."""
        schemas: list[Schema] = []
        evaluated = False
        for group in self.fields:
            found = [group.properties[name]] if name in group.properties else []
            found += [part for pattern, part in group.patterns.items() if document.matches(pattern, name)]
            evaluated = evaluated or bool(found) or group.rest is not True
            schemas.extend(found or [group.rest])
        return schemas if evaluated else [*schemas, *self.unevaluated_fields]

    def of_index(self, index: int) -> list[Schema]:
        """The schemas that an item must meet."""
        schemas: list[Schema] = [it.first[index] if index < len(it.first) else it.rest for it in self.items]
        evaluated = any(index < len(it.first) or it.rest is not True for it in self.items)
        return schemas if evaluated else [*schemas, *self.unevaluated_items]


Taken = Callable[[Rules, Any, Mapping[str, Any]], None]


def _type(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    names = value if is_list(value) else [value]
    kinds = [kind for name in names if isinstance(name, str) for kind in TYPES.get(name, ())]
    rules.limit_kinds(kinds)


def _enum(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    if is_list(value):
        rules.limit_values(value)


def _low(keyword: str, *, left_out: bool) -> Taken:
    def take(rules: Rules, value: Any, schema: Mapping[str, Any]) -> None:
        number = as_fraction(value)
        if number is not None:
            outside = left_out or schema.get("exclusiveMinimum") is True
            word = "exclusiveMinimum" if outside else keyword
            rules.bounds.raise_low(Limit(number=number, left_out=outside, words=f"{word} {shown(value)}"))

    return take


def _high(keyword: str, *, left_out: bool) -> Taken:
    def take(rules: Rules, value: Any, schema: Mapping[str, Any]) -> None:
        number = as_fraction(value)
        if number is not None:
            outside = left_out or schema.get("exclusiveMaximum") is True
            word = "exclusiveMaximum" if outside else keyword
            rules.bounds.lower_high(Limit(number=number, left_out=outside, words=f"{word} {shown(value)}"))

    return take


def _step(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    step = as_fraction(value)
    if step is not None and step > 0:
        rules.bounds.add_step(step)


def _span(attribute: str, *, low: bool) -> Taken:
    def take(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
        number = as_fraction(value)
        if number is not None:
            span: Span = getattr(rules, attribute)
            setattr(rules, attribute, span.at_least(int(number)) if low else span.at_most(int(number)))

    return take


def _text(attribute: str) -> Taken:
    def take(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
        known: tuple[str, ...] = getattr(rules, attribute)
        if isinstance(value, str) and value not in known:
            setattr(rules, attribute, (*known, value))

    return take


def _items(rules: Rules, _value: Any, schema: Mapping[str, Any]) -> None:
    prefix, rest = schema.get("prefixItems"), schema.get("items", True)
    if is_list(rest):
        prefix, rest = rest, schema.get("additionalItems", True)
    group = Items(first=prefix if is_list(prefix) else [], rest=rest)
    if group not in rules.items:
        rules.items.append(group)


def _contained(rules: Rules, value: Any, schema: Mapping[str, Any]) -> None:
    low, high = as_fraction(schema.get("minContains", 1)), as_fraction(schema.get("maxContains"))
    rules.contained.append(
        Contained(schema=value, low=1 if low is None else int(low), high=None if high is None else int(high))
    )


def _fields(rules: Rules, _value: Any, schema: Mapping[str, Any]) -> None:
    properties, patterns = schema.get("properties"), schema.get("patternProperties")
    group = Fields(
        properties=properties if is_mapping(properties) else {},
        patterns=patterns if is_mapping(patterns) else {},
        rest=schema.get("additionalProperties", True),
    )
    if group not in rules.fields:
        rules.fields.append(group)


def _required(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    if is_list(value):
        rules.required.update(dict.fromkeys(name for name in value if isinstance(name, str)))


def _dependents(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    if is_mapping(value):
        rules.dependents.extend((name, [it] if isinstance(it, str) else it) for name, it in value.items())


def _alternatives(keyword: str) -> Taken:
    def take(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
        if is_list(value):
            branches = [[branch] for branch in value]
            rules.pending.append(
                Alternatives(keyword=keyword, branches=branches, exclusive=keyword == "oneOf")
            )

    return take


def _condition(rules: Rules, value: Any, schema: Mapping[str, Any]) -> None:
    if "then" in schema or "else" in schema:
        branches = [[value, schema.get("then", True)], [{"not": value}, schema.get("else", True)]]
        rules.pending.append(Alternatives(keyword="if", branches=branches))


def _appended(attribute: str) -> Taken:
    def take(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
        getattr(rules, attribute).append(value)

    return take


def _unevaluated(attribute: str) -> Taken:
    def take(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
        # What is evaluated is taken together for all schemas of the place; JSON Schema reckons it for each.
        rules.loose = True
        getattr(rules, attribute).append(value)

    return take


def _own(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    # Only `opposites` writes this word with such a value: JSON has none of the kind.
    if isinstance(value, Opposite):
        if value.kinds is not None:
            rules.limit_kinds(value.kinds)
        rules.excluded = (*rules.excluded, *map(canonical, value.excluded))
        rules.refused.extend(value.refused)
        rules.wanted_names.extend(value.names)


def _not(rules: Rules, value: Any, _schema: Mapping[str, Any]) -> None:
    rules.pending.append(Alternatives(keyword="not", branches=[[value]]))


_TAKEN: Mapping[str, Taken] = {
    "type": _type,
    "enum": _enum,
    "const": lambda rules, value, _schema: rules.limit_values([value]),
    "minimum": _low("minimum", left_out=False),
    "exclusiveMinimum": _low("exclusiveMinimum", left_out=True),
    "maximum": _high("maximum", left_out=False),
    "exclusiveMaximum": _high("exclusiveMaximum", left_out=True),
    "multipleOf": _step,
    "minLength": _span("length", low=True),
    "maxLength": _span("length", low=False),
    "pattern": _text("patterns"),
    "format": _text("formats"),
    "minItems": _span("count", low=True),
    "maxItems": _span("count", low=False),
    "uniqueItems": lambda rules, value, _schema: setattr(rules, "unique", rules.unique or value is True),
    "items": _items,
    "prefixItems": _items,
    "contains": _contained,
    "minProperties": _span("size", low=True),
    "maxProperties": _span("size", low=False),
    "properties": _fields,
    "patternProperties": _fields,
    "additionalProperties": _fields,
    "required": _required,
    "propertyNames": _appended("names"),
    "dependentRequired": _dependents,
    "dependentSchemas": _dependents,
    "dependencies": _dependents,
    "anyOf": _alternatives("anyOf"),
    "oneOf": _alternatives("oneOf"),
    "not": _not,
    "if": _condition,
    "unevaluatedProperties": _unevaluated("unevaluated_fields"),
    "unevaluatedItems": _unevaluated("unevaluated_items"),
    "default": _appended("examples"),
    OPPOSITE: _own,
}
