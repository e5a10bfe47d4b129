from __future__ import annotations

from decimal import Decimal

from promptkit.completions import Completion, Detour, Usage

USAGE = Usage(input_tokens=10, output_tokens=5, cost=Decimal("0.002"))
FAILED = Usage(input_tokens=10, output_tokens=1, cost=Decimal("0.001"), estimated=True)


def test_what_failed_before_an_answer_counts_as_spent_on_it() -> None:
    answer = Completion(
        text="yes",
        finish_reason="stop",
        model="m",
        usage=USAGE,
        detours=(
            Detour(layer="retry", backend="a", reason="TimedOut: x", usage=FAILED),
            Detour(layer="fallback", backend="a", to="b", reason="ServerError: x"),
        ),
    )

    assert answer.usage == USAGE
    assert answer.spent == Usage(input_tokens=20, output_tokens=6, cost=Decimal("0.003"), estimated=True)


def test_a_kept_answer_takes_nothing() -> None:
    kept = Completion(
        text="yes",
        finish_reason="stop",
        model="m",
        usage=USAGE,
        detours=(Detour(layer="cache", backend="a", reason="kept"),),
    )

    assert kept.spent == Usage(input_tokens=0, output_tokens=0, cost=Decimal(0))


def test_what_nobody_counted_is_not_known_to_be_spent() -> None:
    assert Completion(text="yes", finish_reason="stop", model="m").spent is None
