"""Inputs that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptkit.constraints.reading import inputs_named
from promptkit.prompts import Prompt
from promptkit.rendering import Problem

__all__ = ["unused_inputs"]


def unused_inputs(prompt: Prompt[Any]) -> Iterator[Problem]:
    """Inputs that no text of the prompt prints or asks for, and that no rule compares with."""
    declared, contract = prompt.declaration, prompt.contract
    used = set(contract.template.used_inputs)
    for constraint in contract.output.constraints:
        used.update(inputs_named(constraint.rule) or ())
    for name in contract.inputs.fields:
        if name not in used:
            yield Problem(
                rule="unused-input",
                message=f"the input {name} is declared, and no text and no rule reads it; print it or remove it",
                file=declared.place,
                line=declared.input.lines.get(name) or declared.lines.get("input"),
                word=name,
            )
