"""The conversation: one generator, run by a synchronous and an asynchronous driver, whole and streamed."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from promptkit.backends import MockBackend
from promptkit.completions import Completion, TextDelta, Usage
from promptkit.engine import Finished, Restarted, Result
from promptkit.errors import (
    AttemptsExhausted,
    ConnectionFailed,
    ConstraintViolated,
    Empty,
    Filtered,
    OutputError,
    Refused,
    Truncated,
    Unparseable,
)
from promptkit.prompts import Prompt

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
    from promptkit.constraints import never_says

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
    from promptkit.constraints import max_words

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
        self.cancelled = threading.Event()

    def capabilities(self) -> Any:
        raise NotImplementedError

    def plan(self, spec: Any, generation: Any) -> Any:
        from promptkit.requests import Plan

        return Plan(backend=self.name)

    def count_tokens(self, messages: Any) -> Any:
        raise NotImplementedError

    def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
        if cancel is None:
            return completion('{"colour":"red"}')
        if cancel.wait(5):
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
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled_soon())

    assert backend.cancelled.wait(2)


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
    PROMPT.using(Noting()).run(thing="blood")

    assert seen[0] is not None
    assert 29 < seen[0] - before < 35
    assert seen[1] is None
