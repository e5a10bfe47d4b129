"""Synchronous calls for asyncio: each runs in a thread of its own and ends when its task is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

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


@contextlib.asynccontextmanager
async def iterate_in_thread(
    opened: _Call[AbstractContextManager[Iterator[T]]],
) -> AsyncGenerator[AsyncIterator[T], None]:
    """The items of ``opened(cancel=...)``; leaving early sets ``cancel`` and waits for the thread."""
    cancel = threading.Event()
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[T] | None] = asyncio.Queue()

    def pump() -> None:
        with opened(cancel=cancel) as source:
            for item in source:
                loop.call_soon_threadsafe(items.put_nowait, (item,))

    worker = _started(pump)
    worker.add_done_callback(lambda _: items.put_nowait(None))

    async def received() -> AsyncIterator[T]:
        while (item := await items.get()) is not None:
            yield item[0]
        await worker

    try:
        yield received()
    finally:
        cancel.set()
        # Errors have been raised by received(), or nobody asked for the rest.
        await asyncio.wait([worker])
        if not worker.cancelled():
            worker.exception()


def _started(work: Callable[[], T]) -> asyncio.Future[T]:
    # The loop's own pool is small and shared: calls that wait for a model would fill it.
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="promptkit-llama")
    future = executor.submit(contextvars.copy_context().run, work)
    executor.shutdown(wait=False)
    return asyncio.wrap_future(future)
