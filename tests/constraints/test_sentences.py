"""Sentences are counted by their marks, spelling and abbreviations."""

from __future__ import annotations

import pytest

from promptkit.constraints import sentence_ends

COUNTED = [
    ("", 0),
    ("  \n", 0),
    ("One", 1),
    ("One. Two! Three?", 3),
    ("Dr. Smith met Mr. Doe. They left.", 2),
    ("See No. 5 for this. No. We cannot.", 3),
    ("It costs 3.5 euros. Good.", 2),
    ("Wait... what? Yes.", 2),
    ("Wait... What?", 2),
    ("What?! No!", 2),
    ('He said "Go." She left.', 2),
    ('"Why?" he asked. "Because."', 2),
    ("Use e.g. apples, i.e. fruit. Done.", 2),
    ("J. R. R. Tolkien wrote it.", 1),
    ("The U.S. President spoke. All listened.", 2),
    ("We met at 5 p.m. Then we left.", 2),
    ("Das ist z. B. Unsinn. Ja.", 2),
    ("Das ist z.B. Unsinn. Ja.", 2),
    ("Am 3. Mai kam er. Gut.", 2),
    ("1. First do this.\n2. Then do that.", 2),
    ("はい。いいえ！本当？", 3),
    ("「行く。」と言った。", 1),
    ("「はい。」「いいえ。」", 2),
    ("你好。我很好。", 2),
    ("Hello…", 1),
    ("!!!", 1),
    ("See (p. 3). Then go.", 2),
    ("Bold **text.** Next one.", 2),
    ("A heading\n\nA text without a mark", 2),
    ("Visit example.com/a.b now. Ok.", 2),
    ("हाँ। नहीं।", 2),
    ("Acme Inc. was sold. Acme Inc. Then it died.", 3),
    ("Vgl. Abb. 3 auf S. 5 usw. Danach weiter.", 2),
    ("Hi there :) How are you?", 1),
    ("On Jan. 5 we met. In May. It rained.", 3),
    ("Ph.D. students agree. Prof. Dr. Meyer too.", 2),
    ("Really? yes.", 2),
    ("I like it.She does.", 1),
    ("- a\n- b\n- c", 1),
    ("Nr. 5 ist da.", 1),
    ("Version 2.0. It works.", 2),
]


@pytest.mark.parametrize(("text", "count"), COUNTED)
def test_sentences_are_counted(text, count):
    assert len(sentence_ends(text)) == count


def test_a_sentence_ends_behind_the_quotes_that_close_with_it():
    text = 'He said "Go." She left. '

    assert [text[:end] for end in sentence_ends(text)] == ['He said "Go."', 'He said "Go." She left.']
