from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from promptkit import constraints
from promptkit.backends import open_backend
from promptkit.backends.dialect import NotTheProtocol
from promptkit.backends.dialects.anthropic import dialect
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.errors import CapabilityMissing, ConfigurationError
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="anthropic:claude", url="https://host/v1", model="claude-haiku-4-5", key_env="KEY")
SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        "kind": {"oneOf": [{"const": "a"}, {"const": "b"}]},
        "when": {"type": "string", "format": "date"},
        "note": {"type": "string", "pattern": "^x"},
    },
    "required": ["size", "tags", "kind", "when"],
    "additionalProperties": False,
}


def sent(request: Any, endpoint: Endpoint = ENDPOINT, **options: Any) -> dict[str, Any]:
    return json.loads(dialect(**options).encode(request, endpoint, stream=False).body)


def planned(output: Any, generation: GenerationConfig | None = None, endpoint: Endpoint = ENDPOINT) -> Any:
    return dialect().plan(output, generation or GenerationConfig(), endpoint)


def test_the_schema_is_sent_as_the_api_takes_it_and_the_plan_says_what_is_left_to_the_check(ask_for) -> None:
    output = ask_for(OutputSchema.from_json_schema(SCHEMA, "thing"))

    wire = sent(output)["output_config"]["format"]
    plan = planned(output.output)

    assert wire["type"] == "json_schema"
    properties = wire["schema"]["properties"]
    assert properties["size"] == {"type": "integer", "description": "(minimum: 1)"}
    assert properties["tags"]["minItems"] == 1
    assert properties["tags"]["description"] == "(maxItems: 3)"
    assert [branch["const"] for branch in properties["kind"]["anyOf"]] == ["a", "b"]
    assert wire["schema"]["required"] == ["size", "tags", "kind", "when"]
    assert wire["schema"]["additionalProperties"] is False
    assert plan.wire == wire["schema"]
    assert plan.where("when", "format") == plan.where("tags", "minItems") == "native"
    left = {("size", "minimum"), ("tags", "maxItems"), ("kind", "oneOf"), ("note", "pattern")}
    assert {(it.path, it.rule) for it in plan.placements if it.where is Enforcement.CHECK} == left


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "object", "additionalProperties": {"type": "string"}}, "open for further properties"),
        ({"type": "array", "items": {"type": "string"}}, "no object"),
        (
            {
                "$ref": "#/$defs/Node",
                "$defs": {
                    "Node": {
                        "type": "object",
                        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
                        "additionalProperties": False,
                    }
                },
            },
            "a type that contains itself",
        ),
        (
            {
                "type": "object",
                "properties": {f"p{n}": {"type": "string"} for n in range(25)},
                "additionalProperties": False,
            },
            "optional properties: 25, at most 24",
        ),
        (
            {
                "type": "object",
                "properties": {f"p{n}": {"type": ["string", "null"]} for n in range(17)},
                "required": [f"p{n}" for n in range(17)],
                "additionalProperties": False,
            },
            "places of several types: 17, at most 16",
        ),
    ],
)
def test_a_schema_that_the_api_would_refuse_is_not_sent_and_everything_is_checked(
    ask_for, schema, reason
) -> None:
    request = ask_for(OutputSchema.from_json_schema(schema, "thing"))

    plan = planned(request.output)

    assert "output_config" not in sent(request)
    assert plan.placements[0].where is Enforcement.CHECK
    assert reason in plan.placements[0].note
    assert plan.wire is None


def test_a_constraint_is_native_only_where_the_schema_that_is_sent_says_it_whole(ask_for) -> None:
    schema = OutputSchema.from_json_schema(SCHEMA, "thing")
    rules = (constraints.at_least("size", 2), constraints.one_of("note", ["x", "xy"]))

    plan = planned(ask_for(schema, constraints=rules).output)

    assert plan.where("size", "at_least") == "check"
    assert plan.where("note", "one_of") == "native"


def test_sampling_is_refused_for_models_that_take_none_and_sent_to_the_others(ask_for) -> None:
    generation = GenerationConfig(temperature=0.5, top_k=3, max_tokens=9, stop=("END",))
    request = ask_for(OutputSchema.text(), generation=generation)
    newer = Endpoint(name="anthropic:claude-opus-5", url="u", model="claude-opus-5", key_env="KEY")

    body = sent(request)

    assert (body["temperature"], body["top_k"], body["max_tokens"]) == (0.5, 3, 9)
    assert body["stop_sequences"] == ["END"]
    with pytest.raises(CapabilityMissing, match=r"temperature, top_k, .*takes no sampling settings"):
        sent(request, newer)
    with pytest.raises(CapabilityMissing, match="API version 2026-10-21 takes no sampling"):
        sent(request, api_version="2026-10-21")
    settings = [(it.setting, it.where) for it in planned(request.output, generation, newer).placements]
    assert settings == [("temperature", Enforcement.IMPOSSIBLE), ("top_k", Enforcement.IMPOSSIBLE)]


@pytest.mark.parametrize(
    ("model", "refused"),
    [("claude-sonnet-4-6", True), ("claude-opus-4-1-20250805", True), ("claude-sonnet-4-20250514", False)],
)
def test_two_ways_to_sample_at_once_are_refused_for_models_that_take_one(ask_for, model, refused) -> None:
    endpoint = Endpoint(name="anthropic:x", url="u", model=model, key_env="KEY")
    both = ask_for(OutputSchema.text(), generation=GenerationConfig(temperature=0.5, top_p=0.9))
    one = ask_for(OutputSchema.text(), generation=GenerationConfig(top_p=0.9))

    assert sent(one, endpoint)["top_p"] == 0.9
    if refused:
        with pytest.raises(CapabilityMissing, match="top_p, .*temperature or top_p, not both"):
            sent(both, endpoint)
    else:
        assert sent(both, endpoint)["temperature"] == 0.5


def test_a_seed_and_log_probabilities_are_what_the_api_does_not_have(ask_for) -> None:
    generation = GenerationConfig(seed=1, logprobs=2)

    with pytest.raises(CapabilityMissing, match="no parameter for seed, logprobs"):
        sent(ask_for(OutputSchema.text(), generation=generation))


@pytest.mark.parametrize(
    ("unchanging", "marked"),
    [(0, []), (1, ["Be brief."]), (2, ["Be kind."]), (3, ["An example."]), (4, ["Its answer."])],
)
def test_the_end_of_what_never_changes_is_marked_as_what_may_be_cached(ask_for, unchanging, marked) -> None:
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="system", content=(TextPart(text=""), TextPart(text="Be kind."))),
        Message(role="user", content="An example."),
        Message(role="assistant", content="Its answer."),
        Message(role="user", content="Hi"),
    )
    request = replace(ask_for(OutputSchema.text(), *messages), unchanging=unchanging)

    body = sent(request)

    blocks = [*body["system"], *(block for turn in body["messages"] for block in turn["content"])]
    assert [block["text"] for block in blocks if "cache_control" in block] == marked
    assert all(block.get("cache_control", {"type": "ephemeral"}) == {"type": "ephemeral"} for block in blocks)
    assert "cache_control" not in json.dumps(sent(request, cache_prefix=False))


def test_system_messages_are_blocks_and_empty_ones_are_left_out(ask_for) -> None:
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="system", content=(TextPart(text=""), TextPart(text="Be kind."))),
        Message(role="user", content="Hi"),
    )
    request = ask_for(OutputSchema.text(), *messages)

    first, last = sent(request)["system"]

    assert first == {"type": "text", "text": "Be brief."}
    assert last == {"type": "text", "text": "Be kind."}
    assert "system" not in sent(ask_for(OutputSchema.text(), messages[2]))


def test_an_answer_without_a_bound_gets_one_because_the_api_demands_it(ask_for) -> None:
    assert sent(ask_for(OutputSchema.text(), generation=GenerationConfig()))["max_tokens"] == 4096


def test_parts_have_their_wire_forms_and_neighbours_of_one_role_are_one_turn(ask_for) -> None:
    messages = (
        Message(
            role="user",
            content=(
                ImagePart(url="https://example.org/a.jpg"),
                DocumentPart(data=b"%PDF", name="a.pdf"),
                DocumentPart(data="Grüße".encode(), media_type="text/plain"),
            ),
        ),
        Message(
            role="assistant",
            content=(TextPart(text="I look."), ToolCallPart(id="t1", name="f", arguments="{}")),
        ),
        Message(role="tool", content=(ToolResultPart(id="t1", text="one"),)),
        Message(role="user", content="And?"),
    )

    turns = sent(ask_for(OutputSchema.text(), *messages))["messages"]

    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[0]["content"] == [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.jpg"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
    ]
    assert turns[1]["content"][1] == {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
        {"type": "text", "text": "And?"},
    ]


@pytest.mark.parametrize(
    ("signature", "thoughts"),
    [
        ('[["Red?", "c2ln"], ["Red.", "c2l"]]', [("Red?", "c2ln"), ("Red.", "c2l")]),
        ("a signature of another provider", []),
        (None, []),
    ],
)
def test_signed_thoughts_go_back_before_the_call_that_they_led_to(ask_for, signature, thoughts) -> None:
    call = ToolCallPart(id="t1", name="f", arguments="{}", signature=signature)
    message = Message(role="assistant", content=(TextPart(text="I look."), call))

    (turn,) = sent(ask_for(OutputSchema.text(), message))["messages"]

    *before, text, _ = turn["content"]
    assert [(it["type"], it["thinking"], it["signature"]) for it in before] == [
        ("thinking", *thought) for thought in thoughts
    ]
    assert text["type"] == "text"


PNG = ImagePart(data=b"x")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(role="system", content=(PNG,)), "no place for a ImagePart in a message of role system"),
        (Message(role="assistant", content=(PNG,)), "role assistant"),
        (Message(role="tool", content=(PNG,)), "role tool"),
        (Message(role="user", content=(ToolResultPart(id="t", text="x"),)), "role user"),
        (
            Message(role="user", content=(DocumentPart(data=b"x", media_type="text/csv"),)),
            "no documents of type text/csv",
        ),
    ],
)
def test_a_part_that_has_no_place_is_refused_before_anything_is_sent(ask_for, message, said) -> None:
    with pytest.raises(CapabilityMissing, match=said):
        sent(ask_for(OutputSchema.text(), message))


def test_a_system_message_behind_others_is_refused(ask_for) -> None:
    messages = (Message(role="user", content="Hi"), Message(role="system", content="Be kind."))

    with pytest.raises(CapabilityMissing, match="system messages at the beginning only.*Be kind"):
        sent(ask_for(OutputSchema.text(), *messages))


@pytest.mark.network
def test_the_version_goes_into_a_header_and_the_key_into_its_own(monkeypatch, server, text_question) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-canary")
    server.will_answer({"content": [], "stop_reason": "end_turn"})

    backend = open_backend(f"anthropic+{server.url}:m", api_version="2026-10-21")
    backend.complete(replace(text_question, generation=GenerationConfig()))

    headers = server.seen[0].headers
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("sk-ant-canary", "2026-10-21")
    assert "authorization" not in headers


def test_a_version_that_is_none_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean 2023-06-01\?\); it is one of"):
        open_backend("anthropic:m", api_version="2023-06-02")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"type": "message_start"}, "a message_start without message"),
        ({"type": "content_block_delta", "index": 0}, "content_block_delta without delta"),
        (
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 7}},
            "text_delta without text",
        ),
        ({"type": "message_delta", "delta": {"stop_reason": "bored"}}, '"bored"'),
    ],
)
def test_events_that_lack_what_their_kind_holds_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read_event(data, "message")


def test_events_and_blocks_of_kinds_that_are_not_known_add_nothing() -> None:
    speaks = dialect()

    assert speaks.read_event({"type": "novelty"}, "novelty") == speaks.read_event({"type": 7}, "x")
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta"}}
    assert speaks.read_event(delta, "content_block_delta").text == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"content": "text"}, "holds no content"),
        ({"content": [{"type": "text", "text": None}], "stop_reason": "end_turn"}, "type text holds no text"),
        ({"content": [], "stop_reason": None}, "its stop_reason is null"),
    ],
)
def test_answers_that_are_no_messages_are_not_the_protocol(data, said) -> None:
    with pytest.raises(NotTheProtocol, match=said):
        dialect().read(data)


def test_counts_that_are_no_numbers_leave_the_answer_without_usage() -> None:
    assert dialect().usage({"input_tokens": "many"}) is None
