"""Places for calls: how many at once, in which order, and what happens to those who give up."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import loop_clock, run_in_made_up_time

from promptkit.backends import MockBackend, layers
from promptkit.completions import Completion
from promptkit.errors import ServerError, TimedOut

SECONDS = 20  # until a test gives up, where all is well none of it passes


class Counting(MockBackend):
    """Notes how many calls are under way at once, and in which order they came."""

    def __init__(self, takes_s: float = 1.0) -> None:
        super().__init__(lambda request: request.tags["number"])
        self.takes_s = takes_s
        self.under_way = self.most = 0
        self.order: list[str] = []
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)

    def enter(self, request: Any) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.order.append(request.tags["number"])

    async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
        self.enter(request)
        try:
            await asyncio.sleep(self.takes_s)
            return await super().acomplete(request)
        finally:
            self.under_way -= 1

    def complete(self, request: Any, *, deadline: float | None = None, cancel: Any = None) -> Completion:
        if cancel is not None and cancel.is_set():
            return super().complete(request, cancel=cancel)
        self.enter(request)
        self.entered.release()
        assert self.gate.wait(SECONDS)
        self.under_way -= 1
        return super().complete(request)


@pytest.fixture
def numbered(text_question):
    return lambda number: replace(text_question, tags={"number": str(number)})


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_finds_a_place_is_answered(way, text_question) -> None:
    backend = layers.concurrency(MockBackend(["a", ServerError("boom"), "b"]), max_parallel=1)

    assert way(backend, text_question, None).text == "a"
    with pytest.raises(ServerError):
        way(backend, text_question, None)
    assert way(backend, text_question, None).text == "b"


def test_tasks_wait_their_turn_in_order(numbered) -> None:
    inner = Counting()

    async def main() -> tuple[list[Any], float]:
        backend = layers.concurrency(inner, max_parallel=3, clock=loop_clock())
        answers = await asyncio.gather(*(backend.acomplete(numbered(number)) for number in range(10)))
        return answers, asyncio.get_running_loop().time() - 1000.0

    answers, took_s = run_in_made_up_time(main())

    assert [answer.text for answer in answers] == [str(number) for number in range(10)]
    assert inner.most == 3
    assert inner.order == [str(number) for number in range(10)]
    assert took_s == pytest.approx(4.0)


def test_threads_and_tasks_share_the_places(numbered) -> None:
    inner = Counting()
    backend = layers.concurrency(inner, max_parallel=2)
    with ThreadPoolExecutor() as pool:
        held = [pool.submit(backend.complete, numbered(number)) for number in range(2)]
        for _ in held:
            assert inner.entered.acquire(timeout=SECONDS)
        inner.takes_s = 0.0
        waiting = pool.submit(lambda: asyncio.run(backend.acomplete(numbered("task"))))
        while not backend.layer._places.waiting:
            time.sleep(0.001)
        inner.gate.set()

        assert waiting.result(SECONDS).text == "task"
        assert [future.result(SECONDS).text for future in held] == ["0", "1"]
    assert inner.most == 2


def test_a_stream_keeps_its_place_until_it_is_left(numbered) -> None:
    backend = layers.concurrency(MockBackend(["a long answer in pieces", "b"]), max_parallel=1)

    with backend.stream(numbered(1)) as events:
        next(events)
        with pytest.raises(TimedOut, match="1 requests are under way") as caught:
            backend.complete(numbered(2), deadline=time.monotonic())
    assert backend.complete(numbered(2)).text == "b"

    assert caught.value.kind == "deadline"
    assert not caught.value.retryable


def test_who_gives_up_leaves_the_queue(numbered) -> None:
    inner = Counting()

    async def main() -> list[Any]:
        clock = loop_clock()
        backend = layers.concurrency(inner, max_parallel=1, clock=clock)
        first = asyncio.create_task(backend.acomplete(numbered(1)))
        cancelled = asyncio.create_task(backend.acomplete(numbered(2)))
        late = asyncio.create_task(backend.acomplete(numbered(3), deadline=clock.monotonic() + 0.5))
        last = asyncio.create_task(backend.acomplete(numbered(4)))
        await asyncio.sleep(0.1)
        cancelled.cancel()
        return await asyncio.gather(first, cancelled, late, last, return_exceptions=True)

    first, cancelled, late, last = run_in_made_up_time(main())

    assert (first.text, last.text) == ("1", "4")
    assert isinstance(cancelled, asyncio.CancelledError)
    assert isinstance(late, TimedOut)
    assert inner.order == ["1", "4"]


def test_a_place_that_is_given_to_one_who_is_cancelled_goes_to_the_next(numbered) -> None:
    inner = Counting()

    async def main() -> list[Any]:
        backend = layers.concurrency(inner, max_parallel=1, clock=loop_clock())
        first = asyncio.create_task(backend.acomplete(numbered(1)))
        second = asyncio.create_task(backend.acomplete(numbered(2)))
        third = asyncio.create_task(backend.acomplete(numbered(3)))
        await first
        second.cancel()  # its signal is set already, the task has not gone on yet
        return await asyncio.gather(second, third, return_exceptions=True)

    second, third = run_in_made_up_time(main())

    assert isinstance(second, asyncio.CancelledError)
    assert third.text == "3"


def test_cancel_ends_the_waiting_of_a_thread(numbered) -> None:
    inner, cancel = Counting(), threading.Event()
    backend = layers.concurrency(inner, max_parallel=1)
    with ThreadPoolExecutor() as pool:
        held = pool.submit(backend.complete, numbered(1))
        assert inner.entered.acquire(timeout=SECONDS)
        waiting = pool.submit(backend.complete, numbered(2), cancel=cancel)
        while not backend.layer._places.waiting:
            time.sleep(0.001)
        cancel.set()

        assert waiting.result(SECONDS).finish_reason == "cancelled"
        with pytest.raises(TimedOut):  # who gave up has left no place behind
            backend.complete(numbered(3), deadline=time.monotonic())
        inner.gate.set()
        assert held.result(SECONDS).text == "1"
    assert inner.order == ["1"]


def test_it_lets_no_more_through_at_once_than_the_backend_takes() -> None:
    backend = layers.concurrency(MockBackend(), max_parallel=4)

    assert backend.capabilities().max_parallel == 4
    assert layers.retry(backend).capabilities().max_parallel == 4


def test_no_place_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="max_parallel is 0; it must be at least 1"):
        layers.concurrency(MockBackend(), max_parallel=0)
