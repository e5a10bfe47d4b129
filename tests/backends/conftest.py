"""Questions for every test of a backend."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


@pytest.fixture
def question() -> Request:
    return make_request(OutputSchema.from_json_schema(COLOUR, "colour"))


@pytest.fixture
def text_question() -> Request:
    return make_request(OutputSchema.text())


@pytest.fixture
def ask_for() -> Any:
    return make_request


def make_request(
    schema: OutputSchema[Any],
    *messages: Message,
    generation: GenerationConfig | None = None,
    constraints: tuple[Any, ...] = (),
) -> Request:
    return Request(
        messages=messages
        or (
            Message(role="system", content="Name the colour."),
            Message(role="user", content="Fire engine · «rot»"),
        ),
        output=OutputSpec(schema=schema, constraints=constraints),
        generation=generation or GenerationConfig(temperature=0, max_tokens=20),
        prompt=PromptRef(name="colour"),
    )
