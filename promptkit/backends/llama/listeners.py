"""How callers hear of their answers: by blocking, or by awaiting."""

from __future__ import annotations

import asyncio
import contextvars
import os
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Protocol, Self

from promptkit.backends.llama.sequences import Answer, News
from promptkit.completions import Completed, Event
from promptkit.errors import BackendError

__all__ = ["AsyncListener", "Listener", "Submit"]

_LOOK_S = 0.2

_PREPARERS = 4


class Submit(Protocol):
    """Has a request answered: prepares it, and gives the answer to the decoder."""

    def __call__(self, tell: Callable[[News], object]) -> tuple[Answer, Callable[[], object]]:
        """The answer in the making, and what gives its model back; the news of it go to ``tell``."""
        ...


class Listener:
    """The news of one answer for a thread: an iterator of events; errors are raised."""

    def __init__(self) -> None:
        self._news: SimpleQueue[News] = SimpleQueue()
        self._over = False

    def tell(self, news: News) -> None:
        """Take news; called by the decoder."""
        self._news.put(news)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        if self._over:
            raise StopIteration
        news = self._news.get()
        if isinstance(news, BackendError):
            self._over = True
            raise news
        self._over = isinstance(news, Completed)
        return news

    def leave(self, answer: Answer) -> None:
        """Want no more: the answer ends at the next token, which is waited for."""
        answer.left = True
        while not self._over:
            try:
                self._over = isinstance(self._news.get(timeout=_LOOK_S), Completed | BackendError)
            except (
                Empty
            ):  # an interrupt may have struck between taking the last news and noting that it was the last
                self._over = answer.over


class AsyncListener:
    """The news of one answer for a task; a context manager and an iterator of events.

    A class and no asynchronous generator: when a loop ends, it closes all generators at once, and one inside
    another cannot be closed by both.

    Args:
        submit: Has the request answered; called in a thread, since it may load a model.
    """

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._over = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def tell(news: News) -> None:
            try:
                loop.call_soon_threadsafe(self._news.put_nowait, news)
            except RuntimeError:  # the loop was closed: nobody listens
                return

        future = _preparers().submit(contextvars.copy_context().run, self._submit, tell)
        try:
            self._answer, give_back = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            # The thread goes on; what it takes is given back.
            future.add_done_callback(_abandon)
            raise
        # A task may vanish with its loop, without ever leaving the context.
        self._give_back = weakref.finalize(self, _give_up, self._answer, give_back)
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        news = await self._news.get()
        if isinstance(news, BackendError):
            self._over = True
            raise news
        self._over = isinstance(news, Completed)
        return news

    async def __aexit__(self, *_: object) -> None:
        self._answer.left = True
        try:
            while not self._over:
                self._over = isinstance(await self._news.get(), Completed | BackendError)
        finally:
            self._give_back()


def _give_up(answer: Answer, give_back: Callable[[], object]) -> None:
    answer.left = True
    give_back()


def _abandon(future: Future[tuple[Answer, Callable[[], object]]]) -> None:
    if not future.cancelled() and future.exception() is None:
        _give_up(*future.result())


_POOLS: dict[int, ThreadPoolExecutor] = {}


def _preparers() -> ThreadPoolExecutor:
    """Threads that prepare requests of tasks; a forked child has its own."""
    pool = _POOLS.get(os.getpid())
    if pool is None:
        pool = _POOLS[os.getpid()] = ThreadPoolExecutor(
            _PREPARERS, thread_name_prefix="promptkit-llama-prepare"
        )
    return pool
