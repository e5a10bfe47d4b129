"""Limits on tokens, money, time and calls; looked at before each call is sent."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import MadeUpTime, loop_clock, run_in_made_up_time

from promptkit.backends import MockBackend, layers
from promptkit.backends.layers.spending import FileLedger, Spending, default_ledger_file
from promptkit.completions import Completion, Usage
from promptkit.errors import (
    BudgetExceeded,
    ConfigurationError,
    ConnectionFailed,
    RateLimited,
    ServerError,
    TimedOut,
)
from promptkit.messages import Message
from promptkit.requests import GenerationConfig

PRICE = {"input": 1, "output": 4, "cached_input": "0.1"}


def answer(read: int = 10, written: int = 5, **more: Any) -> Completion:
    return Completion(
        text="yes",
        finish_reason="stop",
        model="m",
        usage=Usage(input_tokens=read, output_tokens=written, **more),
    )


@pytest.fixture
def short(text_question):
    """A question of ten tokens by estimate, to be answered in at most twenty."""
    question = replace(
        text_question,
        messages=(Message(role="user", content="x" * 20),),
        generation=GenerationConfig(max_tokens=20),
    )
    assert MockBackend().count_tokens(question.messages).n == READ
    return question


READ = MockBackend().count_tokens((Message(role="user", content="x" * 20),)).n


@pytest.mark.parametrize("way", WAYS)
def test_calls_are_counted_and_one_too_many_is_not_sent(way, text_question) -> None:
    inner = MockBackend(["a", "b", "c"])
    limits = layers.Budget(calls=2)
    backend = layers.budget(inner, limits)

    way(backend, text_question)
    way(backend, text_question)
    with pytest.raises(
        BudgetExceeded, match=r"budget default allows 2 calls in this run: 2 are spent\."
    ) as caught:
        way(backend, text_question)

    assert len(inner.requests) == 2
    assert (caught.value.limit, caught.value.allowed) == ("calls", 2)
    assert (caught.value.spent, caught.value.asked) == (2, 1)
    assert limits.spent().calls == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_may_pass_the_limit_on_tokens_is_not_sent(way, short) -> None:
    inner = MockBackend([answer(READ, 8), answer(READ, 8), "never"])
    most = READ + 20
    limits = layers.Budget(tokens=most + READ + 8)
    backend = layers.budget(inner, limits)

    way(backend, short)
    way(backend, short)
    with pytest.raises(BudgetExceeded, match=f"and this call may take {most}. Nothing was sent") as caught:
        way(backend, short)

    assert caught.value.limit == "tokens"
    assert limits.spent().tokens == 2 * (READ + 8)


@pytest.mark.parametrize("way", WAYS)
def test_money_is_kept_to_the_last_digit(way, short) -> None:
    usages = [answer(1000, 500), answer(1000, 0, cached_tokens=400), answer(5, 5, cost=Decimal("0.1"))]
    limits = layers.Budget(money="1")
    backend = layers.budget(MockBackend(usages), limits, price=PRICE)

    for _ in usages:
        way(backend, short)

    assert limits.spent().money == Decimal("0.003") + Decimal("0.00064") + Decimal("0.1")


def test_money_that_a_call_may_cost_is_set_aside_before(short) -> None:
    limits = layers.Budget(money="0.0001")
    backend = layers.budget(MockBackend(["a", "b"]), limits, price={"input": 1, "output": 4})
    most = Decimal(READ + 4 * 20) / 1_000_000
    assert most < Decimal("0.0001") < 2 * most

    backend.complete(short)
    with pytest.raises(BudgetExceeded, match=r"allows 0\.0001 US dollars in this run") as caught:
        backend.complete(replace(short, generation=GenerationConfig(max_tokens=25)))

    assert caught.value.limit == "money"
    assert caught.value.asked == Decimal(READ + 4 * 25) / 1_000_000


def test_a_kind_of_token_without_a_price_is_taken_for_the_dearest(short) -> None:
    limits = layers.Budget(money=1)
    backend = layers.budget(
        MockBackend([answer(1000, 0, cached_tokens=400)]), limits, price={"input": 1, "output": 4}
    )

    backend.complete(short)

    assert limits.spent().money == Decimal("0.001")


def test_without_a_price_money_cannot_be_limited() -> None:
    unknown = MockBackend(name="openai+http://127.0.0.1:1/v1:m")

    with pytest.raises(ConfigurationError, match=r"limits money, and no price is known for openai\+http"):
        layers.budget(unknown, layers.Budget(money=1))
    layers.budget(unknown, layers.Budget(tokens=1))
    layers.budget(MockBackend(name="openai:gpt-5"), layers.Budget(money=1))


def test_a_request_longer_than_any_price_is_an_error(short) -> None:
    backend = layers.budget(
        MockBackend(), layers.Budget(money=1), price={"input": 1, "output": 4, "up_to": READ - 1}
    )

    with pytest.raises(ConfigurationError, match=f"no price is known for a request with {READ} input tokens"):
        backend.complete(short)


def test_a_model_in_this_process_costs_nothing(short) -> None:
    limits = layers.Budget(money=0)
    backend = layers.budget(MockBackend(["yes"], name="llama:demo"), limits)

    assert backend.complete(short).text == "yes"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        (ServerError("boom", usage=Usage(input_tokens=7, output_tokens=1)), 8),
        (RateLimited("slow", status=429), 0),
        (ConnectionFailed("nobody there"), 0),
        (TimedOut("late", kind="stall"), READ + 20),
        (ServerError("half an answer", status=200), READ + 20),
    ],
)
def test_a_failure_takes_what_it_says_nothing_when_refused_and_all_where_nobody_knows(
    way, short, error, tokens
) -> None:
    limits = layers.Budget(tokens=1000)
    backend = layers.budget(MockBackend([error]), limits)

    with pytest.raises(type(error)):
        way(backend, short)

    assert limits.spent().tokens == tokens
    assert limits.spent().calls == 1


def test_a_stream_that_is_left_takes_what_was_set_aside(short) -> None:
    limits = layers.Budget(tokens=1000)
    backend = layers.budget(MockBackend(["a longer answer"]), limits)

    with backend.stream(short) as events:
        next(events)

    assert limits.spent().tokens == READ + 20


def test_a_backend_that_counts_nothing_takes_what_was_set_aside(short) -> None:
    limits = layers.Budget(tokens=1000)
    uncounted = Completion(text="yes", finish_reason="stop", model="m")
    layers.budget(MockBackend([uncounted]), limits).complete(short)

    assert limits.spent().tokens == READ + 20


def test_without_max_tokens_the_longest_answer_so_far_is_set_aside(short) -> None:
    question = replace(short, generation=GenerationConfig())
    limits = layers.Budget(tokens=READ + 100 + READ + 99)
    backend = layers.budget(MockBackend([answer(READ, 100), "never"]), limits)

    backend.complete(question)
    with pytest.raises(BudgetExceeded, match=f"may take {READ + 100}"):
        backend.complete(question)


class Slow(MockBackend):
    """Ten seconds, or to the deadline."""

    async def acomplete(self, request: Any, *, deadline: float | None = None) -> Completion:
        now = asyncio.get_running_loop().time()
        if deadline is not None and deadline < now + 10:
            await asyncio.sleep(deadline - now)
            raise TimedOut("late", kind="deadline")
        await asyncio.sleep(10)
        return await super().acomplete(request)


def test_seconds_end_a_call_in_its_middle(short) -> None:
    limits = layers.Budget(seconds=25)

    async def main() -> list[Any]:
        clock = loop_clock()
        backend = layers.budget(Slow(["a", "b", "c"]), limits, clock=clock)
        outcomes: list[Any] = []
        for deadline in (None, 1011.0, None, None):
            outcomes += await asyncio.gather(
                backend.acomplete(short, deadline=deadline), return_exceptions=True
            )
        return outcomes

    first, late, third, refused = run_in_made_up_time(main())

    assert first.text == "a"
    assert isinstance(late, TimedOut)  # its own deadline came first
    assert third.text == "b"
    assert isinstance(refused, BudgetExceeded)
    assert str(refused) == (
        "budget default allows 25 seconds in this run: 25.0 are spent. Raise the budget to go on."
    )
    assert refused.limit == "seconds"
    assert isinstance(refused.__cause__, TimedOut)
    assert limits.spent().seconds == pytest.approx(25)


def test_used_up_seconds_send_nothing(short) -> None:
    inner, limits = MockBackend(["a"]), layers.Budget(seconds=0)

    with pytest.raises(BudgetExceeded, match="allows 0 seconds"):
        layers.budget(inner, limits).complete(short)

    assert inner.requests == []


def test_each_value_of_the_tag_has_a_budget_of_its_own(short) -> None:
    limits = layers.Budget(calls=1, key="customer")
    backend = layers.budget(MockBackend(["a", "b", "c"]), limits)
    ann, bob = (replace(short, tags={"customer": name}) for name in ("ann", "bob"))

    backend.complete(ann)
    backend.complete(bob)
    backend.complete(short)
    with pytest.raises(BudgetExceeded, match="budget default for customer 'ann' allows 1 calls"):
        backend.complete(ann)

    assert limits.spent("bob").calls == 1
    assert limits.spent("eve").calls == 0


def test_one_budget_around_two_backends_limits_them_together(short) -> None:
    limits = layers.Budget(calls=1)
    one, other = (layers.budget(MockBackend(["a"]), limits) for _ in range(2))
    one.complete(short)

    with pytest.raises(BudgetExceeded):
        other.complete(short)


def test_calls_under_way_count(short) -> None:
    limits = layers.Budget(calls=3)

    async def main() -> list[Any]:
        backend = layers.budget(Slow(["a"] * 3), limits, clock=loop_clock())
        return await asyncio.gather(*(backend.acomplete(short) for _ in range(5)), return_exceptions=True)

    outcomes = run_in_made_up_time(main())

    assert [type(it).__name__ for it in outcomes] == ["Completion"] * 3 + ["BudgetExceeded"] * 2


@pytest.mark.parametrize("way", WAYS)
def test_a_budget_of_a_day_is_one_for_all_processes_and_new_at_midnight(way, short, tmp_path) -> None:
    time = MadeUpTime()
    one, other = (
        layers.Budget(calls=1, money="0.5", per="day", file=tmp_path / "deep" / "budgets.sqlite")
        for _ in range(2)
    )
    first, second = (
        layers.budget(MockBackend([answer(cost=Decimal("0.2")), "b"]), it, price=PRICE, clock=time.clock)
        for it in (one, other)
    )

    way(first, short)
    with pytest.raises(BudgetExceeded, match=r"allows 1 calls today \(UTC\)"):
        way(second, short)
    assert other.spent(clock=time.clock).money == Decimal("0.2")
    time.at += 86400
    assert other.spent(clock=time.clock) == Spending()
    assert way(first, short).text == "b"


def test_budgets_of_other_names_are_apart(short, tmp_path) -> None:
    path = tmp_path / "budgets.sqlite"
    for name in ("one", "other"):
        limits = layers.Budget(calls=1, per="day", name=name, file=path)
        layers.budget(MockBackend(["a"]), limits).complete(short)


def test_threads_never_spend_more_than_there_is(short, tmp_path) -> None:
    limits = layers.Budget(calls=10, per="day", file=tmp_path / "budgets.sqlite")
    inner = MockBackend(lambda _: "yes")
    backend = layers.budget(inner, limits)

    def ask(_: int) -> bool:
        try:
            backend.complete(short)
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(30)))

    assert outcomes.count(True) == 10
    assert len(inner.requests) == 10


@pytest.mark.parametrize("damage", ["no database", "folder"])
def test_a_file_that_cannot_be_used_is_an_error_and_nothing_is_sent(short, tmp_path, damage) -> None:
    path = tmp_path / "budgets.sqlite"
    path.write_bytes(b"This is a letter. " * 500) if damage == "no database" else path.mkdir()
    inner = MockBackend(["a"])
    backend = layers.budget(inner, layers.Budget(calls=1, per="day", file=path))

    with pytest.raises(ConfigurationError, match="cannot be used .*, so nobody knows what is spent"):
        backend.complete(short)

    assert inner.requests == []


@pytest.mark.parametrize(
    ("platform", "environment", "path"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.local/state/promptkit/budgets-1.sqlite"),
        ("linux", {"XDG_STATE_HOME": "/var/s"}, "/var/s/promptkit/budgets-1.sqlite"),
        (
            "darwin",
            {"HOME": "/Users/ann"},
            "/Users/ann/Library/Application Support/promptkit/budgets-1.sqlite",
        ),
        ("win32", {"LOCALAPPDATA": "/ann/Local"}, "/ann/Local/promptkit/budgets-1.sqlite"),
        ("linux", {"PROMPTKIT_STATE_DIR": "/else/where"}, "/else/where/budgets-1.sqlite"),
    ],
)
def test_what_a_day_took_is_kept_in_the_users_folder_for_state(
    monkeypatch, platform, environment, path
) -> None:
    for name in ("XDG_STATE_HOME", "PROMPTKIT_STATE_DIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)

    assert default_ledger_file() == Path(path)
    assert isinstance(layers.Budget(calls=1, per="day").ledger, FileLedger)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "give at least one of them"),
        ({"calls": -1}, "a limit of a budget is -1; it must be 0 or more"),
        ({"money": "much"}, "money is 'much'; it takes US dollars such as '2.50'"),
        ({"money": "inf"}, "it takes US dollars"),
        ({"calls": 1, "per": "week"}, "per is 'week'; it is 'run' or 'day'"),
    ],
)
def test_a_budget_that_is_none_is_refused(options, said) -> None:
    with pytest.raises(ValueError, match=said):
        layers.Budget(**options)


def test_money_is_a_tenth_when_it_is_written_as_one() -> None:
    limits = layers.Budget(money=0.1, seconds=5)

    assert limits.limits.money == Decimal("0.1")
    assert repr(limits) == "Budget(money=0.1, seconds=5, per='run', name='default')"


def test_a_new_ledger_that_several_open_at_once_counts_for_them_all(tmp_path) -> None:
    together = threading.Barrier(8)

    def work(turn: int) -> None:
        ledger = FileLedger(tmp_path / f"budgets-{turn // 8}.sqlite")
        together.wait()
        ledger.correct("day", Spending(calls=1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))

    spent = [FileLedger(path).spent("day").calls for path in tmp_path.glob("*.sqlite")]
    assert spent == [8] * 25


def test_threads_that_share_a_ledger_lose_no_call(tmp_path) -> None:
    ledger = FileLedger(tmp_path / "budgets.sqlite")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.correct("day", Spending(calls=1)), range(200)))

    assert ledger.spent("day").calls == 200
