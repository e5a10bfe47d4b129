"""Where a word of a template stands in its file."""

from __future__ import annotations

import pytest

from promptkit.passages import Passage

LINES = ["note of a note {{ note }}", "{% if other.note %}a/b{{ 'a/b' }}{% endif %}"]


@pytest.mark.parametrize(
    ("word", "spelling", "place"),
    [
        ("note", "", (7, 19)),
        ("note", r"(?<![\w.])other\s*\.\s*(?P<word>note)", (8, 13)),
        ("note", r"(?P<word>nowhere)", (7, 19)),
        ("of", "", (7, 6)),
        ("a/b", "", (8, 27)),
        ("absent", "", None),
    ],
)
def test_a_word_is_found_as_it_is_spelled_and_inside_expressions_first(
    word: str, spelling: str, place: tuple[int, int] | None
) -> None:
    assert Passage(LINES, 7).find(word, spelling) == place


def test_an_expression_ends_with_its_line() -> None:
    assert Passage(["{{ open", "word {{ word }}"], 1).find("word") == (2, 9)
