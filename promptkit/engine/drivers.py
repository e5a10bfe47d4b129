"""The drivers: they carry a conversation's effects out and decide nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, TypeVar, cast

from promptkit.completions import Completion
from promptkit.engine.effects import Conversation, Keep, Send
from promptkit.engine.late_record import LateRecord
from promptkit.engine.narration import Narrator
from promptkit.engine.results import Finished, Result, StreamEvent
from promptkit.errors import BackendError, CapabilityMissing, PromptKitError
from promptkit.records import Observer
from promptkit.requests import AsyncBackend, Backend, Request, is_asynchronous

__all__ = ["run_async", "run_sync", "stream_async", "stream_sync"]

T = TypeVar("T")


def _tell(observers: Sequence[Observer], kept: LateRecord) -> None:
    for observer in observers:
        try:
            observer.on_call(kept.record)
        except PromptKitError as error:  # the answer was paid for: it goes along with the error
            error.record, error.attempts = kept.record, kept.record.attempts
            raise


def _end(conversation: Conversation[Any], error: BaseException, observers: Sequence[Observer]) -> None:
    """Let the conversation record what ended it from outside: Ctrl-C, a cancelled task, a stream that was left."""
    try:
        effect = conversation.throw(error)
        if isinstance(effect, Keep):
            _tell(observers, effect.kept)
    except BaseException as raised:
        if raised is not error:
            raise
    conversation.close()


def run_sync(
    conversation: Conversation[T],
    backend: Backend,
    *,
    observers: Sequence[Observer] = (),
    deadline: float | None = None,
    pieces: bool = False,
) -> Result[T]:
    """Carry a conversation out in this thread.

    Args:
        conversation: What ``converse`` gave.
        backend: Who answers.
        observers: Who is told of the finished call.
        deadline: A time of ``time.monotonic()``.
        pieces: True to take the answers piece by piece, so that the conversation can stop one.
    """
    if pieces:
        for event in stream_sync(conversation, backend, observers=observers, deadline=deadline):
            if isinstance(event, Finished):
                return event.result
    answer: Completion | BackendError | None = None
    while True:
        try:
            question = _next_question(conversation, answer, observers)
        except StopIteration as stop:
            result: Result[T] = stop.value
            return result
        try:
            answer = backend.complete(question.request, deadline=deadline)
        except BackendError as error:
            answer = error
        except BaseException as error:
            _end(conversation, error, observers)
            raise


async def run_async(
    conversation: Conversation[T],
    backend: Backend | AsyncBackend,
    *,
    observers: Sequence[Observer] = (),
    deadline: float | None = None,
    pieces: bool = False,
) -> Result[T]:
    """Carry a conversation out in this task; a backend that only blocks is called in a thread.

    Raises:
        CapabilityMissing: When the answers are wanted in pieces and the backend only blocks.
    """
    if pieces:
        if not isinstance(backend, AsyncBackend):
            raise CapabilityMissing(
                f"backend {backend.name} is synchronous only, so that arun cannot stop its answer; call run "
                "instead, or leave abort_on_violation out"
            )
        async for event in stream_async(conversation, backend, observers=observers, deadline=deadline):
            if isinstance(event, Finished):
                return event.result
    answer: Completion | BackendError | None = None
    while True:
        try:
            question = _next_question(conversation, answer, observers)
        except StopIteration as stop:
            result: Result[T] = stop.value
            return result
        try:
            if is_asynchronous(backend):
                answer = await backend.acomplete(question.request, deadline=deadline)
            else:
                answer = await _complete_in_thread(cast("Backend", backend), question.request, deadline)
        except BackendError as error:
            answer = error
        except BaseException as error:
            _end(conversation, error, observers)
            raise


async def _complete_in_thread(backend: Backend, request: Request, deadline: float | None) -> Completion:
    cancel = threading.Event()
    try:
        return await asyncio.to_thread(backend.complete, request, deadline=deadline, cancel=cancel)
    except asyncio.CancelledError:
        cancel.set()
        raise


def stream_sync(
    conversation: Conversation[T],
    backend: Backend,
    *,
    observers: Sequence[Observer] = (),
    deadline: float | None = None,
) -> Iterator[StreamEvent[T]]:
    """Carry a conversation out piece by piece; closing the iterator ends the request."""
    answer: Completion | BackendError | None = None
    narrator: Narrator | None = None
    while True:
        try:
            question = _next_question(conversation, answer, observers)
        except StopIteration as stop:
            assert narrator is not None, "a conversation asks at least once"
            yield from narrator.end(stop.value)
            return
        narrator = question.narrator
        try:
            yield from narrator.begin()
            with backend.stream(question.request, deadline=deadline) as events:
                for event in events:
                    yield from narrator.hear(event)
                    if narrator.stopped:
                        break
            answer = narrator.answer
        except BackendError as error:
            answer = error
        except BaseException as error:
            _end(conversation, error, observers)
            raise


async def stream_async(
    conversation: Conversation[T],
    backend: AsyncBackend,
    *,
    observers: Sequence[Observer] = (),
    deadline: float | None = None,
) -> AsyncIterator[StreamEvent[T]]:
    """The asynchronous twin of :func:`stream_sync`."""
    answer: Completion | BackendError | None = None
    narrator: Narrator | None = None
    while True:
        try:
            question = _next_question(conversation, answer, observers)
        except StopIteration as stop:
            assert narrator is not None, "a conversation asks at least once"
            for last in narrator.end(stop.value):
                yield last
            return
        narrator = question.narrator
        try:
            for first in narrator.begin():
                yield first
            async with backend.astream(question.request, deadline=deadline) as events:
                async for event in events:
                    for told in narrator.hear(event):
                        yield told
                    if narrator.stopped:
                        break
            answer = narrator.answer
        except BackendError as error:
            answer = error
        except BaseException as error:
            _end(conversation, error, observers)
            raise


def _next_question(
    conversation: Conversation[Any],
    answer: Completion | BackendError | None,
    observers: Sequence[Observer],
) -> Send:
    """Hand the last answer over and go on to the next question, telling observers on the way.

    Raises:
        StopIteration: With the result, when there is no further question.
    """
    effect = conversation.throw(answer) if isinstance(answer, BackendError) else conversation.send(answer)
    while isinstance(effect, Keep):
        _tell(observers, effect.kept)
        effect = conversation.send(None)
    return effect
