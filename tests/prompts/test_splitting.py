"""Long texts in parts: their size, their places, and where they are split."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import promptkit as pk
from promptkit.errors import InputError

TEXT = "One sentence here. Another one there.\nA line of its own.\n\nThe last sentence of all."


def test_parts_end_at_lines_and_sentences_and_know_their_place() -> None:
    parts = list(pk.chunks(TEXT, tokens=10))

    assert [part.text for part in parts] == [
        "One sentence here. Another one there.\n",
        "A line of its own.\n\n",
        "The last sentence of all.",
    ]
    assert all(TEXT[part.start : part.end] == part.text for part in parts)


def test_an_overlap_repeats_whole_sentences() -> None:
    parts = list(pk.chunks("Ab cd. " * 40, tokens=20, overlap=6))

    assert all(later.start < earlier.end for earlier, later in itertools.pairwise(parts))
    assert all(part.text.startswith("Ab") for part in parts)
    assert parts[-1].end == 280


@given(st.text(max_size=300), st.integers(1, 30), st.integers(0, 29))
def test_the_parts_cover_the_text_and_none_is_too_long(text, tokens, overlap) -> None:
    parts = list(pk.chunks(text, tokens=tokens, overlap=min(overlap, tokens - 1)))

    assert "".join(text[max(part.start, before) : part.end] for part, before in _with_ends(parts)) == text
    assert all(part.tokens <= tokens for part in parts)
    assert all(earlier.end < later.end for earlier, later in itertools.pairwise(parts))


def _with_ends(parts):
    return zip(parts, [0, *(part.end for part in parts)], strict=False)


def test_a_long_word_is_split_between_its_characters() -> None:
    assert [part.text for part in pk.chunks("x" * 10, tokens=1)] == ["xxxx", "xxxx", "xx"]


def test_a_backend_counts_its_own_tokens() -> None:
    parts = list(pk.chunks(TEXT * 5, tokens=30, backend="llama:demo"))

    assert "".join(part.text for part in parts) == TEXT * 5
    assert all(0 < part.tokens <= 30 for part in parts)


@pytest.mark.parametrize(("tokens", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_sizes_without_sense_are_refused(tokens, overlap) -> None:
    with pytest.raises(InputError, match="a part has at least 1 token"):
        list(pk.chunks("a", tokens=tokens, overlap=overlap))


def test_no_part_lies_within_the_one_before() -> None:
    text = "Aaaa aaaa aaaa aaaa. Bb bb bb. Cccc cc cccc ccc ccc cc ccc cc cccc cccc. Dd dd."

    parts = list(pk.chunks(text, tokens=11, overlap=4))

    assert [(part.start, part.end) for part in parts] == [(0, 31), (31, 73), (73, 79)]
