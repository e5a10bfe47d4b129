"""What is wrong with a prompt's examples, and rules that no output can hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptkit.completions import Verdict
from promptkit.constraints import contradiction_in
from promptkit.prompts import Prompt
from promptkit.rendering import Problem
from promptkit.schemas import Generated, generate

__all__ = ["contradictions", "example_problems", "made_up_inputs"]


def example_problems(prompt: Prompt[Any]) -> Iterator[Problem]:
    """Constraints that the examples break; that they fit the schemas is looked at when the prompt is loaded."""
    for number, example in enumerate(prompt.declaration.examples, start=1):
        inputs = prompt.contract.inputs.validate(example.input, prompt=str(prompt.contract.ref))
        for constraint in prompt.contract.output.constraints:
            verdict = constraint.check(example.output, inputs)
            if verdict.outcome == "violated":
                message = f"the output of example {number} breaks {_broken(verdict)}"
                place = prompt.declaration.place
                yield Problem(rule="example", message=message, file=place, line=example.line)


def contradictions(prompt: Prompt[Any]) -> Iterator[Problem]:
    """The rules that exclude one another, with a proof; the prompt's examples settle that they do not."""
    contract, label = prompt.contract, str(prompt.contract.ref)
    output, declared = contract.output, prompt.declaration
    given = [contract.inputs.validate(one.input, prompt=label) for one in declared.examples]
    outputs = [example.output for example in declared.examples]
    found = contradiction_in(
        output.schema.json_schema,
        output.constraints,
        inputs=given[0] if given else made_up_inputs(prompt),
        witnesses=list(zip(outputs, given, strict=True)),
        text=output.mode == "text",
    )
    if found is not None:
        line = max((rule.line or 0 for rule in found.constraints), default=0) or declared.lines.get("output")
        yield Problem(rule="contradiction", message=found.message, file=declared.place, line=line)


def made_up_inputs(prompt: Prompt[Any]) -> dict[str, Any]:
    """Plain values for the inputs, for rules that compare with them; without those that are no data."""
    fields = prompt.contract.inputs.fields
    made = {
        name: generate(field.json_schema, seed=None)
        for name, field in fields.items()
        if field.kind in ("text", "json")
    }
    return {name: found.value for name, found in made.items() if isinstance(found, Generated)}


def _broken(verdict: Verdict) -> str:
    got = f" Got: {verdict.got}" if verdict.got else ""
    return f"{verdict.constraint}: {verdict.expected}{got}"
