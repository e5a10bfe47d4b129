from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from promptkit.backends.dialect import NotTheProtocol
from promptkit.backends.dialects.openai_chat import compatible, openai
from promptkit.backends.dialects.openai_responses import dialect
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement, TokenLogprob
from promptkit.errors import CapabilityMissing
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig, Tool
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="openai-responses:m", url="https://host/v1", model="gpt-4.1", key_env="KEY")
REASONING = Endpoint(name="openai-responses:gpt-5", url="https://host/v1", model="gpt-5", key_env="KEY")
COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


def sent(request: Any, endpoint: Endpoint = ENDPOINT) -> dict[str, Any]:
    return json.loads(dialect().encode(request, endpoint, stream=False).body)


def test_the_schema_stands_flat_below_text_format_and_nothing_is_stored(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema(COLOUR, "colour"))

    body = sent(request)

    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "colour", True)
    assert form["schema"]["required"] == ["colour"]
    assert body["store"] is False
    assert dialect().plan(request.output, request.generation, ENDPOINT).where("colour", "enum") == "native"


def test_a_schema_that_is_not_strict_is_sent_as_advice_and_checked(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema({"type": "object", "additionalProperties": True}, "x"))

    assert sent(request)["text"]["format"]["strict"] is False
    placement = dialect().plan(request.output, request.generation, ENDPOINT).placements[0]
    assert (placement.rule, placement.where) == ("strict", Enforcement.CHECK)


def test_settings_have_the_names_of_this_api(ask_for) -> None:
    generation = GenerationConfig(temperature=0.5, top_p=0.9, max_tokens=9, logprobs=2)

    body = sent(ask_for(OutputSchema.text(), generation=generation))

    assert (body["temperature"], body["top_p"], body["max_output_tokens"]) == (0.5, 0.9, 9)
    assert (body["top_logprobs"], body["include"]) == (2, ["message.output_text.logprobs"])


@pytest.mark.parametrize(
    ("endpoint", "generation", "said"),
    [
        (ENDPOINT, GenerationConfig(seed=1, stop=("x",)), "no parameter for seed, stop"),
        (REASONING, GenerationConfig(temperature=0.5), "no parameter for temperature.*this model reasons"),
    ],
)
def test_settings_that_the_api_or_the_model_lacks_are_refused(ask_for, endpoint, generation, said) -> None:
    request = ask_for(OutputSchema.text(), generation=generation)

    with pytest.raises(CapabilityMissing, match=said):
        sent(request, endpoint)
    placements = dialect().plan(request.output, generation, endpoint).placements
    assert {it.where for it in placements} == {Enforcement.IMPOSSIBLE}


def test_the_one_temperature_that_a_reasoning_model_has_is_sent(ask_for) -> None:
    request = ask_for(OutputSchema.text(), generation=GenerationConfig(temperature=1, top_p=1))

    assert sent(request, REASONING)["temperature"] == 1


def test_parts_have_their_wire_forms(ask_for) -> None:
    messages = (
        Message(role="system", content="Be brief."),
        Message(
            role="user",
            content=(
                TextPart(text="Look:"),
                ImagePart(url="https://example.org/a.jpg"),
                DocumentPart(data=b"%PDF", name="a.pdf"),
            ),
        ),
        Message(
            role="assistant", content=(TextPart(text="Hm."), ToolCallPart(id="t1", name="f", arguments="{}"))
        ),
        Message(role="tool", content=(ToolResultPart(id="t1", text="one"),)),
    )

    assert sent(ask_for(OutputSchema.text(), *messages))["input"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look:"},
                {"type": "input_image", "detail": "auto", "image_url": "https://example.org/a.jpg"},
                {
                    "type": "input_file",
                    "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,JVBERg==",
                },
            ],
        },
        {"role": "assistant", "content": "Hm."},
        {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "t1", "output": "one"},
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(role="system", content=(ImagePart(data=b"x"),)), "a ImagePart in a message of role system"),
        (Message(role="tool", content=(TextPart(text="x"),)), "a TextPart in a message of role tool"),
        (Message(role="user", content=(DocumentPart(data=b"x", media_type="a/b"),)), "documents of type a/b"),
    ],
)
def test_a_part_that_has_no_place_is_refused_before_anything_is_sent(ask_for, message, said) -> None:
    with pytest.raises(CapabilityMissing, match=said):
        sent(ask_for(OutputSchema.text(), message))


def token(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": -0.5, "bytes": [], "top_logprobs": [{"token": text, "logprob": -0.5}]}


def test_log_probabilities_stand_with_the_text_whole_and_in_deltas() -> None:
    part = {"type": "output_text", "text": "red", "logprobs": [token("re"), token("d")]}
    whole = {"status": "completed", "output": [{"type": "message", "content": [part]}]}
    delta = {"type": "response.output_text.delta", "delta": "re", "logprobs": [token("re")]}

    assert dialect().read(whole).logprobs == (token("re"), token("d"))
    assert dialect().read_event(delta, "response.output_text.delta").logprobs == (token("re"),)
    assert TokenLogprob(text="re", logprob=-0.5).top == ()


def test_an_error_of_a_stream_that_names_no_events_is_known_by_its_type() -> None:
    event = {"type": "error", "code": "server_error", "message": "Went wrong"}

    assert dialect().read_event(event, "message").error == event


def test_a_response_that_failed_without_a_word_is_an_error_all_the_same() -> None:
    failed = {"status": "failed", "output": [], "error": None}

    assert dialect().read(failed).error == {"message": "the response failed", "code": "server_error"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"object": "response"}, "holds no output"),
        ({"status": "queued", "output": []}, "status is 'queued'"),
        ({"status": "incomplete", "output": [], "incomplete_details": None}, "reason is null"),
        (
            {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text"}]}]},
            "output_text holds no text",
        ),
    ],
)
def test_answers_that_are_no_responses_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"type": "response.completed"}, "response.completed without response"),
        ({"type": "response.output_text.delta", "delta": 7}, "output_text.delta without delta"),
    ],
)
def test_events_that_lack_what_their_kind_holds_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read_event(data, "message")


def test_counts_that_are_no_numbers_leave_the_answer_without_usage() -> None:
    assert dialect().usage({"input_tokens": None}) is None


class Open(BaseModel):
    """Of any further names."""

    model_config = {"extra": "allow"}


class Find(BaseModel):
    """Find a thing."""

    q: str
    most: int = 3


def test_tools_are_strict_where_the_strict_form_can_say_their_arguments(ask_for) -> None:
    request = replace(ask_for(OutputSchema.text()), tools=(Tool.of(Find), Tool.of(Open)))

    find, loose = sent(request)["tools"]
    chat = json.loads(openai().encode(request, ENDPOINT, stream=False).body)["tools"]
    theirs = json.loads(compatible().encode(request, ENDPOINT, stream=False).body)["tools"]

    assert (find["type"], find["name"], find["description"]) == ("function", "Find", "Find a thing.")
    assert (find["strict"], find["parameters"]["required"]) == (True, ["q", "most"])
    assert (loose["strict"], loose["parameters"]["additionalProperties"]) == (False, True)
    assert [it["function"].get("strict") for it in chat] == [True, None]
    assert [it["function"].get("strict") for it in theirs] == [None, None]
