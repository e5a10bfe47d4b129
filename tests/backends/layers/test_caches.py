"""Answers that are kept, and equal questions at the same time; whole and streamed, in threads and in tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import MadeUpTime, loop_clock, run_in_made_up_time

from promptkit.backends import LlamaBackend, MockBackend, Paced, layers
from promptkit.completions import Completion, Detour, ToolCallPart, Unfinished, Usage
from promptkit.errors import BackendError, ConstraintViolated, ServerError, TimedOut
from promptkit.requests import GenerationConfig, OutputSpec
from promptkit.schemas import OutputSchema

SECONDS = 20
BREAKS = Paced(pieces=("a longer ", ServerError("cut")))
USAGE = Usage(input_tokens=10, output_tokens=5, cost=Decimal("0.01"))


def answer(text: str = "yes", **parts: Any) -> Completion:
    return Completion(**{"text": text, "finish_reason": "stop", "model": "m", "usage": USAGE, **parts})


@pytest.fixture
def cached(tmp_path):
    """Puts a cache around a backend, all with the same file, and closes it in the end."""
    made = []

    def make(backend: Any, **options: Any) -> Any:
        made.append(layers.cache(backend, file=tmp_path / "answers.sqlite", **options))
        return made[-1]

    yield make
    for layer in made:
        layer.layer.close()


@pytest.mark.parametrize("way", WAYS)
def test_an_equal_question_is_answered_from_the_file_at_no_cost(way, cached, text_question) -> None:
    inner = MockBackend([answer("a longer answer")])
    clock = MadeUpTime().clock

    first = way(cached(inner, clock=clock), text_question)
    again = way(cached(inner, clock=clock), replace(text_question, tags={"who": "else"}))

    assert len(inner.requests) == 1
    assert (first.text, first.detours, first.spent) == ("a longer answer", (), USAGE)
    assert again == replace(
        first,
        detours=(Detour(layer="cache", backend="mock", reason="kept since 2026-11-29 00:16:40 UTC"),),
    )
    assert again.usage == USAGE
    assert again.spent == Usage(input_tokens=0, output_tokens=0, cost=Decimal(0))


@pytest.mark.parametrize(
    "other",
    [
        lambda question: replace(question, messages=question.messages[:1]),
        lambda question: replace(question, generation=GenerationConfig(temperature=0, max_tokens=21)),
        lambda question: replace(question, generation=GenerationConfig(temperature=0, max_tokens=20, seed=1)),
        lambda question: replace(question, output=OutputSpec(schema=OutputSchema.from_type(list[str]))),
    ],
)
def test_another_question_is_asked(cached, text_question, other) -> None:
    inner = MockBackend(['["a"]', '["b"]'])
    backend = cached(inner)

    assert backend.complete(text_question).text == '["a"]'
    assert backend.complete(other(text_question)).text == '["b"]'


def test_another_backend_is_asked(cached, text_question) -> None:
    one, other = MockBackend(["a"], name="openai:a"), MockBackend(["b"], name="openai:b")

    assert cached(one).complete(text_question).text == "a"
    assert cached(other).complete(text_question).text == "b"


def test_another_model_under_the_same_path_is_asked(tmp_path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF one")
    backend = LlamaBackend(str(path))
    before = backend.identity()
    path.write_bytes(b"GGUF other")

    assert before.startswith(backend.name)
    assert backend.identity() != before
    assert LlamaBackend("/nowhere/model.gguf").identity() == "llama:/nowhere/model.gguf"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "reply",
    [
        answer("half", finish_reason="length"),
        answer("half", finish_reason="cancelled"),
        answer("no", finish_reason="refusal", refusal="I would rather not"),
        answer("no", finish_reason="filter"),
        answer(" \n"),
        answer('{"colour": "green"}'),
        answer("red"),
    ],
)
def test_an_answer_that_is_not_whole_and_valid_is_not_kept(way, cached, question, reply) -> None:
    inner = MockBackend([reply, answer('{"colour": "red"}')])
    backend = cached(inner)

    assert way(backend, question) == reply
    assert way(backend, question).text == '{"colour": "red"}'
    assert way(backend, question).text == '{"colour": "red"}'
    assert len(inner.requests) == 2


@pytest.mark.parametrize("way", WAYS)
def test_an_error_is_not_kept(way, cached, text_question) -> None:
    inner = MockBackend([ServerError("boom"), "yes"])
    backend = cached(inner)

    with pytest.raises(ServerError):
        way(backend, text_question)
    assert way(backend, text_question).text == "yes"


def test_an_answer_that_calls_tools_is_whole_without_a_text(cached, question) -> None:
    call = ToolCallPart(id="1", name="look", arguments="{}")
    inner = MockBackend([answer("", finish_reason="tool", tool_calls=(call,))])
    backend = cached(inner)

    backend.complete(question)

    assert backend.complete(question).tool_calls == (call,)


@pytest.mark.parametrize("way", WAYS)
def test_the_judge_of_the_request_decides_what_is_kept_and_what_is_still_good(
    way, cached, text_question
) -> None:
    def judge(completion: Completion) -> Any:
        return None if completion.text == "good" else ConstraintViolated("bad")

    inner = MockBackend(["bad", "good"])
    backend = cached(inner)
    judged = replace(text_question, judge=judge)

    assert way(backend, text_question).text == "bad"  # nobody judged but the schema: kept
    assert way(backend, judged).text == "good"  # the kept one does not hold: asked, and kept in its place
    assert way(backend, judged).text == "good"
    assert len(inner.requests) == 2


def test_going_on_with_a_cut_answer_is_left_to_the_backend(cached, text_question) -> None:
    cut = answer("half", finish_reason="length", unfinished=Unfinished(tokens=(1, 2)))
    inner = MockBackend(["half and half", "half and more"])
    backend = cached(inner)
    going_on = replace(text_question, resumes=cut)

    assert backend.complete(going_on).text == "half and half"
    assert backend.complete(going_on).text == "half and more"


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_used_until_it_is_too_old(way, cached, text_question) -> None:
    time = MadeUpTime()
    inner = MockBackend(["old", "new"])
    backend = cached(inner, max_age_s=60, clock=time.clock)

    texts = []
    for _ in range(4):
        texts.append(way(backend, text_question).text)
        time.at += 30

    assert texts == ["old", "old", "new", "new"]


def test_who_wrote_a_kept_answer_is_kept_with_it(cached, text_question) -> None:
    elsewhere = Detour(layer="fallback", backend="a", to="b", reason="ServerError: x", usage=USAGE)
    tried = Detour(layer="retry", backend="b", reason="TimedOut: x", usage=USAGE, waited_s=3.0)
    backend = cached(MockBackend([answer(detours=(elsewhere, tried))]))
    backend.complete(text_question)

    first, second = backend.complete(text_question).detours

    assert first == replace(elsewhere, usage=None)
    assert second.layer == "cache"


class Slow(MockBackend):
    """Takes ten seconds of made-up time."""

    async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
        await asyncio.sleep(10)
        return await super().acomplete(request)


def together(
    cached: Any, inner: MockBackend, question: Any, count: int = 5, **options: Any
) -> tuple[list[Any], float]:
    async def main() -> tuple[list[Any], float]:
        clock = loop_clock()
        backend = cached(inner, clock=clock)
        calls = [asyncio.create_task(backend.acomplete(question, **options)) for _ in range(count)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        return answers, clock.monotonic() - 1000

    return run_in_made_up_time(main())


def test_equal_questions_at_the_same_time_are_asked_once(cached, text_question) -> None:
    inner = Slow(["yes", "no"])

    answers, took_s = together(cached, inner, text_question)

    assert {it.text for it in answers} == {"yes"}
    assert len(inner.requests) == 1
    assert took_s == pytest.approx(10)
    assert [len(it.detours) for it in answers] == [0, 1, 1, 1, 1]
    assert answers[1].detours[0].reason == "the answer to an equal question at the same time"


def test_the_failure_of_the_one_that_was_asked_is_everybodys_own(cached, text_question) -> None:
    tried = Detour(layer="retry", backend="mock", reason="TimedOut: x", usage=USAGE)
    error = ServerError("boom", retry_after_s=3, usage=USAGE)
    error.detours = (tried,)
    inner = Slow([error, "yes"])

    errors, took_s = together(cached, inner, text_question)

    assert [str(error) for error in errors] == ["boom"] * 5
    assert len({id(error) for error in errors}) == 5
    assert {error.retry_after_s for error in errors} == {3}
    nothing = Usage(input_tokens=0, output_tokens=0, cost=Decimal(0))
    assert [error.spent for error in errors] == [USAGE + USAGE, *[nothing] * 4]
    assert errors[1].detours[0].reason == "the failure of an equal question at the same time"
    assert len(inner.requests) == 1
    assert took_s == pytest.approx(10)


def test_after_an_answer_that_does_not_hold_each_asks_for_one_of_its_own(cached, question) -> None:
    inner = Slow(["green"] + ['{"colour": "red"}'] * 4)

    answers, took_s = together(cached, inner, question)

    assert [it.text for it in answers] == ["green"] + ['{"colour": "red"}'] * 4
    assert took_s == pytest.approx(20)


def test_an_answer_that_holds_for_one_and_not_for_another_is_asked_for_again(cached, text_question) -> None:
    strict = replace(text_question, judge=lambda it: ConstraintViolated("bad") if it.text == "lax" else None)
    inner = Slow(["lax", "strict"])

    async def main() -> list[Any]:
        backend = cached(inner, clock=loop_clock())
        return await asyncio.gather(backend.acomplete(text_question), backend.acomplete(strict))

    assert [it.text for it in run_in_made_up_time(main())] == ["lax", "strict"]


def test_another_leads_when_the_one_that_was_asked_gives_up(cached, text_question) -> None:
    inner = Slow(["yes", "never"])

    async def main() -> tuple[list[Any], float]:
        clock = loop_clock()
        backend = cached(inner, clock=clock)
        first, *others = [asyncio.create_task(backend.acomplete(text_question)) for _ in range(4)]
        await asyncio.sleep(5)
        first.cancel()
        return await asyncio.gather(first, *others, return_exceptions=True), clock.monotonic() - 1000

    answers, took_s = run_in_made_up_time(main())

    assert isinstance(answers[0], asyncio.CancelledError)
    assert [it.text for it in answers[1:]] == ["yes"] * 3
    assert took_s == pytest.approx(15)


class Deadlined(MockBackend):
    """Ten seconds of made-up time, or to the deadline."""

    async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
        now = asyncio.get_running_loop().time()
        if deadline is not None and deadline < now + 10:
            await asyncio.sleep(deadline - now)
            raise TimedOut("late", kind="deadline")
        await asyncio.sleep(10)
        return await super().acomplete(request)


def test_deadlines_are_each_callers_own(cached, text_question) -> None:
    inner = Deadlined(["yes"])

    async def main() -> list[Any]:
        backend = cached(inner, clock=loop_clock())
        deadlines = [1004.0, 1003.0, None, 1030.0]
        calls = [asyncio.create_task(backend.acomplete(text_question, deadline=it)) for it in deadlines]
        return await asyncio.gather(*calls, return_exceptions=True)

    leader, follower, patient, enough = run_in_made_up_time(main())

    assert isinstance(leader, TimedOut)
    assert isinstance(follower, TimedOut)
    assert "an equal question is under way" in str(follower)
    assert (follower.kind, follower.retryable) == ("deadline", False)
    assert (patient.text, enough.text) == ("yes", "yes")


class Gated(MockBackend):
    """Answers in a thread when the test lets it."""

    def __init__(self, replies: list[Any]) -> None:
        super().__init__(replies)
        self.entered, self.gate = threading.Event(), threading.Event()

    def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
        if cancel is None or not cancel.is_set():
            self.entered.set()
            assert self.gate.wait(SECONDS)
        return super().complete(request, cancel=cancel)


def test_threads_and_tasks_wait_for_one_answer(cached, text_question) -> None:
    inner = Gated(["yes"])
    backend = cached(inner)
    with ThreadPoolExecutor() as pool:
        leader = pool.submit(backend.complete, text_question)
        assert inner.entered.wait(SECONDS)
        followers = [
            pool.submit(backend.complete, text_question),
            pool.submit(lambda: asyncio.run(backend.acomplete(text_question))),
        ]
        inner.gate.set()

        assert [it.result(SECONDS).text for it in (leader, *followers)] == ["yes"] * 3
    assert len(inner.requests) == 1


def test_cancel_ends_the_waiting_for_an_equal_question(cached, text_question) -> None:
    inner, cancel = Gated(["yes"]), threading.Event()
    backend = cached(inner)
    with ThreadPoolExecutor() as pool:
        leader = pool.submit(backend.complete, text_question)
        assert inner.entered.wait(SECONDS)
        follower = pool.submit(backend.complete, text_question, cancel=cancel)
        time.sleep(0.01)
        cancel.set()

        assert follower.result(SECONDS).finish_reason == "cancelled"
        inner.gate.set()
        assert leader.result(SECONDS).text == "yes"


class Cancellable(MockBackend):
    """Waits until it is cancelled, or until the test lets it answer."""

    def __init__(self, replies: list[Any]) -> None:
        super().__init__(replies)
        self.entered, self.gate = threading.Semaphore(0), threading.Event()

    def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
        self.entered.release()
        (self.gate if cancel is None else cancel).wait(SECONDS)
        return super().complete(request, cancel=cancel)


def test_one_other_is_asked_when_the_one_that_was_asked_is_cancelled(cached, text_question) -> None:
    inner, cancel, joined = Cancellable(["yes", "never"]), threading.Event(), threading.Semaphore(0)
    backend = cached(inner)
    join = backend.layer._flights.join

    def noted_join(key: str) -> Any:
        found = join(key)
        joined.release()
        return found

    backend.layer._flights.join = noted_join
    with ThreadPoolExecutor() as pool:
        leader = pool.submit(backend.complete, text_question, cancel=cancel)
        assert inner.entered.acquire(timeout=SECONDS)
        followers = [pool.submit(backend.complete, text_question) for _ in range(3)]
        for _ in range(4):
            assert joined.acquire(timeout=SECONDS)
        cancel.set()

        assert leader.result(SECONDS).finish_reason == "cancelled"
        inner.gate.set()
        assert [it.result(SECONDS).text for it in followers] == ["yes"] * 3


def test_a_stream_that_is_left_lets_another_lead(cached, text_question) -> None:
    inner = MockBackend(["a longer answer", "another answer"])
    backend = cached(inner)
    with backend.stream(text_question) as events:
        next(events)

    assert backend.complete(text_question).text == "another answer"


def test_a_stream_that_breaks_fails_for_its_own_caller_alone(cached, text_question) -> None:
    async def main() -> list[Any]:
        backend = cached(MockBackend([BREAKS, "yes"]), clock=loop_clock())

        async def read() -> Any:
            async with backend.astream(text_question) as events:
                async for _ in events:
                    await asyncio.sleep(1)

        return await asyncio.gather(read(), backend.acomplete(text_question), return_exceptions=True)

    broken, whole = run_in_made_up_time(main())

    assert isinstance(broken, BackendError)
    assert whole.text == "yes"


def test_the_default_file_is_used_when_none_is_named(monkeypatch, tmp_path, text_question) -> None:
    monkeypatch.setenv("PROMPTKIT_CACHE_DIR", str(tmp_path / "here"))
    backend = layers.cache(MockBackend(["yes"]))
    backend.complete(text_question)
    backend.close()

    assert (tmp_path / "here" / "answers-1.sqlite").exists()


@pytest.mark.parametrize("options", [{"max_age_s": 0}, {"max_mib": 0}])
def test_options_out_of_range_are_refused(options) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        layers.cache(MockBackend(), **options)
