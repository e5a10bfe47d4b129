from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field

import promptkit as pk
from promptkit import constraints
from promptkit.backends import MockBackend, Paced
from promptkit.completions import Completed, Completion, Enforcement, TextDelta
from promptkit.errors import LocalBackendError, RateLimited
from promptkit.requests import AsyncBackend, Backend, GenerationConfig
from promptkit.schemas import OutputSchema


class Line(BaseModel):
    kind: Literal["b", "a"]
    count: Annotated[int, Field(gt=2, multiple_of=5)] = 10
    below: Annotated[int, Field(lt=-3)]
    at_most: Annotated[float, Field(le=-1)]
    big: Annotated[int, Field(ge=7)]
    note: str | None
    code: Annotated[str, Field(min_length=6, max_length=6)]
    day: dt.date
    done: bool
    nested: list[Line] = []
    two: Annotated[list[str], Field(min_length=2)]


def at_least_9(number: int) -> int:
    if number < 9:
        raise ValueError("too small")
    return number


def ask_sync(backend, request):
    return backend.complete(request)


def ask_async(backend, request):
    return asyncio.run(backend.acomplete(request))


def ask_stream(backend, request):
    with backend.stream(request) as events:
        *deltas, last = events
    assert "".join(delta.text for delta in deltas) == last.completion.text
    return last.completion


def ask_astream(backend, request):
    async def collect():
        async with backend.astream(request) as events:
            return [event async for event in events]

    *deltas, last = asyncio.run(collect())
    assert "".join(delta.text for delta in deltas) == last.completion.text
    return last.completion


EVERY = pytest.mark.parametrize("ask", [ask_sync, ask_async, ask_stream, ask_astream])


@EVERY
def test_replies_come_in_order_and_requests_are_kept(ask, question, text_question) -> None:
    backend = MockBackend(["one", {"colour": "röt"}])

    first, second = ask(backend, text_question), ask(backend, question)

    assert (first.text, second.text) == ("one", '{"colour":"röt"}')
    assert (first.finish_reason, first.model) == ("stop", "mock")
    assert first.usage.estimated
    assert first.usage.output_tokens == 1
    assert backend.requests == [text_question, question]
    backend.assert_all_used()


@EVERY
def test_one_call_too_many_is_an_error_that_shows_the_last_message(ask, question) -> None:
    backend = MockBackend([], name="mock:test")

    with pytest.raises(LocalBackendError, match=r"asked 1 times but has 0 replies.*«rot»") as caught:
        ask(backend, question)

    assert caught.value.backend == "mock:test"


@EVERY
def test_an_exception_in_the_script_is_raised(ask, question) -> None:
    error = RateLimited("slow", retry_after_s=1)

    with pytest.raises(RateLimited) as caught:
        ask(MockBackend([error]), question)

    assert caught.value is error


@EVERY
def test_a_completion_is_given_as_it_is(ask, question) -> None:
    given = Completion(text="I wo", finish_reason="length", model="x")

    assert ask(MockBackend([given]), question) is given


@EVERY
def test_a_function_answers_from_the_request(ask, question) -> None:
    backend = MockBackend(lambda request: request.messages[-1].text.upper())

    assert ask(backend, question).text == "FIRE ENGINE · «ROT»"
    assert len(backend.requests) == 1


def test_instances_are_written_in_the_form_of_the_output(ask_for) -> None:
    class Colour(BaseModel):
        colour: str = Field(alias="color")

    request = ask_for(OutputSchema.from_type(Colour))

    assert MockBackend([Colour(color="red")]).complete(request).text == '{"color":"red"}'


def test_an_instance_of_the_outputs_type_that_is_no_model_is_written_by_the_schema(ask_for) -> None:
    request = ask_for(OutputSchema.from_type(dt.date))

    assert MockBackend([dt.date(2026, 11, 21)]).complete(request).text == '"2026-11-21"'


def test_a_reply_that_cannot_be_written_is_an_error(question) -> None:
    with pytest.raises(LocalBackendError, match="cannot write a reply of type ellipsis"):
        MockBackend([...]).complete(question)


def test_without_replies_the_simplest_value_is_made_up(ask_for, text_question) -> None:
    schema = OutputSchema.from_type(Line)

    text = MockBackend().complete(ask_for(schema)).text

    value = schema.read_json(text).value
    assert (value.kind, value.count, value.big, value.note) == ("b", 10, 7, "text")
    assert (value.code, value.done, value.two) == ("textxx", False, ["text", "text"])
    assert MockBackend().complete(text_question).text == "text"


def test_a_value_that_cannot_be_made_up_asks_for_a_script_and_says_why(ask_for) -> None:
    schema = OutputSchema.from_json_schema(
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 3}},
            "required": ["a"],
        },
        "odd",
    )

    with pytest.raises(
        LocalBackendError,
        match=r"cannot make up a value of the schema odd .*`a`: minimum 5 is above maximum 3.*script one",
    ):
        MockBackend().complete(ask_for(schema))


def never_fits(value: int) -> int:
    raise ValueError("nothing fits")


def test_what_a_type_checks_beyond_its_schema_is_met_where_chance_meets_it(ask_for) -> None:
    class Nine(BaseModel):
        number: Annotated[int, AfterValidator(at_least_9)]

    answer = MockBackend().complete(ask_for(OutputSchema.from_type(Nine)))

    assert json.loads(answer.text)["number"] >= 9


def test_made_up_values_hold_the_constraints(ask_for) -> None:
    rules = (
        pk.constraints.must_mention("text", ["opening hours"]),
        pk.constraints.max_words("text", 3),
        pk.constraints.expr("output.urgent or output.level < 3"),
        pk.constraints.at_least("level", 3),
    )
    schema = OutputSchema.from_declared(
        {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "level": {"type": "integer"},
                "urgent": {"type": "boolean"},
            },
            "required": ["text", "level", "urgent"],
            "additionalProperties": False,
        },
        "made",
    )
    request = ask_for(schema, constraints=rules)

    value = json.loads(MockBackend().complete(request).text)

    assert value["level"] >= 3
    assert value["urgent"] is True
    assert "opening hours" in value["text"]
    assert len(value["text"].split()) <= 3


def test_rules_that_nothing_holds_ask_for_a_script(ask_for) -> None:
    rules = (pk.constraints.must_mention("", ["opening hours"]), pk.constraints.max_words("", 1))

    with pytest.raises(
        LocalBackendError, match=r"no value was found that holds all rules; broken stay .*script one"
    ):
        MockBackend().complete(ask_for(OutputSchema.text(), constraints=rules))


def test_what_a_type_never_takes_asks_for_a_script(ask_for) -> None:
    class Nine(BaseModel):
        number: Annotated[int, AfterValidator(never_fits)]

    with pytest.raises(LocalBackendError, match=r"cannot make up a value of the schema .*script one"):
        MockBackend().complete(ask_for(OutputSchema.from_type(Nine)))


def test_a_seed_varies_the_values_from_request_to_request_and_repeats_them_in_the_next_run(ask_for) -> None:
    schema = OutputSchema.from_type(Line)
    first, second = MockBackend(seed=7), MockBackend(seed=7)

    texts = [first.complete(ask_for(schema)).text for _ in range(5)]

    assert [second.complete(ask_for(schema)).text for _ in range(5)] == texts
    assert len(set(texts)) == 5
    assert MockBackend(seed=8).complete(ask_for(schema)).text == texts[1]


def test_unused_replies_are_found(question) -> None:
    backend = MockBackend(["one", "two", "three"])
    backend.complete(question)

    with pytest.raises(AssertionError, match="2 of 3 replies of mock were not asked for; .* 'two'"):
        backend.assert_all_used()


def test_a_lone_string_is_no_script() -> None:
    with pytest.raises(TypeError, match=r"MockBackend\(\[text\]\)"):
        MockBackend("hello")


def test_a_stream_comes_in_small_pieces(text_question) -> None:
    with MockBackend(["a text of twenty-five chars"]).stream(text_question) as events:
        pieces = [event.text for event in events if isinstance(event, TextDelta)]

    assert len(pieces) == 4


def test_cancel_ends_an_answer_that_would_come_too_late(text_question) -> None:
    cancel = threading.Event()

    def slow(_request):
        cancel.set()
        return Paced(reply="late", delay_s=600)

    backend, deadline = MockBackend(slow), time.monotonic() + 300
    completion = backend.complete(text_question, deadline=deadline, cancel=cancel)
    cancel.clear()
    with backend.stream(text_question, deadline=deadline, cancel=cancel) as events:
        last = list(events)[-1]

    assert completion.finish_reason == last.completion.finish_reason == "cancelled"


def test_cancel_ends_it(text_question) -> None:
    cancel = threading.Event()
    backend = MockBackend(["a text of twenty-five chars", "never"])

    with backend.stream(text_question, cancel=cancel) as events:
        first = next(events)
        cancel.set()
        (last,) = events
    with backend.stream(text_question, cancel=cancel) as events:
        (at_once,) = events
    completion = backend.complete(text_question, cancel=cancel)

    assert isinstance(last, Completed)
    assert (last.completion.text, last.completion.finish_reason) == (first.text, "cancelled")
    assert at_once.completion.text == completion.text == ""
    assert completion.finish_reason == "cancelled"
    assert len(backend.requests) == 1


def test_many_threads_each_get_a_reply_of_their_own(text_question) -> None:
    backend = MockBackend([str(number) for number in range(200)])

    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: backend.complete(text_question).text, range(200)))

    assert sorted(texts, key=int) == [str(number) for number in range(200)]


def test_it_is_both_kinds_of_backend_and_enforces_nothing(ask_for, question) -> None:
    backend = MockBackend()
    spec = ask_for(question.output.schema, constraints=(constraints.one_of("colour", ["red"]),)).output

    plan = backend.plan(spec, GenerationConfig())

    assert isinstance(backend, Backend)
    assert isinstance(backend, AsyncBackend)
    assert plan.where("colour", "one_of") is Enforcement.CHECK
    assert {(it.where, it.note) for it in plan.placements} == {(Enforcement.CHECK, "a mock enforces nothing")}
    assert {it.rule for it in plan.placements} >= {"type", "required", "enum", "one_of"}
    assert not plan.binding
    assert not backend.capabilities().schema
    assert backend.count_tokens(question.messages).exact is False
    assert repr(backend) == "MockBackend(name='mock', seen=0)"
    backend.close()
    asyncio.run(backend.aclose())
