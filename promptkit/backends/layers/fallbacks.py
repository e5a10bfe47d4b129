"""Asking another backend when one fails, or when its answer does not hold the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from promptkit import errors
from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.contracts import fault_of
from promptkit.backends.layers.effects import AnyBackend, LayerCall, Program, Send
from promptkit.backends.layers.layered import AsyncLayered, Layered, maker, wrapped
from promptkit.backends.layers.tolls import noted, with_detours
from promptkit.completions import Completion, Detour
from promptkit.errors import (
    BackendError,
    BudgetExceeded,
    ConfigurationError,
    ConnectionFailed,
    Overloaded,
    PromptKitError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    StreamInterrupted,
    TimedOut,
)
from promptkit.spelling import did_you_mean

__all__ = ["Fallback", "fallback"]

Kinds: TypeAlias = Sequence[type[PromptKitError] | str]

PASSING: tuple[type[PromptKitError], ...] = (
    ConnectionFailed,
    TimedOut,
    StreamInterrupted,
    RateLimited,
    QuotaExhausted,
    Overloaded,
    ServerError,
)
"""What another backend may be spared: not a wrong key or request, which somebody should mend."""


class Fallback:
    """Who is asked next, and when.

    Args:
        on: The failures after which the next is asked.
        invalid: Whether the next is asked after an answer that does not hold the contract, too.
    """

    kind = "fallback"

    def __init__(self, on: tuple[type[PromptKitError], ...], *, invalid: bool) -> None:
        self._on = on
        self._invalid = invalid

    def answer(self, call: LayerCall) -> Program:
        """Ask one after the other until one answers; the last one's failure is everybody's."""
        detours: tuple[Detour, ...] = ()
        for backend, following in zip(call.backends, (*call.backends[1:], None), strict=True):
            goes_on = following is not None and call.request.resumes is None
            try:
                completion: Completion = yield Send(
                    backend=backend,
                    request=call.request,
                    deadline=call.deadline,
                    held=goes_on and self._invalid,  # what was shown cannot be taken back
                )
            except (BackendError, BudgetExceeded) as error:
                if following is None or not goes_on or not self._passes(error, call):
                    if isinstance(error, BackendError):
                        with_detours(error, detours)
                    raise
                detours += noted(error, "fallback", backend.name, to=following.name)
                continue
            fault = fault_of(call.request, completion) if goes_on and self._invalid else None
            if following is None or fault is None or completion.finish_reason == "cancelled":
                return with_detours(completion, detours)
            detours += completion.detours
            detours += noted(fault, "fallback", backend.name, to=following.name, usage=completion.usage)
        raise AssertionError("the last backend answers or fails")  # pragma: no cover

    def _passes(self, error: PromptKitError, call: LayerCall) -> bool:
        return isinstance(error, self._on) and not call.shown and not call.cancelled and call.left_s != 0


@maker
def fallback(
    backend: AnyBackend,
    *others: AnyBackend,
    on: Kinds = PASSING,
    invalid: bool = False,
    clock: Clock | None = None,
) -> Layered | AsyncLayered:
    """The same backend, and others that are asked in its place when it fails.

    After the first piece of a stream nobody else is asked. The completion's ``detours`` say who failed and why.
    What the plan says holds whoever answers: each rule stands where it is enforced latest, and what one of them
    cannot do, none is asked for.

    Args:
        backend: Who is asked first.
        *others: Who is asked then, in this order.
        on: Failures after which the next is asked: classes of BackendError or their names, and BudgetExceeded.
            By default lost and refused connections, time-outs, used-up rates and quotas, overload and faults of
            the server; not a wrong key, model or request.
        invalid: Whether the next is asked after an answer that is cut, refused or breaks the contract, too. A
            stream then shows an answer when it has been judged, as one piece.
        clock: Time; tests give their own.

    Raises:
        ConfigurationError: When there is no other backend, or ``on`` names what is no such failure.
    """
    if not others:
        raise ConfigurationError(
            "fallback takes at least one more backend, which is asked when the first fails"
        )
    return wrapped(Fallback(tuple(map(_kind, on)), invalid=invalid), backend, *others, clock=clock)


def _kind(given: Any) -> type[PromptKitError]:
    found = getattr(errors, given, None) if isinstance(given, str) else given
    if isinstance(found, type) and issubclass(found, BackendError | BudgetExceeded):
        return found
    known = [
        name
        for name in errors.__all__
        if issubclass(kind := getattr(errors, name), Exception) and issubclass(kind, BackendError)
    ]
    guess = did_you_mean(given, known) if isinstance(given, str) else ""
    raise ConfigurationError(
        f"fallback: {given!r} is no failure of a backend{guess}; on takes {', '.join(known)} and BudgetExceeded"
    )
