"""What a minute may hold, checked on random arrivals."""

from __future__ import annotations

import random

import pytest

from promptkit.backends.layers.windows import WINDOW_S, Window
from promptkit.completions import Allowance


def placed(window: Window, amount: int, now: float):
    at = window.earliest(amount, now)
    assert window.earliest(amount, at) == at
    return window.add(amount, at)


@pytest.mark.parametrize("seed", range(20))
def test_no_60_seconds_hold_more_than_the_limit(seed) -> None:
    draw = random.Random(seed)
    window, now, sent = Window(100), 0.0, []

    for _ in range(300):
        now = max(now, sent[-1][0] if sent else 0.0) + draw.expovariate(1 / 3)
        amount = draw.randint(1, 40)
        sent.append((placed(window, amount, now).at, now, amount))

    times = [at for at, _, _ in sent]
    assert all(at >= asked for at, asked, _ in sent)
    for start in times:
        assert sum(amount for at, _, amount in sent if start <= at < start + WINDOW_S) <= 100


def test_what_fits_goes_at_once_and_the_next_when_the_first_minute_is_over() -> None:
    window = Window(3)

    times = [placed(window, 1, now).at for now in (0.0, 10.0, 20.0, 21.0, 60.0, 200.0)]

    assert times == [0.0, 10.0, 20.0, 60.0, 70.0, 200.0]


def test_more_than_a_whole_limit_goes_alone() -> None:
    window = Window(10)
    placed(window, 4, 0.0)

    assert placed(window, 5000, 1.0).at == 60.0
    assert placed(window, 1, 61.0).at == 120.0


def test_a_count_that_proves_too_high_makes_room() -> None:
    window = Window(10)
    entry = placed(window, 10, 0.0)
    window.correct(entry, 2)

    assert placed(window, 8, 1.0).at == 1.0
    assert placed(window, 1, 1.0).at == 60.0


def test_a_correction_that_comes_after_a_minute_changes_nothing() -> None:
    window = Window(10)
    entry = placed(window, 10, 0.0)
    placed(window, 1, 60.0)
    window.correct(entry, 2)

    assert placed(window, 9, 61.0).at == 61.0
    assert placed(window, 1, 61.0).at == 120.0


def test_the_servers_limit_counts_where_it_is_lower_or_none_is_given() -> None:
    ours, theirs = Window(5), Window(None)
    assert (ours.counts, theirs.counts) == (True, False)
    for window in (ours, theirs):
        window.hear(Allowance(limit=3), None, 0.0)

    assert (ours.limit, theirs.limit) == (3, 3)
    assert Window(5).limit == 5


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        (Allowance(limit=5, left=4, reset_s=1.0), None),  # five a second
        (Allowance(limit=60, left=59, reset_s=1.0), 60),
        (Allowance(limit=30000, left=29999, reset_s=0.002), 30000),
        (Allowance(limit=150000, left=149984, reset_s=360.0), 150000),
        (Allowance(limit=50, left=0, reset_s=60.0), 50),
        (Allowance(limit=50, left=10), 50),
    ],
)
def test_a_limit_that_cannot_be_one_per_minute_is_not_taken_for_one(said, limit) -> None:
    window = Window(None)
    window.hear(said, None, 0.0)

    assert window.limit == limit


def test_what_the_server_has_left_is_kept_until_it_is_full_again() -> None:
    window = Window(None)
    window.hear(Allowance(left=2, reset_s=30.0), None, 100.0)

    times = [placed(window, 1, now).at for now in (100.0, 101.0, 102.0, 130.0)]

    assert times == [100.0, 101.0, 130.0, 130.0]
    assert not window.counts


def test_what_was_sent_behind_the_request_that_was_answered_is_taken_off() -> None:
    window = Window(100)
    first, *_ = [placed(window, 10, 0.0) for _ in range(3)]
    window.hear(Allowance(left=25), first, 1.0)

    assert placed(window, 5, 1.0).at == 1.0
    assert placed(window, 1, 1.0).at == 61.0
