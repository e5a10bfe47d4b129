from __future__ import annotations

import json
from typing import Any

import pytest

from promptkit.backends.answers import decode
from promptkit.backends.dialect import NotTheProtocol
from promptkit.backends.dialects.gemini import dialect
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.completions import Enforcement, TokenLogprob
from promptkit.errors import CapabilityMissing, ServerError
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="gemini:m", url="https://host/v1beta", model="gemini-3.5-flash", key_env="KEY")
SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
        "kind": {"const": "a"},
        "name": {"type": "string", "minLength": 2, "format": "email"},
        "more": {"type": "object", "additionalProperties": {"type": "string"}},
        "any": {"type": "object"},
    },
    "required": ["size"],
    "additionalProperties": False,
}


def sent(request: Any, endpoint: Endpoint = ENDPOINT) -> dict[str, Any]:
    return json.loads(dialect().encode(request, endpoint, stream=False).body)


def test_the_schema_is_sent_as_the_api_takes_it_and_the_plan_says_what_is_left_to_the_check(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema(SCHEMA, "thing"))

    settings = sent(request)["generationConfig"]
    plan = dialect().plan(request.output, request.generation, ENDPOINT)

    assert settings["responseMimeType"] == "application/json"
    properties = settings["responseJsonSchema"]["properties"]
    assert properties["size"] == {"type": "integer", "minimum": 1, "description": "(exclusiveMaximum: 9)"}
    assert properties["kind"] == {"enum": ["a"], "type": "string"}
    assert properties["name"]["description"] == '(minLength: 2; format: "email")'
    assert properties["more"]["additionalProperties"] == {"type": "string"}
    assert properties["any"]["additionalProperties"] is True
    assert settings["responseJsonSchema"]["required"] == ["size"]
    assert plan.where("kind", "const") == plan.where("size", "minimum") == "native"
    left = {("size", "exclusiveMaximum"), ("name", "minLength"), ("name", "format")}
    assert {(it.path, it.rule) for it in plan.placements if it.where is Enforcement.CHECK} == left


def test_a_list_can_be_asked_for_too(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema({"type": "array", "items": {"type": "string"}}, "names"))

    assert sent(request)["generationConfig"]["responseJsonSchema"]["items"] == {"type": "string"}
    assert dialect().plan(request.output, request.generation, ENDPOINT).where("", "type") == "native"


def test_settings_have_the_names_of_this_api(ask_for) -> None:
    generation = GenerationConfig(
        temperature=0.5, max_tokens=9, seed=1, top_p=0.9, top_k=3, stop=("END",), logprobs=2
    )

    assert sent(ask_for(OutputSchema.text(), generation=generation))["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 9,
        "seed": 1,
        "topP": 0.9,
        "topK": 3,
        "stopSequences": ["END"],
        "responseLogprobs": True,
        "logprobs": 2,
    }
    bare = ask_for(OutputSchema.text(), generation=GenerationConfig(logprobs=0))
    assert sent(bare)["generationConfig"] == {"responseLogprobs": True}
    assert "generationConfig" not in sent(
        ask_for(OutputSchema.text(), generation=GenerationConfig(extra={"a": 1}))
    )
    with pytest.raises(CapabilityMissing, match="no parameter for min_p"):
        sent(ask_for(OutputSchema.text(), generation=GenerationConfig(min_p=0.1)))


def test_the_model_stands_in_the_path_as_one_step_of_it(ask_for) -> None:
    odd = Endpoint(name="n", url="u", model="../x?y", key_env="KEY")

    call = dialect().encode(ask_for(OutputSchema.text()), odd, stream=True)

    assert call.path == "/models/..%2Fx%3Fy:streamGenerateContent?alt=sse"


def test_what_is_extra_is_merged_into_the_objects_that_are_there(ask_for) -> None:
    extra = {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
    generation = GenerationConfig(temperature=0.5, extra=extra)

    assert sent(ask_for(OutputSchema.text(), generation=generation))["generationConfig"] == {
        "temperature": 0.5,
        "thinkingConfig": {"includeThoughts": True},
    }


CALL = ToolCallPart(id="t1", name="f", arguments='{"a":1}', signature="c2ln")


def test_parts_have_their_wire_forms_and_neighbours_of_one_role_are_one_turn(ask_for) -> None:
    messages = (
        Message(role="system", content="Be brief."),
        Message(
            role="user",
            content=(
                ImagePart(url="https://example.org/a.jpg", media_type="image/jpeg"),
                DocumentPart(data=b"%PDF"),
                ImagePart(data=b"\x89PNG"),
            ),
        ),
        Message(role="assistant", content=(TextPart(text="Hm."), CALL)),
        Message(role="tool", content=(ToolResultPart(id="t1", text="one"),)),
        Message(role="user", content="So?"),
    )

    body = sent(ask_for(OutputSchema.text(), *messages))

    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["contents"] == [
        {
            "role": "user",
            "parts": [
                {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.org/a.jpg"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "Hm."},
                {"functionCall": {"id": "t1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "t1", "name": "f", "response": {"output": "one"}}},
                {"text": "So?"},
            ],
        },
    ]


def test_what_another_provider_signed_is_left_out(ask_for) -> None:
    call = ToolCallPart(id="t1", name="f", arguments="{}", signature='[["Red?", "c2ln"]]')

    body = sent(ask_for(OutputSchema.text(), Message(role="assistant", content=(call,))))

    assert body["contents"][0]["parts"] == [{"functionCall": {"id": "t1", "name": "f", "args": {}}}]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            (Message(role="assistant", content=(ImagePart(data=b"x"),)),),
            "ImagePart in a message of role assistant",
        ),
        ((Message(role="user", content=(CALL,)),), "ToolCallPart in a message of role user"),
        (
            (Message(role="tool", content=(ToolResultPart(id="t9", text="x"),)),),
            "no call before it has the id 't9'",
        ),
        (
            (Message(role="user", content="Hi"), Message(role="system", content="Late")),
            "system messages at the beginning only",
        ),
    ],
)
def test_what_has_no_place_is_refused_before_anything_is_sent(ask_for, messages, said) -> None:
    with pytest.raises(CapabilityMissing, match=said):
        sent(ask_for(OutputSchema.text(), *messages))


def answered(candidate: dict[str, Any]) -> Any:
    body = json.dumps({"candidates": [candidate], "usageMetadata": {"promptTokenCount": "x"}}).encode()
    return decode(HttpReply(status=200, headers={}, body=body), dialect(), ENDPOINT)


def test_log_probabilities_are_read_with_their_alternatives() -> None:
    red, blue = {"token": "red", "logProbability": -0.25}, {"token": "blue", "logProbability": -1.5}
    result = {"chosenCandidates": [red, blue], "topCandidates": [{"candidates": [red, blue]}]}

    completion = answered(
        {"content": {"parts": [{"text": "redblue"}]}, "finishReason": "STOP", "logprobsResult": result}
    )

    assert completion.logprobs == (
        TokenLogprob(text="red", logprob=-0.25, top=(("red", -0.25), ("blue", -1.5))),
        TokenLogprob(text="blue", logprob=-1.5),
    )
    assert completion.usage is None


def test_two_calls_of_a_tool_without_an_id_are_told_apart() -> None:
    part = {"functionCall": {"name": "f"}}

    completion = answered({"content": {"parts": [part, part]}, "finishReason": "STOP"})

    assert [(call.id, call.arguments) for call in completion.tool_calls] == [
        ("call-1", "{}"),
        ("call-2", "{}"),
    ]


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "SPII", "BLOCKLIST", "PROHIBITED_CONTENT"])
def test_a_filter_says_that_it_filtered(reason) -> None:
    assert answered({"finishReason": reason}).finish_reason == "filter"


def test_a_reason_for_which_there_is_no_answer_is_an_error_worth_another_try() -> None:
    with pytest.raises(ServerError, match="the model gave no answer .finishReason OTHER") as caught:
        answered({"finishReason": "OTHER"})

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, r"no candidates\[0\].finishReason"),
        ({"candidates": [{"finishReason": "NOVEL"}]}, '"NOVEL"'),
        ({"candidates": [{"content": {"parts": [{"text": 7}]}}]}, "text is no text"),
    ],
)
def test_answers_that_are_none_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read(data)
