"""In what the servers that speak OpenAI's chat completions differ, as they see it on the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from dialect_answers import emulation, load, played

from promptkit.backends import open_backend
from promptkit.backends.dialect import Dialect
from promptkit.backends.dialects.openai_chat import PROVIDERS
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.errors import CapabilityMissing, ConfigurationError, ServerError, StreamInterrupted
from promptkit.requests import GenerationConfig
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="x:m", url="https://host/v1", model="m", key_env="KEY")
RARE = GenerationConfig(top_k=4, min_p=0.1, repetition_penalty=1.1)


def dialect_of(name: str) -> Dialect:
    return PROVIDERS[name].dialect()


def sent(name: str, request: Any, *, stream: bool = False) -> dict[str, Any]:
    return json.loads(dialect_of(name).encode(request, ENDPOINT, stream=stream).body)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("vllm", {"top_k": 4, "min_p": 0.1, "repetition_penalty": 1.1}),
        ("llama-server", {"top_k": 4, "min_p": 0.1, "repeat_penalty": 1.1}),
        ("openrouter", {"top_k": 4, "min_p": 0.1, "repetition_penalty": 1.1}),
    ],
)
def test_rare_settings_go_by_the_server_s_own_names(ask_for, name, fields) -> None:
    body = sent(name, ask_for(OutputSchema.text(), generation=RARE))

    assert {key: body[key] for key in body if key not in ("model", "messages", "provider")} == fields


@pytest.mark.parametrize("name", ["mistral", "azure", "openai"])
def test_rare_settings_are_refused_where_there_are_none(ask_for, name) -> None:
    with pytest.raises(CapabilityMissing, match="top_k, min_p, repetition_penalty"):
        sent(name, ask_for(OutputSchema.text(), generation=RARE))


def test_mistral_has_another_word_for_the_seed_no_log_probabilities_and_no_stream_options(ask_for) -> None:
    request = ask_for(OutputSchema.text(), generation=GenerationConfig(seed=3, max_tokens=9))

    body = sent("mistral", request, stream=True)

    assert (body["random_seed"], body["max_tokens"], body["stream"]) == (3, 9, True)
    assert body.keys().isdisjoint({"seed", "stream_options", "max_completion_tokens"})
    assert not dialect_of("mistral").capabilities.logprobs
    with pytest.raises(CapabilityMissing, match="logprobs"):
        sent("mistral", ask_for(OutputSchema.text(), generation=GenerationConfig(logprobs=1)))


def test_mistral_s_thoughts_are_a_part_of_the_content() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Fire is red."}]},
        {"type": "text", "text": "red"},
    ]
    whole = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    chunk = {"choices": [{"delta": {"content": content}, "finish_reason": None}]}

    for piece in (dialect_of("mistral").read(whole), dialect_of("mistral").read_event(chunk, "")):
        assert (piece.text, piece.reasoning) == ("red", "Fire is red.")


def test_openrouter_routes_only_to_who_knows_every_parameter_and_says_what_it_cost(ask_for) -> None:
    request = ask_for(OutputSchema.text())
    counts = {"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.00014}

    assert sent("openrouter", request)["provider"] == {"require_parameters": True}
    assert dialect_of("openrouter").usage(counts).cost == Decimal("0.00014")
    assert dialect_of("openrouter").usage({**counts, "cost": None}).cost is None
    assert dialect_of("openrouter").usage({"cost": 1}) is None
    assert dialect_of("vllm").usage(counts).cost is None  # in which money it counts is not known
    more = GenerationConfig(extra={"provider": {"order": ["one"]}})
    assert sent("openrouter", ask_for(OutputSchema.text(), generation=more))["provider"] == {
        "require_parameters": True,
        "order": ["one"],
    }


def test_azure_enforces_less_of_a_schema_than_openai(ask_for) -> None:
    schema = {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 1},
            "when": {"type": "string", "format": "date"},
        },
        "required": ["size", "when"],
        "additionalProperties": False,
    }
    output = ask_for(OutputSchema.from_json_schema(schema, "thing")).output

    ours, theirs = (
        dialect_of(name).plan(output, GenerationConfig(), ENDPOINT) for name in ("openai", "azure")
    )

    assert (ours.where("size", "minimum"), theirs.where("size", "minimum")) == ("native", "check")
    assert (ours.where("when", "format"), theirs.where("when", "format")) == ("native", "check")
    assert theirs.where("size", "type") == "native"
    assert theirs.wire["properties"]["size"]["description"] == "(minimum: 1)"
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(6):
        deep = {"type": "object", "properties": {"a": deep}, "required": ["a"], "additionalProperties": False}
    output = ask_for(OutputSchema.from_json_schema(deep, "deep")).output
    (limit,) = dialect_of("azure").plan(output, GenerationConfig(), ENDPOINT).limits
    assert (limit.name, limit.allowed, limit.actual) == ("levels of nesting", 5, 6)


@pytest.mark.parametrize("name", ["llama-server", "mistral", "openrouter", "vllm"])
def test_what_other_servers_enforce_is_not_promised(ask_for, question, name) -> None:
    plan = dialect_of(name).plan(question.output, GenerationConfig(), ENDPOINT)

    assert {it.where for it in plan.placements} == {Enforcement.CHECK}
    assert sent(name, question)["response_format"]["type"] == "json_schema"


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "variable", "sent_as"),
    [
        ("azure", "AZURE_OPENAI_API_KEY", ("api-key", "canary-key")),
        ("mistral", "MISTRAL_API_KEY", ("authorization", "Bearer canary-key")),
        ("openrouter", "OPENROUTER_API_KEY", ("authorization", "Bearer canary-key")),
        ("vllm", "VLLM_API_KEY", ("authorization", "Bearer canary-key")),
        ("llama-server", "LLAMA_API_KEY", ("authorization", "Bearer canary-key")),
    ],
)
def test_the_key_of_each_stands_in_its_own_variable_and_goes_into_its_header(
    monkeypatch, server, question, name, variable, sent_as
) -> None:
    monkeypatch.setenv(variable, "canary-key")
    server.answers = emulation("openai_chat")

    completion = open_backend(f"{name}+{server.url}:m").complete(question)

    assert completion.text == '{"colour":"red"}'
    assert server.seen[0].headers[sent_as[0]] == sent_as[1]
    assert server.seen[0].path == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("llama-server:m", "http://127.0.0.1:8080/v1"),
        ("vllm:m", "http://127.0.0.1:8000/v1"),
        ("mistral:m", "https://api.mistral.ai/v1"),
        ("openrouter:meta/llama:free", "https://openrouter.ai/api/v1"),
        ("azure+https://me.openai.azure.com/openai/v1:m", "https://me.openai.azure.com/openai/v1"),
    ],
)
def test_each_is_found_at_its_own_address(reference, url) -> None:
    assert open_backend(reference)._endpoint.url == url


def test_azure_has_no_address_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match=r"azure: has no address of its own; write azure\+http"):
        open_backend("azure:m")


@pytest.mark.network
def test_a_generation_that_broke_off_is_a_fault_of_the_server_whole_and_streamed(server, question) -> None:
    known = load("openai_chat")
    broken = json.loads(json.dumps(known["cut"]).replace('"length"', '"error"'))
    backend = open_backend(f"mistral+{server.url}:m")

    server.will_send(*played({**known, "broken": broken}, "broken", stream=False))
    with pytest.raises(ServerError, match="the generation broke off") as caught:
        backend.complete(question)
    assert caught.value.retryable
    server.will_send(*played({**known, "broken": broken}, "broken", stream=True))
    with pytest.raises(StreamInterrupted, match="broke off"), backend.stream(question) as events:
        list(events)


def test_a_form_of_one_s_own_for_the_schema_may_not_stand_beside_ours(question) -> None:
    generation = GenerationConfig(extra={"response_format": {"type": "text"}})

    with pytest.raises(CapabilityMissing, match="extra holds response_format"):
        sent("vllm", replace(question, generation=generation))
