"""Inputs that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptkit.constraints import Constraint, Reads
from promptkit.constraints.conditions import Expr
from promptkit.constraints.expressions import compile_expression
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["unused_inputs"]


def unused_inputs(prompt: Prompt[Any]) -> Iterator[Problem]:
    """Inputs that no text of the prompt prints or asks for, and that no rule compares with."""
    declared, contract = prompt.declaration, prompt.contract
    used = set(contract.template.used_inputs)
    for constraint in contract.output.constraints:
        used.update(_read_by(constraint))
    for name in contract.inputs.fields:
        if name not in used:
            yield Problem(
                rule="unused-input",
                message=f"the input {name} is declared, and no text and no rule reads it; print it or remove it",
                file=declared.place,
                line=declared.input.lines.get(name) or declared.lines.get("input"),
                word=name,
            )


def _read_by(constraint: Constraint) -> Iterator[str]:
    rule = constraint.rule
    if isinstance(rule, Reads):
        yield from (str(path.steps[0]) for path in rule.reads() if path.steps)
    if isinstance(rule, Expr):
        places = compile_expression(rule.expression).places
        yield from (str(steps[0]) for root, steps in places if root == "inputs" and steps)
