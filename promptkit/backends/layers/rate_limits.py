"""No faster than a server allows: requests and tokens per minute, by configuration and by what the server says."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.counts import input_tokens_of
from promptkit.backends.layers.effects import AnyBackend, Effect, LayerCall, Program, Wait
from promptkit.backends.layers.forks import begin_anew_in_children
from promptkit.backends.layers.layered import AsyncLayered, Layered, maker, wrapped
from promptkit.backends.layers.places import Places
from promptkit.backends.layers.signals import Signal
from promptkit.backends.layers.windows import Entry, Window
from promptkit.completions import Allowance, Completion, RateLimits, Usage
from promptkit.errors import BackendError, RateLimited, TimedOut

__all__ = ["RateLimit", "rate_limit"]

FIRST_OUTPUT_TOKENS = 256
"""What an answer without max_tokens is taken for until one has been seen: a paragraph."""


_Ticket: TypeAlias = dict[str, Entry]
"""What one call was entered as, by window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotYet:
    """When a call may be sent.

    Attributes:
        wait_s: Seconds until then.
        news: Set when it may be earlier.
    """

    wait_s: float
    news: Signal


class RateLimit:
    """Windows of a minute that all threads and tasks share.

    Args:
        requests: The most requests in any 60 s; None for what the server says.
        tokens: The most tokens in any 60 s, read and written; None for what the server says.
    """

    kind = "rate_limit"

    def __init__(self, requests: int | None, tokens: int | None) -> None:
        self._windows = {
            "requests": Window(requests),
            "tokens": Window(tokens),
            "input_tokens": Window(None),
            "output_tokens": Window(None),
        }
        self._paused_until = 0.0
        self._gate = Places(1)  # who stands in it is the next
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Forget who waits; what was sent stays counted, since the server counts it too."""
        self._news: Signal | None = None  # for who waits for room; an answer may make it
        self._lock = threading.Lock()
        self._output_tokens = FIRST_OUTPUT_TOKENS

    def answer(self, call: LayerCall) -> Program:
        """Ask when all windows have room."""
        ticket = yield from self._admitted(call)
        try:
            completion: Completion = yield call.send()
        except BackendError as error:
            pause_s = error.retry_after_s if isinstance(error, RateLimited) else None
            self._heard(ticket, call, error.rate_limits, error.usage, pause_s)
            raise
        self._heard(ticket, call, completion.rate_limits, completion.usage)
        return completion

    def _admitted(self, call: LayerCall) -> Generator[Effect, None, _Ticket]:
        """Wait in the queue, then for room; empty for a call that is cancelled, which is answered at once."""
        amounts = {"requests": 1}
        entered = yield from self._gate.enter(call)
        if not entered:
            if call.cancelled:
                return {}
            raise _too_late(call, "others are before this call")
        try:
            while not call.cancelled:
                yield from self._count_tokens(call, amounts)
                ticket = self._ticket(amounts, call.clock.monotonic())
                if not isinstance(ticket, _NotYet):
                    return ticket
                wait_s = ticket.wait_s
                if call.left_s is not None and wait_s >= call.left_s:
                    raise _too_late(call, f"there is room for this call in {wait_s:.1f} s")
                yield Wait(signal=ticket.news, timeout_s=wait_s)
            return {}
        finally:
            self._gate.leave()

    def _ticket(self, amounts: dict[str, int], now: float) -> _Ticket | _NotYet:
        """What the call is entered as, where it may be sent now."""
        with self._lock:
            at = max(now, self._paused_until)
            at = max([at, *(self._windows[name].earliest(amount, now) for name, amount in amounts.items())])
            if at > now:
                self._news = self._news or Signal()
                return _NotYet(wait_s=at - now, news=self._news)
            return {name: self._windows[name].add(amount, now) for name, amount in amounts.items()}

    def _count_tokens(self, call: LayerCall, amounts: dict[str, int]) -> Generator[Effect, Any, None]:
        """Add what the call is taken for in tokens, once anything limits them."""
        limited = any(window.counts for name, window in self._windows.items() if name != "requests")
        if not limited or "tokens" in amounts:
            return
        read = yield from input_tokens_of(call)
        written = call.request.generation.max_tokens or self._output_tokens
        amounts |= {"tokens": read + written, "input_tokens": read, "output_tokens": written}

    def _heard(
        self,
        ticket: _Ticket,
        call: LayerCall,
        limits: RateLimits | None,
        usage: Usage | None,
        pause_s: float | None = None,
    ) -> None:
        with self._lock:
            now = call.clock.monotonic()
            if pause_s is not None:
                self._paused_until = max(self._paused_until, now + pause_s)
            if usage is not None:
                self._correct(ticket, usage)
            for item in fields(limits) if limits is not None else ():
                allowance: Allowance | None = getattr(limits, item.name)
                if allowance is not None:
                    self._windows[item.name].hear(allowance, ticket.get(item.name), now)
            news, self._news = self._news, None
        if news is not None:
            news.set()

    def _correct(self, ticket: _Ticket, usage: Usage) -> None:
        # Half of the old and half of the new: near to the last answers without following each of them.
        self._output_tokens = max(1, (self._output_tokens + usage.output_tokens) // 2)
        real = {
            "tokens": usage.input_tokens + usage.output_tokens,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
        }
        for name, amount in real.items():
            if name in ticket:
                self._windows[name].correct(ticket[name], amount)


def _too_late(call: LayerCall, why: str) -> TimedOut:
    name = call.backend.name
    return TimedOut(
        f"{name}: the rate limit does not let this call through before its deadline: {why}. Allow more time, or "
        "send fewer requests.",
        kind="deadline",
        backend=name,
        retryable=False,
    )


@maker
def rate_limit(
    backend: AnyBackend,
    *,
    requests_per_minute: int | None = None,
    tokens_per_minute: int | None = None,
    clock: Clock | None = None,
) -> Layered | AsyncLayered:
    """The same backend, asked no faster than it allows.

    In any 60 seconds no more is sent than the limits say. A limit that the server names with its answers is
    kept too, where it is lower or none is given; what it says is left, and how long it wishes to be left
    alone after a 429, holds for all calls. Calls wait in the order in which they came; one that could not be
    sent before its deadline fails at once.

    Tokens are counted before a call as those of its messages and ``max_tokens``, or what answers took so far,
    and corrected by what it really took.

    Args:
        backend: What is wrapped.
        requests_per_minute: The most requests; None for what the server says.
        tokens_per_minute: The most tokens, read and written together; None for what the server says.
        clock: Time; tests give their own.

    Raises:
        ValueError: When a limit is less than 1.
        ConfigurationError: When the backend has a layer inside that rate_limit makes no sense around.
    """
    for name, limit in (
        ("requests_per_minute", requests_per_minute),
        ("tokens_per_minute", tokens_per_minute),
    ):
        if limit is not None and limit < 1:
            raise ValueError(f"{name} is {limit}; it must be at least 1")
    return wrapped(RateLimit(requests_per_minute, tokens_per_minute), backend, clock=clock)
