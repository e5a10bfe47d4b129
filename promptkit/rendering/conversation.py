"""Turns that are not written in the template: examples and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptkit.declarations import Example
from promptkit.errors import InputError, InputProblem, TemplateError
from promptkit.messages import Message
from promptkit.rendering.run import Run
from promptkit.requests import OutputSpec, thinking_aloud
from promptkit.schemas import InputSchema, Invalid

__all__ = ["emit_history", "example_messages"]


def example_messages(
    examples: Sequence[Example],
    *,
    prompt: str,
    inputs: InputSchema,
    output: OutputSpec,
    render: Callable[[Mapping[str, Any]], Sequence[Message]],
) -> tuple[Message, ...]:
    """For each example the last user message with its input, and an assistant message with its output.

    Args:
        examples: As declared.
        prompt: What errors call the prompt: its file or name.
        inputs: The schema of the inputs.
        output: What an answer must be.
        render: Renders the whole template with other inputs, without the history.

    Raises:
        TemplateError: When an example fits the input or the output schema not, at the example's line.
    """
    messages: list[Message] = []
    for number, example in enumerate(examples, 1):

        def fault(problem: str, number: int = number, line: int | None = example.line) -> TemplateError:
            return TemplateError(f"example {number}: {problem}", file=prompt, line=line, rule="example")

        try:
            values = inputs.validate(example.input, prompt=prompt)
            users = [message for message in render(values) if message.role == "user"]
        except InputError as error:
            raise fault(str(error)) from error
        except TemplateError as error:
            raise fault(f"it cannot be rendered: {error}") from error
        if not users:
            raise fault("with this input the template has no user message; examples need one")
        answer = output.schema.validate(example.output)
        if isinstance(answer, Invalid):
            found = "; ".join(str(problem) for problem in answer.problems)
            raise fault(f"its output does not fit the output schema: {found}")
        written = output.schema.dump_json(answer.value)
        if output.reasoning:
            written = thinking_aloud(example.reasoning, written)
        elif example.reasoning is not None:
            raise fault("it has reasoning, and the output has none; add `reasoning: true` to output")
        messages.append(users[-1])
        messages.append(Message(role="assistant", content=written))
    return tuple(messages)


def emit_history(run: Run, name: str) -> None:
    """Add the turns of the input ``name``.

    Raises:
        InputError: When one of them is a system message: only the prompt itself speaks as the system.
    """
    turns: Sequence[Message] | None = run.values.get(name)
    if not turns:
        return
    for index, turn in enumerate(turns):
        if turn.role == "system":
            path = f"{name}[{index}].role"
            message = "a system message cannot stand in the history; pass user, assistant and tool messages"
            raise InputError(f"{path}: {message}", problems=[InputProblem(path, "type", message)])
    run.messages.extend(turns)
