"""Conditions across fields."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import as_string
from promptkit.constraints.evaluation import Inapplicable, Uncomputable
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.paths import Path
from promptkit.constraints.rules import Scope, Unjudged
from promptkit.schemas.places import path_text, shorten, shown

__all__ = ["Expr"]


@dataclass(frozen=True, slots=True)
class Expr:
    """A condition across fields of ``output`` and ``inputs``, in a small part of Python's syntax."""

    kind = "expr"
    takes: ClassVar[frozenset[str]] = frozenset()
    expression: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the expression as text."""
        return cls(as_string("expr", "an expression as a string", 'expr: "output.a < output.b"', argument))

    def __post_init__(self) -> None:
        compile_expression(self.expression)

    def sentence(self, subject: str) -> str:
        """Said as it is written; ``say`` says it better."""
        return f"This holds: `{self.expression}`."

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
