"""Limits on what calls may take: tokens, money, time, number; looked at before each is sent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from promptkit.backends.layers.clocks import Clock
from promptkit.backends.layers.counts import input_tokens_of
from promptkit.backends.layers.effects import AnyBackend, Effect, LayerCall, Program, Send, Work
from promptkit.backends.layers.layered import AsyncLayered, Layered, leaves, maker, wrapped
from promptkit.backends.layers.spending import (
    FileLedger,
    Ledger,
    MemoryLedger,
    Refusal,
    Spending,
    default_ledger_file,
)
from promptkit.backends.prices import Prices, given_prices, price_for, prices_of
from promptkit.completions import Completion, Usage
from promptkit.errors import BackendError, BudgetExceeded, ConfigurationError, ConnectionFailed, TimedOut

__all__ = ["Budget", "BudgetLayer", "budget"]

Per = Literal["run", "day"]
_UNITS = {"tokens": "tokens", "money": "US dollars", "seconds": "seconds", "calls": "calls"}


class Budget:
    """What calls may take together; one object may limit several backends.

    Args:
        tokens: Tokens, read and written.
        money: US dollars; text, a whole number or a Decimal, so that 0.1 is a tenth.
        seconds: Seconds that the calls take, each counted by itself.
        calls: Requests that are sent, retries included.
        per: ``run``: as long as this process runs; ``day``: for a day of UTC, in all processes of this user.
        key: A tag of the request, such as ``customer``: each of its values has a budget of this size of its own,
            calls without the tag have one together.
        name: Tells budgets of a day apart from one another; those of one name are one.
        file: Where what was spent in a day is kept; by default a file in the user's folder for state.

    Raises:
        ValueError: When nothing is limited, a limit is below 0, or ``per`` is neither.
    """

    def __init__(  # noqa: PLR0913 - the limits and what they are for, all optional
        self,
        *,
        tokens: int | None = None,
        money: Decimal | str | int | None = None,
        seconds: float | None = None,
        calls: int | None = None,
        per: Per = "run",
        key: str | None = None,
        name: str = "default",
        file: str | Path | None = None,
    ) -> None:
        self.limits = Spending(tokens=tokens, money=_dollars(money), seconds=seconds, calls=calls)
        given = [it for it in (tokens, self.limits.money, seconds, calls) if it is not None]
        if not given:
            raise ValueError("a budget limits tokens, money, seconds or calls; give at least one of them")
        if min(given) < 0:
            raise ValueError(f"a limit of a budget is {min(given)}; it must be 0 or more")
        if per not in ("run", "day"):
            raise ValueError(f"per is {per!r}; it is 'run' or 'day'")
        self.per, self.key, self.name = per, key, name
        path = default_ledger_file() if file is None else Path(file).expanduser()
        self.ledger: Ledger = FileLedger(path) if per == "day" else MemoryLedger()

    def __repr__(self) -> str:
        limits = (
            f"{name}={getattr(self.limits, name)}"
            for name in _UNITS
            if getattr(self.limits, name) is not None
        )
        return f"Budget({', '.join(limits)}, per={self.per!r}, name={self.name!r})"

    def spent(self, value: str = "", *, clock: Clock | None = None) -> Spending:
        """What is spent so far, by calls that are under way too.

        Args:
            value: The value of the tag ``key``; empty for calls without it.
            clock: Time; tests give their own.

        Raises:
            ConfigurationError: When the file of a budget of a day cannot be used.
        """
        return self.ledger.spent(self.purse(value, (clock or Clock()).now()))

    def purse(self, value: str, now: float) -> str:
        """Under which name it is kept what calls with this value of the tag spend now."""
        day = datetime.fromtimestamp(now, UTC).date().isoformat() if self.per == "day" else ""
        return f"{self.name}\n{day}\n{value}"


class BudgetLayer:
    """Sets aside what a call may take before it is sent, and corrects it by what it took.

    Args:
        budget: The limits.
        prices: What the backend's tokens cost; empty where nothing is known.
    """

    kind = "budget"

    def __init__(self, budget: Budget, prices: Prices) -> None:
        self._budget = budget
        self._prices = prices
        self._longest = 0  # tokens of the longest answer so far

    def answer(self, call: LayerCall) -> Program:
        """Ask unless a limit would be passed."""
        asked, ledger = (yield from self._asked(call)), self._budget.ledger
        tag = call.request.tags.get(self._budget.key, "") if self._budget.key else ""
        purse = self._budget.purse(tag, call.clock.now())
        before = yield from self._done(partial(ledger.set_aside, purse, asked, self._budget.limits))
        if isinstance(before, Refusal):
            raise self._refused(before, asked, tag)
        begun = call.clock.monotonic()
        deadline, is_ours = self._deadline(call, before, begun)
        took, settled = asked, False
        try:
            completion: Completion = yield Send(backend=call.backend, request=call.request, deadline=deadline)
            took = self._took(asked, completion.usage)
            by = took - asked + Spending(seconds=call.clock.monotonic() - begun)
            settled = True
            yield from self._done(partial(ledger.correct, purse, by))
        except BackendError as error:
            took = self._took_by_failing(asked, error)
            if is_ours and isinstance(error, TimedOut) and error.kind == "deadline":
                spent = before + Spending(seconds=call.clock.monotonic() - begun)
                raise self._refused(Refusal(limit="seconds", spent=spent), asked, tag) from error
            raise
        finally:
            if not settled:
                ledger.correct(purse, took - asked + Spending(seconds=call.clock.monotonic() - begun))
        return completion

    def _done(self, work: Callable[[], Any]) -> Generator[Effect, Any, Any]:
        """What the ledger says; a file is looked at where it blocks no event loop."""
        if self._budget.ledger.blocks:
            return (yield Work(function=work))
        return work()

    def _asked(self, call: LayerCall) -> Generator[Effect, Any, Spending]:
        """What a call may take, by the tokens of its messages and the most of its answer."""
        limits = self._budget.limits
        if limits.tokens is None and limits.money is None:
            return Spending(calls=1)
        read = yield from input_tokens_of(call)
        written = call.request.generation.max_tokens or self._longest
        money = self._most(read, written) if limits.money is not None else Decimal(0)
        return Spending(tokens=read + written, money=money, calls=1)

    def _most(self, read: int, written: int) -> Decimal:
        price = price_for(self._prices, read)
        if price is None:
            raise ConfigurationError(
                f"no price is known for a request with {read:,} input tokens, so the money of budget "
                f"{self._budget.name} cannot be kept; give the backend a price for so many"
            )
        return price.most(read, written)

    def _deadline(self, call: LayerCall, before: Spending, now: float) -> tuple[float | None, bool]:
        """The deadline, or the time at which the seconds are used up where that is earlier."""
        allowed = self._budget.limits.seconds
        if allowed is None:
            return call.deadline, False
        end = now + allowed - (before.seconds or 0.0)
        ours = call.deadline is None or end < call.deadline
        return (end if ours else call.deadline), ours

    def _took(self, asked: Spending, usage: Usage | None) -> Spending:
        if usage is None:  # the backend counts nothing: it stays at what was set aside
            return asked
        self._longest = max(self._longest, usage.output_tokens)
        cost = usage.cost
        price = price_for(self._prices, usage.input_tokens)
        if cost is None and price is not None:
            cost = price.cost(usage)
            cost = price.most(usage.input_tokens, usage.output_tokens) if cost is None else cost
        return Spending(
            tokens=usage.input_tokens + usage.output_tokens,
            money=asked.money if cost is None else cost,
            calls=1,
        )

    def _took_by_failing(self, asked: Spending, error: BackendError) -> Spending:
        if error.usage is not None:
            return self._took(asked, error.usage)
        refused = error.status is not None and error.status >= HTTPStatus.BAD_REQUEST
        if refused or isinstance(error, ConnectionFailed):  # no model wrote anything
            return Spending(calls=1)
        return asked  # nobody knows what it took

    def _refused(self, refusal: Refusal, asked: Spending, tag: str) -> BudgetExceeded:
        budget, name = self._budget, refusal.limit
        allowed, spent, more = (getattr(it, name) for it in (budget.limits, refusal.spent, asked))
        whose = f" for {budget.key} {tag!r}" if budget.key else ""
        when = "today (UTC)" if budget.per == "day" else "in this run"
        end = f", and this call may take {_shown(more)}. Nothing was sent; raise the budget or lower max_tokens."
        if name in ("calls", "seconds"):  # no setting of a call makes it take less of these
            end = ". Raise the budget to go on."
        return BudgetExceeded(
            f"budget {budget.name}{whose} allows {_shown(allowed)} {_UNITS[name]} {when}: {_shown(spent)} "
            f"are spent{end}",
            limit=name,
            allowed=allowed,
            spent=spent,
            asked=more,
        )


def _shown(value: Any) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _dollars(money: Decimal | str | int | None) -> Decimal | None:
    if money is None:
        return None
    if isinstance(money, float):
        money = str(money)  # as it is written, not as the binary number next to it
    try:
        dollars = Decimal(money)
    except InvalidOperation:
        dollars = Decimal("nan")
    if not dollars.is_finite():
        raise ValueError(f"money is {money!r}; it takes US dollars such as '2.50'")
    return dollars


@maker
def budget(
    backend: AnyBackend,
    limits: Budget,
    *,
    price: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> Layered | AsyncLayered:
    """The same backend, asked only while a budget allows it.

    Before a call is sent, what it may take is set aside: the tokens of its messages and ``max_tokens``, or
    without that what the longest answer took so far, and what they cost at most. A call that would pass a limit
    raises BudgetExceeded and is not sent. Afterwards what it really took replaces that; where nobody knows, as
    after a time-out, what was set aside stays.

    Args:
        backend: What is wrapped.
        limits: The budget; the same one around several backends limits them together.
        price: US dollars per million tokens, ``{"input": 1.25, "output": 10}``; by default the backend's own.
        clock: Time; tests give their own.

    Raises:
        ConfigurationError: When money is limited and the backend's price is not known, or the backend has a layer
            inside that a budget makes no sense around.
    """
    (leaf, *_) = leaves(backend)
    prices = given_prices(price, f"price of {leaf.name}") if price is not None else _prices(leaf)
    if limits.limits.money is not None and not prices:
        raise ConfigurationError(
            f"budget {limits.name} limits money, and no price is known for {leaf.name}; give one: "
            'price = {"input": 1.25, "output": 10}, in US dollars per million tokens'
        )
    return wrapped(BudgetLayer(limits, prices), backend, clock=clock)


def _prices(backend: AnyBackend) -> Prices:
    own: Prices | None = getattr(backend, "prices", None)
    return prices_of(backend.name) if own is None else own
