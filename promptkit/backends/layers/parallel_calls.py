"""At most so many requests to a backend at once; the others wait in the order in which they came."""

from __future__ import annotations

from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.effects import AnyBackend, LayerCall, Program
from promptkit.backends.layers.layered import AsyncLayered, Layered, maker, wrapped
from promptkit.backends.layers.places import Places
from promptkit.completions import Completion
from promptkit.errors import TimedOut

__all__ = ["Concurrency", "concurrency"]


class Concurrency:
    """Places for calls, shared by all threads and tasks.

    Args:
        max_parallel: How many places there are.
    """

    kind = "concurrency"

    def __init__(self, max_parallel: int) -> None:
        self.max_parallel = max_parallel
        self._places = Places(max_parallel)

    def answer(self, call: LayerCall) -> Program:
        """Ask once there is a place; a stream keeps its place to its end."""
        entered = yield from self._places.enter(call)
        if not entered and not call.cancelled:
            raise self._too_late(call)
        try:
            completion: Completion = yield call.send()  # one that is cancelled is answered so at once, without a place
        finally:
            if entered:
                self._places.leave()
        return completion

    def _too_late(self, call: LayerCall) -> TimedOut:
        name = call.backend.name
        return TimedOut(
            f"{name}: {self.max_parallel} requests are under way, and none of them ended before this call's "
            "deadline. Allow more time, or more requests at once.",
            kind="deadline",
            backend=name,
            retryable=False,
        )


@maker
def concurrency(
    backend: AnyBackend, *, max_parallel: int, clock: Clock | None = None
) -> Layered | AsyncLayered:
    """The same backend, asked at most ``max_parallel`` times at once.

    Further calls wait in the order in which they came, until their deadline. Threads and tasks of all event
    loops share the places.

    Args:
        backend: What is wrapped.
        max_parallel: How many requests may be under way at once.
        clock: Time; tests give their own.

    Raises:
        ValueError: When max_parallel is less than 1.
        ConfigurationError: When the backend has a layer inside that concurrency makes no sense around.
    """
    if max_parallel < 1:
        raise ValueError(f"max_parallel is {max_parallel}; it must be at least 1")
    return wrapped(Concurrency(max_parallel), backend, clock=clock)
