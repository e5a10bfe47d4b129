"""What a layer is: a generator that asks its driver for effects, decides between them, and returns the answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.signals import Signal
from promptkit.completions import Completion
from promptkit.requests import AsyncBackend, Backend, Request

__all__ = ["AnyBackend", "Effect", "Layer", "LayerCall", "Program", "Send", "Sleep", "Wait", "Work"]

AnyBackend: TypeAlias = Backend | AsyncBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The effect "ask this backend"; it is answered with a Completion, or with whatever the backend raised.

    In a stream the pieces go on to the caller as they come, and ``LayerCall.shown`` becomes true with the first.

    Attributes:
        backend: Who is asked.
        request: What is asked.
        deadline: Time of the clock's ``monotonic`` at which all must be over.
        held: True keeps the pieces back, for an answer that may yet be put aside.
    """

    backend: AnyBackend
    request: Request
    deadline: float | None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """The effect "wait for some seconds"; it is answered with None, earlier when the caller cancels."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The effect "wait for another call"; it is answered with whether the signal was set.

    Attributes:
        signal: What is waited for.
        timeout_s: Seconds at most; None for as long as it takes.
    """

    signal: Signal
    timeout_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The effect "do what blocks", such as reading a file; it is answered with what ``function`` returns or raises."""

    function: Callable[[], Any]


Effect: TypeAlias = Send | Sleep | Wait | Work
Program: TypeAlias = Generator[Effect, Any, Completion]


@dataclass(slots=True, kw_only=True)
class LayerCall:
    """One call as a layer sees it.

    Attributes:
        backends: What the layer stands around; one, but for ``fallback``.
        request: What is asked.
        deadline: Time of ``clock.monotonic()`` at which all must be over; None without one.
        clock: Time and chance.
        cancel: Set when the caller gives up.
        shown: True once a piece of an answer has gone on to the caller.
    """

    backends: tuple[AnyBackend, ...]
    request: Request
    deadline: float | None
    clock: Clock
    cancel: threading.Event | None = field(default=None, repr=False)
    shown: bool = False

    @property
    def backend(self) -> AnyBackend:
        """The first of the backends."""
        return self.backends[0]

    @property
    def left_s(self) -> float | None:
        """Seconds to the deadline, 0 when it has passed, None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - self.clock.monotonic())

    @property
    def cancelled(self) -> bool:
        """True when the caller has given up; whoever is asked now answers so at once."""
        return self.cancel is not None and self.cancel.is_set()

    def send(self) -> Send:
        """The effect that asks the first backend what was asked."""
        return Send(backend=self.backend, request=self.request, deadline=self.deadline)


class Layer(Protocol):
    """What stands around a backend and decides when and whether it is asked.

    What several calls share it guards by a lock that is never held across an effect.
    """

    @property
    def kind(self) -> str:
        """Its name in configurations and messages."""
        ...

    def answer(self, call: LayerCall) -> Program:
        """Answer one call; its cleaning up asks for no effect, since the call may be ended from outside."""
        ...
