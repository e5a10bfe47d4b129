"""The rules that a plan gives to the grammar: what they let through in texts and in JSON, however it is spelled."""

from __future__ import annotations

import json

import pytest

from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.planning import plan
from promptkit.completions import Enforcement
from promptkit.constraints import (
    between,
    contains,
    ends_with,
    matches,
    never_says,
    one_of,
    one_of_input,
    quoted_from,
    starts_with,
)
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema

INPUTS = {"labels": ['a "b"', "c\\d", "é"], "ticket": 'The lamp "Äolus" broke.\nIt is/was 2 days old.'}
OBJECT = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "n": {"type": "number"},
        "l": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
PLACES = {"text": ("", "{}"), "field": ("a", '{{"a":{}}}'), "items": ("l[]", '{{"l":[{0},{0}]}}')}
# A rule, texts that hold it, and texts that break it.
RULES = {
    "one_of": (
        lambda path: one_of(path, ["low", 'h"gh', "é/"]),
        ["low", 'h"gh', "é/"],
        ["", "lo", "lowe", "LOW"],
    ),
    "one_of_input": (
        lambda path: one_of_input(path, "labels"),
        INPUTS["labels"],
        ["a b", 'a \\"b\\"', "c\\\\d", "é "],
    ),
    "quoted_from": (
        lambda path: quoted_from(path, "ticket"),
        ["The lamp", '"Äolus" broke.\nIt', "is/was", "2"],
        ["The lamps", "he lamp", "broke. It", "lamp broke", ""],
    ),
    "never_says": (
        lambda path: never_says(path, ["refund", "we promise", "100 %"]),
        ["refunds", "we do promise", "", 'a "quote"\n', "1000 %"],
        ["refund", "A REFUND!", "re\u00adfund", "we\n promise", "\uff52efund", "100\u00a0%"],
    ),
    "starts_with": (
        lambda path: starts_with(path, ["Dear ", 'H"i']),
        ["Dear you", 'H"i\n'],
        ["", "dear you", " Dear ", "Dea", "Hi"],
    ),
    "ends_with": (lambda path: ends_with(path, [".", "!\n"]), ["a.", "b!\n"], ["a", "a. ", "!"]),
    "contains": (lambda path: contains(path, ["{n}"]), ["{n}", 'a "{n}" b'], ["{ n}", "n", "{n"]),
    "matches": (lambda path: matches(path, r'[A-Z]{2}"\d?'), ['AB"', 'AB"1'], ["", "AB", 'AB"12', 'ab"1']),
}


def spec_of(constraint, place="text", *, schema=OBJECT):
    output = OutputSchema.text() if place == "text" else OutputSchema.from_json_schema(schema, "answer")
    return OutputSpec(schema=output, constraints=[constraint], inputs=INPUTS)


def spelled(text, place):
    """A text as it stands in a whole answer, in the one spelling that JSON serialisers write."""
    shape = PLACES[place][1]
    return text if place == "text" else shape.format(json.dumps(text, ensure_ascii=False))


def in_escapes(text, place):
    r"""Every letter as ``\uXXXX``: another spelling of the same text in JSON."""
    return PLACES[place][1].format('"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"')


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", RULES)
def test_the_grammar_takes_what_holds_and_nothing_that_breaks(takes, name, place):
    make, holding, breaking = RULES[name]
    constraint = make(PLACES[place][0])
    spec = spec_of(constraint, place)
    grammar = compile_output(spec)

    assert plan(spec, "llama:x").where(constraint.path, name) is Enforcement.GRAMMAR
    assert [text for text in holding if not takes(grammar.text, spelled(text, place))] == []
    assert [text for text in breaking if takes(grammar.text, spelled(text, place))] == []
    bare = make("")
    assert {bare.check(text, INPUTS).outcome for text in holding} == {"held"}
    if name != "quoted_from":  # its check is kinder: it also takes parts of words, and other blanks
        assert {bare.check(text, INPUTS).outcome for text in breaking} == {"violated"}


@pytest.mark.parametrize("place", ["field", "items"])
@pytest.mark.parametrize("name", RULES)
def test_escapes_are_no_way_around_a_rule(takes, name, place):
    make, holding, breaking = RULES[name]
    grammar = compile_output(spec_of(make(PLACES[place][0]), place))

    texts = [text for text in (*holding, *breaking) if text.isprintable() and text]
    assert [text for text in texts if takes(grammar.text, in_escapes(text, place))] == []
    assert [text for text in breaking if takes(grammar.text, in_escapes(text, place))] == []


def test_escapes_are_no_way_around_a_rule_where_the_object_is_open(takes):
    """The skeleton of an open object cannot be spelled out: the schema's own pattern binds there."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    for constraint, text in ((matches("a", "[^A]*"), "A"), (one_of("a", ["b"]), "A")):
        spec = spec_of(constraint, "field", schema=schema)
        grammar = compile_output(spec)

        assert plan(spec, "llama:x").where("a", constraint.rule.kind) is Enforcement.GRAMMAR
        assert takes(grammar.text, '{"a":"b"}')
        assert not takes(grammar.text, spelled(text, "field"))
        assert not takes(grammar.text, in_escapes(text, "field"))
        assert not takes(grammar.text, in_escapes("b", "field"))


@pytest.mark.parametrize(
    ("number", "held"),
    [("1", True), ("5", True), ("2.5", True), ("0.99", False), ("5.01", False), ("10", False), ("0", False)]
    + [(spelling, False) for spelling in ('"3"', "null", "true", "-1", "1e9", "50e0")],
)
def test_numbers_lie_between_in_every_spelling(takes, number, held):
    spec = spec_of(between("n", 1, 5), "field")

    assert takes(compile_output(spec).text, f'{{"n":{number}}}') is held
    assert plan(spec, "llama:x").where("n", "between") is Enforcement.GRAMMAR


@pytest.mark.parametrize("values", [[1, 2], [None, True]])
def test_a_choice_that_no_text_can_be_is_left_to_the_check(values):
    spec = spec_of(one_of("", values))

    assert compile_output(spec) is None
    assert plan(spec, "llama:x").where("", "one_of") is Enforcement.CHECK


def test_a_choice_of_an_input_is_followed_once_the_inputs_are_known():
    constraint = one_of_input("", "labels")
    without = OutputSpec(schema=OutputSchema.text(), constraints=[constraint])

    (placement,) = plan(without, "llama:x").placements

    assert placement.where is Enforcement.CHECK
    assert placement.note == "enforced where it can be once the inputs are known"
    assert plan(spec_of(constraint), "llama:x").where("", "one_of_input") is Enforcement.GRAMMAR


def test_choices_and_other_rules_on_a_text_hold_together(takes):
    rules = [one_of("", ["yes", "no", "never"]), starts_with("", "n"), never_says("", ["no"])]
    spec = OutputSpec(schema=OutputSchema.text(), constraints=rules)

    grammar = compile_output(spec)

    assert [text for text in ("yes", "no", "never", "n") if takes(grammar.text, text)] == ["never"]
