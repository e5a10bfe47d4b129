from __future__ import annotations

import math

import pytest

from promptkit.schemas.findings import MAX_INPUT_CHARS, Findings
from promptkit.schemas.plain_data import MAX_DEPTH, MAX_INTEGER_BITS, is_plain, to_plain

DEEP: list[object] = []
for _ in range(MAX_DEPTH + 1):
    DEEP = [DEEP]


class Text(str):
    __slots__ = ()


PLAIN = [None, True, 5, -0.5, "text", [], {}, {"a": [1, {"b": "c"}], "d": None}]
OTHER = [
    "ä",
    "\ud800",
    "x" * (MAX_INPUT_CHARS + 1),
    1 << MAX_INTEGER_BITS,
    math.nan,
    (1, 2),
    {1: "a"},
    Text("a"),
    {"a": {"b": object()}},
    DEEP,
]


@pytest.mark.parametrize("value", PLAIN)
def test_what_is_plain_already_stays_as_it_is(value) -> None:
    quick, slow = Findings(), Findings()

    assert is_plain(value, quick)
    assert to_plain(value, "it", slow) == value
    assert (quick.characters, quick.problems) == (slow.characters, slow.problems)


@pytest.mark.parametrize("value", OTHER, ids=range(len(OTHER)))
def test_what_may_need_a_change_or_a_word_is_left_to_the_thorough_way(value) -> None:
    assert not is_plain(value, Findings())
