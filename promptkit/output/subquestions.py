"""Which fields of a rejected answer are asked for again, and what the answer to that question must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptkit.completions import Enforcement, Verdict
from promptkit.constraints import Constraint, Expr, Path, Reads, parse
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.paths import EACH, Step, Where
from promptkit.errors import SchemaUnsupported
from promptkit.output.reading import Rejected
from promptkit.requests import OutputSpec, Plan
from promptkit.schemas import OutputSchema, path_text
from promptkit.schemas.json_types import is_object
from promptkit.schemas.leaves import Place, count_leaves, has_place, value_at
from promptkit.schemas.subschemas import declared_order, may_stand_alone, subschema

__all__ = ["MAX_FIELDS", "Subquestion", "places_to_ask", "subquestion"]

MAX_FIELDS = 8
"""More fields than these are asked for by what holds them: a long list of paths is hard to follow."""

_WHOLE: Place = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subquestion:
    """Some fields of an answer, to be asked for alone and put into it.

    Attributes:
        places: Where the values stand in the whole, in the schema's order; none lies inside another.
        spec: What the answer must be: an object with one required property for each place, named by its path.
        data: The whole answer that the values are put into, as plain data.
        before: Where each constraint of the whole was enforced on that answer, in their order.
        confidence: How sure the model was of that answer's fields, by path; None where it is not known.
    """

    places: tuple[Place, ...]
    spec: OutputSpec
    data: Any
    before: tuple[Enforcement, ...]
    confidence: Mapping[str, float] | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The places as text, which are the names of the properties."""
        return tuple(path_text(place) for place in self.places)

    def enforced(self, whole: Constraint, before: Enforcement, plan: Plan) -> Enforcement:
        """Where a constraint of the whole was enforced on the merged value.

        Args:
            whole: The constraint.
            before: Where it was enforced on the data that the values are put into.
            plan: What the backend does with ``spec``.
        """
        parts = [(place, inner) for place in self.places if (inner := _rerooted(whole, place)) is not None]
        if not parts:
            return before
        found = [plan.where(inner.path, inner.rule.kind) for _, inner in parts]
        steps = parse(whole.path).steps
        if not any(steps[: len(place)] == place for place, _ in parts):  # other items stay as they came
            found.append(before)
        return max(found, key=_LATER.index)


_LATER = tuple(Enforcement)  # declared from the earliest place to the latest


def subquestion(spec: OutputSpec, rejected: Rejected) -> Subquestion | None:
    """The failing fields as a question of their own; None where the whole must be asked for again.

    Args:
        spec: What the whole answer must be.
        rejected: The answer, and what is wrong with it.
    """
    if rejected.data is None or spec.mode == "text":
        return None
    places = places_to_ask(spec, rejected)
    if not places:
        return None
    try:
        schema = OutputSchema.from_json_schema(
            subschema(places, spec.schema.json_schema), f"{spec.schema.name}_fields", formats=False
        )
    except (
        SchemaUnsupported
    ):  # jsonschema-rs reads some schemas more strictly than the type they were made from
        return None
    constraints = [
        inner
        for constraint in spec.constraints
        for place in places
        if (inner := _rerooted(constraint, place)) is not None
    ]
    return Subquestion(
        places=places,
        spec=OutputSpec(
            schema=schema,
            constraints=constraints,
            enforce=spec.enforce,
            inputs=spec.inputs,
            reasoning=spec.reasoning,
            repair=spec.repair,
            wording=spec.wording,
        ),
        data=rejected.data,
        before=rejected.enforced,
        confidence=rejected.confidence,
    )


def places_to_ask(spec: OutputSpec, rejected: Rejected) -> tuple[Place, ...]:
    """The failing places, in the schema's order; empty for the whole.

    A place that cannot be asked for alone gives way to what holds it, and so do more than MAX_FIELDS of them.
    Where they are more than half of the answer, the whole is asked for.
    """
    root, data = spec.schema.json_schema, rejected.data
    places = _outermost([_askable(place, data, root) for place in _failing(spec, rejected)])
    while len(places) > MAX_FIELDS:
        depth = max(map(len, places))
        places = _outermost(
            [_askable(place[:-1], data, root) if len(place) == depth else place for place in places]
        )
    if not places or _WHOLE in places or _most_of(places, data):
        return ()
    return declared_order(places, root)


def _failing(spec: OutputSpec, rejected: Rejected) -> Iterator[Place]:
    for problem in rejected.problems:
        yield _concrete(problem.path)
    for constraint, verdict in zip(spec.constraints, rejected.verdicts, strict=False):
        if verdict.fails:
            yield from _blamed(constraint, verdict)


def _blamed(constraint: Constraint, verdict: Verdict) -> Iterator[Place]:
    """The broken places; of a condition across fields every field that it reads."""
    if not isinstance(constraint.rule, Expr):
        yield from [_concrete(place) for place in verdict.places] or [_WHOLE]
        return
    read = compile_expression(constraint.rule.expression).places
    yield from [_settled(steps) for root, steps in read if root == "output"] or [_WHOLE]


def _settled(steps: Sequence[Step]) -> Place:
    """The steps as far as they lead to one place: every item, or an index from the end, means the list."""
    place: list[str | int] = []
    for step in steps:
        if isinstance(step, str) or (isinstance(step, int) and step >= 0):
            place.append(step)
        else:
            break
    return tuple(place)


def _concrete(path: str) -> Place:
    try:
        steps = parse(path).steps
    except ValueError:  # a path of names that are too long to be written
        return _WHOLE
    return tuple(step for step in steps if isinstance(step, str | int)) if _is_concrete(steps) else _WHOLE


def _is_concrete(steps: Sequence[Step]) -> bool:
    return all(isinstance(step, str | int) for step in steps)


def _askable(place: Place, data: Any, root: Mapping[str, Any]) -> Place:
    """The place, or the nearest one around it that exists in the data and may stand alone."""
    while place and not (_exists(place, data) and may_stand_alone(place, root)):
        place = place[:-1]
    return place


def _exists(place: Place, data: Any) -> bool:
    """True when a value can be put there: at an item that is there, or into an object that is there."""
    if isinstance(place[-1], int):
        return has_place(data, place)
    return has_place(data, place[:-1]) and is_object(value_at(data, place[:-1]))


def _outermost(places: Sequence[Place]) -> tuple[Place, ...]:
    """Each once, without those that lie inside another."""
    kept = dict.fromkeys(places)
    return tuple(place for place in kept if not any(place[:length] in kept for length in range(len(place))))


def _most_of(places: Sequence[Place], data: Any) -> bool:
    there = [place for place in places if has_place(data, place)]
    missing = len(places) - len(there)
    asked = missing + sum(count_leaves(value_at(data, place)) for place in there)
    return 2 * asked > count_leaves(data) + missing


def _rerooted(constraint: Constraint, place: Place) -> Constraint | None:
    """The constraint as one on the property that stands for the place; None for one that looks beyond it."""
    steps = parse(constraint.path).steps
    if len(steps) < len(place) or isinstance(constraint.rule, Expr) or _looks_around(constraint):
        return None
    if not all(
        wanted == step or (wanted is EACH and isinstance(step, int))
        for wanted, step in zip(steps, place, strict=False)
    ):
        return None
    try:
        return replace(constraint, path=str(Path((path_text(place), *steps[len(place) :]))))
    except ValueError:  # the path became too long to be written; the rule is checked on the whole anyway
        return None


def _looks_around(constraint: Constraint) -> bool:
    rule = constraint.rule
    return isinstance(rule, Reads) and any(
        isinstance(step, Where) and step.relative for path in rule.reads() for step in path.steps
    )
