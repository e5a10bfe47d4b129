"""Quotations: found exactly or folded, with the offsets of the source, in what the model was shown."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.completions import Quotation
from promptkit.constraints import Excerpt, quoted_from
from promptkit.constraints.alignment import aligned
from promptkit.constraints.folding import INVISIBLE

BODY = (
    "Hi,\n  it\u2019s \u201curgent\u201d \u2014 the e\u0301cran\u2026 and the \ufb01nal co\u00adpy, urgent."
)
INPUTS = {
    "ticket": {"body": BODY},
    "passages": [{"id": 1, "text": "Hold  reset."}, {"id": 2, "text": "Unplug it."}, {"id": 3, "odd name": ["deep"]}],
}  # fmt: skip


def quotations(source, quote, *, inputs=INPUTS, shown=None):
    verdict = quoted_from("x", source).check({"x": quote}, inputs, shown=shown)
    assert (verdict.outcome == "held") == bool(verdict.quotations)
    return verdict.quotations


@pytest.mark.parametrize(
    ("quote", "passage", "exact"),
    [
        ("urgent", "urgent", True),
        ("it\u2019s", "it\u2019s", True),
        ("Hi, it's", "Hi,\n  it\u2019s", False),
        ('"urgent" - the', "\u201curgent\u201d \u2014 the", False),
        ('"urgent" -- the', "\u201curgent\u201d \u2014 the", False),
        ("the \u00e9cran", "the e\u0301cran", False),
        ("cran...", "cran\u2026", False),
        ("\u00e9cran... and", "e\u0301cran\u2026 and", False),
        ("the final copy", "the \ufb01nal co\u00adpy", False),
        ("the \uff46inal", "the \ufb01nal", False),
        ("  urgent.\n", "urgent.", False),
        ("co\u200bpy", "co\u00adpy", False),
        ("ecran", None, False),
        ("inal copy", None, False),
        ("Urgent.", None, False),
        ("urgent copy", None, False),
        ("", None, False),
        (" \u200b", None, False),
    ],
)
def test_a_quote_is_found_with_the_offsets_of_its_passage(quote, passage, exact):
    found = quotations("ticket.body", quote)

    if passage is None:
        assert found == ()
    else:
        [quotation] = found
        assert (quotation.path, quotation.source, quotation.exact) == ("x", "ticket.body", exact)
        assert BODY[quotation.start : quotation.end] == passage


@pytest.mark.parametrize(
    ("source", "quote", "place"),
    [
        ("passages[].text", "Unplug", Quotation(path="x", source="passages[1].text", start=0, end=6, exact=True)),
        ("passages", "Hold reset", Quotation(path="x", source="passages[0].text", start=0, end=11, exact=False)),
        ("passages", "deep", Quotation(path="x", source='passages[2]["odd name"][0]', start=0, end=4, exact=True)),
        ("passages[id=2].text", "it.", Quotation(path="x", source="passages[1].text", start=7, end=10, exact=True)),
    ],
)  # fmt: skip
def test_the_place_of_a_quotation_is_the_concrete_one(source, quote, place):
    assert quotations(source, quote) == (place,)


def test_an_exact_passage_goes_before_an_earlier_one_that_is_folded():
    [found] = quotations("texts", "a b", inputs={"texts": ["a  b", "a b a b"]})

    assert (found.source, found.start, found.end, found.exact) == ("texts[1]", 0, 3, True)


def test_a_quote_is_looked_for_in_the_object_that_the_item_names():
    constraint = quoted_from("cited[].text", "passages[id=.doc].text")
    output = {"cited": [{"doc": 2, "text": "Unplug it."}, {"doc": 1, "text": "Unplug it."}]}

    verdict = constraint.check(output, INPUTS)

    assert verdict.places == ("cited[1].text",)
    assert [found.source for found in verdict.quotations] == ["passages[1].text"]


@pytest.mark.parametrize(
    ("shown", "held"),
    [
        (None, True),
        (("Ticket:\n  Hi,\n  it\u2019s \u201curgent\u201d",), True),
        (('It\'s "urgent" was said',), False),
        (('it\'s    "urgent"',), True),
        ((json.dumps({"body": BODY}),), True),
        ((json.dumps({"body": BODY}, ensure_ascii=False),), True),
        ((f"<<<{BODY}>>>",), True),
        (("Hi, ...", "nothing else"), False),
        ((), False),
    ],
)
def test_a_passage_counts_only_where_the_model_was_shown_it(shown, held):
    verdict = quoted_from("x", "ticket.body").check(
        {"x": "it\u2019s \u201curgent\u201d"}, INPUTS, shown=shown
    )

    assert (verdict.outcome == "held") is held
    if not held:
        assert verdict.got == (
            '"it\u2019s \u201curgent\u201d", which stands in a part of the input that the model was not shown'
        )
        assert verdict.hint == "Copy a passage of `ticket.body` exactly as it is written there."


def test_a_made_up_quote_is_not_said_to_be_hidden():
    verdict = quoted_from("x", "ticket.body").check({"x": "made up"}, INPUTS, shown=("nothing",))

    assert verdict.got == '"made up"'


@pytest.mark.parametrize(
    ("source", "inputs", "form"),
    [
        ("passages[].text", INPUTS, Excerpt(("Hold  reset.", "Unplug it."))),
        ("passages[].text", None, Excerpt(None)),
        ("passages[id=.doc].text", INPUTS, None),
        ("nothing", INPUTS, None),
        ("blank", {"blank": [" ", None, 3]}, None),
    ],
)
def test_a_decoder_is_told_the_texts_of_the_source(source, inputs, form):
    assert quoted_from("x", source).rule.form(inputs) == form


ALPHABET = "ab '\"-.\u00ad\u200b\u0301\u00e9\u201c\u2019\u2026\ufb01\u00bd\uff76\uff9e\uac01\u1100\u1161\u11a8\u3131\uff21\uff0c\u4eac\u3000\n\ufe0f\u09c7\u09be\u044f"


def folded_whole(text: str) -> str:
    plain = re.sub(INVISIBLE, "", text)
    plain = "".join({"\u201c": '"', "\u2019": "'"}.get(char, char) for char in plain)
    return " ".join(re.sub("-{2,3}", "-", unicodedata.normalize("NFKC", plain)).split())


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet=ALPHABET.replace("-", ""), max_size=20))
def test_folding_piece_by_piece_is_folding_the_whole(text):
    assert aligned(text).folded == folded_whole(text)


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet=ALPHABET, max_size=20), st.text(alphabet=ALPHABET, min_size=1, max_size=8))
def test_what_is_found_folds_as_the_quote_does(source, quote):
    for text in (source, f"{source}{quote}{source}", f"{source} {quote} {source}"):
        found = quotations("t", quote, inputs={"t": text})
        if f" {quote} " in text and aligned(quote).folded:
            assert found
        for place in found:
            passage = text[place.start : place.end]
            assert passage == quote if place.exact else aligned(passage).folded == aligned(quote).folded


@pytest.mark.parametrize(
    ("source", "quote"),
    [
        ("a" * 1_000_000, "a" * 500_000 + "b"),
        ("a  " * 300_000, "a " * 200_000 + "b"),
        ("\ufb01" * 100_000, "i" * 1000),
        ("e" + "\u0301" * 300_000, "e\u0301"),
        ("\ud800" * 100_000, "\ud800\ud801"),
        ("word " * 200_000 + "the \u201cend\u201d", 'the "end"'),
    ],
)
def test_long_sources_are_searched_in_one_go(source, quote):
    found = quotations("t", quote, inputs={"t": source})

    assert bool(found) is (quote[0] in "et")
