from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.backends.llama.shields import Shield

CONTROL = ["<a>", "<a><b>", "[x]", "aab", "<|im_end|>", "?"]
DEFINED = ["<t>", "</t>"]
LETTERS = st.text(alphabet="<a>b/t[x]|im_end?\ue000\ue001\ue002\ue003 \n", max_size=30)
SHIELD = Shield(control=CONTROL, defined=DEFINED)


@given(LETTERS)
def test_protected_text_holds_no_marker_and_comes_back_unchanged(text):
    protected = SHIELD.protect(text)

    assert list(SHIELD.markers(protected)) == [(protected, "")]
    assert "".join(SHIELD.restore(protected)) == text


@given(
    LETTERS.filter(str.strip),
    st.sampled_from(["", "<", "<a", "[", "</"]),
    st.sampled_from(["", ">", "]", "b", "t>"]),
)
def test_no_marker_grows_over_an_edge_of_content(text, before, after):
    rendered = before + SHIELD.protect(text).strip() + after

    assert [marker for _, marker in SHIELD.markers(rendered) if marker] == []


@given(LETTERS)
def test_no_restored_piece_spells_a_marker_that_llama_cpp_reads_from_text(text):
    pieces = SHIELD.restore(SHIELD.protect(text))

    assert not any(marker in piece for piece in pieces for marker in DEFINED)


def test_the_templates_own_markers_are_found_the_longest_first():
    found = list(SHIELD.markers(f"<a><b>{SHIELD.protect('x<a>')}</t>end"))

    assert [marker for _, marker in found] == ["<a><b>", "</t>", ""]


@pytest.mark.parametrize("text", ["", "<a>"])
def test_a_vocabulary_without_markers_protects_nothing(text):
    shield = Shield(control=[], defined=[])

    assert shield.protect(text) == text
    assert list(shield.markers(text)) == [(text, "")]
