"""Signals: one thing that happens once, for which threads and tasks of any event loop may wait."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

__all__ = ["Signal"]


class Signal:
    """Set once; whoever waits goes on, in a thread or in a task."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_set(self) -> bool:
        """True once it has happened."""
        return self._event.is_set()

    def set(self) -> None:
        """Let all go on; may be called from any thread, and twice."""
        with self._lock:
            self._event.set()
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            with suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                future.get_loop().call_soon_threadsafe(_wake, future)

    def wait(self, timeout_s: float | None) -> bool:
        """Block this thread; False when the time was up before."""
        return self._event.wait(timeout_s)

    async def wait_async(self, timeout_s: float | None) -> bool:
        """Let this task wait; False when the time was up before."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._event.is_set():
                return True
            self._waiting.append(future)
        try:
            await asyncio.wait([future], timeout=timeout_s)
        finally:
            with self._lock:
                if future in self._waiting:
                    self._waiting.remove(future)
        return self._event.is_set()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
