"""Asking a backend again after failures that pass, never after the first piece of an answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Sequence,
)
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol, overload

from tenacity import RetryCallState, stop_after_attempt, wait_random_exponential

from promptkit.completions import Completion, Event
from promptkit.errors import BackendError
from promptkit.messages import Message
from promptkit.requests import (
    AsyncBackend,
    Backend,
    Capabilities,
    Count,
    GenerationConfig,
    OutputSpec,
    Plan,
    Request,
)

__all__ = ["AsyncRetry", "FullRetry", "Retry", "retry"]

FIRST_WAIT_S = 0.5  # the upper bound of the first wait; it doubles each time, and the wait is drawn below it


class _Decision:
    """Whether to ask again, and after how long; the one place where that is decided."""

    def __init__(self, attempts: int, max_wait_s: float) -> None:
        if attempts < 1:
            raise ValueError(f"attempts is {attempts}; it must be at least 1")
        if max_wait_s < 0:
            raise ValueError(f"max_wait_s is {max_wait_s}; it must be 0 or more")
        self._stop = stop_after_attempt(attempts)
        # Full jitter, as in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        self._wait = wait_random_exponential(multiplier=FIRST_WAIT_S, max=max_wait_s)
        self._max_wait_s = max_wait_s

    def wait_s(self, error: BackendError, attempt: int, deadline: float | None) -> float | None:
        """Seconds to wait before the next attempt; None when there is none.

        Args:
            error: How the attempt failed.
            attempt: Its number, 1 for the first.
            deadline: Time of ``time.monotonic()`` at which all must be over.
        """
        # tenacity's strategies look at nothing but the attempt's number.
        state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
        state.attempt_number = attempt
        asked_s = error.retry_after_s or 0.0
        if not error.retryable or self._stop(state) or asked_s > self._max_wait_s:
            return None
        wait = max(self._wait(state), asked_s)
        late = deadline is not None and time.monotonic() + wait >= deadline
        return None if late else wait


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pauses:
    """How waits are spent; injected by tests."""

    sleep: Callable[[float], object] | None
    asleep: Callable[[float], Awaitable[object]]


class _Wrapped:
    """What sync and async wrappers share: everything but the calls is the wrapped backend's."""

    def __init__(self, backend: Any, decision: _Decision, pauses: _Pauses) -> None:
        self._backend = backend
        self._decision = decision
        self._pauses = pauses

    def __repr__(self) -> str:
        return f"retry({self._backend!r})"

    @property
    def name(self) -> str:
        """The wrapped backend's name."""
        return str(self._backend.name)

    def capabilities(self) -> Capabilities:
        """The wrapped backend's."""
        capabilities: Capabilities = self._backend.capabilities()
        return capabilities

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """The wrapped backend's."""
        plan: Plan = self._backend.plan(spec, generation)
        return plan

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """The wrapped backend's."""
        count: Count = self._backend.count_tokens(messages)
        return count


class Retry(_Wrapped):
    """A backend whose calls are made again after failures that pass; made by ``retry``."""

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request, in several attempts if need be.

        Raises:
            BackendError: The last attempt's, when none is left or it is of no use to try again.
        """
        attempt = 1
        while True:
            try:
                completion: Completion = self._backend.complete(request, deadline=deadline, cancel=cancel)
            except BackendError as error:
                wait_s = self._decision.wait_s(error, attempt, deadline)
                if wait_s is None:
                    raise
            else:
                return completion
            self._pause(wait_s, cancel)
            attempt += 1

    @contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """Answer one request piece by piece; once the first event is there, a failure is final.

        Raises:
            BackendError: The last attempt's, when none is left or it is of no use to try again.
        """
        attempt = 1
        while True:
            with ExitStack() as stack:
                try:
                    stream = self._backend.stream(request, deadline=deadline, cancel=cancel)
                    events = stack.enter_context(stream)
                    first: list[Event] = list(islice(events, 1))
                except BackendError as error:
                    wait_s = self._decision.wait_s(error, attempt, deadline)
                    if wait_s is None:
                        raise
                else:
                    yield chain(first, events)
                    return
            self._pause(wait_s, cancel)
            attempt += 1

    def close(self) -> None:
        """Close the wrapped backend."""
        self._backend.close()

    def _pause(self, wait_s: float, cancel: threading.Event | None) -> None:
        if self._pauses.sleep is not None:
            self._pauses.sleep(wait_s)
        elif cancel is not None:
            cancel.wait(wait_s)
        else:
            time.sleep(wait_s)


class AsyncRetry(_Wrapped):
    """The asynchronous twin of Retry; made by ``retry``."""

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """Answer one request, in several attempts if need be.

        Raises:
            BackendError: The last attempt's, when none is left or it is of no use to try again.
        """
        attempt = 1
        while True:
            try:
                completion: Completion = await self._backend.acomplete(request, deadline=deadline)
            except BackendError as error:
                wait_s = self._decision.wait_s(error, attempt, deadline)
                if wait_s is None:
                    raise
            else:
                return completion
            await self._pauses.asleep(wait_s)
            attempt += 1

    @asynccontextmanager
    async def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AsyncGenerator[AsyncIterator[Event], None]:
        """Answer one request piece by piece; once the first event is there, a failure is final.

        Raises:
            BackendError: The last attempt's, when none is left or it is of no use to try again.
        """
        attempt = 1
        while True:
            async with AsyncExitStack() as stack:
                try:
                    stream = self._backend.astream(request, deadline=deadline)
                    events = await stack.enter_async_context(stream)
                    first = await anext(events, None)
                except BackendError as error:
                    wait_s = self._decision.wait_s(error, attempt, deadline)
                    if wait_s is None:
                        raise
                else:
                    yield _from_first(first, events)
                    return
            await self._pauses.asleep(wait_s)
            attempt += 1

    async def aclose(self) -> None:
        """Close the wrapped backend."""
        await self._backend.aclose()


class FullRetry(Retry, AsyncRetry):
    """Both twins in one, for a backend that is both; made by ``retry``."""


class _AnyBackend(Backend, AsyncBackend, Protocol):
    """A backend that is both."""


@overload
def retry(
    backend: _AnyBackend,
    *,
    attempts: int = ...,
    max_wait_s: float = ...,
    sleep: Callable[[float], object] | None = ...,
    asleep: Callable[[float], Awaitable[object]] = ...,
) -> FullRetry: ...
@overload
def retry(
    backend: Backend,
    *,
    attempts: int = ...,
    max_wait_s: float = ...,
    sleep: Callable[[float], object] | None = ...,
    asleep: Callable[[float], Awaitable[object]] = ...,
) -> Retry: ...
@overload
def retry(
    backend: AsyncBackend,
    *,
    attempts: int = ...,
    max_wait_s: float = ...,
    sleep: Callable[[float], object] | None = ...,
    asleep: Callable[[float], Awaitable[object]] = ...,
) -> AsyncRetry: ...
def retry(
    backend: Backend | AsyncBackend,
    *,
    attempts: int = 3,
    max_wait_s: float = 30.0,
    sleep: Callable[[float], object] | None = None,
    asleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Retry | AsyncRetry:
    """The same backend, asking again after failures that pass, such as rate limits and lost connections.

    Each wait is drawn at random below a bound that doubles from 0.5 s; a server's wish to wait is honoured,
    and where it is longer than ``max_wait_s`` the failure is final. A wait that would pass the deadline is
    not begun: the failure is raised at once. The wrapper is sync, async or both, as the backend is.

    Args:
        backend: What is wrapped.
        attempts: How many times it may be asked in all.
        max_wait_s: The longest wait, in seconds.
        sleep: Waits synchronously; None for a wait that a cancel event ends.
        asleep: Waits asynchronously.

    Raises:
        ValueError: When attempts or max_wait_s is out of range.
    """
    decision = _Decision(attempts, max_wait_s)
    pauses = _Pauses(sleep=sleep, asleep=asleep)
    if isinstance(backend, Backend) and isinstance(backend, AsyncBackend):
        return FullRetry(backend, decision, pauses)
    if isinstance(backend, Backend):
        return Retry(backend, decision, pauses)
    return AsyncRetry(backend, decision, pauses)


async def _from_first(first: Event | None, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    if first is not None:
        yield first
        async for event in events:
            yield event
