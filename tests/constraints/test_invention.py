"""No invented numbers, addresses and quotations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.constraints import no_invented
from promptkit.constraints.claims import claims_of, number_key

INPUTS = {
    "ticket": {
        "body": (
            "Order A-1042 of 31.01.2026 cost $1,250.50 (19% tax) for 12 500 screws, size 3.\n"
            "See https://Shop.example/a_(b)/, or write to Help@shop.example. She said \u201cit\u2019s  broken\u201d."
        ),
        "count": 7,
    },
    "kb": ["Hold reset for 10 seconds.", {"rate": 0.25, "on": True}],
}


@pytest.mark.parametrize(
    "value",
    [
        "No claim at all.",
        "It cost 1250.5 or 1.250,50 or 1'250.50 dollars.",
        "12,500 or 12.500 or 12500 or 12\u202f500 screws",
        "a 19 % tax, 19 percent, 19%",
        "Order A-1042 and order a-1042.",
        "on 2026-01-31, on 1/31/2026",
        "the 3rd, 3. time, +3, -3, 3kg, mid-2026",
        "\uff13 screws, \u0663 screws",
        "1. Hold reset\n2) Wait 10 s\n  - 4. Done\n> 5. So",
        "at https://shop.example/a_(b) (see https://SHOP.example/a_(b)/).",
        "[here](https://Shop.example/a_(b)), <help@shop.example>",
        'She said "it\'s broken."',
        7,
        7.0,
        0.25,
        True,
        {"rows": [{"n": 10}, "3"], "none": None},
    ],
)
def test_what_stands_in_the_inputs_is_not_invented(value):
    assert no_invented("x").check({"x": value}, INPUTS).outcome == "held"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("It cost 1250.55.", 'the number "1250.55"'),
        ("It cost 1,251 now.", 'the number "1,251"'),
        ("Order A-1043.", 'the number "A-1043"'),
        ("Order 1042.", 'the number "1042"'),
        ("Order B-1042.", 'the number "B-1042"'),
        ("on 2026-02-31", 'the number "02"'),
        ("Give 4. Then 7", 'the number "4"'),
        ("1. Take 4", 'the number "4"'),
        ("123. Too long for a list", 'the number "123"'),
        ("version v2.1", 'the number "v2.1"'),
        ("https://shop.example/a_(b)/c", 'the URL "https://shop.example/a_(b)/c"'),
        ("https://shop.exampl", 'the URL "https://shop.exampl"'),
        ("www.evil.example.", 'the URL "www.evil.example"'),
        ("me@shop.example", 'the e-mail address "me@shop.example"'),
        ('She said "it\'s fine".', 'the quotation "it\'s fine"'),
        ("She said \u201eIt\u2019s broken\u201c.", 'the quotation "It\u2019s broken"'),
        (8, 'the number "8"'),
        (-0.26, 'the number "-0.26"'),
        (
            10**400,
            'the number "1000000000000000000000000000000000000000000000000000000000000000000000000000000',
        ),
        ({"rows": [{"n": 10}, {"n": 11}]}, 'the number "11"'),
    ],
)
def test_the_first_invention_is_named(value, got):
    verdict = no_invented("x").check({"x": value}, INPUTS)

    assert verdict.outcome == "violated"
    assert verdict.got is not None
    assert verdict.got == got or (len(got) > 60 and verdict.got.startswith(got[:60]))
    assert verdict.hint is not None
    assert verdict.hint.startswith(f"Leave out {got[:40]}")


def test_numbers_may_be_groups_or_neighbours():
    inputs = {"t": "In 12 300 people came."}

    for value in ("12300", "300 people", "12 300"):
        assert no_invented("x").check({"x": value}, inputs).outcome == "held"
    assert no_invented("x").check({"x": "300 12 in all"}, inputs).outcome == "held"
    assert no_invented("x").check({"x": "2 300"}, inputs).outcome == "violated"


@pytest.mark.parametrize(
    ("constraint", "value", "outcome"),
    [
        (no_invented("x", ["urls"]), "99 at https://a.example", "violated"),
        (no_invented("x", ["urls"]), "99 people", "held"),
        (no_invented("x", ["numbers"]), "https://a.example/99 and a99@b.example", "held"),
        (no_invented("x", ["emails", "quotes"]), 99, "held"),
        (no_invented("x", sources=["kb"]), "10 s", "held"),
        (no_invented("x", sources=["kb"]), "A-1042", "violated"),
        (no_invented("x", sources=["kb", "ticket.body"]), "A-1042 and 10", "held"),
        (no_invented("x", sources=["kb[1].rate"]), 0.25, "held"),
        (no_invented("x", sources=["absent"]), 0.25, "violated"),
    ],
)
def test_what_is_judged_and_where_it_must_come_from_can_be_chosen(constraint, value, outcome):
    assert constraint.check({"x": value}, INPUTS).outcome == outcome


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        (no_invented("x"), "`x` takes every number, URL, e-mail address and quotation from the input."),
        (no_invented("", ["urls"]), "The answer takes every URL from the input."),
        (no_invented("x", sources=["ticket.body", "kb"]), "`x` takes every number, URL, e-mail address and quotation from `ticket.body` and `kb`."),
        (no_invented("rows[].n", ["numbers", "quotes"], sources=["kb"]), "`n` of each item of `rows` takes every number and quotation from `kb`."),
    ],
)  # fmt: skip
def test_it_is_said_as_what_comes_from_where(constraint, sentence):
    assert constraint.sentence() == sentence


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="01239.,' -:/aA\"\u201c\u201d@x\n()\u00a0\u0663", max_size=30))
def test_a_text_invents_nothing_beside_itself_and_its_cut_nothing_beside_nothing(text):
    constraint = no_invented("x")

    assert constraint.check({"x": text}, {"t": text}).outcome == "held"
    for claim in claims_of(text):
        assert text[claim.start : claim.end] == claim.text


@given(st.integers(min_value=0) | st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_a_number_of_json_is_the_number_that_its_text_claims(number):
    text = number_key(number)

    assert [text] == [key for claim in claims_of(f" {text} ") for key in claim.keys if key == text]


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "123 ", "1.", "a@", '"', '"a', "a1-", "http://", "1,000 at https://a.com ", "-", "("]
)
def test_long_texts_are_read_in_one_go(piece):
    assert sum(1 for _ in claims_of(piece * (100_000 // len(piece)))) <= 100_000
