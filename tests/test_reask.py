"""The re-ask: the failing fields alone, merged by path, the whole judged again; every attempt in the ledger."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.completions import Attempt, Completion, Usage
from promptkit.engine import Finished, Restarted, Result
from promptkit.errors import AttemptsExhausted, ConnectionFailed
from promptkit.records import CallRecord


class Item(BaseModel):
    name: str
    count: int


class Order(BaseModel):
    customer: str
    note: str
    items: list[Item]
    total: int


TEXT = "Ada wants 2 eggs and 1 loaf by Friday, please call her before noon."
GOOD = {
    "customer": "Ada",
    "note": "Call before noon.",
    "items": [{"name": "eggs", "count": 2}, {"name": "loaf", "count": 1}],
    "total": 3,
}
PROMPT = pk.Prompt(
    name="order",
    template="{% user %}{{ text }}{{ constraints }}{% enduser %}",
    output=Order,
    constraints=[
        pk.constraints.quoted_from("customer", "text"),
        pk.constraints.max_words("note", 4),
        pk.constraints.quoted_from("items[].name", "text"),
        pk.constraints.between("items[].count", 1, 9),
        pk.constraints.expr("output.total < 100", id="small"),
    ],
    attempts=3,
)


def changed(**parts: Any) -> dict[str, Any]:
    return {**GOOD, **parts}


def by_run(prompt: pk.Prompt[Order]) -> Result[Order]:
    return prompt.run(text=TEXT)


def by_arun(prompt: pk.Prompt[Order]) -> Result[Order]:
    return asyncio.run(prompt.arun(text=TEXT))


def by_stream(prompt: pk.Prompt[Order]) -> Result[Order]:
    *_, last = prompt.stream(text=TEXT)
    assert isinstance(last, Finished)
    return last.result


def by_astream(prompt: pk.Prompt[Order]) -> Result[Order]:
    async def collect() -> list[Any]:
        return [event async for event in prompt.astream(text=TEXT)]

    last = asyncio.run(collect())[-1]
    assert isinstance(last, Finished)
    return last.result


every_driver = pytest.mark.parametrize("run", [by_run, by_arun, by_stream, by_astream])


@every_driver
def test_one_broken_field_is_asked_for_alone_and_put_into_the_answer(run: Any) -> None:
    llm = MockBackend([changed(customer="Bob"), {"customer": "Ada"}])

    result = run(PROMPT.using(llm))

    assert result.value.model_dump() == GOOD
    assert [attempt.asked for attempt in result.attempts] == [(), ("customer",)]
    assert json.loads(llm.requests[1].output.json_bytes)["required"] == ["customer"]
    assert json.loads(result.messages[-1].text) == GOOD


def sure(text: Any, **confidence: float) -> Completion:
    return Completion(text=json.dumps(text), finish_reason="stop", model="m", confidence=confidence)


@every_driver
def test_the_confidence_in_each_field_is_that_of_the_answer_it_came_with(run: Any) -> None:
    llm = MockBackend(
        [sure(changed(customer="Bob"), customer=0.2, note=0.9), sure({"customer": "Ada"}, customer=0.6)]
    )

    result = run(PROMPT.using(llm))

    assert result.confidence == {"customer": 0.6, "note": 0.9}
    assert [attempt.completion.confidence for attempt in result.record.attempts] == [
        {"customer": 0.2, "note": 0.9},
        {"customer": 0.6},
    ]


def test_a_backend_that_does_not_tell_leaves_the_confidence_open() -> None:
    assert PROMPT.using(MockBackend([GOOD])).run(text=TEXT).confidence is None


def test_the_question_names_what_is_wrong_and_shows_the_fields_alone() -> None:
    llm = MockBackend([changed(customer="Bob", note="a b c d e f"), {"customer": "Ada", "note": "Call."}])

    PROMPT.using(llm).run(text=TEXT)

    answer, question = llm.requests[1].messages[-2:]
    assert json.loads(answer.text)["customer"] == "Bob"
    assert question.text == (
        "That answer cannot be used. What is wrong with it:\n"
        '- `customer` (quoted_from): `customer` is quoted word for word from `text`. Got: "Bob". '
        "Copy a passage of `text` exactly as it is written there.\n"
        "- `note` (max_words): `note` has at most 4 words. Got: 6 words. Shorten it by 2 words.\n"
        "Correct these fields alone: the rest of the answer is kept as it is.\n"
        "Answer with one JSON object and nothing else. Its fields, in this order:\n"
        "- `customer`: string\n"
        "- `note`: string"
    )


def test_an_item_of_a_list_is_asked_for_by_its_place() -> None:
    wrong = changed(items=[GOOD["items"][0], {"name": "bread", "count": 1}])
    llm = MockBackend([wrong, {"items[1].name": "loaf"}])

    result = PROMPT.using(llm).run(text=TEXT)

    assert result.value.items[1] == Item(name="loaf", count=1)
    assert result.attempts[1].asked == ("items[1].name",)
    assert "Their names are places in that answer" in llm.requests[1].messages[-1].text


def test_a_value_of_the_wrong_type_is_asked_for_alone_too() -> None:
    llm = MockBackend([json.dumps(changed(total="three")), {"total": 3}])

    result = PROMPT.using(llm).run(text=TEXT)

    assert result.value.total == 3
    assert result.attempts[1].cause == "re-ask: total: type"


def test_what_is_no_json_is_asked_for_as_a_whole() -> None:
    llm = MockBackend(["I think it is eggs.", GOOD])

    result = PROMPT.using(llm).run(text=TEXT)

    assert result.attempts[1].asked == ()
    assert "complete corrected answer" in llm.requests[1].messages[-1].text


def test_an_answer_to_the_fields_that_is_of_no_use_leads_to_the_whole() -> None:
    llm = MockBackend([changed(customer="Bob"), "sorry", GOOD])

    result = PROMPT.using(llm).run(text=TEXT)

    assert [attempt.asked for attempt in result.attempts] == [(), ("customer",), ()]
    assert result.attempts[2].cause.endswith("; the fields alone were of no use")


def test_the_merged_answer_is_judged_whole_and_what_then_breaks_is_asked_for_next() -> None:
    llm = MockBackend([changed(customer="Bob"), {"customer": "Eve"}, {"customer": "Ada"}])

    result = PROMPT.using(llm).run(text=TEXT)

    assert result.value.customer == "Ada"
    assert result.attempts[1].verdicts[0].outcome == "violated"


def test_a_model_that_writes_the_whole_again_is_taken_at_its_word() -> None:
    llm = MockBackend([changed(customer="Bob"), changed(note="Call her.")])

    result = PROMPT.using(llm).run(text=TEXT)

    assert (result.value.customer, result.value.note) == ("Ada", "Call her.")


def test_a_stream_says_which_fields_begin_again() -> None:
    llm = MockBackend([changed(customer="Bob"), {"customer": "Ada"}])

    events = list(PROMPT.using(llm).stream(text=TEXT))

    (restarted,) = [event for event in events if isinstance(event, Restarted)]
    assert (restarted.attempt, restarted.paths, restarted.invalid_paths) == (2, ("customer",), ("customer",))


def completion(data: Any, cost: str) -> Completion:
    usage = Usage(input_tokens=10, output_tokens=4, cost=Decimal(cost))
    return Completion(text=json.dumps(data), finish_reason="stop", model="m", usage=usage)


def test_the_ledger_has_cause_usage_and_cost_of_every_attempt_on_result_and_record() -> None:
    llm = MockBackend([completion(changed(customer="Bob"), "0.02"), completion({"customer": "Ada"}, "0.005")])

    result = PROMPT.using(llm).run(text=TEXT)

    assert [attempt.cause for attempt in result.attempts] == ["first", "re-ask: customer.quoted_from"]
    assert [attempt.cost for attempt in result.attempts] == ["0.02", "0.005"]
    assert result.usage == Usage(input_tokens=20, output_tokens=8, cost=Decimal("0.025"))
    assert str(result.cost) == "0.025"
    assert CallRecord.from_dict(json.loads(result.record.to_json())) == result.record
    assert result.record.attempts == result.attempts


def test_the_ledger_is_on_the_exception_as_well() -> None:
    llm = MockBackend([changed(customer="Bob")] + [{"customer": "Eve"}] * 2)

    with pytest.raises(AttemptsExhausted) as caught:
        PROMPT.using(llm).run(text=TEXT)

    assert [attempt.asked for attempt in caught.value.attempts] == [(), ("customer",), ("customer",)]
    assert all(isinstance(attempt, Attempt) and attempt.usage for attempt in caught.value.attempts)


def test_retries_of_the_transport_use_up_no_attempt() -> None:
    lost = ConnectionFailed("lost")
    llm = MockBackend([lost, changed(customer="Bob"), lost, {"customer": "Ada"}])

    result = PROMPT.using(pk.layers.retry(llm, max_wait_s=0.0), attempts=2).run(text=TEXT)

    assert len(result.attempts) == 2
    assert len(llm.requests) == 4


def test_a_record_without_the_ledgers_fields_is_still_read() -> None:
    record = PROMPT.using(MockBackend([GOOD])).run(text=TEXT).record
    old = json.loads(record.to_json())
    for attempt in old["attempts"]:
        for name in ("cause", "asked", "messages", "usage", "cost"):
            del attempt[name]

    assert CallRecord.from_dict(old).attempts[0].cause == ""
