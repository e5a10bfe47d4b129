"""What tokens cost: dated list prices from ``prices.toml``, and those that users give in their place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, cast

from promptkit.completions import Usage
from promptkit.errors import ConfigurationError
from promptkit.spelling import did_you_mean

__all__ = ["Price", "Prices", "given_prices", "list_prices", "price_for", "priced", "prices_of"]

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: A token that is read.
        output: A token that is written, reasoning included.
        cached_input: A token that is read from the provider's prompt cache; None where not known.
        cache_write: A token that is written to it; None where not known.
        up_to: The most input tokens of a request that this price is for; None for any number.
        date: When the source said so; None for a price of the user's own.
        source: Who said so.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    up_to: int | None = None
    date: date | None = None
    source: str = "configuration"

    def cost(self, usage: Usage) -> Decimal | None:
        """What ``usage`` costs; None when it counts tokens of a kind whose price is not known."""
        parts = (
            (usage.input_tokens - usage.cached_tokens - usage.cache_written_tokens, self.input),
            (usage.cached_tokens, self.cached_input),
            (usage.cache_written_tokens, self.cache_write),
            (usage.output_tokens, self.output),
        )
        total = Decimal(0)
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or Decimal(0))
        return total / _MILLION

    def most(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The most that so many tokens can cost, whatever a prompt cache does."""
        dearest = max(
            price for price in (self.input, self.cached_input, self.cache_write) if price is not None
        )
        return (input_tokens * dearest + output_tokens * self.output) / _MILLION


Prices = tuple[Price, ...]
"""The prices of one backend, those for fewer input tokens first; empty where none is known."""


def prices_of(backend: str) -> Prices:
    """The list prices of a backend by its name, for example ``openai:gpt-5-mini``."""
    return tuple(
        price
        for patterns, price in list_prices()
        if any(fnmatchcase(backend, pattern) for pattern in patterns)
    )


def price_for(prices: Prices, input_tokens: int) -> Price | None:
    """The price that a request with so many input tokens pays."""
    return next((price for price in prices if price.up_to is None or input_tokens <= price.up_to), None)


def priced(usage: Usage, prices: Prices) -> Usage:
    """The usage with its cost; as it is where the backend reports one or none is known."""
    price = price_for(prices, usage.input_tokens) if usage.cost is None and prices else None
    return usage if price is None else replace(usage, cost=price.cost(usage))


@cache
def list_prices() -> tuple[tuple[tuple[str, ...], Price], ...]:
    """The table of the package: patterns of backends' names and a price, in order."""
    table = tomllib.loads((files("promptkit.backends") / "prices.toml").read_text(encoding="utf-8"))
    rows: list[tuple[tuple[str, ...], Price]] = []
    for row in table["price"]:
        about = {"date": row["date"], "source": row["source"]}
        own = {name: value for name, value in row.items() if name not in ("backends", *about)}
        rows.append((tuple(row["backends"]), replace(_price(own, "prices.toml"), **about)))
    return tuple(rows)


def given_prices(given: Any, where: str) -> Prices:
    """The prices that a user gives for a backend: a table, or several for different numbers of input tokens.

    Args:
        given: ``{"input": 1.25, "output": 10, ...}`` with the names of :class:`Price`, or a list of such.
        where: What errors call it.

    Raises:
        ConfigurationError: When a name or a number is not one.
    """
    each = cast("Sequence[Any]", given if isinstance(given, list | tuple) else [given])
    prices = [_price(item, where) for item in each]
    return tuple(sorted(prices, key=lambda it: float("inf") if it.up_to is None else it.up_to))


def _price(given: Any, where: str) -> Price:
    if isinstance(given, Price):
        return given
    known = [item.name for item in fields(Price) if item.name not in ("date", "source")]
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{where} takes a table such as {{ input = 1.25, output = 10 }}, got {given!r}"
        )
    table = cast("Mapping[str, Any]", given)
    for name in table:
        if name not in known:
            raise ConfigurationError(
                f"{where} has an unknown key {name}{did_you_mean(name, known)}; it takes {', '.join(known)}, "
                "in US dollars per million tokens"
            )
    for name in ("input", "output"):
        if name not in table:
            raise ConfigurationError(f"{where} lacks {name}, in US dollars per million tokens")
    up_to = table.get("up_to")
    if up_to is not None and (isinstance(up_to, bool) or not isinstance(up_to, int) or up_to < 1):
        raise ConfigurationError(f"{where}: up_to is {up_to!r}; it takes a number of input tokens above 0")
    money: dict[str, Any] = {
        name: _money(value, f"{where}: {name}") for name, value in table.items() if name != "up_to"
    }
    return Price(**money, up_to=up_to)


def _money(value: Any, what: str) -> Decimal:
    # A float is taken as it is written, not as the binary number next to it.
    if not isinstance(value, bool) and isinstance(value, int | float | str | Decimal):
        try:
            money = Decimal(str(value))
        except InvalidOperation:
            money = Decimal(-1)
        if money.is_finite() and money >= 0:
            return money
    raise ConfigurationError(f"{what} is {value!r}; it takes US dollars, 0 or more, such as 1.25")
