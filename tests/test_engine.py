"""The conversation: one generator, run by a synchronous and an asynchronous driver, whole and streamed."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from promptkit.backends import MockBackend, layers
from promptkit.completions import Completion, Enforcement, TextDelta, Usage
from promptkit.constraints import Constraint, expr, max_words, never_says, quoted_from
from promptkit.engine import Finished, Restarted, Result
from promptkit.errors import (
    AttemptsExhausted,
    CapabilityMissing,
    ConnectionFailed,
    ConstraintViolated,
    Empty,
    Filtered,
    OutputError,
    Refused,
    ServerError,
    StreamInterrupted,
    Truncated,
    Unparseable,
)
from promptkit.messages import Message
from promptkit.prompts import Prompt
from promptkit.records import read_jsonl
from promptkit.requests import OutputSpec, Placement, Plan
from promptkit.sessions import record

PROMPT = Prompt(
    name="colour",
    template="{% user %}Name the colour of {{ thing }}.{% enduser %}",
    output=dict[str, str],
)


def run_sync(prompt: Prompt[Any], **inputs: Any) -> Result[Any]:
    return prompt.run(**inputs)


def run_async(prompt: Prompt[Any], **inputs: Any) -> Result[Any]:
    return asyncio.run(prompt.arun(**inputs))


def run_stream(prompt: Prompt[Any], **inputs: Any) -> Result[Any]:
    *_, last = prompt.stream(**inputs)
    assert isinstance(last, Finished)
    return last.result


def run_astream(prompt: Prompt[Any], **inputs: Any) -> Result[Any]:
    async def collect() -> list[Any]:
        return [event async for event in prompt.astream(**inputs)]

    last = asyncio.run(collect())[-1]
    assert isinstance(last, Finished)
    return last.result


every_driver = pytest.mark.parametrize("run", [run_sync, run_async, run_stream, run_astream])


def completion(text: str, **parts: Any) -> Completion:
    return Completion(**{"text": text, "finish_reason": "stop", "model": "m", **parts})


@every_driver
def test_a_valid_answer_becomes_the_value_and_the_next_calls_history(run: Any) -> None:
    result = run(PROMPT.using(MockBackend(['{"colour":"red"}'])), thing="blood")

    assert result.value == {"colour": "red"}
    assert [(m.role, m.text) for m in result.messages] == [
        ("user", "Name the colour of blood."),
        ("assistant", '{"colour":"red"}'),
    ]
    assert len(result.attempts) == 1


@every_driver
def test_a_reask_shows_the_model_its_answer_and_what_was_wrong_with_it(run: Any) -> None:
    backend = MockBackend(["red, I think", '{"colour":"red"}'])

    result = run(PROMPT.using(backend, attempts=2), thing="blood")

    assert result.value == {"colour": "red"}
    assert [m.text for m in result.messages] == ["Name the colour of blood.", '{"colour":"red"}']
    second = backend.requests[1].messages
    assert [m.role for m in second] == ["user", "assistant", "user"]
    assert second[1].text == "red, I think"
    assert "JSON" in second[2].text
    assert [attempt.error is None for attempt in result.attempts] == [False, True]


@every_driver
def test_one_attempt_is_the_default_and_asks_no_second_time(run: Any) -> None:
    backend = MockBackend(["red", '{"colour":"red"}'])

    with pytest.raises(Unparseable) as caught:
        run(PROMPT.using(backend), thing="blood")

    assert caught.value.text == "red"
    assert len(backend.requests) == 1


@every_driver
def test_last_invalid_answer_raises_with_the_text_the_model_wrote(run: Any) -> None:
    with pytest.raises(AttemptsExhausted) as caught:
        run(PROMPT.using(MockBackend(["one", "two", "three"]), attempts=3), thing="blood")

    assert caught.value.last.text == "three"
    assert [attempt.completion.text for attempt in caught.value.attempts] == ["one", "two", "three"]
    assert "all 3 attempts" in str(caught.value)


@every_driver
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (completion('{"colour":', finish_reason="length"), Truncated),
        (completion("", finish_reason="refusal", refusal="I must not."), Refused),
        (completion("", finish_reason="filter"), Filtered),
    ],
)
def test_a_cut_or_refused_answer_is_its_own_error_and_is_not_asked_again(
    run: Any, answer: Completion, error: type[OutputError]
) -> None:
    backend = MockBackend([answer, '{"colour":"red"}'])

    with pytest.raises(error) as caught:
        run(PROMPT.using(backend, attempts=2), thing="blood")

    assert len(backend.requests) == 1
    assert len(caught.value.attempts) == 1


@every_driver
def test_an_empty_answer_is_its_own_error_and_may_be_asked_again(run: Any) -> None:
    blank = completion("  \n")

    assert run(PROMPT.using(MockBackend([blank, '{"a":"b"}']), attempts=2), thing="x").value == {"a": "b"}
    with pytest.raises(Empty):
        run(PROMPT.using(MockBackend([blank])), thing="x")


@every_driver
def test_the_usage_of_all_attempts_is_added_up_on_success_and_on_failure(run: Any) -> None:
    answers = [
        completion("no", usage=Usage(input_tokens=10, output_tokens=1)),
        completion('{"colour":"red"}', usage=Usage(input_tokens=20, output_tokens=6, cached_tokens=8)),
    ]

    result = run(PROMPT.using(MockBackend(answers), attempts=2), thing="blood")

    assert result.usage == Usage(input_tokens=30, output_tokens=7, cached_tokens=8)
    with pytest.raises(Unparseable) as caught:
        run(PROMPT.using(MockBackend(answers[:1])), thing="blood")
    assert caught.value.usage == Usage(input_tokens=10, output_tokens=1)


@every_driver
def test_a_backend_error_is_raised_with_the_attempts_before_it(run: Any) -> None:
    backend = MockBackend(["no", ConnectionFailed("nothing listens at 127.0.0.1:9")])

    with pytest.raises(ConnectionFailed) as caught:
        run(PROMPT.using(backend, attempts=2), thing="blood")

    assert [attempt.error for attempt in caught.value.attempts][1] == (
        "ConnectionFailed: nothing listens at 127.0.0.1:9"
    )
    assert caught.value.record.status == "failed"


@every_driver
def test_a_violated_rule_with_on_fail_error_is_not_asked_again(run: Any) -> None:
    prompt = Prompt(
        template="{% user %}Hi {{ name }} {{ constraints }}{% enduser %}",
        constraints=[never_says("", ["sorry"], on_fail="error")],
    )
    backend = MockBackend(["Sorry!", "Hello."])

    with pytest.raises(ConstraintViolated) as caught:
        run(prompt.using(backend, attempts=3), name="Ann")

    assert len(backend.requests) == 1
    assert caught.value.verdicts[0].outcome == "violated"


@every_driver
def test_a_should_rule_is_reported_and_lets_the_value_pass(run: Any) -> None:
    prompt = Prompt(
        template="{% user %}Hi {{ name }} {{ constraints }}{% enduser %}",
        constraints=[max_words("", 2, severity="should")],
    )

    result = run(prompt.using(MockBackend(["one two three"])), name="Ann")

    assert result.value == "one two three"
    assert [(v.outcome, v.severity) for v in result.verdicts] == [("violated", "should")]


def test_a_stream_gives_the_text_in_pieces_and_says_when_it_starts_again() -> None:
    backend = MockBackend(["not json at all", '{"colour":"red"}'])

    events = list(PROMPT.using(backend, attempts=2).stream(thing="blood"))

    restart = next(i for i, event in enumerate(events) if isinstance(event, Restarted))
    before = "".join(e.text for e in events[:restart] if isinstance(e, TextDelta))
    after = "".join(e.text for e in events[restart:] if isinstance(e, TextDelta))
    assert (before, after) == ("not json at all", '{"colour":"red"}')
    assert events[restart] == Restarted(attempt=2, invalid_paths=())
    assert isinstance(events[-1], Finished)


def test_a_stream_that_is_left_early_ends_the_request() -> None:
    stream = PROMPT.using(MockBackend(['{"colour":"red"}'])).stream(thing="blood")

    assert isinstance(next(stream), TextDelta)
    stream.close()

    assert list(stream) == []


class SlowBlocking:
    """A backend that only blocks; it notes whether it was told to stop."""

    name = "slow"

    def __init__(self) -> None:
        self.began = threading.Event()
        self.cancelled = threading.Event()

    def capabilities(self) -> Any:
        raise NotImplementedError

    def plan(self, spec: Any, generation: Any) -> Any:
        return Plan(backend=self.name)

    def count_tokens(self, messages: Any) -> Any:
        raise NotImplementedError

    def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
        if cancel is None:
            return completion('{"colour":"red"}')
        self.began.set()
        if cancel.wait(30):
            self.cancelled.set()
        return completion('{"colour":"red"}')

    def stream(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        return None


def test_a_cancelled_task_stops_a_blocking_backend_and_passes_the_cancellation_on() -> None:
    backend = SlowBlocking()

    async def cancelled_soon() -> None:
        task = asyncio.create_task(PROMPT.using(backend).arun(thing="blood"))
        assert await asyncio.to_thread(backend.began.wait, 30)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled_soon())

    assert backend.cancelled.wait(30)


def test_run_works_inside_a_running_event_loop() -> None:
    async def cell() -> Any:
        return PROMPT.using(MockBackend(['{"colour":"red"}'])).run(thing="blood").value

    assert asyncio.run(cell()) == {"colour": "red"}


def test_what_a_backend_raises_is_never_taken_for_a_result() -> None:
    class Exhausted(SlowBlocking):
        def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
            return next(iter([]))

    with pytest.raises(StopIteration):
        PROMPT.using(Exhausted()).run(thing="blood")


def test_the_deadline_reaches_the_backend_as_a_time_of_the_monotonic_clock() -> None:
    seen: list[float | None] = []

    class Noting(SlowBlocking):
        def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
            seen.append(deadline)
            return completion('{"colour":"red"}')

    before = time.monotonic()
    PROMPT.using(Noting(), deadline_s=30).run(thing="blood")
    after = time.monotonic()
    PROMPT.using(Noting()).run(thing="blood")

    assert seen[0] is not None
    assert before + 30 <= seen[0] <= after + 30
    assert seen[1] is None


TICKET = "The router is dead since Monday. I need it tonight."
WRONG = {
    "category": "hardware",
    "urgency": 4,
    "evidence": "It is broken.",
    "reply": "Hold reset.",
    "escalate": False,
}
RIGHT = {**WRONG, "evidence": "I need it tonight."}
PART = {"evidence": "I need it tonight."}
EVIDENCE_ALONE = {
    "type": "object",
    "properties": {"evidence": {"type": "string"}},
    "required": ["evidence"],
    "additionalProperties": False,
}


class Triage(BaseModel):
    category: Literal["hardware", "security"]
    urgency: int
    evidence: str
    reply: str
    escalate: bool


def triage(*more: Constraint) -> Prompt[Triage]:
    return Prompt(
        name="triage",
        template="{% user %}{{ ticket }}\n{{ constraints }}\n{{ output_format }}{% enduser %}",
        output=Triage,
        constraints=[quoted_from("evidence", "ticket"), *more],
    )


def schemas(backend: MockBackend) -> list[Any]:
    return [request.output.json_schema for request in backend.requests]


def as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@every_driver
def test_a_made_up_quote_is_asked_for_alone_and_put_into_the_answer(run: Any) -> None:
    backend = MockBackend([WRONG, PART])

    result = run(triage().using(backend, attempts=2), ticket=TICKET)

    assert result.value == Triage(**RIGHT)
    assert [verdict.outcome for verdict in result.verdicts] == ["held"]
    first, second = backend.requests
    assert second.output.json_schema == EVIDENCE_ALONE
    assert [constraint.path for constraint in second.output.constraints] == ["evidence"]
    assert second.messages[:1] == first.messages
    assert second.messages[1] == Message(role="assistant", content=as_json(WRONG))
    assert second.messages[2].text.endswith(
        "Correct these fields alone: the rest of the answer is kept as it is.\n"
        "Answer with one JSON object and nothing else. Its fields, in this order:\n"
        "- `evidence`: string"
    )
    assert result.messages == (*first.messages, Message(role="assistant", content=as_json(RIGHT)))


@every_driver
def test_each_attempt_says_why_and_for_what_it_was_made_and_what_it_cost(run: Any) -> None:
    answers = [
        completion(as_json(WRONG), usage=Usage(input_tokens=9, output_tokens=40, cost=Decimal("0.02"))),
        completion(as_json(PART), usage=Usage(input_tokens=30, output_tokens=7, cost=Decimal("0.01"))),
    ]

    result = run(triage().using(MockBackend(answers), attempts=2), ticket=TICKET)

    first, second = result.attempts
    assert (first.cause, first.asked, first.messages, first.cost) == ("first", (), (), "0.02")
    assert second.cause == "re-ask: evidence.quoted_from"
    assert second.asked == ("evidence",)
    assert [message["role"] for message in second.messages] == ["assistant", "user"]
    assert second.messages[0]["content"] == as_json(WRONG)
    assert (second.usage, second.cost) == (answers[1].usage, "0.01")
    assert result.usage == Usage(input_tokens=39, output_tokens=47, cost=Decimal("0.03"))
    assert (result.cost, result.record.cost) == (Decimal("0.03"), "0.03")
    assert result.record.attempts == result.attempts


def test_a_cost_that_one_attempt_does_not_report_is_no_sum() -> None:
    answers = [
        completion(as_json(WRONG), usage=Usage(input_tokens=9, output_tokens=40)),
        completion(as_json(PART), usage=Usage(input_tokens=30, output_tokens=7, cost=Decimal("0.01"))),
    ]

    result = run_sync(triage().using(MockBackend(answers), attempts=2), ticket=TICKET)

    assert result.cost is None
    assert [attempt.cost for attempt in result.attempts] == [None, "0.01"]


@every_driver
def test_what_the_merge_breaks_is_what_is_asked_for_next(run: Any) -> None:
    rule = expr(
        "output.evidence != 'dead' or output.urgency == 5", id="dead-is-urgent", say="Dead is urgency 5."
    )
    backend = MockBackend([WRONG, {"evidence": "dead"}, {"urgency": 5, "evidence": "dead"}])

    result = run(triage(rule).using(backend, attempts=3), ticket=TICKET)

    assert result.value == Triage(**{**WRONG, "evidence": "dead", "urgency": 5})
    assert [attempt.asked for attempt in result.attempts] == [(), ("evidence",), ("urgency", "evidence")]
    assert result.attempts[2].cause == "re-ask: dead-is-urgent"
    assert backend.requests[2].messages[1].text == as_json({**WRONG, "evidence": "dead"})
    assert len(backend.requests[2].messages) == 3


@every_driver
@pytest.mark.parametrize(
    "useless",
    [
        "I need it tonight.",
        {"evidence": [7, 8]},
        {"colour": "red"},
        completion('{"evidence": "I need', finish_reason="length"),
        completion(" "),
    ],
)
def test_after_a_useless_answer_for_some_fields_the_whole_is_asked_for(run: Any, useless: Any) -> None:
    backend = MockBackend([WRONG, useless, RIGHT])

    result = run(triage().using(backend, attempts=3), ticket=TICKET)

    assert result.value == Triage(**RIGHT)
    assert schemas(backend) == [schemas(backend)[0], EVIDENCE_ALONE, schemas(backend)[0]]
    assert backend.requests[2].messages[1].text == as_json(WRONG)
    assert "`evidence` (quoted_from)" in backend.requests[2].messages[2].text
    assert "complete corrected answer" in backend.requests[2].messages[2].text
    assert [attempt.error is None for attempt in result.attempts] == [False, False, True]
    assert result.attempts[2].asked == ()
    assert result.attempts[2].cause == "re-ask: evidence.quoted_from; the fields alone were of no use"


@every_driver
def test_a_refusal_of_the_smaller_question_is_not_asked_again(run: Any) -> None:
    backend = MockBackend([WRONG, completion("", finish_reason="refusal", refusal="No."), RIGHT])

    with pytest.raises(Refused) as caught:
        run(triage().using(backend, attempts=3), ticket=TICKET)

    assert len(backend.requests) == len(caught.value.attempts) == 2


@every_driver
def test_a_cut_answer_for_some_fields_is_raised_when_no_attempt_is_left(run: Any) -> None:
    cut = completion('{"evidence": "I', finish_reason="length")

    with pytest.raises(AttemptsExhausted) as caught:
        run(triage().using(MockBackend([WRONG, cut]), attempts=2), ticket=TICKET)

    assert isinstance(caught.value.last, Truncated)
    assert [attempt.asked for attempt in caught.value.attempts] == [(), ("evidence",)]
    assert caught.value.record.attempts == caught.value.attempts


@every_driver
def test_a_model_that_writes_the_whole_again_is_taken_at_its_word(run: Any) -> None:
    whole = {**RIGHT, "urgency": 5}

    result = run(triage().using(MockBackend([WRONG, whole]), attempts=2), ticket=TICKET)

    assert result.value == Triage(**whole)
    assert result.messages[-1].text == as_json(whole)


@every_driver
def test_a_rule_that_must_not_be_asked_again_ends_the_call_after_a_merge_too(run: Any) -> None:
    rule = never_says("evidence", ["dead"], on_fail="error")
    backend = MockBackend([WRONG, {"evidence": "dead"}, RIGHT])

    with pytest.raises(ConstraintViolated) as caught:
        run(triage(rule).using(backend, attempts=3), ticket=TICKET)

    assert len(backend.requests) == 2
    assert caught.value.candidates == (Triage(**{**WRONG, "evidence": "dead"}),)


@every_driver
def test_the_usage_of_a_backend_that_failed_counts_and_stands_in_the_ledger(run: Any) -> None:
    spent = Usage(input_tokens=30, output_tokens=2)
    failure = StreamInterrupted("it broke off", partial='{"ev', usage=spent)
    answer = completion(as_json(WRONG), usage=Usage(input_tokens=9, output_tokens=40))

    with pytest.raises(StreamInterrupted) as caught:
        run(triage().using(MockBackend([answer, failure]), attempts=2), ticket=TICKET)

    first, second = caught.value.attempts
    assert (second.cause, second.asked, second.usage) == (
        "re-ask: evidence.quoted_from",
        ("evidence",),
        spent,
    )
    assert first.usage == answer.usage
    assert caught.value.record.usage == Usage(input_tokens=39, output_tokens=42)


@every_driver
def test_transport_retries_have_a_budget_of_their_own(run: Any) -> None:
    mock = MockBackend([ServerError("boom"), WRONG, ServerError("boom"), ServerError("boom"), PART])
    backend = layers.retry(mock, attempts=3, max_wait_s=0)

    result = run(triage().using(backend, attempts=2), ticket=TICKET)

    assert result.value == Triage(**RIGHT)
    assert len(mock.requests) == 5
    assert [attempt.cause for attempt in result.attempts] == ["first", "re-ask: evidence.quoted_from"]


class Particular(MockBackend):
    """A backend that plans otherwise for the question about some fields."""

    def __init__(self, replies: list[Any], plan: Any) -> None:
        super().__init__(replies, name="particular")
        self._plan = plan

    def plan(self, spec: OutputSpec, generation: Any) -> Plan:
        return self._plan(spec) if "category" not in spec.json_schema["properties"] else Plan(backend="p")


def refuses(spec: OutputSpec) -> Plan:
    raise CapabilityMissing("no objects of this name")


@every_driver
@pytest.mark.parametrize(
    "plan",
    [
        lambda spec: Plan(
            backend="p",
            placements=(Placement(path="", rule="schema", where=Enforcement.IMPOSSIBLE, note="too odd"),),
        ),
        refuses,
    ],
)
def test_a_backend_that_cannot_be_asked_for_some_fields_is_asked_for_the_whole(run: Any, plan: Any) -> None:
    backend = Particular([WRONG, RIGHT], plan)

    result = run(triage().using(backend, attempts=2), ticket=TICKET)

    assert result.value == Triage(**RIGHT)
    assert schemas(backend)[0] == schemas(backend)[1]
    assert result.attempts[1].asked == ()
    assert result.attempts[1].cause == "re-ask: evidence.quoted_from"


@every_driver
def test_a_verdict_says_where_the_smaller_question_had_its_rule_enforced(run: Any) -> None:
    backend = Particular(
        [WRONG, PART],
        lambda spec: Plan(
            backend="p",
            placements=(Placement(path="evidence", rule="quoted_from", where=Enforcement.GRAMMAR),),
        ),
    )

    result = run(triage(max_words("reply", 9)).using(backend, attempts=2), ticket=TICKET)

    assert [verdict.enforced for verdict in result.attempts[0].verdicts] == [Enforcement.CHECK] * 2
    assert [verdict.enforced for verdict in result.verdicts] == [Enforcement.GRAMMAR, Enforcement.CHECK]


def test_a_stream_says_which_fields_come_next_and_ends_with_the_whole() -> None:
    async def collect(prompt: Prompt[Any]) -> list[Any]:
        return [event async for event in prompt.astream(ticket=TICKET)]

    sync = list(triage().using(MockBackend([WRONG, PART]), attempts=2).stream(ticket=TICKET))
    events = asyncio.run(collect(triage().using(MockBackend([WRONG, PART]), attempts=2)))

    restart = next(i for i, event in enumerate(events) if isinstance(event, Restarted))
    assert events[restart] == Restarted(attempt=2, invalid_paths=("evidence",), paths=("evidence",))
    assert "".join(e.text for e in events[restart:] if isinstance(e, TextDelta)) == as_json(PART)
    assert events[-1].result.value == Triage(**RIGHT)
    assert events[:-1] == sync[:-1]


def test_a_record_keeps_every_message_that_was_sent(tmp_path: Path) -> None:
    backend = MockBackend([WRONG, {"evidence": [7, 8]}, PART | RIGHT])
    with record(tmp_path / "calls.jsonl"):
        triage().using(backend, attempts=3).run(ticket=TICKET)

    kept = next(read_jsonl(tmp_path / "calls.jsonl"))

    for request, attempt in zip(backend.requests, kept.attempts, strict=True):
        sent = [message.to_dict() for message in request.messages]
        assert [*kept.request.messages, *attempt.messages] == sent
    assert [attempt.asked for attempt in kept.attempts] == [(), ("evidence",), ()]


def test_a_record_that_nobody_asks_for_is_not_made_and_one_that_is_asked_for_stays_the_same() -> None:
    result = PROMPT.using(MockBackend(['{"colour":"red"}'])).run(thing="blood")

    first = result.record

    assert result.record is first
    assert (first.status, first.output, first.attempts) == ("ok", {"colour": "red"}, result.attempts)


def test_a_result_is_pickled_with_its_record() -> None:
    result = PROMPT.using(MockBackend(['{"colour":"red"}'])).run(thing="blood")

    back = pickle.loads(pickle.dumps(result))

    assert back == result
    assert back.record == result.record
    assert back != PROMPT.using(MockBackend(['{"colour":"red"}'])).run(thing="blood")
