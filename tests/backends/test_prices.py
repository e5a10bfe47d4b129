"""What tokens cost, and that nothing is guessed."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest

from promptkit.backends import open_backend
from promptkit.backends.prices import Price, given_prices, list_prices, price_for, priced, prices_of
from promptkit.completions import Usage
from promptkit.errors import ConfigurationError


def usage(read: int = 0, written: int = 0, **more: int) -> Usage:
    return Usage(input_tokens=read, output_tokens=written, **more)


def test_each_row_of_the_table_names_its_source_and_date_and_costs_something_sensible() -> None:
    names = [name for patterns, _ in list_prices() for name in patterns]
    for patterns, price in list_prices():
        assert patterns
        assert price.source.startswith("https://") or price.source == "runs in this process"
        assert date(2025, 1, 1) < price.date <= date(2026, 11, 29)
        assert price.input <= price.output
        assert (price.cached_input or Decimal(0)) <= price.input
    twice = {name for name in names if names.count(name) > 1}
    assert all(len({price.up_to for price in prices_of(name)}) == names.count(name) for name in twice)


def test_every_kind_of_token_has_its_own_price() -> None:
    (price,) = prices_of("anthropic:claude-haiku-4-5")

    cost = price.cost(usage(1_000_000, 100_000, cached_tokens=200_000, cache_written_tokens=300_000))

    assert cost == Decimal("0.5") + Decimal("0.02") + Decimal("0.375") + Decimal("0.5")


def test_a_kind_of_token_without_a_price_makes_the_cost_unknown() -> None:
    (price,) = prices_of("gemini:gemini-2.5-flash")

    assert price.cost(usage(1_000_000)) == Decimal("0.30")
    assert price.cost(usage(1_000_000, cached_tokens=1)) is None
    assert price.cost(usage(1_000_000, cache_written_tokens=1)) is None


def test_long_requests_pay_the_price_of_long_requests() -> None:
    prices = prices_of("gemini:gemini-2.5-pro")

    assert priced(usage(200_000, 1000), prices).cost == Decimal("0.26")
    assert priced(usage(200_001, 0), prices).cost == Decimal("0.5000025")
    assert priced(usage(270_001), prices_of("openai:gpt-5.4")).cost is None
    assert price_for(prices_of("openai:gpt-5.4"), 270_001) is None


def test_what_a_backend_reports_counts_more_than_a_price() -> None:
    reported = Usage(input_tokens=1, output_tokens=1, cost=Decimal("0.5"))

    assert priced(reported, prices_of("openai:gpt-5")) is reported


def test_without_a_price_there_is_no_cost() -> None:
    plain = usage(10, 10)

    assert prices_of("openai+http://127.0.0.1:1/v1:gpt-5") == ()
    assert priced(plain, ()) is plain


def test_the_most_that_tokens_may_cost_counts_on_no_cache() -> None:
    (price,) = prices_of("anthropic:claude-sonnet-5")

    assert price.most(1_000_000, 100_000) == Decimal("2.50") + Decimal(1)


def test_a_user_gives_one_price_or_several_in_any_order() -> None:
    assert given_prices({"input": 1.1, "output": "4"}, "p") == (
        Price(input=Decimal("1.1"), output=Decimal(4)),
    )
    long, short = {"input": 2, "output": 8}, {"input": 1, "output": 4, "up_to": 1000}
    assert [price.up_to for price in given_prices([long, short], "p")] == [1000, None]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, r"price of m takes a table such as \{ input = 1.25, output = 10 \}, got 3"),
        ({"input": 1}, "price of m lacks output, in US dollars per million tokens"),
        (
            {"input": 1, "output": 2, "cashed_input": 1},
            r"unknown key cashed_input \(did you mean cached_input\?\)",
        ),
        ({"input": -1, "output": 2}, "price of m: input is -1; it takes US dollars"),
        ({"input": "much", "output": 2}, "input is 'much'"),
        ({"input": True, "output": 2}, "input is True"),
        ({"input": None, "output": 2}, "input is None"),
        ({"input": 1, "output": 2, "up_to": 0}, "up_to is 0; it takes a number of input tokens above 0"),
        ({"input": 1, "output": 2, "up_to": 1.5}, "up_to is 1.5"),
    ],
)
def test_a_price_that_is_none_is_refused(given, said) -> None:
    with pytest.raises(ConfigurationError, match=said):
        given_prices(given, "price of m")


def test_a_backend_knows_its_list_price_or_the_one_that_it_is_given() -> None:
    given = open_backend("openai:gpt-5", price={"input": 7, "output": 9})

    assert open_backend("openai:gpt-5").prices == prices_of("openai:gpt-5")
    assert given.prices == (Price(input=Decimal(7), output=Decimal(9)),)
    assert open_backend("openai+http://127.0.0.1:1/v1:m").prices == ()


BODY = {
    "choices": [{"message": {"role": "assistant", "content": "red"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 2_000_000,
        "completion_tokens": 1_000_000,
        "prompt_tokens_details": {"cached_tokens": 1_000_000},
    },
}
PRICE = {"input": 1, "output": 4, "cached_input": "0.1"}


@pytest.mark.network
def test_an_answer_has_its_cost(server, text_question) -> None:
    server.will_answer(BODY)
    server.will_answer(BODY)

    known = open_backend(f"openai+{server.url}:m", price=PRICE).complete(text_question)
    unknown = open_backend(f"openai+{server.url}:m").complete(text_question)

    assert known.usage.cost == Decimal("5.1")
    assert unknown.usage.cost is None
    assert unknown.usage.input_tokens == 2_000_000


@pytest.mark.network
def test_a_stream_that_breaks_has_the_cost_of_what_came(server, text_question) -> None:
    delta = {"choices": [{"delta": {"content": "red and blue"}}]}
    server.will_stream(delta, end=("reset",))
    backend = open_backend(f"openai+{server.url}:m", price=PRICE)

    with pytest.raises(Exception, match="lost") as caught, backend.stream(text_question) as events:
        list(events)

    spent = caught.value.usage
    assert spent.estimated
    assert spent.cost == (spent.input_tokens + 4 * spent.output_tokens) / Decimal(1_000_000)


@pytest.mark.network
def test_an_answer_that_is_cancelled_has_the_cost_of_what_came(server, text_question) -> None:
    delta = {"choices": [{"delta": {"content": "red and blue"}}]}
    server.will_stream(delta, delta, end=("stall",))
    backend = open_backend(f"openai+{server.url}:m", price=PRICE)
    cancel = threading.Event()

    with backend.stream(text_question, cancel=cancel) as events:
        next(events)
        cancel.set()
        *_, last = events

    spent = last.completion.usage
    assert last.completion.finish_reason == "cancelled"
    assert spent.cost == (spent.input_tokens + 4 * spent.output_tokens) / Decimal(1_000_000)
