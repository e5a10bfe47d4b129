"""What a rule is, and the rules on plain values and across fields."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from promptkit.constraints.evaluation import Inapplicable, Uncomputable, is_number, same
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.paths import Path
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import path_text, shorten, shown

__all__ = ["Between", "Expr", "OneOf", "Rule", "Scope", "Unjudged", "joined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule may look at besides its own value.

    Attributes:
        output: The whole output as plain data.
        inputs: The inputs by name as plain data.
    """

    output: Any
    inputs: Mapping[str, Any]


class Unjudged(Exception):
    """A rule can say nothing about this value: its verdict is ``unchecked``, with the message as ``got``."""


class Rule(Protocol):
    """One rule about one value: ten lines make a new one."""

    kind: ClassVar[str]
    """The rule's name in files, for example ``max_words``."""
    takes: ClassVar[frozenset[str]]
    """JSON types that the rule can judge; empty for all."""

    def sentence(self, subject: str) -> str:
        """The rule said to a model: ``subject`` is what the sentence begins with."""
        ...

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON Schema of the value with the rule in it; unchanged where JSON Schema cannot say it."""
        ...

    def fault(self, value: Any, scope: Scope) -> str | None:
        """What was found when the value breaks the rule, at most 120 characters; None when it holds.

        Raises:
            Unjudged: When the rule can say nothing about the value.
        """
        ...

    def hint(self, value: Any, scope: Scope) -> str:
        """What to do about a broken rule, as one sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``low`` to ``high``, both included."""

    kind: ClassVar[str] = "between"
    takes: ClassVar[frozenset[str]] = frozenset({"integer", "number"})
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.low) and _is_finite(self.high)):
            raise ValueError(
                f"between takes two finite numbers, as in between: [1, 5]; got {self.low!r} and {self.high!r}"
            )
        if self.low > self.high:
            raise ValueError(
                f"between has {self.low} above {self.high}; write the smaller number first: "
                f"[{self.high}, {self.low}]"
            )

    def sentence(self, subject: str) -> str:
        """Said as an interval with both ends."""
        return f"{subject} is between {self.low} and {self.high}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As minimum and maximum; limits that are already tighter stay."""
        return {
            **fragment,
            "minimum": max(self.low, fragment.get("minimum", self.low)),
            "maximum": min(self.high, fragment.get("maximum", self.high)),
        }

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number within the limits."""
        return None if is_number(value) and self.low <= value <= self.high else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limits."""
        return f"Give a number from {self.low} to {self.high}."


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some plain values."""

    kind: ClassVar[str] = "one_of"
    takes: ClassVar[frozenset[str]] = frozenset()
    values: tuple[str | int | float | bool | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ValueError("one_of takes at least one value, as in one_of: [low, high]")
        if any(is_number(value) and not _is_finite(value) for value in self.values):
            raise ValueError("one_of takes finite numbers and other plain values, as in one_of: [1, 2, none]")

    def sentence(self, subject: str) -> str:
        """Said with every value."""
        return f"{subject} is {self._choice()}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As enum; values that an enum already leaves out stay out."""
        present = fragment.get("enum", fragment.get("const", _NOTHING))
        before = present if is_list(present) else [present]
        kept = [
            value
            for value in self.values
            if present is _NOTHING or any(same(value, other) for other in before)
        ]
        if not kept:
            return fragment
        return {**{key: part for key, part in fragment.items() if key != "const"}, "enum": kept}

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A value that is none of them; true is not 1."""
        return None if any(same(value, allowed) for allowed in self.values) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the choice."""
        return f"Write {self._choice()}, letter for letter."

    def _choice(self) -> str:
        names = [shown(value) for value in self.values]
        return f"exactly {names[0]}" if len(names) == 1 else f"one of {joined(names)}"


@dataclass(frozen=True, slots=True)
class Expr:
    """A condition across fields of ``output`` and ``inputs``, in a small part of Python's syntax."""

    kind: ClassVar[str] = "expr"
    takes: ClassVar[frozenset[str]] = frozenset()
    expression: str

    def __post_init__(self) -> None:
        compile_expression(self.expression)

    def sentence(self, subject: str) -> str:
        """Said as it is written; ``say`` says it better."""
        return f"This holds: `{self.expression}`."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """JSON Schema cannot say it: unchanged."""
        return fragment

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A condition that is false, or that has no value because the kinds of its parts clash.

        Raises:
            Unjudged: When something is ordered by or calculated with null.
        """
        expression = compile_expression(self.expression)
        try:
            result = expression.evaluate(output=scope.output, inputs=scope.inputs)
        except Inapplicable as reason:
            facts = self._facts(scope)
            raise Unjudged(shorten(f"{reason}: {facts}" if facts else str(reason))) from None
        except Uncomputable as reason:
            return shorten(f"it cannot be computed: {reason}")
        return None if result else self._facts(scope) or "it is false"

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the condition."""
        return f"Change the fields so that `{self.expression}` holds."

    def _facts(self, scope: Scope) -> str:
        facts: list[str] = []
        for root, steps in compile_expression(self.expression).places:
            if root == "output" and steps:
                found = Path(steps).values(scope.output)
                facts.append(f"{path_text(steps)} is {shown(found[0][1] if found else None, 40)}")
        return shorten(", ".join(facts))


class _Nothing:
    pass


_NOTHING = _Nothing()


def _is_finite(value: Any) -> bool:
    return is_number(value) and (isinstance(value, int) or math.isfinite(value))


def joined(names: Sequence[str]) -> str:
    """Names as a choice: ``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
