"""The model as promptkit decodes it: held to the form of the answer, values of fields included."""

from pathlib import Path
from typing import Any

from prefixes import PLACEHOLDER, Prefix
from tasks import Task

from promptkit.backends import LlamaBackend
from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

__all__ = ["MaskedReader"]

MAX_ANSWER_TOKENS = 160


def form_of(task: Task) -> dict[str, Any]:
    """The JSON Schema of a task's answers."""
    properties: dict[str, Any] = {
        field.name: {"enum": field.options}
        if field.options
        else {"type": ["string", "null"], "maxLength": 24}
        for field in task.fields
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class MaskedReader:
    """Answers by promptkit's own engine; beside `evaluate.Reader`, which writes whatever comes first."""

    def __init__(self, path: Path, lora: Path | None = None) -> None:
        self.backend = LlamaBackend(f"{path}+lora:{lora}" if lora else str(path), threads=1)

    def answer(self, prefix: Prefix, text: str) -> str:
        """Return what the model writes for a customer message behind a prompt."""
        turns = (*prefix.messages, ("user", prefix.user_form.replace(PLACEHOLDER, text)))
        # A label alone is a text, whose values nothing holds.
        schema = (
            OutputSchema.text()
            if prefix.task.plain
            else OutputSchema.from_json_schema(form_of(prefix.task), "answer")
        )
        request = Request(
            messages=tuple(Message(role=role, content=content) for role, content in turns),
            output=OutputSpec(schema=schema),
            generation=GenerationConfig(temperature=0, max_tokens=MAX_ANSWER_TOKENS),
            prompt=PromptRef(name="evaluation"),
        )
        return self.backend.complete(request).text
