"""Values made shorter: what is kept, in which units, and what says that something is gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.rendering.shrinking import LEFT_OUT, shrunk

LINES = "one\ntwo\nthree\nfour\nfive\n"


def at_most(length: int):
    return lambda value: len(value) <= length


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ("drop_last", "one\ntwo\n[…]"),
        ("drop_first", "[…]\nfour\nfive\n"),
        ("middle", "one\n[…]\nfive\n"),
    ],
)
def test_a_text_loses_whole_lines_where_it_is_told_to(how, kept) -> None:
    left = shrunk(LINES, how, at_most(14))

    assert (left.value, left.kept, left.of, left.unit) == (kept, 2, 5, "lines")


@pytest.mark.parametrize(
    ("how", "kept"), [("drop_last", [1, 2, 3]), ("drop_first", [3, 4, 5]), ("middle", [1, 2, 5])]
)
def test_a_list_loses_whole_items(how, kept) -> None:
    assert shrunk((1, 2, 3, 4, 5), how, at_most(3)).value == kept


def test_sentences_are_kept_from_the_beginning_whatever_the_lines() -> None:
    left = shrunk("First one. Second\none. Third one.", "sentences", at_most(26))

    assert left.value == "First one. Second\none.\n[…]"
    assert (left.kept, left.of, left.unit) == (2, 3, "sentences")


@pytest.mark.parametrize(
    ("length", "kept", "unit"),
    [
        (22, "A long line. It has a\n[…]", "words"),
        (24, "A long line.\n[…]", "sentences"),
        (9, "A\n[…]", "words"),
    ],
)
def test_where_no_line_fits_sentences_and_then_words_are_tried(length, kept, unit) -> None:
    text = "A long line. It has a lot of words."
    if length == 22:
        text = "A long line it has a lot of words and it never ends"
        kept = "A long line it has\n[…]"

    left = shrunk(text, "drop_last", at_most(length))

    assert (left.value, left.unit) == (kept, unit)


def test_what_has_no_room_at_all_is_empty_and_counted_in_its_largest_units() -> None:
    left = shrunk(LINES, "drop_last", at_most(0))

    assert (left.value, left.kept, left.of, left.unit) == ("", 0, 5, "lines")


@given(
    st.text(max_size=80),
    st.sampled_from(["drop_last", "drop_first", "middle", "sentences"]),
    st.integers(0, 80),
)
def test_what_is_left_fits_and_says_that_it_was_cut(text, how, length) -> None:
    left = shrunk(text, how, at_most(length))

    assert len(left.value) <= length
    if left.kept < left.of and left.kept:
        assert LEFT_OUT in left.value
        for piece in left.value.split(LEFT_OUT):
            assert piece.strip("\r\n").rstrip() in text
