"""Domains: which values a field can take, all of them where they are few, else some at the edges."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from promptkit.constraints.evaluation import is_number
from promptkit.constraints.expressions import Expression
from promptkit.constraints.paths import Path, Step
from promptkit.constraints.reach import ends, spread, step_into
from promptkit.schemas.fragments import branches, types_of
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["ABSENT", "Combinations", "combinations_of"]

MAX_INTEGERS = 60
MAX_COMBINATIONS = 4_000
MAX_GIVEN = 50


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()
"""Stands among the values of a field that may be left out."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Values of one field.

    Attributes:
        values: Some values, each once.
        whole: True when there are no others.
    """

    values: tuple[Any, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Combinations:
    """What the fields that some expressions read can be together.

    Attributes:
        fields: The steps to each field.
        values: Combinations of their values, at most 4,000.
        whole: True when there are no others.
    """

    fields: tuple[tuple[str | int, ...], ...]
    values: tuple[tuple[Any, ...], ...]
    whole: bool


def combinations_of(
    expressions: Sequence[Expression], schema: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
) -> Combinations:
    """The output fields that expressions read, with values by the schema, the expressions' literals and the inputs.

    Args:
        expressions: The conditions.
        schema: The output's schema.
        inputs: The inputs, where they are known: what a condition reads of them may be what a field must be.
    """
    read = [place for expression in expressions for place in expression.places]
    places = [steps for root, steps in read if root == "output" and steps]
    fields = tuple(dict.fromkeys(steps for place in places if (steps := _one_place(place)) is not None))
    literals = tuple(value for expression in expressions for value in _literals(expression))
    literals += tuple(_given(read, inputs or {}))
    domains = [_domain_of(steps, schema, literals) for steps in fields]
    count = math.prod(len(domain.values) for domain in domains)
    each = any(_one_place(place) is None for place in places)
    whole = not each and all(domain.whole for domain in domains) and count <= MAX_COMBINATIONS
    values = tuple(islice(product(*(domain.values for domain in domains)), MAX_COMBINATIONS))
    return Combinations(fields, values, whole)


def _given(read: Sequence[tuple[str, Sequence[Step]]], inputs: Mapping[str, Any]) -> Iterator[Any]:
    """Single values that the conditions read of the inputs, those of lists one by one; not very many."""
    for root, steps in read:
        if root == "inputs" and steps:
            for _, found in islice(Path(tuple(steps)).values(inputs), MAX_GIVEN):
                items = found[:MAX_GIVEN] if is_list(found) else [found]
                yield from (item for item in items if isinstance(item, str | int | float))


def _one_place(steps: Sequence[Step]) -> tuple[str | int, ...] | None:
    """The steps where they lead to one place; None for those of every item of a list."""
    plain = tuple(step for step in steps if isinstance(step, str | int))
    return plain if len(plain) == len(steps) else None


def _domain_of(steps: Sequence[str | int], schema: Mapping[str, Any], literals: Sequence[Any]) -> Domain:
    fragments = ends(Path(tuple(steps)), schema)
    leaves = [part for part in fragments if not (branches(part) or "allOf" in part)]
    parts = [_of_fragment(part, literals) for part in leaves]
    distinct = {shown(value): value for part in parts for value in part.values}
    absent = (ABSENT,) if _may_be_absent(steps, schema) else ()
    return Domain((*distinct.values(), *absent), whole=bool(parts) and all(part.whole for part in parts))


def _may_be_absent(steps: Sequence[str | int], schema: Mapping[str, Any]) -> bool:
    """True when a field on the way may be left out, or an item of a list is meant."""
    fragments: list[Mapping[str, Any]] = [schema]
    for step in steps:
        fragments = [part for fragment in fragments for part in spread(fragment, schema)]
        holders = [part for part in fragments if any(True for _ in step_into(part, step))]
        if isinstance(step, int) or any(step not in part.get("required", ()) for part in holders):
            return True
        fragments = [inner for part in holders for inner in step_into(part, step)]
    return False


def _of_fragment(fragment: Mapping[str, Any], literals: Sequence[Any]) -> Domain:
    if "const" in fragment:
        return Domain((fragment["const"],), whole=True)
    if "enum" in fragment:
        return Domain(tuple(fragment["enum"]), whole=True)
    found = [_of_kind(kind, fragment, literals) for kind in types_of(fragment)]
    if not found:
        return Domain((None, *literals), whole=False)
    return Domain(
        tuple(value for domain in found for value in domain.values), whole=all(one.whole for one in found)
    )


def _of_kind(kind: str, fragment: Mapping[str, Any], literals: Sequence[Any]) -> Domain:
    match kind:
        case "null":
            return Domain((None,), whole=True)
        case "boolean":
            return Domain((False, True), whole=True)
        case "string":
            texts = [value for value in literals if isinstance(value, str)]
            return Domain(("", "text", *texts), whole=False)
        case "integer" | "number":
            return _numbers(kind, fragment, literals)
        case "array":
            return Domain(([],), whole=False)
        case _:
            return Domain((), whole=False)


def _numbers(kind: str, fragment: Mapping[str, Any], literals: Sequence[Any]) -> Domain:
    low, high = fragment.get("minimum"), fragment.get("maximum")
    if (
        kind == "integer"
        and isinstance(low, int)
        and isinstance(high, int)
        and 0 <= high - low < MAX_INTEGERS
    ):
        return Domain(tuple(range(low, high + 1)), whole=not fragment.keys() & {"multipleOf", "not"})
    numbers = [value for value in literals if is_number(value) and (kind == "number" or value == int(value))]
    near = [value + step for value in numbers for step in (-1, 0, 1)]
    limits = [limit for limit in (low, high) if is_number(limit)]
    return Domain((*limits, 0, 1, *near), whole=False)


def _literals(expression: Expression) -> tuple[Any, ...]:
    return tuple(node.value for node in ast.walk(expression.tree) if isinstance(node, ast.Constant))
