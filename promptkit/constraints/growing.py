"""Constraints judged field by field, while the output is still being written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptkit.completions import Enforcement, Verdict
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint, Findings
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.paths import EACH, Found, Step, parse
from promptkit.constraints.rules import Scope

__all__ = ["GrowingVerdicts"]

_Place = tuple[str | int, ...]


class _NotYet(Exception):
    """A rule looks at a part of the output that is not whole yet."""


class _Around(Scope):
    """What a rule may look at while the output is being written: the inputs, and nothing else."""

    __slots__ = ()

    def __init__(self, inputs: Mapping[str, Any], shown: tuple[str, ...] | None) -> None:
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "shown", shown)

    @property
    def output(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        raise _NotYet

    @property
    def confidence(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        raise _NotYet

    @property
    def parent(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        raise _NotYet


class _Growing:
    """One constraint, and what was found of it so far."""

    __slots__ = ("constraint", "findings", "judged", "late", "needs")

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint
        self.findings = Findings()
        self.judged: list[_Place] = []
        self.late = False  # it waits for the whole output
        self.needs: set[_Place] | None = None  # of a condition: the fields that it still waits for

    def judge(self, found: Found, scope: Scope) -> bool:
        """Judge one place; True when it breaks the rule."""
        before = len(self.findings.broken)
        try:
            self.findings.judge(self.constraint.rule, found, scope)
        except _NotYet:
            self.late = True
            return False
        self.judged.append(found.place)
        return len(self.findings.broken) > before

    def verdict(
        self, data: Any, scope: Scope, enforced: Enforcement, confidence: Mapping[str, float] | None
    ) -> Verdict:
        """The verdict on the whole output, judging only what was not judged yet."""
        places = [found.place for found in self.constraint.judged_places(data)]
        if self.late or places != self.judged:
            return self.constraint.check(
                data, scope.inputs, shown=scope.shown, enforced=enforced, confidence=confidence
            )
        return self.constraint.verdict(self.findings, enforced)


class GrowingVerdicts:
    """The constraints on an output, each judged once: at a field as soon as this is whole.

    A rule that looks at more of the output than its own value is judged when the output is whole, but a condition
    (``expr``) when all fields are there that it reads. What a rule looks at is seen when it does so.

    Args:
        constraints: The constraints.
        inputs: The validated inputs.
        shown: The texts that the model was shown; None when they are not known.
        alone: False where only some fields of the output are being written: conditions then wait.
    """

    def __init__(
        self,
        constraints: Sequence[Constraint],
        inputs: Mapping[str, Any],
        shown: tuple[str, ...] | None,
        *,
        alone: bool = True,
    ) -> None:
        self._scope = _Around(inputs, shown)
        self._growing = [_Growing(constraint) for constraint in constraints]
        self._by_pattern: dict[tuple[Step, ...], list[_Growing]] = {}
        self._conditions: list[_Growing] = []
        for growing in self._growing:
            self._enter(growing, alone=alone)

    def _enter(self, growing: _Growing, *, alone: bool) -> None:
        rule, steps = growing.constraint.rule, parse(growing.constraint.path).steps
        if isinstance(rule, Expr):
            growing.needs = set(_read_by(rule)) if not steps else set()
            if growing.needs and () not in growing.needs and alone:
                self._conditions.append(growing)
            else:
                growing.late = True
        else:
            pattern = tuple(EACH if isinstance(step, int) else step for step in steps)
            self._by_pattern.setdefault(pattern, []).append(growing)

    @property
    def waiting(self) -> bool:
        """True when there are constraints at all."""
        return bool(self._growing)

    def judge(self, place: _Place, value: Any, output: Any) -> tuple[Verdict, ...]:
        """The verdicts on the rules that a field breaks, now that it is whole.

        Args:
            place: Where it stands.
            value: The field as plain data.
            output: What there is of the output as plain data, with the field in it.
        """
        broken = [
            growing
            for growing in self._about(place)
            if value is not None and self._breaks(growing, place, value)
        ]
        for growing in self._ready(place):
            scope = Scope(output=output, inputs=self._scope.inputs, shown=self._scope.shown)
            if growing.judge(Found((), output, None), scope):
                broken.append(growing)
        return tuple(it.constraint.verdict(it.findings, Enforcement.CHECK) for it in broken)

    def verdicts(
        self,
        data: Any,
        enforced: Sequence[Enforcement],
        confidence: Mapping[str, float] | None = None,
    ) -> tuple[Verdict, ...]:
        """The verdicts on the whole output, in the constraints' order.

        Args:
            data: The output as plain data.
            enforced: Where each constraint was enforced, in their order.
            confidence: How sure the model was of each field, by its path; None where that is not known.
        """
        return tuple(
            growing.verdict(data, self._scope, where, confidence)
            for growing, where in zip(self._growing, enforced, strict=True)
        )

    def _about(self, place: _Place) -> Iterator[_Growing]:
        if self._by_pattern:
            pattern = tuple(EACH if isinstance(step, int) else step for step in place)
            for growing in self._by_pattern.get(pattern, ()):
                steps = parse(growing.constraint.path).steps
                if all(step is EACH or step == name for step, name in zip(steps, place, strict=True)):
                    yield growing

    def _breaks(self, growing: _Growing, place: _Place, value: Any) -> bool:
        return growing.judge(Found(place, value, None), self._scope)

    def _ready(self, place: _Place) -> list[_Growing]:
        """The conditions that have all that they read now that a field is whole."""
        ready: list[_Growing] = []
        for growing in self._conditions:
            assert growing.needs is not None
            growing.needs = {need for need in growing.needs if need[: len(place)] != place}
            if not growing.needs:
                ready.append(growing)
        self._conditions = [growing for growing in self._conditions if growing not in ready]
        return ready


def _read_by(rule: Expr) -> Iterator[_Place]:
    """The places that a condition reads, as far as each is one place: of items, their list."""
    for root, steps in compile_expression(rule.expression).places:
        if root == "output":
            place: list[str | int] = []
            for step in steps:
                if not isinstance(step, str) and (not isinstance(step, int) or step < 0):
                    break
                place.append(step)
            yield tuple(place)
