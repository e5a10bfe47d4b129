"""Where layers take time and chance from; tests give their own."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from promptkit.backends.layers.signals import Signal

__all__ = ["REAL_TIME", "Clock"]

LOOK_S = 0.05
"""Seconds between two looks at a caller's cancel event, which cannot be waited for together with a signal."""


def _sleep(seconds: float, cancel: threading.Event | None) -> None:
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.wait(seconds)


def _wait(signal: Signal, timeout_s: float | None, cancel: threading.Event | None) -> bool:
    if cancel is None:
        return signal.wait(timeout_s)
    end = None if timeout_s is None else time.monotonic() + timeout_s
    while not cancel.is_set():
        left = LOOK_S if end is None else min(LOOK_S, end - time.monotonic())
        if signal.wait(max(0.0, left)):
            return True
        if end is not None and time.monotonic() >= end:
            return False
    return signal.is_set


async def _wait_async(signal: Signal, timeout_s: float | None) -> bool:
    return await signal.wait_async(timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and chance for layers.

    Attributes:
        now: Seconds since the epoch, for what outlives the process.
        monotonic: Seconds of the clock that deadlines are given in.
        random: A number from 0 up to 1.
        sleep: Blocks for some seconds, or until the event is set.
        sleep_async: Waits for some seconds in a task.
        wait: Blocks until a signal is set; False when the time is up or the event is set before.
        wait_async: Waits for a signal in a task; False when the time is up before.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    sleep: Callable[[float, threading.Event | None], object] = _sleep
    sleep_async: Callable[[float], Awaitable[object]] = asyncio.sleep
    wait: Callable[[Signal, float | None, threading.Event | None], bool] = _wait
    wait_async: Callable[[Signal, float | None], Awaitable[bool]] = _wait_async


REAL_TIME = Clock()
