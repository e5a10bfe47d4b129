"""Boundary cases: whole outputs of which one field just holds, or just breaks, one rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.constraints.constraint import Constraint
from promptkit.constraints.paths import Found, parse
from promptkit.constraints.reach import ends, kinds
from promptkit.constraints.rules import Bounds, Scope
from promptkit.constraints.valid_values import ValidValues, put
from promptkit.schemas import Generated
from promptkit.schemas.fragments import branches

__all__ = ["BoundaryCase", "boundary_cases"]

_SEEDS = (None, 1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryCase:
    """One output at the edge of a rule.

    Attributes:
        constraint: The constraint's id.
        path: The place of the value that lies at the edge.
        output: The whole output as plain data; a string for text outputs.
        holds: True when the value just holds the rule, False when it just breaks it.
    """

    constraint: str
    path: str
    output: Any
    holds: bool

    def __str__(self) -> str:
        return f"{self.constraint} {'just inside' if self.holds else 'just outside'}"


def boundary_cases(
    json_schema: Mapping[str, Any],
    constraints: Sequence[Constraint],
    *,
    inputs: Mapping[str, Any] | None = None,
    text: bool = False,
) -> tuple[BoundaryCase, ...]:
    """For each rule that knows its edge, outputs just inside and just outside.

    The rest of such an output holds schema and rules where a value was found that does. A rule on a place that
    no generated output has gives no cases.

    Args:
        json_schema: The output's schema; empty for a text output.
        constraints: The constraints.
        inputs: The inputs by name as plain data, for rules that read them.
        text: True for a text output.
    """
    valid = ValidValues(json_schema, constraints, inputs=inputs, text=text)
    loose = ValidValues(json_schema, (), inputs=inputs, text=text)
    bases = [
        found.value
        for values in (valid, loose)
        for found in map(values.made, _SEEDS)
        if isinstance(found, Generated)
    ]
    return tuple(
        case
        for constraint in constraints
        if isinstance(constraint.rule, Bounds)
        for case in _cases(constraint, constraint.rule, bases, loose.schema, inputs or {})
    )


def _cases(
    constraint: Constraint,
    rule: Bounds,
    bases: Sequence[Any],
    schema: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> Iterator[BoundaryCase]:
    path = parse(constraint.path)
    at = next(((base, found) for base in bases if (found := _first(path.found(base))) is not None), None)
    if at is None:
        return
    base, found = at
    leaves = [part for part in ends(path, schema) if not branches(part) and kinds(part) != ("null",)]
    edge = rule.boundary(leaves[0] if leaves else {}, Scope(output=base, inputs=inputs, parent=found.parent))
    for holds, values in ((True, edge.inside), (False, edge.outside)):
        for value in values:
            output = put(base, found.place, value)
            yield BoundaryCase(constraint=constraint.id, path=found.path, output=output, holds=holds)


def _first(places: Iterator[Found]) -> Found | None:
    """The first place with a value: null holds every rule and lies at no edge."""
    return next((found for found in places if found.value is not None), None)
