"""The four ways to ask a backend: whole or piece by piece, in a thread or in a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from promptkit.completions import Completed, Completion, TextDelta
from promptkit.requests import Request

Way: TypeAlias = Callable[[Any, Request, float | None], Completion]


def complete(backend: Any, request: Request, deadline: float | None = None) -> Completion:
    return backend.complete(request, deadline=deadline)


def acomplete(backend: Any, request: Request, deadline: float | None = None) -> Completion:
    return asyncio.run(backend.acomplete(request, deadline=deadline))


def stream(backend: Any, request: Request, deadline: float | None = None) -> Completion:
    with backend.stream(request, deadline=deadline) as events:
        return whole(list(events))


def astream(backend: Any, request: Request, deadline: float | None = None) -> Completion:
    async def collect() -> list[Any]:
        async with backend.astream(request, deadline=deadline) as events:
            return [event async for event in events]

    return whole(asyncio.run(collect()))


def whole(events: list[Any]) -> Completion:
    *deltas, last = events
    assert isinstance(last, Completed)
    assert all(isinstance(delta, TextDelta) and delta.text for delta in deltas)
    assert "".join(delta.text for delta in deltas) == last.completion.text
    return last.completion


WAYS: list[Way] = [complete, acomplete, stream, astream]
