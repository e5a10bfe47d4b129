"""Values that hold a schema and all constraints: generated, then fitted rule by rule, and always checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptkit.completions import Verdict
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.domains import ABSENT, combinations_of
from promptkit.constraints.expressions import Expression, compile_expression
from promptkit.constraints.narrowing import narrow
from promptkit.constraints.paths import Path, parse
from promptkit.constraints.rules import Bounds, Fits, Rule, Scope, Unjudged
from promptkit.schemas import Generated, Generator, Refused, shrink
from promptkit.schemas.json_types import is_list, is_object

__all__ = ["ValidValues", "expressions_of", "put"]

_SEEDS = 12
_MORE_SEEDS = 60
"""For types whose validators say more than their schema, which only chance can meet."""
_ROUNDS = 8
"""How often the rules are fitted one after the other: one that cuts what another added is met again."""


class ValidValues:
    """Makes values that hold a schema and every constraint of severity must.

    Args:
        json_schema: The output's schema; empty for a text output.
        constraints: The constraints.
        inputs: The inputs by name as plain data, for rules that read them.
        accepts: Has the last word on a value, for types whose validators say more than their schema.
        text: True for a text output.
    """

    def __init__(
        self,
        json_schema: Mapping[str, Any],
        constraints: Sequence[Constraint],
        *,
        inputs: Mapping[str, Any] | None = None,
        accepts: Callable[[Any], bool] | None = None,
        text: bool = False,
    ) -> None:
        self.constraints = tuple(constraint for constraint in constraints if constraint.fails)
        self.inputs: Mapping[str, Any] = inputs or {}
        enforced = [replace(constraint, enforce="prefer") for constraint in self.constraints]
        self.schema = narrow({"type": "string"} if text else json_schema, enforced, inputs)
        self._generator = Generator.of(self.schema)
        self._accepts = accepts

    def made(self, seed: int | None = None) -> Generated | Refused:
        """A value, the same for the same seed; None gives the plainest that was found.

        The choices of what comes back lead to the value before it was fitted; ``shrunk`` takes them.
        """
        if isinstance(self._generator, Refused):
            return self._generator
        refused: Refused | None = None
        for number in range(_SEEDS if self._accepts is None else _MORE_SEEDS):
            found = self._generator.made(seed if number == 0 else _seed(seed, number))
            if isinstance(found, Refused):
                return found
            value = self.fitted(found.value)
            if value is not None:
                return Generated(value=value[0], choices=found.choices)
            refused = refused or self._refusal(found.value)
        assert refused is not None
        return refused

    def shrunk(self, generated: Generated, keep: Callable[[Any], bool], *, tries: int = 300) -> Generated:
        """A simpler value that holds all rules and for which ``keep`` is true."""

        def kept(raw: Any) -> bool:
            value = self.fitted(raw)
            return value is not None and keep(value[0])

        found = shrink(self.schema, generated, kept, tries=tries)
        value = self.fitted(found.value)
        return generated if value is None else Generated(value=value[0], choices=found.choices)

    def fitted(self, data: Any) -> tuple[Any] | None:
        """A value near to the data that holds everything, in a tuple because it may be null; None without one."""
        for _ in range(_ROUNDS):
            broken = [verdict for verdict in self.verdicts(data) if verdict[1].outcome == "violated"]
            if not broken:
                return (data,) if self.is_valid(data) else None
            before = data
            data = self._with_places_fitted(data)
            if any(isinstance(constraint.rule, Expr) for constraint, _verdict in broken):
                data = self._meeting_conditions(data)
            if data == before:
                return None
        return None

    def verdicts(self, data: Any) -> list[tuple[Constraint, Verdict]]:
        """Each constraint with what becomes of it."""
        return [(constraint, constraint.check(data, self.inputs)) for constraint in self.constraints]

    def is_valid(self, data: Any) -> bool:
        """Whether schema, type and all rules take the data."""
        if isinstance(self._generator, Refused) or not self._generator.accepts(data):
            return False
        if any(verdict.outcome == "violated" for _, verdict in self.verdicts(data)):
            return False
        return self._accepts is None or self._accepts(data)

    def _with_places_fitted(self, data: Any) -> Any:
        """The data with another value wherever a rule that can fit one is broken."""
        places: dict[tuple[str | int, ...], list[Constraint]] = {}
        for constraint in self.constraints:
            for found in parse(constraint.path).found(data):
                if found.value is not None and not isinstance(constraint.rule, Expr):
                    places.setdefault(found.place, []).append(constraint)
        for place, rules in places.items():
            data = self._with_place_fitted(data, place, rules)
        return data

    def _with_place_fitted(self, data: Any, place: tuple[str | int, ...], rules: Sequence[Constraint]) -> Any:
        """The data with a value at the place that holds all rules there, from several beginnings."""
        found = next(Path(place).found(data), None)
        if found is None:
            return data
        scope = Scope(output=data, inputs=self.inputs, parent=found.parent)
        kinds = [rule.rule for rule in rules]
        if not _broken(kinds, found.value, scope):
            return data
        was_valid = self._takes(data)
        for start in _starts(found.value, kinds, scope):
            for order in (kinds, kinds[::-1]):
                value = _fitted(order, start, scope)
                if not _broken(kinds, value, scope):
                    changed = put(data, place, value)
                    if not was_valid or self._takes(changed):
                        return changed
        return put(data, place, _fitted(kinds, found.value, scope))

    def _takes(self, data: Any) -> bool:
        return isinstance(self._generator, Generator) and self._generator.accepts(data)

    def _meeting_conditions(self, data: Any) -> Any:
        """The data with other values in those fields that the conditions read, so that all of them are true."""
        rules = [constraint for constraint in self.constraints if isinstance(constraint.rule, Expr)]
        combined = combinations_of(expressions_of(rules), self.schema, self.inputs)
        for values in combined.values:
            changed = data
            for place, value in zip(combined.fields, values, strict=True):
                changed = put(changed, place, value)
            if all(rule.check(changed, self.inputs).outcome == "held" for rule in rules):
                return changed
        return data

    def _refusal(self, data: Any) -> Refused:
        broken = [verdict for _, verdict in self.verdicts(data) if verdict.outcome == "violated"]
        if not broken:
            return Refused(reason="no value was found that the output's type accepts", path="")
        said = "; ".join(f"{verdict.constraint}: {verdict.expected}" for verdict in broken)
        return Refused(
            reason=f"no value was found that holds all rules; broken stay {said}", path=broken[0].path
        )


def _broken(rules: Sequence[Rule], value: Any, scope: Scope) -> list[Rule]:
    return [rule for rule in rules if _fault(rule, value, scope)]


def _fault(rule: Rule, value: Any, scope: Scope) -> bool:
    try:
        return rule.fault(value, scope) is not None
    except Unjudged:
        return False


def _fitted(rules: Sequence[Rule], value: Any, scope: Scope) -> Any:
    """The value with one rule fitted after the other, again and again while that changes it."""
    for _ in range(_ROUNDS):
        before = value
        for rule in rules:
            if isinstance(rule, Fits) and _fault(rule, value, scope):
                value = rule.fitted(value, scope)
        if value == before:
            break
    return value


def _starts(value: Any, rules: Sequence[Rule], scope: Scope) -> Iterator[Any]:
    """Where fitting may begin: the value, the empty one of its kind, and what lies just inside each rule."""
    yield value
    empty: Any = "" if isinstance(value, str) else [] if is_list(value) else value
    yield empty
    for rule in rules:
        if isinstance(rule, Bounds):
            yield from rule.boundary({}, scope).inside
        if isinstance(rule, Fits):
            yield rule.fitted(empty, scope)


def expressions_of(constraints: Sequence[Constraint]) -> list[Expression]:
    """The expressions of the conditions among the constraints."""
    return [compile_expression(one.rule.expression) for one in constraints if isinstance(one.rule, Expr)]


def put(data: Any, place: Sequence[str | int], value: Any) -> Any:
    """The data with another value at a place, or without it for ABSENT; places that are not there stay away."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if is_object(data) and isinstance(step, str):
        if not rest and value is ABSENT:
            return {name: inner for name, inner in data.items() if name != step}
        return {**data, step: put(data.get(step, {}), rest, value)}
    if is_list(data) and isinstance(step, int):
        return [put(item, rest, value) if index == step else item for index, item in enumerate(data)]
    return data


def _seed(seed: int | None, number: int) -> int:
    return (0 if seed is None else seed) * _MORE_SEEDS + number
