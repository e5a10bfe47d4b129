"""Tools: declared by types, offered to the model, their calls back on the result; nothing is called here."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.completions import Completion, Usage
from promptkit.engine import Finished
from promptkit.errors import CapabilityMissing, Empty, InputError
from promptkit.messages import Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.records import CallRecord
from promptkit.requests import Tool


class Find(BaseModel):
    """Find a thing by its colour."""

    colour: str


class Thing(BaseModel):
    name: str


class Question(BaseModel):
    question: str | None = None
    history: list[Message] = []


CALL = ToolCallPart(id="t1", name="Find", arguments='{"colour":"red"}')
ASKS = Completion(
    text="I look.",
    finish_reason="tool",
    model="m",
    tool_calls=(CALL,),
    usage=Usage(input_tokens=9, output_tokens=3),
)
TEMPLATE = "{% system %}Name things.{% endsystem %}{% user %}{{ question }}{% enduser %}"


@pytest.fixture
def prompt() -> pk.Prompt[Any]:
    return pk.Prompt(template=TEMPLATE, output=Thing)


def by_run(prompt: pk.Prompt[Any], **inputs: Any) -> pk.Result[Any]:
    return prompt.run(**inputs)


def by_arun(prompt: pk.Prompt[Any], **inputs: Any) -> pk.Result[Any]:
    return asyncio.run(prompt.arun(**inputs))


def by_stream(prompt: pk.Prompt[Any], **inputs: Any) -> pk.Result[Any]:
    *_, last = prompt.stream(**inputs)
    assert isinstance(last, Finished)
    return last.result


def by_astream(prompt: pk.Prompt[Any], **inputs: Any) -> pk.Result[Any]:
    async def collect() -> list[Any]:
        return [event async for event in prompt.astream(**inputs)]

    last = asyncio.run(collect())[-1]
    assert isinstance(last, Finished)
    return last.result


@pytest.mark.parametrize("ask", [by_run, by_arun, by_stream, by_astream])
def test_a_call_comes_back_on_the_result_and_ends_the_messages(prompt, ask) -> None:
    backend = MockBackend([ASKS])

    result = ask(prompt.using(backend, tools=[Find]), question="What is red?")

    assert (result.value, result.tool_calls) == (None, (CALL,))
    assert result.messages == (
        Message(role="user", content="What is red?"),
        Message(role="assistant", content=(TextPart(text="I look."), CALL)),
    )
    assert result.usage.output_tokens == 3
    assert result.attempts[0].completion.tool_calls == (CALL,)
    (seen,) = backend.requests
    assert [tool.name for tool in seen.tools] == ["Find"]


def test_the_result_of_a_tool_goes_back_as_history_and_the_value_comes() -> None:
    prompt = pk.Prompt(
        template="{% system %}Name things.{% endsystem %}{% history %}"
        "{% if question %}{% user %}{{ question }}{% enduser %}{% endif %}",
        input=Question,
        output=Thing,
    )
    backend = MockBackend([ASKS, {"name": "fire engine"}])
    asked = prompt.using(backend, tools=[Find])

    first = asked.run(question="What is red?")
    found = Tool.of(Find).answer(first.tool_calls[0], "a fire engine")
    second = asked.run(history=[*first.messages, found])

    assert second.value == Thing(name="fire engine")
    assert second.tool_calls == ()
    assert found.content == (ToolResultPart(id="t1", text="a fire engine"),)
    assert [message.role for message in backend.requests[1].messages] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]


def test_an_answer_in_spite_of_tools_is_the_value(prompt) -> None:
    result = prompt.using(MockBackend([{"name": "rose"}]), tools=[Find]).run(question="x")

    assert (result.value, result.tool_calls) == (Thing(name="rose"), ())


def test_a_call_where_no_tools_were_given_is_no_answer(prompt) -> None:
    silent = Completion(text="", finish_reason="tool", model="m", tool_calls=(CALL,))

    with pytest.raises(Empty):
        prompt.using(MockBackend([silent])).run(question="x")


def test_the_record_holds_tools_and_calls_and_is_read_again(prompt) -> None:
    record = prompt.using(MockBackend([ASKS]), tools=[Find]).run(question="x").record

    again = CallRecord.from_dict(record.to_dict())

    assert again.request.tools[0]["name"] == "Find"
    assert again.attempts[0].completion.tool_calls == (CALL,)
    assert (again.status, again.output) == ("ok", None)


def test_tools_shape_the_fingerprint(prompt) -> None:
    backend = MockBackend([{"name": "a"}, {"name": "a"}])

    with_tools = prompt.using(backend, tools=[Find]).run(question="x").record
    without = prompt.using(backend).run(question="x").record

    assert with_tools.request.fingerprint != without.request.fingerprint


def test_a_backend_that_takes_no_tools_is_told_before_anything_is_sent(prompt) -> None:
    asked = prompt.using("llama:demo", tools=[Find])

    with pytest.raises(
        CapabilityMissing, match=r"llama:demo cannot be given tools \(Find\). Nothing was sent"
    ):
        asked.run(question="x")
    assert isinstance(asked.refusal(), CapabilityMissing)


def test_options_after_one_another_keep_the_tools_and_a_new_list_replaces_them(prompt) -> None:
    backend = MockBackend([{"name": "a"}, {"name": "a"}])
    look = Tool.of(Find, name="look")

    prompt.using(tools=[Find]).using(backend, attempts=2).run(question="x")
    prompt.using(backend, tools=[Find]).using(tools=[look]).run(question="x")

    assert [[tool.name for tool in seen.tools] for seen in backend.requests] == [["Find"], ["look"]]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ([Find, Find], "two are called Find"),
        ([Thing], "tool Thing lacks a description"),
        (["find"], "'' is no name of a tool"),
    ],
)
def test_what_is_no_tool_is_an_input_error(prompt, tools, said) -> None:
    with pytest.raises(InputError, match=said):
        prompt.using(tools=tools)


def test_a_typed_function_takes_tools_too() -> None:
    prompt = pk.Prompt(template=TEMPLATE, output=Thing)

    def name(question: str) -> Thing: ...

    typed = pk.TypedPrompt(prompt, name).using(MockBackend([ASKS]), tools=[Find])

    assert typed.run("What is red?").tool_calls == (CALL,)
    assert typed.using(attempts=2).prompt._options.tools[0].name == "Find"
