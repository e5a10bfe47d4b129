"""Time that passes only while somebody waits for it, and chance from a seed."""

from __future__ import annotations

import asyncio
import random
import selectors
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from promptkit.backends.layers import Clock
from promptkit.backends.layers.signals import Signal

T = TypeVar("T")
MIDNIGHT = 1_795_910_400.0  # 2026-11-29 00:00 UTC


class MadeUpTime:
    """A clock whose sleeps end at once and move it on; for one caller at a time."""

    def __init__(self, *, seed: int = 7) -> None:
        self.at = 1000.0
        self.waits: list[float] = []
        self.clock = Clock(
            now=lambda: MIDNIGHT + self.at,
            monotonic=lambda: self.at,
            random=random.Random(seed).random,
            sleep=self._sleep,
            sleep_async=self._sleep_async,
            wait=self._wait,
            wait_async=self._wait_async,
        )

    def _wait(self, signal: Signal, timeout_s: float | None, cancel: threading.Event | None) -> bool:
        if not signal.is_set:
            assert timeout_s is not None, "nobody else is there to set it"
            self._sleep(timeout_s, cancel)
        return signal.is_set

    async def _wait_async(self, signal: Signal, timeout_s: float | None) -> bool:
        return self._wait(signal, timeout_s, None)

    def _sleep(self, seconds: float, cancel: threading.Event | None) -> None:
        self.waits.append(seconds)
        self.at += seconds

    async def _sleep_async(self, seconds: float) -> None:
        self._sleep(seconds, None)


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: where a loop would wait for its next timer, the loop's time jumps there."""

    def __init__(self, loop: MadeUpLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None and not self._loop.working else timeout)
        if not ready and timeout is not None and not self._loop.working:
            self._loop.at += timeout
        return ready


class MadeUpLoop(asyncio.SelectorEventLoop):
    """An event loop in made-up time: thousands of tasks sleep for minutes, and no time passes.

    While a thread works for it, its time stands still.
    """

    def __init__(self) -> None:
        self.at = 1000.0
        self.working = 0
        super().__init__(_Jumping(self))
        # A timer is due when the time has come, not a tick later.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.at

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        self.working += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._rested)
        return future

    def _rested(self, _: object) -> None:
        self.working -= 1


def run_in_made_up_time(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=MadeUpLoop) as runner:
        return runner.run(main)


def loop_clock(seed: int = 7) -> Clock:
    """The clock of the running made-up loop."""
    loop = asyncio.get_running_loop()
    return Clock(now=lambda: MIDNIGHT + loop.time(), monotonic=loop.time, random=random.Random(seed).random)
