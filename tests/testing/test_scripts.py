"""The made-up model: what it answers, what it does with what nobody foresaw, and outside of pytest."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import promptkit as pk
from promptkit import errors
from promptkit.errors import RateLimited, TimedOut
from promptkit.testing import MockLLM, UnexpectedCall, mocked

from .conftest import TRIAGE

GOOD = {"category": "billing", "urgent": True}


@pytest.fixture
def triage(tmp_path):
    path = tmp_path / "triage.prompt.j2"
    path.write_text(TRIAGE, encoding="utf-8")
    return pk.load(path)


def test_a_prompt_is_answered_whatever_backend_it_names(triage) -> None:
    with mocked() as llm:
        llm.on("triage", contains="charged").reply(GOOD)
        result = triage.using("openai:never").run(ticket="I was charged twice")

    assert result.value.category == "billing"
    assert llm.calls["triage"][0].prompt.inputs == {"ticket": "I was charged twice"}
    assert llm.calls["tri*"][-1].request.messages[-1]["content"].endswith("I was charged twice")
    assert len(llm.calls[:1]) == len(llm.calls) == 1
    assert repr(llm.calls) == "Calls([triage (ok)])"


def test_steps_follow_one_another_and_attempts_are_kept(triage) -> None:
    with mocked() as llm:
        llm.on("triage").reply_text("no JSON").then.auto()
        result = triage.run(ticket="x")

    assert result.value.category in {"billing", "shipping", "other"}
    assert [attempt.error is None for attempt in llm.calls[0].attempts] == [False, True]
    assert len(llm.requests) == 2


def test_errors_are_raised_as_often_as_said(triage) -> None:
    with mocked() as llm:
        llm.on().fail(RateLimited, times=2).then.reply(GOOD)
        for _ in range(2):
            with pytest.raises(RateLimited, match="as the test asked for"):
                triage.run(ticket="x")
        assert triage.run(ticket="x").value.urgent


@pytest.mark.parametrize(
    "kind", [it for it in map(errors.__dict__.get, errors.__all__) if issubclass(it, errors.BackendError)]
)
def test_an_error_of_each_class_of_backends_can_be_made(triage, kind) -> None:
    with mocked() as llm:
        llm.on().fail(kind)
        with pytest.raises(kind, match=f"{kind.__name__}, as the test asked for"):
            triage.run(ticket="x")


def test_a_class_that_takes_more_than_a_message_is_refused_where_it_is_written() -> None:
    with (
        mocked() as llm,
        pytest.raises(TypeError, match="no AttemptsExhausted can be made from a message alone"),
    ):
        llm.on().fail(errors.AttemptsExhausted)


def test_retries_of_a_layer_meet_the_script_too(triage) -> None:
    with mocked() as llm:
        llm.on("triage").fail(RateLimited("slow down", retry_after_s=0)).then.reply(GOOD)
        backend = pk.layers.retry(llm.backend)

        assert backend.complete(llm_request(triage)).text == '{"category":"billing","urgent":true}'


def llm_request(triage, ticket="x"):
    from promptkit.requests import Request

    rendered = triage.render(ticket=ticket)
    return Request(
        messages=rendered.messages,
        output=rendered.output,
        generation=rendered.generation,
        prompt=rendered.prompt,
    )


def test_streams_come_in_the_pieces_of_the_script(triage) -> None:
    with mocked() as llm:
        llm.on().stream(['{"category":"bil', 'ling","urgent":true}'])
        events = list(triage.stream(ticket="x"))

    texts = [event.text for event in events if isinstance(event, pk.events.TextDelta)]
    assert texts == ['{"category":"bil', 'ling","urgent":true}']
    assert events[-1].result.value.urgent


def test_a_stream_may_break(triage) -> None:
    with mocked() as llm:
        llm.on().stream(['{"category', RateLimited("gone")], times=2)
        with pytest.raises(RateLimited):
            list(triage.stream(ticket="x"))
        with pytest.raises(RateLimited):
            triage.run(ticket="x")


def test_an_answer_takes_its_time_and_the_deadline_ends_it(triage) -> None:
    with mocked() as llm:
        llm.on().delay_s(30).reply(GOOD, times=2)
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            triage.using(deadline_s=0.05).run(ticket="x")
        with pytest.raises(TimedOut):
            asyncio.run(triage.using(deadline_s=0.05).arun(ticket="x"))

    assert caught.value.kind == "deadline"
    assert time.monotonic() - started < 25


def test_tool_calls_can_be_scripted(triage) -> None:
    def search(query: str) -> str:
        """Search.

        Args:
            query: For what.
        """
        return query

    with mocked() as llm:
        llm.on().call_tool("search", {"query": "refund"})
        completion = llm.backend.complete(llm_request(triage))

    assert completion.tool_calls[0].name == "search"
    assert completion.tool_calls[0].arguments == '{"query": "refund"}'


def test_what_nobody_foresaw_is_an_error_with_the_nearest_that_was(triage) -> None:
    with pytest.raises(AssertionError) as caught, mocked() as llm:
        llm.on("triaje").reply(GOOD, times=None)
        llm.on("triage", contains="charged").reply(GOOD, times=None)
        llm.on("triage", where=lambda request: False).reply(GOOD, times=None)
        llm.on("triage")
        with pytest.raises(UnexpectedCall):
            triage.run(ticket="Where is it?")

    said = str(caught.value)
    assert "triage was run, and no answer is foreseen for it" in said
    assert "on('triaje'): it is for 'triaje', not for 'triage'" in said
    assert "on('triage', contains='charged'): no message contains 'charged'" in said
    assert "its `where` says no" in said
    assert "it has no answer; add .reply(...) or .auto()" in said
    assert "Where is it?" in said


def test_answers_that_nobody_asked_for_are_an_error(triage) -> None:
    with (
        pytest.raises(AssertionError, match="on\\('triage'\\) was not asked for: reply\\(.*1 of 2 left"),
        mocked() as llm,
    ):
        llm.on("triage").reply(GOOD, times=2)
        triage.run(ticket="x")


def test_used_up_answers_say_so(triage) -> None:
    llm = MockLLM()
    llm.on("triage").reply(GOOD)
    llm.backend.complete(llm_request(triage))

    with pytest.raises(UnexpectedCall, match="its answer is used up"):
        llm.backend.complete(llm_request(triage))


@pytest.mark.parametrize(
    ("foreseen", "said"),
    [
        ({"prompt": "triag"}, "it is for 'triag', not for 'triage'"),
        (
            {"contains": "Charged TWICE"},
            "no message contains 'Charged TWICE', but one contains 'charged\\n twice'",
        ),
        ({"contains": "stolen"}, "no message contains 'stolen'\n"),
    ],
)
def test_what_was_foreseen_says_why_it_does_not_fit(triage, foreseen, said) -> None:
    llm = MockLLM()
    llm.on(**foreseen).reply(GOOD)

    with pytest.raises(UnexpectedCall) as caught:
        llm.backend.complete(llm_request(triage, ticket="I was charged\n twice"))

    assert said in str(caught.value)


def test_threads_and_tasks_are_answered_too(triage) -> None:
    found = []

    def in_thread() -> None:
        found.append(triage.run(ticket="thread").value.urgent)

    async def in_task() -> None:
        found.append((await triage.arun(ticket="task")).value.urgent)

    with mocked() as llm:
        llm.on("triage").reply(GOOD, times=2)
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()
        asyncio.run(in_task())

    assert found == [True, True]


def test_a_step_answers_at_least_once() -> None:
    with pytest.raises(ValueError, match="times is 0"):
        MockLLM().on().reply(GOOD, times=0)


def test_after_it_nothing_is_intercepted(triage) -> None:
    with mocked():
        pass

    with pk.use(pk.backends.MockBackend([GOOD])):
        assert triage.run(ticket="x").value.urgent
