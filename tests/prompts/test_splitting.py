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


@pytest.mark.parametrize(
    "character",
    [
        "e\u0301",
        "\u0928\u093f",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1e9\U0001f1ea",
        "\U0001f44d\U0001f3fd",
        "\u2764\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ".\r\n",
    ],
)
@pytest.mark.parametrize("tokens", [2, 3, 7])
def test_a_character_of_several_code_points_is_not_split(character: str, tokens: int) -> None:
    parts = list(pk.chunks(character * 40, tokens=tokens))

    assert all(part.text == character * (len(part.text) // len(character)) for part in parts)
    assert "".join(part.text for part in parts) == character * 40


def test_a_character_that_is_too_long_alone_is_split_all_the_same() -> None:
    parts = list(pk.chunks("e" + "\u0301" * 200, tokens=1))

    assert [part.tokens for part in parts[:3]] == [1, 1, 1]
    assert "".join(part.text for part in parts) == "e" + "\u0301" * 200


class Counting(pk.backends.MockBackend):
    """Counts as the mock does, and how many characters it was given in all."""

    characters = 0

    def count_tokens(self, messages):
        self.characters += sum(len(message.text) for message in messages)
        return super().count_tokens(messages)


@pytest.mark.parametrize("text", ["x" * 40_000, "word " * 8_000, "A sentence. " * 3_300, "a\r\n" * 13_000])
def test_the_work_grows_with_the_text_and_not_with_its_square(text: str) -> None:
    half, whole = Counting(), Counting()

    few = sum(1 for _ in pk.chunks(text[: len(text) // 2], tokens=20, backend=half))
    many = sum(1 for _ in pk.chunks(text, tokens=20, backend=whole))

    assert many == pytest.approx(2 * few, rel=0.02)
    assert whole.characters < 2.2 * half.characters


def test_parts_of_half_a_token_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        pk.chunks("text", tokens=2.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
