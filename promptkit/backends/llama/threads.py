"""Synchronous calls for asyncio: each runs in a thread of its own and ends when its task is cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Generic, Protocol, Self, TypeVar

__all__ = ["call_in_thread", "iterate_in_thread"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Call(Protocol[T_co]):
    def __call__(self, *, cancel: threading.Event) -> T_co: ...


async def call_in_thread(call: _Call[T]) -> T:
    """What ``call`` returns; when the task is cancelled, ``cancel`` is set and CancelledError passes."""
    cancel = threading.Event()
    try:
        return await _started(lambda: call(cancel=cancel))
    except asyncio.CancelledError:
        cancel.set()
        raise


class iterate_in_thread(Generic[T]):  # noqa: N801 - used as a function, as contextlib's are
    """The items of ``opened(cancel=...)``; leaving early sets ``cancel`` and waits for the thread.

    A class and no asynchronous generator: when a loop ends, it closes all generators at once, and one inside
    another cannot be closed by both.
    """

    def __init__(self, opened: _Call[AbstractContextManager[Iterator[T]]]) -> None:
        self._opened = opened
        self._cancel = threading.Event()
        self._items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
        self._worker: asyncio.Future[None] | None = None
        self._over = False

    async def __aenter__(self) -> Self:
        loop, items = asyncio.get_running_loop(), self._items

        def pump() -> None:
            with self._opened(cancel=self._cancel) as source:
                for item in source:
                    loop.call_soon_threadsafe(items.put_nowait, (item,))

        self._worker = _started(pump)
        self._worker.add_done_callback(lambda _: items.put_nowait(None))
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        item = None if self._over else await self._items.get()
        if item is not None:
            return item[0]
        if not self._over and self._worker is not None:
            self._over = True
            await self._worker
        raise StopAsyncIteration

    async def __aexit__(self, *_: object) -> None:
        self._cancel.set()
        if self._worker is not None:
            # Errors have been raised by __anext__, or nobody asked for the rest.
            await asyncio.wait([self._worker])
            if not self._worker.cancelled():
                self._worker.exception()


def _started(work: Callable[[], T]) -> asyncio.Future[T]:
    # The loop's own pool is small and shared: calls that wait for a model would fill it.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="promptkit-llama")
    future = executor.submit(contextvars.copy_context().run, work)
    executor.shutdown(wait=False)
    return asyncio.wrap_future(future)
