"""Each function makes what the same kind in a file makes."""

from __future__ import annotations

import pytest

from promptkit.constraints import factories, from_file

LENGTHS = ("characters", "words", "sentences", "lines")


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        *[(f"{end}_{unit}", 3) for end in ("min", "max") for unit in (*LENGTHS, "items")],
        ("starts_with", "Hi"),
        ("ends_with", "."),
        ("contains", "x"),
        ("must_mention", ["refund"]),
        ("never_says", ["a"]),
        ("matches", "a+"),
        ("grammar", 'start: "a"+'),
        ("at_least", 1),
        ("at_most", 2),
        ("not_before", "2026-01-01"),
        ("not_after", "2026-01-01"),
        ("one_of", ["a", "b"]),
        ("one_of_input", "labels"),
        ("quoted_from", "text"),
    ],
)
def test_a_function_of_one_argument_makes_what_a_file_makes(kind, argument):
    made = getattr(factories, kind)("x", argument)

    assert made == from_file(kind, argument, path="x", options={})


@pytest.mark.parametrize("kind", [*LENGTHS, "item_count"])
def test_a_function_of_both_ends_makes_what_a_file_makes(kind):
    assert getattr(factories, kind)("x", 2, 5) == from_file(kind, [2, 5], path="x", options={})
