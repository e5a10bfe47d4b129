"""How long a call may still take, by a clock that the test moves."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from promptkit.backends import wire
from promptkit.backends.wire import Waits


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_first_token_is_waited_for_from_when_the_call_is_begun(clock) -> None:
    waits = Waits(connect_s=5, first_s=60, stall_s=10)
    clock.now += 100
    waits.begin()
    clock.now += 20

    assert (waits.read_wait_s, waits.connect_wait_s, waits.going_on) == (40, 5, False)


def test_bytes_that_are_no_token_do_not_prolong_the_wait_and_a_token_does(clock) -> None:
    waits = Waits(connect_s=5, first_s=60, stall_s=10)
    clock.now += 59
    before = waits.read_wait_s
    waits.go_on()

    assert (before, waits.read_wait_s, waits.going_on) == (1, 10, True)


def test_what_is_late_gets_the_shortest_wait_and_not_none(clock) -> None:
    waits = Waits(connect_s=5, first_s=60)
    clock.now += 61

    assert waits.read_wait_s == wire.SHORTEST_WAIT_S
    assert not waits.passed


def test_the_deadline_bounds_every_wait(clock) -> None:
    waits = Waits(connect_s=5, first_s=60, deadline=1003.0)

    assert (waits.connect_wait_s, waits.read_wait_s, waits.passed) == (3, 3, False)
    clock.now = 1002.9995
    assert (waits.connect_wait_s, waits.read_wait_s, waits.passed) == (0.001, 0.001, True)
