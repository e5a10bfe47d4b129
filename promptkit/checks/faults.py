"""Faults of one prompt: a contract that does not hold together, examples that do not fit it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from promptkit.completions import Verdict
from promptkit.constraints import Contradiction, contradiction_in
from promptkit.declarations import Example
from promptkit.errors import PlanError, PromptError, PromptKitError, TemplateError
from promptkit.prompts import Prompt
from promptkit.schemas import Generated, generate

__all__ = ["Fault", "check_prompt", "fault_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a prompt file.

    Attributes:
        file: Path of the file, or the prompt's name for a prompt that was built in Python.
        line: Line in it, counted from 1; None when no one line is to blame.
        column: Column, counted from 1; None when not known.
        rule: What was checked: ``file`` (it can be read), ``contract`` (inputs, output, constraints, template,
            includes and examples hold together), ``contradiction`` (some output holds all constraints),
            ``example`` (it breaks no constraint) or ``test``.
        message: What is wrong and what to do, without its place.
    """

    file: str
    line: int | None
    column: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message} [{self.rule}]"


def check_prompt(prompt: Prompt[Any]) -> tuple[Fault, ...]:
    """Everything that is wrong with ``prompt``, short of its tests; empty when it is sound.

    A contract that does not hold together is one fault, and its examples are then not looked at.
    """
    try:
        prompt.check()
    except (PromptError, PlanError) as error:
        return (fault_of(error, "contract", prompt.declaration.place),)
    place = prompt.declaration.place
    broken = [
        Fault(file=place, line=example.line, column=None, rule="example", message=message)
        for number, example in enumerate(prompt.declaration.examples, start=1)
        for message in _faults_of_example(prompt, number, example)
    ]
    found = _contradiction(prompt)
    if found is None:
        return tuple(broken)
    line = max((rule.line or 0 for rule in found.constraints), default=0) or prompt.declaration.lines.get(
        "output"
    )
    fault = Fault(file=place, line=line, column=None, rule="contradiction", message=found.message)
    return (fault, *broken)


def fault_of(error: PromptKitError, rule: str, file: str, line: int | None = None) -> Fault:
    """An error as a fault: at its own place where it names one, else at ``file`` and ``line``."""
    if isinstance(error, TemplateError):
        return Fault(
            file=error.file or file,
            line=error.line if error.file else line,
            column=error.column if error.file else None,
            rule=rule,
            message=error.problem,
        )
    return Fault(file=file, line=line, column=None, rule=rule, message=str(error).removeprefix(f"{file}: "))


def _faults_of_example(prompt: Prompt[Any], number: int, example: Example) -> Iterator[str]:
    """Constraints that an example breaks; that it fits the schemas belongs to the contract."""
    inputs = prompt.contract.inputs.validate(example.input, prompt=str(prompt.contract.ref))
    for constraint in prompt.contract.output.constraints:
        verdict = constraint.check(example.output, inputs)
        if verdict.outcome == "violated":
            yield f"the output of example {number} breaks {_broken(verdict)}"


def _contradiction(prompt: Prompt[Any]) -> Contradiction | None:
    """The rules that exclude one another, with a proof; the prompt's examples settle that they do not."""
    contract, label = prompt.contract, str(prompt.contract.ref)
    output = contract.output
    given = [contract.inputs.validate(one.input, prompt=label) for one in prompt.declaration.examples]
    outputs = [example.output for example in prompt.declaration.examples]
    return contradiction_in(
        output.schema.json_schema,
        output.constraints,
        inputs=given[0] if given else _made_up(prompt),
        witnesses=list(zip(outputs, given, strict=True)),
        text=output.mode == "text",
    )


def _made_up(prompt: Prompt[Any]) -> dict[str, Any]:
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
