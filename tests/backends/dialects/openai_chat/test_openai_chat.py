from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from promptkit import constraints
from promptkit.backends.dialects.openai_chat import COMPATIBLE, OPENAI, encode, export, plan
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.errors import CapabilityMissing
from promptkit.messages import (
    DocumentPart,
    ImagePart,
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from promptkit.requests import GenerationConfig, Rendered
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="openai:m", url="https://host/v1/chat/completions", model="m", key_env="KEY")
SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "name": {"type": "string", "minLength": 2},
    },
    "required": ["size", "name"],
    "additionalProperties": False,
}


def sent(request: Any, profile: Any = OPENAI, *, stream: bool = False) -> dict[str, Any]:
    call = encode(request, ENDPOINT, stream=stream, profile=profile)
    assert call.method == "POST"
    assert call.path == "/chat/completions"
    return json.loads(call.body)


def test_settings_are_sent_by_the_names_of_the_profile(ask_for) -> None:
    generation = GenerationConfig(temperature=0.5, max_tokens=9, seed=0, top_p=0.9, stop=("END",))
    request = ask_for(OutputSchema.text(), generation=generation)

    ours, like = sent(request), sent(request, COMPATIBLE)

    assert (ours["temperature"], ours["seed"], ours["top_p"], ours["stop"]) == (0.5, 0, 0.9, ["END"])
    assert (ours["max_completion_tokens"], like["max_tokens"]) == (9, 9)
    assert "max_tokens" not in ours
    assert "response_format" not in ours


def test_settings_that_are_not_set_are_not_sent(ask_for) -> None:
    request = ask_for(OutputSchema.text(), generation=GenerationConfig(seed=1))

    assert set(sent(request)) == {"model", "messages", "seed"}
    assert set(sent(request, stream=True)) == {"model", "messages", "seed", "stream", "stream_options"}


RARE = GenerationConfig(top_k=40, min_p=0.05, repetition_penalty=1.1)


def test_settings_that_openai_lacks_are_sent_to_other_servers_by_the_names_of_vllm_and_of_llama_server(
    ask_for,
) -> None:
    like = sent(ask_for(OutputSchema.text(), generation=RARE), COMPATIBLE)

    assert {key: like[key] for key in like if key not in ("model", "messages")} == {
        "top_k": 40,
        "min_p": 0.05,
        "repetition_penalty": 1.1,
        "repeat_penalty": 1.1,
    }


def test_settings_that_openai_lacks_are_refused_before_anything_is_sent(ask_for) -> None:
    request = ask_for(OutputSchema.text(), generation=RARE)

    with pytest.raises(
        CapabilityMissing, match="no parameter for top_k, min_p, repetition_penalty"
    ) as caught:
        sent(request)

    assert caught.value.reasons == (
        "generation.top_k",
        "generation.min_p",
        "generation.repetition_penalty",
    )
    ours = plan(request.output, OPENAI, "openai:m", replace(RARE, min_p=None))
    assert [(it.setting, it.where) for it in ours.placements] == [
        ("top_k", Enforcement.IMPOSSIBLE),
        ("repetition_penalty", Enforcement.IMPOSSIBLE),
    ]
    assert plan(request.output, COMPATIBLE, "openai+http://h/v1:m", RARE).placements == ()


@pytest.mark.parametrize(
    ("logprobs", "profile", "alternatives"),
    [(0, OPENAI, 0), (3, OPENAI, 3), (20, COMPATIBLE, 20), (0, COMPATIBLE, 1)],
)
def test_log_probabilities_are_asked_for_by_a_switch_and_a_number(
    ask_for, logprobs, profile, alternatives
) -> None:
    call = sent(ask_for(OutputSchema.text(), generation=GenerationConfig(logprobs=logprobs)), profile)

    assert (call["logprobs"], call["top_logprobs"]) == (True, alternatives)


def test_parts_have_their_wire_forms(ask_for) -> None:
    messages = (
        Message(role="system", content=(TextPart(text="Be "), TextPart(text="brief."))),
        Message(
            role="user",
            content=(
                TextPart(text="Look:"),
                ImagePart(data=b"\x89PNG"),
                ImagePart(url="https://example.org/a.jpg"),
                DocumentPart(data=b"%PDF", name="a.pdf"),
            ),
        ),
        Message(role="assistant", content=(ToolCallPart(id="t1", name="find", arguments='{"q":1}'),)),
        Message(
            role="tool", content=(ToolResultPart(id="t1", text="one"), ToolResultPart(id="t2", text="two"))
        ),
        Message(role="assistant", content=(TextPart(text="Done."),)),
    )

    wire = sent(ask_for(OutputSchema.text(), *messages))["messages"]

    assert wire == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}},
                {
                    "type": "file",
                    "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                },
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "one"},
        {"role": "tool", "tool_call_id": "t2", "content": "two"},
        {"role": "assistant", "content": "Done."},
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message(role="system", content=(ImagePart(data=b"x"),)), "ImagePart in a message of role system"),
        (Message(role="tool", content="four"), "TextPart in a message of role tool"),
        (Message(role="user", content=(ToolResultPart(id="1", text="x"),)), "ToolResultPart in a message"),
        (Message(role="system", content=(ToolCallPart(id="1", name="x", arguments="{}"),)), "role system"),
        (
            Message(role="user", content=(DocumentPart(data=b"x", media_type="text/csv"),)),
            "no documents of type text/csv",
        ),
    ],
)
def test_a_part_without_a_place_is_refused_before_anything_is_sent(ask_for, message, said) -> None:
    with pytest.raises(CapabilityMissing, match=said):
        sent(ask_for(OutputSchema.text(), message))


def test_documents_are_refused_where_a_server_is_not_known_to_take_them(ask_for) -> None:
    request = ask_for(OutputSchema.text(), Message(role="user", content=(DocumentPart(data=b"%PDF"),)))

    with pytest.raises(CapabilityMissing, match="give the document's text as a string input"):
        sent(request, COMPATIBLE)


def test_the_schema_is_sent_strict_with_its_name(ask_for) -> None:
    form = sent(ask_for(OutputSchema.from_json_schema(SCHEMA, "my line")))["response_format"]

    assert form["type"] == "json_schema"
    assert (form["json_schema"]["name"], form["json_schema"]["strict"]) == ("my_line", True)
    properties = form["json_schema"]["schema"]["properties"]
    assert properties["name"] == {"type": "string", "description": "(minLength: 2)"}


def test_a_schema_with_open_places_is_sent_as_it_is_and_not_as_strict(ask_for) -> None:
    open_schema = {"type": "object", "additionalProperties": {"type": "integer"}}

    form = sent(ask_for(OutputSchema.from_json_schema(open_schema, "counts")))["response_format"]

    assert form["json_schema"] == {"name": "counts", "strict": False, "schema": open_schema}


def test_an_output_that_is_no_object_is_sent_without_a_schema(ask_for) -> None:
    request = ask_for(OutputSchema.from_type(list[int]))

    assert "response_format" not in sent(request)
    made = plan(request.output, OPENAI, "openai:m")
    assert made.wire is None
    assert [(it.rule, it.where) for it in made.placements] == [("schema", Enforcement.CHECK)]
    assert "objects only" in made.placements[0].note


def test_the_plan_says_where_each_rule_is_enforced(ask_for) -> None:
    rules = (
        constraints.between("size", 1, 5),
        constraints.max_words("name", 3),
        constraints.never_says("name", ["x"]),
    )
    output = ask_for(OutputSchema.from_json_schema(SCHEMA, "line"), constraints=rules).output

    ours, like = plan(output, OPENAI, "openai:m"), plan(output, COMPATIBLE, "openai+http://h/v1:m")

    assert ours.where("size", "minimum") is Enforcement.NATIVE
    assert ours.where("size", "between") is Enforcement.NATIVE
    assert ours.where("name", "minLength") is Enforcement.CHECK
    assert ours.where("name", "max_words") is Enforcement.CHECK
    assert {it.where for it in like.placements} == {Enforcement.CHECK}
    assert ours.wire["properties"]["size"]["maximum"] == 5
    assert {it.rule for it in ours.placements} >= {"between", "max_words", "never_says", "minLength"}


def test_the_plan_names_what_keeps_a_schema_from_being_strict(ask_for) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object"}}, "additionalProperties": False}
    output = ask_for(OutputSchema.from_json_schema(schema, "a")).output

    made = plan(output, OPENAI, "openai:m")

    assert made.wire == schema
    assert {it.where for it in made.placements} == {Enforcement.CHECK}
    (open_place,) = [it for it in made.placements if it.path == "a" and "open for" in it.note]
    assert open_place.rule == "strict"


def test_text_has_no_schema_in_the_plan(ask_for) -> None:
    output = ask_for(OutputSchema.text(), constraints=(constraints.max_words("", 5),)).output

    made = plan(output, OPENAI, "openai:m")

    assert made.wire is None
    assert [(it.path, it.rule, it.where) for it in made.placements] == [("", "max_words", Enforcement.CHECK)]


def test_a_rendered_prompt_is_exported_for_the_users_own_client(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema(SCHEMA, "line"))
    rendered = Rendered(
        messages=request.messages,
        output=request.output,
        generation=request.generation,
        prompt=request.prompt,
        inputs={},
        exporter=export,
    )

    arguments = rendered.to_openai()

    assert set(arguments) == {"messages", "temperature", "max_completion_tokens", "response_format"}
    assert arguments["messages"][1] == {"role": "user", "content": "Fire engine · «rot»"}
    assert arguments["response_format"]["json_schema"]["strict"] is True


def test_a_users_own_client_is_given_the_rarer_settings_as_its_extra_body(ask_for) -> None:
    request = ask_for(OutputSchema.text())
    rendered = Rendered(
        messages=request.messages,
        output=request.output,
        generation=replace(RARE, logprobs=0),
        prompt=request.prompt,
        inputs={},
        exporter=export,
    )

    arguments = rendered.to_openai()

    assert {key: arguments[key] for key in arguments if key != "messages"} == {
        "logprobs": True,
        "top_logprobs": 0,
        "extra_body": {"top_k": 40, "min_p": 0.05, "repetition_penalty": 1.1, "repeat_penalty": 1.1},
    }


@pytest.mark.parametrize("profile", [OPENAI, COMPATIBLE, replace(COMPATIBLE, response_format="json_object")])
def test_with_enforcement_off_no_schema_is_sent_and_the_plan_says_why(ask_for, profile) -> None:
    rules = (constraints.between("size", 1, 5), constraints.max_words("name", 3, severity="should"))
    schema = OutputSchema.from_json_schema(SCHEMA, "line")
    request = ask_for(schema, constraints=rules)
    request = replace(request, output=request.output.over(enforce="off"))

    made = plan(request.output, profile, "openai:m")

    assert "response_format" not in sent(request, profile)
    assert made.wire is None
    assert {it.where for it in made.placements} == {Enforcement.CHECK}
    notes = {(it.path, it.rule): it.note for it in made.placements}
    assert notes["name", "minLength"] == notes["size", "between"] == "enforce is off"
    assert notes["name", "max_words"] == "a wish: severity is should"


def test_the_plan_goes_field_by_field_in_the_order_of_the_schema(ask_for) -> None:
    rules = (constraints.between("size", 1, 5), constraints.max_words("name", 3))
    output = ask_for(OutputSchema.from_json_schema(SCHEMA, "line"), constraints=rules).output

    made = plan(output, OPENAI, "openai:m")

    assert [(it.path, it.rule, it.note) for it in made.by_field()] == [
        ("", "type", ""),
        ("", "required", ""),
        ("", "additionalProperties", ""),
        ("size", "type", ""),
        ("size", "minimum", ""),
        ("size", "maximum", ""),
        ("size", "between", ""),
        ("name", "type", ""),
        ("name", "minLength", "moved into the description"),
        ("name", "max_words", "checked, so that no text is cut short"),
    ]


@dataclass(frozen=True)
class AtLeast:
    """A rule that JSON Schema can say and the strict subset cannot."""

    kind = "at_least"
    characters: int

    def sentence(self, subject: str) -> str:
        return f"{subject} has at least {self.characters} characters."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None

    def narrow(self, fragment: Any) -> Any:
        return {**fragment, "minLength": self.characters}


def test_a_constraint_of_which_the_description_alone_tells_is_checked(ask_for) -> None:
    rule = constraints.Constraint(path="name", rule=AtLeast(5))
    output = ask_for(OutputSchema.from_json_schema(SCHEMA, "line"), constraints=(rule,)).output

    (placement,) = [it for it in plan(output, OPENAI, "openai:m").placements if it.rule == "at_least"]

    assert (placement.where, placement.note) == (Enforcement.CHECK, "moved into the description")


def test_alternatives_are_native_where_a_discriminator_tells_them_apart(ask_for) -> None:
    branches = [{**SCHEMA, "properties": {**SCHEMA["properties"], "kind": {"const": kind}}} for kind in "ab"]
    branches = [{**branch, "required": ["size", "name", "kind"]} for branch in branches]
    shapes = {
        "plain": {"oneOf": branches},
        "told": {"oneOf": branches, "discriminator": {"propertyName": "kind"}},
    }
    schema = {"type": "object", "properties": shapes, "required": [*shapes], "additionalProperties": False}

    made = plan(ask_for(OutputSchema.from_json_schema(schema, "x")).output, OPENAI, "openai:m")

    assert made.where("told", "oneOf") is Enforcement.NATIVE
    (plain,) = [it for it in made.placements if (it.path, it.rule) == ("plain", "oneOf")]
    assert (plain.where, plain.note) == (Enforcement.CHECK, "sent as anyOf, which is looser")


def test_an_obstacle_in_a_definition_is_told_where_it_is_used(ask_for) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/Open"}},
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"Open": {"type": "object"}, "Unused": {"type": "array"}},
    }

    made = plan(ask_for(OutputSchema.from_json_schema(schema, "x")).output, OPENAI, "openai:m")

    assert [it.path for it in made.placements if it.rule == "strict"] == ["a", "$defs.Unused"]
