"""Rules about texts, each ability over all kinds: said, narrowed, decoded, checked, hinted, bounded, fitted."""

from __future__ import annotations

import json
import pickle
import re

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.constraints import (
    KINDS,
    Bounds,
    Decodes,
    Fits,
    Hints,
    Matches,
    Narrows,
    Scope,
    Unjudged,
    Whole,
    Without,
    check_paths,
    from_file,
)
from promptkit.constraints.patterns import matches_whole

NOWHERE = Scope(output=None, inputs={})
TEXT = {"type": "string"}
LIST = {"type": "array", "items": {"type": "string"}}


def rule(kind, argument):
    return from_file(kind, argument, path="x", options={}).rule


def held(made, value):
    return made.fault(value, NOWHERE) is None


SAID = [
    ("min_characters", 1, "`x` is not empty."),
    ("min_characters", 40, "`x` has at least 40 characters."),
    ("max_characters", 280, "`x` has at most 280 characters."),
    ("characters", [40, 280], "`x` has 40 to 280 characters."),
    ("min_words", 1, "`x` has at least 1 word."),
    ("min_words", 80, "`x` has at least 80 words."),
    ("max_words", 120, "`x` has at most 120 words."),
    ("words", [80, 120], "`x` has 80 to 120 words."),
    ("words", [0, 5], "`x` has at most 5 words."),
    ("min_sentences", 2, "`x` has at least 2 sentences."),
    ("max_sentences", 1, "`x` has at most 1 sentence."),
    ("sentences", [3, 3], "`x` has exactly 3 sentences."),
    ("min_lines", 1, "`x` is not empty."),
    ("max_lines", 4, "`x` has at most 4 lines."),
    ("lines", [1, 1], "`x` has exactly 1 line."),
    ("min_items", 1, "`x` is not empty."),
    ("max_items", 5, "`x` has at most 5 items."),
    ("item_count", [2, 5], "`x` has 2 to 5 items."),
    ("matches", "[A-Z]{2}[0-9]{4}", "`x` matches the regular expression `[A-Z]{2}[0-9]{4}` as a whole."),
    ("starts_with", "Dear ", '`x` starts with "Dear ".'),
    ("starts_with", ["Dear ", "Hello "], '`x` starts with "Dear " or "Hello ".'),
    ("ends_with", [".", "!", "?"], '`x` ends with ".", "!" or "?".'),
    ("contains", "(a+b)", '`x` contains "(a+b)".'),
    ("contains", ["{name}", "{date}"], '`x` contains "{name}" and "{date}".'),
    ("never_says", ["refund guaranteed", "promise"], '`x` never says "refund guaranteed" or "promise".'),
    ("must_mention", "refund", '`x` mentions "refund".'),
    (
        "must_mention",
        ["refund", {"any": ["14 days", "two weeks"]}],
        '`x` mentions "refund" and one of "14 days" or "two weeks".',
    ),
    ("language", "de", "`x` is written in German."),
    ("language", ["de", "en"], "`x` is written in German or English."),
]
RULES = [(kind, argument) for kind, argument, _ in SAID]
VALUES = [
    "",
    "a",
    "Dear all, the refund of (a+b) comes in 14 days.",
    "One. Two!\nThree?\r\nFour",
    "We PROMISE a refund   guaranteed; a promise.",
    "AB1234",
    "{date}",
    "e.g. Dr. No",
    "a\x1cb\u2028c \u3000 d",
    "lorem ipsum " * 150,
    "a\nb\n\nd\ne",
    [],
    ["a"],
    ["a"] * 9,
]
HOSTILE = [
    "a" * 1_000_000,
    "a. " * 300_000,
    "\u0301" * 1_000_000,
    "\ud800\udc00\udfff a",
    "\0" * 1000,
    "\n" * 500_000,
]


def of_its_type(made, value):
    return isinstance(value, list) == ("array" in made.takes)


@pytest.mark.parametrize(("kind", "argument", "sentence"), SAID)
def test_a_rule_of_texts_is_said_in_frozen_words(kind, argument, sentence):
    assert from_file(kind, argument, path="x", options={}).sentence() == sentence


@pytest.mark.parametrize(("kind", "argument"), RULES)
def test_a_rule_knows_its_kind_and_pickles(kind, argument):
    made = rule(kind, argument)

    assert made.kind == kind
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(rule(kind, argument))


BOUNDED = [pair for pair in RULES if pair[0] not in ("matches", "language")]


@pytest.mark.parametrize(("kind", "argument"), BOUNDED)
def test_what_is_just_inside_holds_and_what_is_just_outside_breaks(kind, argument):
    made = rule(kind, argument)
    assert isinstance(made, Bounds)

    boundary = made.boundary(LIST if "array" in made.takes else TEXT, NOWHERE)

    assert boundary.inside
    assert boundary.outside
    assert all(held(made, value) for value in boundary.inside)
    assert not any(held(made, value) for value in boundary.outside)


@pytest.mark.parametrize(
    ("kind", "argument", "inside", "outside"),
    [
        ("words", [2, 3], ("The parcel", "The parcel is"), ("The", "The parcel is on")),
        ("max_characters", 4, ("The",), ("The p",)),
        ("min_sentences", 2, ("The parcel is on its way. The parcel is on its way.",), ("The parcel is on its way.",)),
        ("starts_with", "Dear", ("Dear", "Dear and more"), ("dEAR", " Dear", "Dea")),
        ("never_says", ["promise"], ("promisex", "xpromise", "promis"), ("promise", "PROMISE", "So promise.")),
        ("must_mention", "refund", ("refund", "REFUND", "About refund."), ("", "refundx", "Nothing.")),
    ],
)  # fmt: skip
def test_values_at_the_edge_are_readable(kind, argument, inside, outside):
    boundary = rule(kind, argument).boundary(TEXT, NOWHERE)

    if kind == "max_characters":
        inside = ("Thes",)
    assert (boundary.inside, boundary.outside) == (inside, outside)


def test_values_at_the_edge_stay_within_their_field():
    words = rule("words", [2, 8])

    assert words.boundary({"type": "string", "maxLength": 15}, NOWHERE).inside == (
        "The parcel",
        "a a a a a a a a",
    )
    assert words.boundary({"enum": ["a b"]}, NOWHERE).inside == ()
    assert rule("item_count", [2, 3]).boundary({"type": "array", "items": {"type": "integer"}}, NOWHERE).outside == (
        [1], [1, 2, 3, 1],
    )  # fmt: skip
    assert rule("max_characters", 10**9).boundary(TEXT, NOWHERE).inside == ()


FITTED = [pair for pair in RULES if pair[0] not in ("matches", "language")]


@pytest.mark.parametrize(("kind", "argument"), FITTED)
def test_a_fitted_value_holds(kind, argument):
    made = rule(kind, argument)
    assert isinstance(made, Fits)
    bad = [value for value in VALUES if of_its_type(made, value) and not held(made, value) and value != []]

    fitted = [made.fitted(value, NOWHERE) for value in bad]

    assert bad or argument == 1
    assert [value for value in fitted if not held(made, value)] == []


@pytest.mark.parametrize(("kind", "argument"), FITTED)
def test_a_value_that_holds_is_left_as_it_is(kind, argument):
    made = rule(kind, argument)

    good = [value for value in VALUES if of_its_type(made, value) and held(made, value)]

    assert [made.fitted(value, NOWHERE) for value in good] == good


@pytest.mark.parametrize(
    ("kind", "argument", "value", "fitted"),
    [
        ("max_words", 2, "a  b\nc d", "a  b"),
        ("max_sentences", 1, "Dr. No came. He left.", "Dr. No came."),
        ("max_lines", 2, "a\r\nb\nc", "a\r\nb\n"),
        ("min_sentences", 2, "One", "One. The parcel is on its way."),
        ("never_says", ["we promise"], "So, we we promise promise it.", "So, it."),
        ("must_mention", ["refund", {"any": ["x", "y"]}], "About y.", "About y. refund"),
        ("starts_with", "Dear", "all", "Dear all"),
        ("max_items", 1, [1, 2], [1]),
        ("min_items", 3, [1, 2], [1, 2, 2]),
    ],
)
def test_a_fitted_value_is_near_to_the_given_one(kind, argument, value, fitted):
    assert rule(kind, argument).fitted(value, NOWHERE) == fitted


@pytest.mark.parametrize(
    ("kind", "argument", "fragment", "narrowed"),
    [
        ("max_characters", 9, TEXT, {**TEXT, "maxLength": 9}),
        ("characters", [2, 9], {**TEXT, "minLength": 3, "maxLength": 5}, {**TEXT, "minLength": 3, "maxLength": 5}),
        ("item_count", [2, 9], {**LIST, "minItems": 1}, {**LIST, "minItems": 2, "maxItems": 9}),
        ("item_count", [0, 9], LIST, {**LIST, "maxItems": 9}),
        ("words", [2, 9], TEXT, TEXT),
        ("sentences", [2, 9], TEXT, TEXT),
        ("matches", r"\d{4}-[\w.]+", TEXT, {**TEXT, "pattern": "^(?:[0-9]{4}-[0-9A-Za-z_.]+)$"}),
        ("matches", "a", {**TEXT, "pattern": "b"}, {**TEXT, "pattern": "b"}),
        ("starts_with", ["a.", "b"], TEXT, {**TEXT, "pattern": r"^(?:a\.|b)"}),
        ("ends_with", "?", TEXT, {**TEXT, "pattern": r"(?:\?)$"}),
        ("contains", "{a}", TEXT, {**TEXT, "pattern": r"\{a\}"}),
        ("contains", ["a", "b"], TEXT, TEXT),
        ("contains", "a", {**TEXT, "pattern": "b"}, {**TEXT, "pattern": "b"}),
        ("starts_with", "\ud800", TEXT, TEXT),
        ("contains", "a" * 1001, TEXT, TEXT),
    ],
)  # fmt: skip
def test_a_schema_says_what_it_can(kind, argument, fragment, narrowed):
    before = dict(fragment)

    assert rule(kind, argument).narrow(fragment) == narrowed
    assert fragment == before


@pytest.mark.parametrize(
    "pattern",
    [r"\s", r"\ba", r"\p{L}+", "(?i)a", "(?P<n>a)", r"\Aa", "[a&&b]", "[[a]b]", "[]a]", "a++", r"a\-", r"[^\W]", "^*", "}"],
)  # fmt: skip
def test_a_pattern_that_engines_read_differently_is_only_decoded(pattern):
    made = Matches(pattern) if pattern not in ("[]a]", "^*", "}") else None
    if made is None:
        from promptkit.constraints.portable import as_portable

        assert as_portable(pattern) is None
        return

    assert made.narrow(TEXT) == TEXT
    assert made.form(None) == Whole(pattern)


NARROWING = [
    pair for pair in RULES if pair[0] in ("characters", "min_characters", "max_characters", "matches")
]
NARROWING += [
    (kind, argument) for kind, argument in RULES if kind in ("starts_with", "ends_with", "contains")
]


@settings(deadline=None, max_examples=60)
@given(text=st.text() | st.sampled_from(VALUES[:11]) | st.text(alphabet="a+b(){}namedte.DrHlo AB12?!\n"))
@pytest.mark.parametrize(("kind", "argument"), NARROWING)
def test_the_check_and_the_narrowed_schema_agree(kind, argument, text):
    made = rule(kind, argument)
    narrowed = made.narrow(TEXT)
    validator = jsonschema_rs.Draft202012Validator(narrowed)

    assert narrowed == TEXT or validator.is_valid(text) == held(made, text)


@settings(deadline=None, max_examples=60)
@given(text=st.text() | st.sampled_from(VALUES[:11]) | st.text(alphabet="a b\x1c\u2028\n\t"))
@pytest.mark.parametrize(("kind", "argument"), [
    ("max_words", 3), ("words", [2, 4]), ("min_words", 2), ("words", [0, 2]), ("characters", [2, 5]),
    ("max_lines", 2), ("lines", [2, 3]), ("min_lines", 1), ("contains", "a b"), ("starts_with", ["a", " b"]),
])  # fmt: skip
def test_the_check_and_the_form_agree(kind, argument, text):
    made = rule(kind, argument)
    form = made.form(None)
    if "lines" in kind:
        text = re.sub("\r(?!\n)", "", text)

    assert matches_whole(form.pattern, text) == held(made, text)


def test_what_no_pattern_can_say_has_no_form():
    assert rule("sentences", [1, 2]).form(None) is None
    assert rule("max_items", 2).form(None) is None
    assert rule("max_words", 100_000).form(None) is None
    assert rule("contains", ["a", "b"]).form(None) is None
    assert rule("never_says", ["a b", "c"]).form(None) == Without(("a b", "c"))
    assert all(isinstance(rule(kind, argument), Hints) for kind, argument in RULES)
    assert isinstance(rule("max_words", 2), Decodes)
    assert isinstance(rule("max_items", 2), Narrows)


@pytest.mark.parametrize(
    ("kind", "argument", "value", "fault", "hint"),
    [
        ("words", [2, 3], "a", "1 word", "Add at least 1 word."),
        ("words", [2, 3], "a b c d", "4 words", "Shorten it by 1 word."),
        ("words", [2, 3], 5, "an integer", "Write a text of 2 to 3 words."),
        ("max_items", 1, ["a", "b", "c"], "3 items", "Leave out 2 items."),
        ("max_items", 1, "ab", "a string", "Write a list of at most 1 item."),
        ("min_lines", 2, "a\n", "1 line", "Add at least 1 line."),
        ("max_lines", 2, "a\n\nb", "3 lines", "Shorten it by 1 line."),
        ("max_characters", 2, "e\u0301e", "3 characters", "Shorten it by 1 character."),
        ("sentences", [1, 1], "One. Two.", "2 sentences", "Shorten it by 1 sentence."),
        ("starts_with", "Dear ", "dear all", 'it starts with "dear all"', 'Begin it with "Dear ", letter for letter.'),
        ("starts_with", "Dear ", "", "an empty text", 'Begin it with "Dear ", letter for letter.'),
        ("ends_with", [".", "!"], "so", 'it ends with "so"', 'End it with "." or "!", letter for letter.'),
        ("ends_with", ".", "x" * 99 + "so", f'it ends with "…{"x" * 57}so"', 'End it with ".", letter for letter.'),
        ("contains", ["a", "b", "c"], "a", 'no "b"', 'Write "b" and "c" in it, letter for letter.'),
        ("contains", "a", 5, "an integer", 'Write "a" in it, letter for letter.'),
        ("must_mention", ["a b", {"any": ["c", "d"]}], "A\nB", 'no "c" or "d"', 'Mention one of "c" or "d".'),
        ("must_mention", "refund", "refunded", 'no "refund"', 'Mention "refund".'),
        ("must_mention", "refund", 5, 'no "refund"', 'Mention "refund".'),
    ],
)  # fmt: skip
def test_a_broken_rule_says_what_was_found_and_what_to_do(kind, argument, value, fault, hint):
    made = rule(kind, argument)

    assert made.fault(value, NOWHERE) == fault
    assert made.hint(value, NOWHERE) == hint


@pytest.mark.parametrize(
    ("kind", "argument", "said"),
    [
        ("max_lines", 0, "max_lines takes a whole number from 1, as in max_lines: 3; got 0"),
        ("min_items", "3", "min_items takes a whole number from 1, as in min_items: 3; got '3'"),
        ("min_words", None, "min_words takes a whole number from 1, as in min_words: 3; got None"),
        ("max_characters", 1.5, "max_characters takes a whole number from 1"),
        ("words", 120, "words takes a list of two whole numbers, the least and the most, as in words: [80, 120]; got 120"),
        ("words", [1], "words takes a list of two whole numbers"),
        ("words", [1, None], "words takes a list of two whole numbers"),
        ("words", [1, True], "words takes a list of two whole numbers"),
        ("words", [-1, 3], "words takes a list of two whole numbers"),
        ("item_count", [0, 0], "item_count takes a list of two whole numbers, the least and the most, as in item_count: [1, 3]; got [0, 0]"),
        ("lines", [3, 1], "lines has 3 above 1; write the smaller number first: [1, 3]"),
        ("starts_with", "", "starts_with takes a text or a list of texts, none of them empty, as in starts_with: 'Dear '"),
        ("ends_with", [], "ends_with takes a text or a list of texts, none of them empty, as in ends_with: ['.', '!']"),
        ("contains", [1], "contains takes a text or a list of texts, none of them empty, as in contains: '{name}'; got [1]"),
        ("must_mention", [], "must_mention takes phrases, none of them empty"),
        ("must_mention", 3, "must_mention takes phrases, none of them empty"),
        ("must_mention", [["a", 1]], "must_mention takes phrases, none of them empty"),
        ("must_mention", [" "], "must_mention takes phrases, none of them empty"),
        ("must_mention", {"all": ["a"]}, "as in must_mention: [refund, {any: [14 days, two weeks]}]; got"),
        ("language", "german", 'language has the code "german", which is not known (did you mean de?)'),
        ("language", "EN", "(did you mean en?)"),
        ("language", "de-AT", "(did you mean de?); write an ISO 639-1 code of two small letters, as in language: de"),
        ("language", [], "language takes an ISO 639-1 code or a list of codes, as in language: de or language: [de, en]"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_argument_is_a_full_sentence(kind, argument, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        rule(kind, argument)


@pytest.mark.parametrize("text", HOSTILE, ids=["long", "stops", "marks", "surrogates", "nul", "breaks"])
@pytest.mark.parametrize(
    ("kind", "argument"), [(kind, argument) for kind, argument in RULES if "item" not in kind]
)
def test_hostile_texts_are_judged(kind, argument, text):
    made = rule(kind, argument)

    try:
        fault = made.fault(text, NOWHERE)
    except Unjudged as reason:
        fault = str(reason)

    assert fault is None or len(fault) <= 120


def test_every_kind_of_text_rule_stands_in_files():
    assert {kind for kind, _ in RULES} <= set(KINDS)
    assert json.dumps(sorted(kind for kind in KINDS if kind.endswith(("words", "items", "item_count"))))  == (
        '["item_count", "max_items", "max_words", "min_items", "min_words", "words"]'
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "argument", "schema", "allowed"),
    [
        ("min_characters", 9, {**TEXT, "maxLength": 5}, "string values of at most 5 characters"),
        ("max_characters", 2, {**TEXT, "minLength": 3}, "string values of at least 3 characters"),
        (
            "max_items",
            2,
            {**LIST, "minItems": 3, "maxItems": 9},
            "array values of at least 3 and at most 9 items",
        ),
        ("min_words", 9, {**TEXT, "maxLength": 16}, "string values of at most 16 characters"),
        ("min_sentences", 3, {**TEXT, "maxLength": 4}, "string values of at most 4 characters"),
        ("starts_with", "Dear ", {**TEXT, "maxLength": 4}, "string values of at most 4 characters"),
        ("starts_with", "u", {"enum": ["v", "w"]}, '"v" or "w"'),
        ("must_mention", "u", {"const": "v"}, '"v"'),
        ("contains", "u", {"enum": ["v", "w"]}, '"v" or "w"'),
        ("sentences", [2, 3], {"enum": ["A.", None]}, '"A."'),
    ],
)
def test_a_rule_that_no_value_of_its_field_can_hold_is_found(kind, argument, schema, allowed):
    output = {"type": "object", "properties": {"x": schema}}
    constraint = from_file(kind, argument, path="x", options={})

    [(_, message)] = check_paths([constraint], output)

    assert message.endswith(f", but x allows only {allowed}; change the rule or the field")


@pytest.mark.parametrize(
    ("kind", "argument", "schema"),
    [
        ("min_words", 9, {**TEXT, "maxLength": 17}),
        ("characters", [5, 9], {**TEXT, "minLength": 9, "maxLength": 20}),
        ("starts_with", ["Dear ", "Hi"], {**TEXT, "maxLength": 2}),
        ("must_mention", "v", {"enum": ["u", "So v."]}),
        ("language", "de", {"enum": ["ok", "low"]}),
    ],
)
def test_a_rule_that_some_value_of_its_field_holds_is_no_mistake(kind, argument, schema):
    output = {"type": "object", "properties": {"x": schema}}

    assert check_paths([from_file(kind, argument, path="x", options={})], output) == ()
