"""Intervals and pass^k against published values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.statistics import pass_hat_k, wilson


@pytest.mark.parametrize(
    ("passes", "runs", "low", "high"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_that_of_the_literature(passes, runs, low, high) -> None:
    found = wilson(passes, runs)

    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.share == passes / runs


@given(st.integers(1, 500), st.data())
def test_the_share_lies_in_its_interval_and_the_interval_in_its_bounds(runs, data) -> None:
    passes = data.draw(st.integers(0, runs))

    found = wilson(passes, runs, confidence=0.9)

    assert 0 <= found.low <= found.share <= found.high <= 1


def test_it_reads_as_a_share_with_its_ends() -> None:
    assert str(wilson(9, 10)) == "90% (60% to 98%)"


@pytest.mark.parametrize(
    ("passes", "runs", "k", "expected"),
    [(9, 10, 1, 0.9), (9, 10, 2, 0.8), (9, 10, 4, 0.6), (9, 10, 8, 0.2), (2, 10, 3, 0)],
)
def test_pass_hat_k_falls_with_k(passes, runs, k, expected) -> None:
    assert pass_hat_k(passes, runs, k) == pytest.approx(expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(1, 0),
        lambda: wilson(3, 2),
        lambda: wilson(1, 2, confidence=1),
        lambda: pass_hat_k(1, 2, 3),
        lambda: pass_hat_k(3, 2, 1),
    ],
)
def test_numbers_without_sense_are_refused(call) -> None:
    with pytest.raises(ValueError, match="is"):
        call()
