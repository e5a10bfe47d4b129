"""Rules that exclude one another: the smallest set that no value holds, with values that prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.domains import Combinations, combinations_of
from promptkit.constraints.numbers import Between
from promptkit.constraints.paths import parse
from promptkit.constraints.rules import Fits, Narrows, joined
from promptkit.constraints.valid_values import ValidValues, expressions_of
from promptkit.schemas import Generated, Refused
from promptkit.schemas.places import shorten, shown

__all__ = ["Contradiction", "contradiction_in"]

_SEEDS = (None, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Constraints that no value holds together.

    Attributes:
        constraints: The fewest that exclude one another; empty when the schema alone takes no value.
        proven: True when it is certain; False when a directed search found no value.
        message: What is wrong, the proof, and the mend.
    """

    constraints: tuple[Constraint, ...]
    proven: bool
    message: str


def contradiction_in(
    json_schema: Mapping[str, Any],
    constraints: Sequence[Constraint],
    *,
    inputs: Mapping[str, Any] | None = None,
    witnesses: Sequence[tuple[Any, Mapping[str, Any]]] = (),
    text: bool = False,
) -> Contradiction | None:
    """Why no output can hold the schema and all its rules; None when one was found that does.

    A rule that can neither be said in a schema nor be fitted, as a rule of the user's own may be, is taken for
    possible: that no value was met by chance proves nothing. A condition across fields counts when all values
    of its fields could be tried.

    Args:
        json_schema: The output's schema; empty for a text output.
        constraints: All constraints; those that fail nothing are left out.
        inputs: Inputs by name, for rules that read them.
        witnesses: Outputs with their inputs that may hold everything, such as the prompt's examples; one that
            does settles it.
        text: True for a text output.
    """
    search = _Search(json_schema, inputs, text=text)
    rules = tuple(constraint for constraint in constraints if constraint.fails)
    if any(search.settled(rules, output, given) for output, given in witnesses):
        return None
    found = search.value(rules)
    if isinstance(found, Generated):
        return None
    core = search.core(rules)
    if not core:
        return Contradiction(constraints=(), proven=found.proven, message=_schema_message(found))
    if not search.is_judged(core):
        return None
    return search.told(core)


class _Search:
    def __init__(
        self, json_schema: Mapping[str, Any], inputs: Mapping[str, Any] | None, *, text: bool
    ) -> None:
        self._schema = json_schema
        self._inputs = inputs
        self._text = text

    def values(self, rules: Sequence[Constraint]) -> ValidValues:
        return ValidValues(self._schema, rules, inputs=self._inputs, text=self._text)

    def settled(self, rules: Sequence[Constraint], output: Any, inputs: Mapping[str, Any]) -> bool:
        return ValidValues(self._schema, rules, inputs=inputs, text=self._text).is_valid(output)

    def value(self, rules: Sequence[Constraint]) -> Generated | Refused:
        values = self.values(rules)
        found = values.made(None)
        for seed in _SEEDS:
            if isinstance(found, Generated) or found.proven:
                return found
            found = values.made(seed)
        return found

    def core(self, rules: Sequence[Constraint]) -> tuple[Constraint, ...]:
        """A set of rules that has no value and of which no rule can be left out."""
        core = list(rules)
        for constraint in rules:
            rest = [other for other in core if other is not constraint]
            if isinstance(self.value(rest), Refused):
                core = rest
        return tuple(core)

    def is_judged(self, core: Sequence[Constraint]) -> bool:
        """Whether a failed search for these rules says something."""
        others = [one.rule for one in core if not isinstance(one.rule, Expr)]
        if any(root == "inputs" for one in expressions_of(core) for root, _steps in one.places):
            return False  # other inputs may make it true
        if len(others) < len(core) and not self._combinations(core).whole:
            return False
        return all(isinstance(rule, Fits | Narrows) for rule in others)

    def _combinations(self, core: Sequence[Constraint]) -> Combinations:
        return combinations_of(expressions_of(core), self.values(core).schema)

    def told(self, core: Sequence[Constraint]) -> Contradiction:
        proven = self._is_proven(core)
        names = joined([constraint.id for constraint in core], "and")
        none = "no value can hold" if proven else "no value was found that holds"
        if len(core) == 1:
            what = f"{names}: {none} it, whatever the other rules are"
        else:
            what = f"{names} contradict one another: {none} {'both' if len(core) == len('ab') else 'all of them'}"
        proof = "; ".join(filter(None, (self._proof(constraint, core) for constraint in core)))
        message = f"{what}. {f'Proof: {proof}. ' if proof else ''}Change or remove one of them"
        return Contradiction(constraints=tuple(core), proven=proven, message=message)

    def _is_proven(self, core: Sequence[Constraint]) -> bool:
        """Certain is what the schema alone excludes, and conditions of which every combination was tried."""
        found = self.value(core)
        if isinstance(found, Refused) and found.proven:
            return True
        return all(isinstance(one.rule, Expr | OneOf | Between) for one in core) and self.is_judged(core)

    def _proof(self, constraint: Constraint, core: Sequence[Constraint]) -> str:
        """A value that holds the other rules, and how it breaks this one."""
        rest = [other for other in core if other is not constraint]
        if not rest and isinstance(constraint.rule, Expr):
            count = len(self._combinations(core).values)
            return f"it is false for each of the {count} combinations that its fields can have"
        found = self.value(rest)
        if isinstance(found, Refused):
            return ""
        verdict = constraint.check(found.value, self._inputs or {})
        if verdict.outcome != "violated":
            return ""
        place = next(iter(parse(constraint.path).found(found.value)), None)
        value = shown(found.value if place is None else place.value, 80)
        others = joined([other.id for other in rest], "and") if rest else "the schema"
        got = f" ({shorten(verdict.got, 80)})" if verdict.got and verdict.got != value else ""
        return f"{value} holds {others} and breaks {constraint.id}{got}"


def _schema_message(found: Refused) -> str:
    return f"the output's schema takes no value: {found.reason}. Change the schema"
