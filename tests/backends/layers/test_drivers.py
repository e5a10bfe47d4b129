"""What the four drivers owe a layer: effects carried out, pieces handed on, every end told."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from four_ways import WAYS

from promptkit.backends import MockBackend
from promptkit.backends.layers.clocks import REAL_TIME
from promptkit.backends.layers.effects import LayerCall, Program, Send, Sleep, Wait, Work
from promptkit.backends.layers.layered import leaves, wrapped
from promptkit.backends.layers.signals import Signal
from promptkit.completions import Completed, Completion, TextDelta
from promptkit.errors import ServerError

ANSWER = Completion(text="made here", finish_reason="stop", model="m")


class Scripted:
    """A layer that is one generator function."""

    kind = "scripted"

    def __init__(self, program: Any) -> None:
        self.answer = program


def around(program: Any, *replies: Any) -> Any:
    return wrapped(Scripted(program), MockBackend(list(replies)))


@pytest.mark.parametrize("way", WAYS)
def test_effects_are_answered_with_what_they_lead_to(way, text_question) -> None:
    given = []

    def program(call: LayerCall) -> Program:
        set_already, never = Signal(), Signal()
        set_already.set()
        given.append((yield Work(function=threading.get_ident)))
        given.append((yield Sleep(seconds=0)))
        given.append((yield Wait(signal=set_already, timeout_s=None)))
        given.append((yield Wait(signal=never, timeout_s=0)))
        return (yield call.send())

    assert way(around(program, "hello"), text_question).text == "hello"
    assert given[1:] == [None, True, False]
    assert (given[0] == threading.get_ident()) is (way.__name__ in ("complete", "stream"))


@pytest.mark.parametrize("way", WAYS)
def test_what_an_effect_raises_is_raised_in_the_layer(way, text_question) -> None:
    def program(call: LayerCall) -> Program:
        try:
            yield Work(function=lambda: 1 // 0)
        except ZeroDivisionError:
            return ANSWER
        return (yield call.send())

    assert way(around(program), text_question) == ANSWER


@pytest.mark.parametrize("way", WAYS)
def test_pieces_that_are_held_come_as_one_with_the_answer(way, text_question) -> None:
    def program(call: LayerCall) -> Program:
        completion = yield Send(backend=call.backend, request=call.request, deadline=None, held=True)
        assert not call.shown
        return completion

    assert way(around(program, "a longer answer"), text_question).text == "a longer answer"


def test_pieces_go_on_as_they_come(text_question) -> None:
    shown = []

    def program(call: LayerCall) -> Program:
        shown.append(call.shown)
        completion = yield call.send()
        shown.append(call.shown)
        return completion

    with around(program, "a longer answer").stream(text_question) as events:
        first, *_, last = list(events)

    assert first == TextDelta(text="a longer")
    assert isinstance(last, Completed)
    assert shown == [False, True]


def test_an_answer_without_text_has_no_piece(text_question) -> None:
    with around(lambda call: (yield call.send()), "").stream(text_question) as events:
        (only,) = events

    assert isinstance(only, Completed)


class Endless(MockBackend):
    """Its streams stop without a last event."""

    @contextmanager
    def stream(self, request: Any, **options: Any) -> Any:
        yield iter([TextDelta(text="half")])

    @asynccontextmanager
    async def astream(self, request: Any, **options: Any) -> Any:
        async def events() -> Any:
            yield TextDelta(text="half")

        yield events()


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_stream_without_its_last_event_is_an_error(way, text_question) -> None:
    backend = wrapped(Scripted(lambda call: (yield call.send())), Endless())

    with pytest.raises(ServerError, match="mock: the stream ended without its last event"):
        way(backend, text_question)


@pytest.mark.parametrize("held", [False, True])
def test_a_stream_that_is_left_ends_the_layer(text_question, held) -> None:
    ends = []

    def program(call: LayerCall) -> Program:
        try:
            return (yield call.send())
        finally:
            ends.append("layer")

    with around(program, "a longer answer").stream(text_question) as events:
        next(events)

    async def leave() -> None:
        async with around(program, "a longer answer").astream(text_question) as events:
            await anext(events)

    asyncio.run(leave())
    assert ends == ["layer", "layer"]


def fails(request: Any) -> Any:
    raise ServerError("boom")


def test_an_error_leaves_nothing_for_the_collector(text_question) -> None:
    backend = wrapped(Scripted(lambda call: (yield call.send())), MockBackend(fails))
    errors = []

    async def ask() -> None:
        try:
            await backend.acomplete(text_question)
        except ServerError as error:
            errors.append(weakref.ref(error))
        try:
            async with backend.astream(text_question) as events:
                await anext(events)
        except ServerError as error:
            errors.append(weakref.ref(error))

    gc.collect()
    gc.disable()
    try:
        asyncio.run(ask())
        for way in (WAYS[0], WAYS[2]):
            try:
                way(backend, text_question)
            except ServerError as error:
                errors.append(weakref.ref(error))
        left = [error() for error in errors]
    finally:
        gc.enable()

    assert left == [None, None, None, None]


def test_a_cancelled_task_ends_the_layer() -> None:
    ends = []

    def program(call: LayerCall) -> Program:
        try:
            yield Wait(signal=Signal(), timeout_s=None)
        finally:
            ends.append("layer")
        return ANSWER

    async def main() -> None:
        task = asyncio.create_task(around(program).acomplete(None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ends == ["layer"]


def test_a_signal_wakes_threads_and_tasks_and_forgets_loops_that_are_gone() -> None:
    signal = Signal()

    async def give_up() -> bool:
        return await signal.wait_async(0)

    async def wait() -> bool:
        threading.Timer(0.01, signal.set).start()
        return await signal.wait_async(20)

    assert asyncio.run(give_up()) is False
    assert asyncio.run(wait()) is True
    assert asyncio.run(signal.wait_async(None)) is True
    assert signal.wait(None) is True
    signal.set()


def test_a_real_wait_ends_with_the_signal_the_time_or_the_callers_cancelling() -> None:
    cancel, signal = threading.Event(), Signal()

    assert REAL_TIME.wait(signal, 0.06, cancel) is False
    threading.Timer(0.01, cancel.set).start()
    assert REAL_TIME.wait(signal, None, cancel) is False
    signal.set()
    assert REAL_TIME.wait(signal, None, threading.Event()) is True


def test_leaves_are_the_backends_inside_of_all_layers() -> None:
    mocks = [MockBackend(name=name) for name in "ab"]
    layer = Scripted(None)

    assert leaves(wrapped(layer, wrapped(layer, mocks[0]), mocks[1])) == tuple(mocks)
    assert repr(wrapped(layer, *mocks)) == (
        "scripted(MockBackend(name='a', seen=0), MockBackend(name='b', seen=0))"
    )


def test_closing_closes_the_layer_and_all_backends() -> None:
    closed = []

    class Closing(MockBackend):
        def close(self) -> None:
            closed.append(self.name)

        async def aclose(self) -> None:
            closed.append(f"async {self.name}")

    layer = Scripted(None)
    layer.close = lambda: closed.append("layer")
    backend = wrapped(layer, Closing(name="a"), Closing(name="b"))
    backend.close()
    asyncio.run(backend.aclose())

    assert closed == ["a", "b", "layer", "async a", "async b", "layer"]
