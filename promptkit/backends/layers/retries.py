"""Asking a backend again after failures that pass, never after the first piece of an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tenacity import RetryCallState, stop_after_attempt, wait_exponential

from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.effects import AnyBackend, LayerCall, Program, Sleep
from promptkit.backends.layers.layered import AsyncLayered, Layered, maker, wrapped
from promptkit.backends.layers.tolls import noted, with_detours
from promptkit.completions import Completion, Detour
from promptkit.errors import (
    BackendError,
    ContextOverflow,
    ModelNotFound,
    QuotaExhausted,
    RequestRejected,
    SchemaRejected,
    Unauthorized,
)

__all__ = ["Retry", "retry"]

FIRST_WAIT_S = 0.5  # the upper bound of the first wait; it doubles each time, and the wait is drawn below it
Stop: TypeAlias = Callable[[RetryCallState], bool]
Wait: TypeAlias = Callable[[RetryCallState], float]

_NEVER = (Unauthorized, QuotaExhausted, RequestRejected, ModelNotFound, ContextOverflow, SchemaRejected)
"""What no waiting mends, whatever a server's header says."""


class Retry:
    """Whether to ask again, and after how long.

    Args:
        stop: tenacity's stop strategy.
        wait: tenacity's wait strategy; None for one drawn at random below a bound that doubles.
        max_wait_s: The longest wait, in seconds.
    """

    kind = "retry"

    def __init__(self, stop: Stop, wait: Wait | None, max_wait_s: float) -> None:
        self._stop = stop
        self._wait = wait
        self._bound = wait_exponential(multiplier=FIRST_WAIT_S, max=max_wait_s)
        self._max_wait_s = max_wait_s

    def answer(self, call: LayerCall) -> Program:
        """Ask until there is an answer, or a failure that is final."""
        detours: tuple[Detour, ...] = ()
        attempt, begun = 1, call.clock.monotonic()
        while True:
            try:
                completion: Completion = yield call.send()
            except BackendError as error:
                wait_s = self._wait_s(error, attempt, begun, call)
                if wait_s is None:
                    with_detours(error, detours)
                    raise
                detours += noted(error, "retry", call.backend.name, waited_s=wait_s)
            else:
                return with_detours(completion, detours)
            yield Sleep(seconds=wait_s)
            attempt += 1

    def _wait_s(self, error: BackendError, attempt: int, begun: float, call: LayerCall) -> float | None:
        """Seconds to wait before the next attempt; None when there is none."""
        asked_s = error.retry_after_s or 0.0
        passing = error.retryable and not isinstance(error, _NEVER)
        if call.shown or not passing or asked_s > self._max_wait_s:
            return None
        state = _state(error, attempt, begun, call.clock.monotonic())
        if self._stop(state):
            return None
        # Full jitter, as in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        drawn = self._wait(state) if self._wait else call.clock.random() * self._bound(state)
        wait_s = max(drawn, asked_s)
        return None if call.left_s is not None and wait_s >= call.left_s else wait_s


def _state(error: BackendError, attempt: int, begun: float, now: float) -> RetryCallState:
    """What tenacity's strategies look at: the attempt, the time since the first, the failure."""
    unused: Any = None
    state = RetryCallState(retry_object=unused, fn=None, args=(), kwargs={})
    state.attempt_number = attempt
    state.start_time = begun
    state.set_exception((type(error), error, None))
    state.outcome_timestamp = now
    return state


@maker
def retry(
    backend: AnyBackend,
    *,
    attempts: int = 3,
    max_wait_s: float = 30.0,
    stop: Stop | None = None,
    wait: Wait | None = None,
    clock: Clock | None = None,
) -> Layered | AsyncLayered:
    """The same backend, asking again after failures that pass, such as rate limits and lost connections.

    Each wait is drawn at random below a bound that doubles from 0.5 s; a server's wish to wait is honoured,
    and where it is longer than ``max_wait_s`` the failure is final. A wait that would pass the deadline is
    not begun: the failure is raised at once. So is every failure after the first piece of a stream, and those
    that no waiting mends: of the key, of the quota, of the request. The wrapper is sync, async or both, as the
    backend is. The completion's ``detours`` tell of each failure.

    Args:
        backend: What is wrapped.
        attempts: How many times it may be asked in all.
        max_wait_s: The longest wait, in seconds.
        stop: One of tenacity's stop strategies, in place of ``attempts``.
        wait: One of tenacity's wait strategies, in place of the drawn waits.
        clock: Time and chance; tests give their own.

    Raises:
        ValueError: When attempts or max_wait_s is out of range.
        ConfigurationError: When the backend has a layer inside that retry makes no sense around.
    """
    if attempts < 1:
        raise ValueError(f"attempts is {attempts}; it must be at least 1")
    if max_wait_s < 0:
        raise ValueError(f"max_wait_s is {max_wait_s}; it must be 0 or more")
    return wrapped(Retry(stop or stop_after_attempt(attempts), wait, max_wait_s), backend, clock=clock)
