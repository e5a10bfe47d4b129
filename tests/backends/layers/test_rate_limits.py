"""No faster than a server allows, in made-up time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import MadeUpTime, loop_clock, run_in_made_up_time

from promptkit.backends import MockBackend, layers
from promptkit.completions import Allowance, Completion, RateLimits, Usage
from promptkit.errors import RateLimited, ServerError, TimedOut
from promptkit.messages import Message
from promptkit.requests import GenerationConfig


def answer(text: str = "yes", tokens: int = 5, **limits: Allowance) -> Completion:
    return Completion(
        text=text,
        finish_reason="stop",
        model="m",
        usage=Usage(input_tokens=0, output_tokens=tokens),
        rate_limits=RateLimits(**limits) if limits else None,
    )


def limited(error: RateLimited, **limits: Allowance) -> RateLimited:
    error.rate_limits = RateLimits(**limits)
    return error


@pytest.mark.parametrize("way", WAYS)
def test_the_request_behind_a_full_minute_waits_for_the_next(way, text_question) -> None:
    time = MadeUpTime()
    backend = layers.rate_limit(MockBackend(["a"] * 5), requests_per_minute=2, clock=time.clock)

    at = []
    for _ in range(5):
        way(backend, text_question, None)
        at.append(time.at - 1000)

    assert at == [0, 0, 60, 60, 120]


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_would_be_let_through_after_its_deadline_fails_at_once(way, text_question) -> None:
    time = MadeUpTime()
    inner = MockBackend(["a", "b"])
    backend = layers.rate_limit(inner, requests_per_minute=1, clock=time.clock)
    way(backend, text_question, None)

    with pytest.raises(TimedOut, match=r"there is room for this call in 60\.0 s") as caught:
        way(backend, text_question, time.at + 59)

    assert caught.value.kind == "deadline"
    assert not caught.value.retryable
    assert time.waits == []
    assert way(backend, text_question, time.at + 61).text == "b"
    assert time.at == 1060


@pytest.mark.parametrize("way", WAYS)
def test_what_a_server_says_is_left_holds_for_the_next_call(way, text_question) -> None:
    time = MadeUpTime()
    left = [Allowance(left=1, reset_s=12.0), Allowance(left=0, reset_s=9.0)]
    inner = MockBackend([answer(requests=allowance) for allowance in left] + ["c"])
    backend = layers.rate_limit(inner, clock=time.clock)

    at = []
    for _ in range(3):
        way(backend, text_question, None)
        at.append(time.at - 1000)

    assert at == [0, 0, 9]


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_for_the_rate_holds_all_calls_back_as_long_as_the_server_wishes(way, text_question) -> None:
    time = MadeUpTime()
    inner = MockBackend(
        [
            RateLimited("slow", retry_after_s=20),
            limited(RateLimited("slow"), requests=Allowance(left=0, reset_s=7.0)),
            RateLimited("slow"),
            ServerError("boom", retry_after_s=50),
            "yes",
        ]
    )
    backend = layers.rate_limit(inner, clock=time.clock)

    at = []
    for _ in range(4):
        with pytest.raises((RateLimited, ServerError)):
            way(backend, text_question, None)
        at.append(time.at - 1000)

    assert way(backend, text_question, None).text == "yes"
    assert at == [0, 20, 27, 27]
    assert time.at == 1027


def test_tokens_are_counted_before_a_call_and_corrected_behind_it(text_question) -> None:
    question = replace(
        text_question,
        messages=(Message(role="user", content="x" * 40),),
        generation=GenerationConfig(max_tokens=90),
    )
    time = MadeUpTime()
    inner = MockBackend([answer(tokens=10), answer(tokens=90), "c"])
    count = inner.count_tokens(question.messages).n
    backend = layers.rate_limit(inner, tokens_per_minute=90 + count, clock=time.clock)

    at = []
    for _ in range(3):
        backend.complete(question)
        at.append(time.at - 1000)

    assert at == [0, 60, 120]


def test_an_answer_that_took_less_lets_the_next_call_go_at_once(text_question) -> None:
    question = replace(text_question, generation=GenerationConfig(max_tokens=90))

    class Brief(MockBackend):
        async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
            await asyncio.sleep(10)
            return answer(tokens=10)

    async def main() -> float:
        backend = layers.rate_limit(Brief(), tokens_per_minute=150, clock=loop_clock())
        await asyncio.gather(backend.acomplete(question), backend.acomplete(question))
        return asyncio.get_running_loop().time() - 1000

    assert run_in_made_up_time(main()) == pytest.approx(20)


def test_an_answer_without_max_tokens_is_taken_for_what_answers_took(text_question) -> None:
    question = replace(text_question, generation=GenerationConfig())
    time = MadeUpTime()
    backend = layers.rate_limit(
        MockBackend(lambda _: answer(tokens=2)), tokens_per_minute=400, clock=time.clock
    )

    for _ in range(12):
        backend.complete(question)
    sent_at_once = time.at == 1000

    assert sent_at_once


def test_input_tokens_that_a_server_limits_are_kept_too(text_question) -> None:
    time = MadeUpTime()
    inner = MockBackend([answer(input_tokens=Allowance(limit=1000, left=3, reset_s=15.0)), "b"])
    backend = layers.rate_limit(inner, clock=time.clock)

    backend.complete(text_question)
    backend.complete(text_question)

    assert time.waits == [15.0]


class AsyncOnly:
    """A backend that counts no tokens, since only the sync protocol asks for that."""

    name = "half"

    def __init__(self, inner: MockBackend) -> None:
        self.capabilities, self.plan = inner.capabilities, inner.plan
        self.acomplete, self.astream, self.aclose = inner.acomplete, inner.astream, inner.aclose


def test_tokens_are_estimated_for_a_backend_that_counts_none(text_question) -> None:
    async def main() -> float:
        backend = layers.rate_limit(
            AsyncOnly(MockBackend(["a", "b"])), tokens_per_minute=30, clock=loop_clock()
        )
        await backend.acomplete(text_question)
        await backend.acomplete(text_question)
        return asyncio.get_running_loop().time()

    assert run_in_made_up_time(main()) == pytest.approx(1060)


class Server(MockBackend):
    """Allows so many requests in any minute and refuses all others, each answer taking 2 s."""

    def __init__(self, clock: Any, limit: int) -> None:
        super().__init__(lambda _: "yes")
        self.clock, self.limit = clock, limit
        self.sent: list[float] = []
        self.refused = 0

    async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
        now = self.clock.monotonic()
        recent = [at for at in self.sent if at > now - 60]
        if len(recent) >= self.limit:
            self.refused += 1
            raise RateLimited("too many", retry_after_s=recent[0] + 60 - now)
        self.sent.append(now)
        await asyncio.sleep(2.0)
        left = Allowance(limit=self.limit, left=self.limit - len(recent) - 1, reset_s=60.0)
        return replace(await super().acomplete(request), rate_limits=RateLimits(requests=left))


def crowd(
    make: Callable[[Server, Any], Any], text_question: Any, count: int
) -> Coroutine[Any, Any, tuple[Server, list[Any], float]]:
    async def main() -> tuple[Server, list[Any], float]:
        clock = loop_clock()
        server = Server(clock, 30)
        backend = make(server, clock)
        calls = (backend.acomplete(text_question) for _ in range(count))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        return server, answers, clock.monotonic() - 1000

    return main()


def test_a_crowd_within_the_given_limit_is_never_refused(text_question) -> None:
    def make(server: Server, clock: Any) -> Any:
        return layers.rate_limit(server, requests_per_minute=30, clock=clock)

    server, answers, took_s = run_in_made_up_time(crowd(make, text_question, 200))

    assert all(isinstance(it, Completion) for it in answers)
    assert server.refused == 0
    # Each wave waits for the minute that the answers to the one before, after 2 s, say is still to go.
    assert took_s == pytest.approx(6 * 62 + 2)


def test_a_crowd_learns_the_limit_from_what_the_server_says(text_question) -> None:
    def make(server: Server, clock: Any) -> Any:
        limited = layers.rate_limit(server, clock=clock)
        return layers.retry(limited, attempts=5, max_wait_s=120, clock=clock)

    server, answers, _ = run_in_made_up_time(crowd(make, text_question, 200))

    assert all(isinstance(it, Completion) for it in answers)
    assert len(server.sent) == 200
    assert server.refused == 1  # before the server had said anything


def test_a_deadline_that_passes_while_others_are_before_ends_the_waiting(text_question) -> None:
    async def main() -> list[Any]:
        clock = loop_clock()
        backend = layers.rate_limit(MockBackend(["a", "b"]), requests_per_minute=1, clock=clock)
        await backend.acomplete(text_question)
        calls = [backend.acomplete(text_question), backend.acomplete(text_question, deadline=1030.0)]
        return await asyncio.gather(*calls, return_exceptions=True)

    patient, late = run_in_made_up_time(main())

    assert patient.text == "b"
    assert isinstance(late, TimedOut)
    assert "others are before this call" in str(late)


def test_cancel_ends_the_waiting_behind_others(text_question) -> None:
    cancels = [threading.Event(), threading.Event()]
    backend = layers.rate_limit(MockBackend(["a", "b"]), requests_per_minute=1)
    backend.complete(text_question)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(backend.complete, text_question, cancel=cancel) for cancel in cancels]
        while not backend.layer._gate.waiting:
            sleep(0.001)
        for cancel in cancels:
            cancel.set()

        assert [it.result(20).finish_reason for it in waiting] == ["cancelled"] * 2


def test_who_gives_up_waiting_makes_room(text_question) -> None:
    async def main() -> float:
        clock = loop_clock()
        backend = layers.rate_limit(MockBackend(["a", "b"]), requests_per_minute=1, clock=clock)
        await backend.acomplete(text_question)
        leaving = asyncio.create_task(backend.acomplete(text_question))
        await asyncio.sleep(1)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await backend.acomplete(text_question)
        return clock.monotonic() - 1000

    assert run_in_made_up_time(main()) == pytest.approx(60)


def test_cancel_ends_the_waiting_of_a_thread(text_question) -> None:
    cancel = threading.Event()
    backend = layers.rate_limit(MockBackend(["a", "b"]), requests_per_minute=1)
    backend.complete(text_question)
    threading.Timer(0.05, cancel.set).start()

    assert backend.complete(text_question, cancel=cancel).finish_reason == "cancelled"


@pytest.mark.parametrize("options", [{"requests_per_minute": 0}, {"tokens_per_minute": -1}])
def test_a_limit_below_one_is_refused(options) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        layers.rate_limit(MockBackend(), **options)
