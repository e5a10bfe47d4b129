"""Cleaning takes out what nobody sees, breaks special tokens, changes nothing else, and leads back."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptkit.cleaning import WAYS, Cleaned, clean, clean_inputs

TOKENS = [
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|channel|>"),
    *("<start_of_turn>", "<end_of_turn>", "<bos>", "<s>", "</s>", "<unused12>", "<turn|>", "<|turn>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[gMASK]", "<tool_call>", "</think>"),
    *("<｜begin▁of▁sentence｜>", "<｜User｜>", "＜｜im_start｜＞"),
]
PIECES = st.sampled_from(
    [
        *"ab <>|\\[]\r\n\t\0\x7f\x85\u00ad\u200b\u200c\u200d\u200e\u202e\u2066\ufeff\U000e0041",
        "<|im_start|>",
        "im_end|>",
        "[INST]",
        "<start_of_turn>",
        "</s>",
        "<<SYS>>",
        "<turn|>",
        "می",
        "क्",
        "👩",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ]
)
TEXTS = st.lists(PIECES | st.characters(), max_size=25).map("".join)
CHOSEN = st.sampled_from([("controls",), ("tokens",), WAYS])


@given(TEXTS, CHOSEN)
@example("<\u200b|im_\u200bstart|>", WAYS)
def test_cleaning_twice_is_cleaning_once(text: str, ways) -> None:
    once = str(clean(text, ways))

    assert clean(once, ways) is once


@given(TEXTS, CHOSEN)
@example("<\u200b|im_\u200bstart|>", WAYS)
def test_the_changes_lead_back_and_nothing_else_changes(text: str, ways) -> None:
    made = clean(text, ways)
    if not isinstance(made, Cleaned):
        assert made is text
        return
    restored, at = "", 0
    for change in made.changes:
        assert made[change.cleaned :].startswith(change.after)
        assert text[change.original :].startswith(change.before)
        assert change.after in ("", "\\")
        assert bool(change.after) != bool(change.before)
        restored += made[at : change.cleaned] + change.before
        at = change.cleaned + len(change.after)

    assert restored + made[at:] == text == made.original


@given(st.lists(st.sampled_from(TOKENS) | PIECES, min_size=1, max_size=12).map("".join))
def test_no_special_token_is_left_however_they_are_put_together(text: str) -> None:
    cleaned = clean(text, WAYS)

    assert [token for token in TOKENS if token in cleaned] == []


@given(TEXTS, CHOSEN, st.data())
@example("<\u200b|im_\u200bstart|>", WAYS, None)
def test_every_passage_leads_to_the_passage_of_the_original_that_cleans_to_it(text, ways, data) -> None:
    made = clean(text, ways)
    if not isinstance(made, Cleaned):
        return
    added = {change.cleaned for change in made.changes if change.after}
    for at, letter in enumerate(made):
        first, last = made.span(at, at + 1)
        assert text[first:last] == ("" if at in added else letter)
    if data is not None:
        start = data.draw(st.integers(0, len(made)))
        end = data.draw(st.integers(start, len(made)))
        first, last = made.span(start, end)
        assert 0 <= first <= last <= len(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b\x1b[31m\x7f\x85c", "ab[31mc"),
        ("one\ttwo\nthree\r\nfour\rfive", "one\ttwo\nthree\r\nfourfive"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("pass\u200bword\ufeff\u2060", "password"),
        ("a\u200db\u200cc", "abc"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200b\u200c\u200cخواهم\u200c", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("👩\u200c💻", "👩💻"),
        ("x\U000e0069\U000e0067", "x"),
        (
            "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
            "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        ),
        ("naïve café — „Zitat“ 日本語 👍🏽", "naïve café — „Zitat“ 日本語 👍🏽"),
    ],
    ids=ascii,
)
def test_controls_take_out_what_nobody_sees_and_keep_what_words_need(text: str, cleaned: str) -> None:
    assert clean(text, ("controls",)) == cleaned


@pytest.mark.parametrize("token", TOKENS)
def test_a_special_token_is_broken_behind_its_first_character(token: str) -> None:
    made = clean(f"say {token} now", ("tokens",))

    assert made == f"say {token[0]}\\{token[1:]} now"
    assert isinstance(made, Cleaned)
    assert made.original == f"say {token} now"


@pytest.mark.parametrize(
    "text", ["a < b | c > d", "x |> f <| y", "<b>bold</b>", "[a link](x)", "f(a)[i]", "[inst]"]
)
def test_what_is_no_token_stays(text: str) -> None:
    assert clean(text, WAYS) is text


def test_a_token_that_unseen_characters_hid_or_that_stands_in_another_is_broken() -> None:
    assert clean("<|im_\u200bstart|>", WAYS) == "<\\|im_start|>"
    assert clean("<|im_<|im_start|>start|>", WAYS) == "<|im_<\\|im_start|>start|>"


def test_inputs_are_cleaned_at_any_depth_and_others_are_left_alone() -> None:
    values = {"doc": {"a b": ["x\0", 3, None]}, "other": "y\0"}

    made = clean_inputs(values, {"doc": ("controls",), "absent": WAYS})

    assert made.shown == {"doc": {"a b": ["x", 3, None]}, "other": "y\0"}
    assert {path: text.original for path, text in made.cleaned.items()} == {'doc["a b"][0]': "x\0"}
    assert type(made.shown["doc"]["a b"][0]) is str
    assert values == {"doc": {"a b": ["x\0", 3, None]}, "other": "y\0"}


def test_a_cleaned_text_survives_pickling_and_refuses_passages_that_it_has_not() -> None:
    made = clean("x\0y", ("controls",))

    assert isinstance(made, Cleaned)
    copied = pickle.loads(pickle.dumps(made))
    assert (copied, copied.original, copied.changes) == (made, made.original, made.changes)
    with pytest.raises(ValueError, match="no passage from 1 to 9 in a text of 2"):
        made.span(1, 9)
