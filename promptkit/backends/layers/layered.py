"""Backends with a layer around them, which are backends themselves."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from typing import Concatenate, ParamSpec, Protocol, cast, overload

from promptkit.backends.layers.chains import common_capabilities, weakest_plan
from promptkit.backends.layers.clocks import REAL_TIME, Clock
from promptkit.backends.layers.drivers import run_async, run_sync, stream_async, stream_sync
from promptkit.backends.layers.effects import AnyBackend, Layer, LayerCall
from promptkit.backends.layers.orders import check_order
from promptkit.completions import Completion, Event
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

__all__ = ["AsyncLayered", "FullLayered", "Layered", "close_layers", "leaves", "maker", "wrapped"]

P = ParamSpec("P")


class _Around:
    """What the sync and the async side share: everything but the calls is the wrapped backends'."""

    def __init__(self, layer: Layer, backends: tuple[AnyBackend, ...], clock: Clock) -> None:
        self.layer = layer
        self.backends = backends
        self._clock = clock

    def __repr__(self) -> str:
        return f"{self.layer.kind}({', '.join(map(repr, self.backends))})"

    @property
    def name(self) -> str:
        """The name of the wrapped backend, the first of several."""
        return self.backends[0].name

    def capabilities(self) -> Capabilities:
        """What all wrapped backends can do, and no more at once than the layer lets through."""
        common = common_capabilities([backend.capabilities() for backend in self.backends])
        most = getattr(self.layer, "max_parallel", None)
        if most is None:
            return common
        own = common.max_parallel
        return replace(common, max_parallel=most if own is None else min(own, most))

    def plan(self, spec: OutputSpec, generation: GenerationConfig) -> Plan:
        """What the wrapped backend will do; of several, what each of them will do at least."""
        return weakest_plan([backend.plan(spec, generation) for backend in self.backends])

    def count_tokens(self, messages: Sequence[Message]) -> Count:
        """The wrapped backend's count, the first one's of several."""
        return cast("Backend", self.backends[0]).count_tokens(messages)

    def _call(
        self, request: Request, deadline: float | None, cancel: threading.Event | None = None
    ) -> LayerCall:
        return LayerCall(
            backends=self.backends, request=request, deadline=deadline, clock=self._clock, cancel=cancel
        )

    def close_layer(self) -> None:
        """Close what the layer itself holds, such as a file."""
        close = getattr(self.layer, "close", None)
        if close is not None:
            close()


class Layered(_Around):
    """A backend with a layer around it; made by the functions of ``promptkit.layers``."""

    def complete(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Completion:
        """Answer one request, as the layer decides.

        Raises:
            PromptKitError: Whatever the backend raised last, or the layer.
        """
        call = self._call(request, deadline, cancel)
        return run_sync(self.layer.answer(call), call)

    @contextmanager
    def stream(
        self, request: Request, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Generator[Iterator[Event], None, None]:
        """Answer one request piece by piece; the first piece is asked for when the first event is.

        Raises:
            PromptKitError: Whatever the backend raised last, or the layer.
        """
        call = self._call(request, deadline, cancel)
        with closing(stream_sync(self.layer.answer(call), call)) as events:
            yield events

    def close(self) -> None:
        """Close the wrapped backends, and what the layer holds."""
        for backend in self.backends:
            cast("Backend", backend).close()
        self.close_layer()


class AsyncLayered(_Around):
    """The asynchronous side of Layered."""

    async def acomplete(self, request: Request, *, deadline: float | None = None) -> Completion:
        """Answer one request, as the layer decides.

        Raises:
            PromptKitError: Whatever the backend raised last, or the layer.
        """
        call = self._call(request, deadline)
        return await run_async(self.layer.answer(call), call)

    @asynccontextmanager
    async def astream(
        self, request: Request, *, deadline: float | None = None
    ) -> AsyncGenerator[AsyncIterator[Event], None]:
        """Answer one request piece by piece; the first piece is asked for when the first event is.

        Raises:
            PromptKitError: Whatever the backend raised last, or the layer.
        """
        call = self._call(request, deadline)
        async with aclosing(stream_async(self.layer.answer(call), call)) as events:
            yield events

    async def aclose(self) -> None:
        """Close the wrapped backends, and what the layer holds."""
        for backend in self.backends:
            await cast("AsyncBackend", backend).aclose()
        self.close_layer()


class FullLayered(Layered, AsyncLayered):
    """Both sides in one, for backends that are both."""


def wrapped(layer: Layer, *backends: AnyBackend, clock: Clock | None = None) -> Layered | AsyncLayered:
    """Put a layer around backends; the result is sync, async or both, as all of them are.

    Raises:
        ConfigurationError: When the layer makes no sense around what is inside.
    """
    check_order(layer.kind, (kind for backend in backends for kind in _kinds(backend)))
    sync = all(isinstance(backend, Backend) for backend in backends)
    both = sync and all(isinstance(backend, AsyncBackend) for backend in backends)
    kind = FullLayered if both else Layered if sync else AsyncLayered
    return kind(layer, backends, clock or REAL_TIME)


def leaves(backend: AnyBackend) -> tuple[AnyBackend, ...]:
    """The backends that are asked in the end: those inside of all layers."""
    if not isinstance(backend, Layered | AsyncLayered):
        return (backend,)
    return tuple(leaf for inner in backend.backends for leaf in leaves(inner))


def _kinds(backend: AnyBackend) -> Iterator[str]:
    if isinstance(backend, Layered | AsyncLayered):
        yield backend.layer.kind
        for inner in backend.backends:
            yield from _kinds(inner)


def close_layers(backend: AnyBackend) -> None:
    """Close what layers hold, and leave the backends inside of all layers as they are."""
    if isinstance(backend, Layered | AsyncLayered):
        for inner in backend.backends:
            close_layers(inner)
        backend.close_layer()


class _AnyBackend(Backend, AsyncBackend, Protocol):
    """A backend that is both."""


class _Maker(Protocol[P]):
    """A function that puts a layer around a backend, typed by the kind of the backend."""

    @overload
    def __call__(self, backend: _AnyBackend, /, *args: P.args, **options: P.kwargs) -> FullLayered: ...
    @overload
    def __call__(self, backend: Backend, /, *args: P.args, **options: P.kwargs) -> Layered: ...
    @overload
    def __call__(self, backend: AsyncBackend, /, *args: P.args, **options: P.kwargs) -> AsyncLayered: ...


def maker(function: Callable[Concatenate[AnyBackend, P], Layered | AsyncLayered]) -> _Maker[P]:
    """Tell type checkers that what ``function`` makes is the kind of backend that it is given."""
    return cast("_Maker[P]", function)
