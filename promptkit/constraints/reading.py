"""Which inputs a rule compares an answer with."""

from __future__ import annotations

from promptkit.constraints.conditions import Expr
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.rules import Reads, Rule

__all__ = ["inputs_named"]


def inputs_named(rule: Rule) -> frozenset[str] | None:
    """The inputs that a rule names; None for a rule that names none and reads all of them."""
    if isinstance(rule, Reads):
        paths = rule.reads()
        return frozenset(str(path.steps[0]) for path in paths if path.steps) if paths else None
    if isinstance(rule, Expr):
        places = compile_expression(rule.expression).places
        return frozenset(str(steps[0]) for root, steps in places if root == "inputs" and steps)
    return frozenset()
