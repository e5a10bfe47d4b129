from __future__ import annotations

import json
from typing import Any

import pytest

from promptkit import constraints
from promptkit.backends import open_backend
from promptkit.backends.dialect import NotTheProtocol
from promptkit.backends.dialects.ollama import dialect
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.errors import CapabilityMissing
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="ollama:m", url="http://host/api", model="qwen3:4b", key_env="KEY")
SCHEMA = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}, "required": ["size"]}


def sent(request: Any, *, stream: bool = False) -> dict[str, Any]:
    return json.loads(dialect().encode(request, ENDPOINT, stream=stream).body)


def test_the_schema_is_sent_as_it_stands_and_everything_is_checked(ask_for) -> None:
    schema = OutputSchema.from_json_schema(SCHEMA, "thing")
    request = ask_for(schema, constraints=(constraints.at_least("size", 2),))

    plan = dialect().plan(request.output, request.generation, ENDPOINT)

    assert sent(request)["format"] == {**SCHEMA, "properties": {"size": {"type": "integer", "minimum": 2}}}
    assert plan.wire == request.output.json_schema
    assert {it.where for it in plan.placements} == {Enforcement.CHECK}
    assert plan.where("size", "at_least") == "check"
    assert "drops keywords without a word" in plan.placements[0].note


def test_settings_are_options_and_log_probabilities_stand_beside_them(ask_for) -> None:
    generation = GenerationConfig(
        temperature=0.5,
        max_tokens=9,
        seed=1,
        top_p=0.9,
        top_k=3,
        min_p=0.1,
        repetition_penalty=1.1,
        stop=("END",),
        logprobs=2,
        extra={"think": False, "options": {"num_ctx": 8192}},
    )

    body = sent(ask_for(OutputSchema.text(), generation=generation))

    assert body["options"] == {
        "temperature": 0.5,
        "num_predict": 9,
        "seed": 1,
        "top_p": 0.9,
        "top_k": 3,
        "min_p": 0.1,
        "repeat_penalty": 1.1,
        "stop": ["END"],
        "num_ctx": 8192,
    }
    assert (body["logprobs"], body["top_logprobs"], body["think"]) == (True, 2, False)


def test_a_stream_is_asked_for_or_refused_in_so_many_words(ask_for) -> None:
    request = ask_for(OutputSchema.text(), generation=GenerationConfig(seed=1))

    assert (sent(request)["stream"], sent(request, stream=True)["stream"]) == (False, True)


def test_parts_have_their_wire_forms(ask_for) -> None:
    messages = (
        Message(role="user", content=(TextPart(text="Look:"), ImagePart(data=b"\x89PNG"))),
        Message(role="assistant", content=(ToolCallPart(id="t1", name="f", arguments='{"a":1}'),)),
        Message(role="tool", content=(ToolResultPart(id="t1", text="one"),)),
    )

    assert sent(ask_for(OutputSchema.text(), *messages))["messages"] == [
        {"role": "user", "content": "Look:", "images": ["iVBORw=="]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "tool_name": "f", "content": "one"},
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(role="user", content=(ImagePart(url="https://a/b"),)), "images by their bytes only"),
        (Message(role="user", content=(DocumentPart(data=b"x"),)), "no documents of type application/pdf"),
        (Message(role="system", content=(ImagePart(data=b"x"),)), "ImagePart in a message of role system"),
        (Message(role="tool", content=(TextPart(text="x"),)), "TextPart in a message of role tool"),
        (
            Message(role="tool", content=(ToolResultPart(id="t9", text="x"),)),
            "no call before it has the id 't9'",
        ),
    ],
)
def test_what_has_no_place_is_refused_before_anything_is_sent(ask_for, message, said) -> None:
    with pytest.raises(CapabilityMissing, match=said):
        sent(ask_for(OutputSchema.text(), message))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"message": {"content": ""}, "done": False}, "it is not done"),
        ({"done": True}, "no message.content"),
        ({"done": True, "message": {"content": 7}}, "no message.content"),
        ({"done": True, "message": {"content": ""}, "done_reason": "tired"}, '"tired"'),
    ],
)
def test_answers_that_are_none_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read(data)


def test_an_answer_without_counts_has_no_usage() -> None:
    assert dialect().usage({"done": True}) is None


def test_it_needs_no_key_and_is_found_on_this_machine() -> None:
    backend = open_backend("ollama:qwen3:4b")

    assert (backend._endpoint.url, backend._endpoint.model) == ("http://127.0.0.1:11434/api", "qwen3:4b")
    assert not backend._dialect.needs_key
