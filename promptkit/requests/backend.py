"""What a backend is: two protocols, and what one says of itself."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable
from weakref import WeakKeyDictionary

from promptkit.completions import Completion, Event
from promptkit.messages import Message, Part
from promptkit.requests.generation import GenerationConfig
from promptkit.requests.output_spec import OutputSpec
from promptkit.requests.plan import Plan
from promptkit.requests.request import Request

__all__ = ["AsyncBackend", "Backend", "Capabilities", "Count", "is_asynchronous", "is_blocking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do.

    Attributes:
        schema: True when it enforces a JSON Schema while the model writes.
        stream: True when answers can arrive piece by piece.
        seed: True when a seed is honoured.
        logprobs: True when log-probabilities can be had.
        resume: True when it can go on with an answer that was cut.
        tools: True when the model may be given tools.
        parts: Kinds of parts that messages may hold.
        max_parallel: How many requests it answers at once; None when it sets no limit.
    """

    schema: bool = False
    stream: bool = True
    seed: bool = False
    logprobs: bool = False
    resume: bool = False
    tools: bool = False
    parts: frozenset[type[Part]] = frozenset()
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of tokens.

    Attributes:
        n: The count.
        exact: False when it is an estimate.
        context: How many tokens prompt and answer may have together; None where the backend does not know.
    """

    n: int
    exact: bool
    context: int | None = None


@runtime_checkable
class Backend(Protocol):
    """Anything that answers requests.

    ``deadline`` is a time of ``time.monotonic()``; ``cancel`` ends the request when it is set.
    Every failure is raised as a BackendError.
    """

    @property
    def name(self) -> str:
        """The name by which users ask for it, for example ``llama:demo``; never holds a key."""
        ...

    def capabilities(self) -> Capabilities:
        """What the backend can do; no I/O."""
        ...

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What it will do with ``spec``; pure and offline, never sees messages."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """How many tokens these messages are, exactly or by estimate."""
        ...

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request."""
        ...

    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> AbstractContextManager[Iterator[Event]]:
        """Answer one request piece by piece; the last event is Completed."""
        ...

    def close(self) -> None:
        """Give back what is held; may be called twice."""
        ...


@runtime_checkable
class AsyncBackend(Protocol):
    """The asynchronous twin of Backend: the same planning, awaitable calls.

    A cancelled task ends its request; CancelledError passes through.
    """

    @property
    def name(self) -> str:
        """The name by which users ask for it."""
        ...

    def capabilities(self) -> Capabilities:
        """What the backend can do; no I/O."""
        ...

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What it will do with ``spec``; pure and offline."""
        ...

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """Answer one request."""
        ...

    def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Answer one request piece by piece; the last event is Completed."""
        ...

    async def aclose(self) -> None:
        """Give back what is held; may be called twice."""
        ...


# Python looks a protocol's members up at each isinstance, which takes as long as writing a request.
_blocking: WeakKeyDictionary[type, bool] = WeakKeyDictionary()
_asynchronous: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def is_blocking(backend: Backend | AsyncBackend) -> TypeGuard[Backend]:
    """True when it can be called without an event loop; worked out once for a class."""
    known = _blocking.get(type(backend))
    if known is None:
        known = _blocking[type(backend)] = isinstance(backend, Backend)
    return known


def is_asynchronous(backend: Backend | AsyncBackend) -> TypeGuard[AsyncBackend]:
    """True when it can be awaited; worked out once for a class."""
    known = _asynchronous.get(type(backend))
    if known is None:
        known = _asynchronous[type(backend)] = isinstance(backend, AsyncBackend)
    return known
