"""The drivers: they carry the effects of layers out, in a thread or in a task, whole or piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Any, cast

from promptkit.backends.layers.effects import Effect, LayerCall, Program, Send, Sleep, Wait
from promptkit.completions import Completed, Completion, Event, TextDelta
from promptkit.errors import ServerError
from promptkit.requests import AsyncBackend, Backend

__all__ = ["run_async", "run_sync", "stream_async", "stream_sync"]


class _Steps:
    """The effects of a program, one after the other; the four drivers differ only in how they carry one out.

    Attributes:
        given: What came of the last effect, where it succeeded.
        fault: What it failed by; the layer decides, and what it does not take goes on untouched.
        completion: The layer's answer, once there is no further effect.
    """

    __slots__ = ("_program", "completion", "fault", "given")

    def __init__(self, program: Program) -> None:
        self._program = program
        self.given: Any = None
        self.fault: BaseException | None = None
        self.completion: Any = None

    def next(self) -> Effect | None:
        """The next effect; None when the program is over."""
        given, fault, self.given, self.fault = self.given, self.fault, None, None
        try:
            return self._program.send(given) if fault is None else self._program.throw(fault)
        except StopIteration as done:
            self.completion = done.value
            return None
        finally:
            # An error that knows its frame, and is known by it, would stay until the collector comes.
            fault = None


def run_sync(program: Program, call: LayerCall) -> Completion:
    """Carry a layer's effects out in this thread."""
    steps = _Steps(program)
    while (effect := steps.next()) is not None:
        try:
            steps.given = _complete(effect, call) if isinstance(effect, Send) else _done(effect, call)
        except BaseException as error:  # noqa: BLE001 - see _Steps
            steps.fault = error
    return cast("Completion", steps.completion)


async def run_async(program: Program, call: LayerCall) -> Completion:
    """Carry a layer's effects out in this task."""
    steps = _Steps(program)
    while (effect := steps.next()) is not None:
        try:
            if isinstance(effect, Send):
                steps.given = await _acomplete(effect)
            else:
                steps.given = await _done_async(effect, call)
        except BaseException as error:  # noqa: BLE001 - see _Steps
            steps.fault = error
    return cast("Completion", steps.completion)


def stream_sync(program: Program, call: LayerCall) -> Generator[Event, None, None]:
    """Carry a layer's effects out in this thread, giving pieces on; closing it ends the call."""
    steps = _Steps(program)
    while (effect := steps.next()) is not None:
        try:
            if isinstance(effect, Send):
                steps.given = yield from _pieces(effect, call)
            else:
                steps.given = _done(effect, call)
        except BaseException as error:  # noqa: BLE001 - see _Steps
            steps.fault = error
    yield from _rest(steps.completion, call)


async def stream_async(program: Program, call: LayerCall) -> AsyncGenerator[Event, None]:
    """Carry a layer's effects out in this task, giving pieces on; closing it ends the call."""
    steps = _Steps(program)
    while (effect := steps.next()) is not None:
        try:
            if isinstance(effect, Send):
                async with aclosing(_apieces(effect, call)) as events:
                    async for event in events:
                        if isinstance(event, Completed):
                            steps.given = event.completion
                        else:
                            yield event
            else:
                steps.given = await _done_async(effect, call)
        except BaseException as error:  # noqa: BLE001 - see _Steps
            steps.fault = error
    for event in _rest(steps.completion, call):
        yield event


def _complete(effect: Send, call: LayerCall) -> Completion:
    backend = cast("Backend", effect.backend)
    return backend.complete(effect.request, deadline=effect.deadline, cancel=call.cancel)


async def _acomplete(effect: Send) -> Completion:
    backend = cast("AsyncBackend", effect.backend)
    return await backend.acomplete(effect.request, deadline=effect.deadline)


def _pieces(effect: Send, call: LayerCall) -> Generator[Event, None, Completion]:
    backend = cast("Backend", effect.backend)
    completion = None
    with backend.stream(effect.request, deadline=effect.deadline, cancel=call.cancel) as events:
        for event in events:
            if isinstance(event, Completed):
                completion = event.completion
            elif not effect.held:
                call.shown = True
                yield event
    return completion if completion is not None else _no_end(effect)


async def _apieces(effect: Send, call: LayerCall) -> AsyncGenerator[Event, None]:
    backend = cast("AsyncBackend", effect.backend)
    completion = None
    async with backend.astream(effect.request, deadline=effect.deadline) as events:
        async for event in events:
            if isinstance(event, Completed):
                completion = event.completion
            elif not effect.held:
                call.shown = True
                yield event
    yield Completed(completion=completion if completion is not None else _no_end(effect))


def _no_end(effect: Send) -> Completion:
    name = effect.backend.name
    raise ServerError(f"{name}: the stream ended without its last event. Try again.", backend=name)


def _done(effect: Effect, call: LayerCall) -> Any:
    if isinstance(effect, Sleep):
        return call.clock.sleep(effect.seconds, call.cancel)
    if isinstance(effect, Wait):
        return call.clock.wait(effect.signal, effect.timeout_s, call.cancel)
    assert not isinstance(effect, Send)
    return effect.function()


async def _done_async(effect: Effect, call: LayerCall) -> Any:
    if isinstance(effect, Sleep):
        return await call.clock.sleep_async(effect.seconds)
    if isinstance(effect, Wait):
        return await call.clock.wait_async(effect.signal, effect.timeout_s)
    assert not isinstance(effect, Send)
    return await asyncio.to_thread(effect.function)


def _rest(completion: Completion, call: LayerCall) -> tuple[Event, ...]:
    """The end of a stream: all of the answer as one piece, where none of it has been shown."""
    end = Completed(completion=completion)
    if call.shown or not completion.text:
        return (end,)
    return (TextDelta(text=completion.text), end)
