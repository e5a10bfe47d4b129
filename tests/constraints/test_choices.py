"""Choices that the inputs give, and rules beside the types of their fields."""

from __future__ import annotations

import pytest

from promptkit.constraints import (
    Binds,
    OneOf,
    at_least,
    at_most,
    between,
    check_paths,
    format_of,
    narrow,
    no_invented,
    not_before,
    one_of,
    one_of_input,
    sorted_by,
    unique,
)

INPUTS = {
    "labels": ["hardware", "billing", 3, None, {"a": 1}, "billing"],
    "options": [{"id": "o1"}, {"id": 2}, {}],
    "catalogue": {"pen": 1, "ink": None},
    "none": None,
    "many": [str(number) for number in range(1001)],
}


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        (one_of_input("x", "labels"), "`x` is one of the items of `labels`."),
        (one_of_input("x", "options[].id"), "`x` is one of the values of `options[].id`."),
        (one_of_input("x", "catalogue", names=True), "`x` is one of the names of `catalogue`."),
    ],
)
def test_a_choice_of_an_input_is_said_with_its_place(constraint, sentence):
    assert constraint.sentence() == sentence


@pytest.mark.parametrize(
    ("source", "value", "got", "hint"),
    [
        ("labels", "Hardwre", '"Hardwre"', 'Write one of the items of `labels`, letter for letter; did you mean "hardware"?'),
        ("labels", "zzz", '"zzz"', "Write one of the items of `labels`, letter for letter."),
        ("labels", True, "true", "Write one of the items of `labels`, letter for letter."),
        ("labels", {"a": 1}, '{"a": 1}', "Write one of the items of `labels`, letter for letter."),
        ("options[].id", "o2", '"o2"', "Write one of the values of `options[].id`, letter for letter."),
        ("none", "a", '"a", but `none` has no values', "Write one of the items of `none`, letter for letter."),
        ("absent", "a", '"a", but `absent` has no values', "Write one of the items of `absent`, letter for letter."),
    ],
)  # fmt: skip
def test_a_value_that_the_input_does_not_have_is_a_violation(source, value, got, hint):
    verdict = one_of_input("x", source).check({"x": value}, INPUTS)

    assert (verdict.outcome, verdict.got, verdict.hint) == ("violated", got, hint)


@pytest.mark.parametrize(
    ("source", "value"),
    [("labels", "billing"), ("labels", 3.0), ("options[].id", 2), ("catalogue", "ink"), ("many", "1000")],
)
def test_a_value_of_the_input_holds(source, value):
    assert one_of_input("x", source).check({"x": value}, INPUTS).outcome == "held"


def test_a_choice_may_depend_on_the_object_around_it():
    constraint = one_of_input("rows[].size", "products[id=.product].sizes")
    inputs = {"products": [{"id": "a", "sizes": ["S"]}, {"id": "b", "sizes": ["M"]}]}

    verdict = constraint.check(
        {"rows": [{"product": "a", "size": "S"}, {"product": "a", "size": "M"}]}, inputs
    )

    assert verdict.places == ("rows[1].size",)
    assert isinstance(constraint.rule, Binds)
    assert constraint.rule.bound(inputs) is constraint.rule


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("labels", OneOf(("hardware", "billing", 3))),
        ("options[].id", OneOf(("o1", 2))),
        ("catalogue", OneOf(("pen", "ink"))),
        ("none", None),
        ("many", None),
    ],
)
def test_the_inputs_bind_it_to_their_values(source, bound):
    rule = one_of_input("x", source).rule

    assert isinstance(rule, Binds)
    assert rule.bound(INPUTS) == (rule if bound is None else bound)


def test_the_schema_lists_the_values_once_the_inputs_are_known():
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    constraint = one_of_input("x", "catalogue")

    assert narrow(schema, [constraint]) == schema
    assert narrow(schema, [constraint], INPUTS)["properties"]["x"] == {
        "type": "string",
        "enum": ["pen", "ink"],
    }


def faults(schema, constraint, inputs=None):
    output = {"type": "object", "properties": {"x": schema}}
    return [message for _, message in check_paths([constraint], output, inputs)]


WHOLE = {"type": "integer"}
STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "constraint", "said"),
    [
        ({**WHOLE, "maximum": 5}, at_least("x", 6), "no value of x can hold it: the rule says that x is at least 6, but x allows only integer values to 5"),
        ({**WHOLE, "exclusiveMaximum": 5}, at_least("x", 4.5), "integer values below 5"),
        ({**WHOLE, "minimum": 5}, at_most("x", 4), "integer values from 5"),
        ({"enum": [1, 2]}, at_least("x", 3), "x allows only 1 or 2"),
        ({"enum": ["a", "b"]}, format_of("x", "email"), 'x allows only "a" or "b"'),
        ({"enum": ["2025-01-01"]}, not_before("x", "2026-01-01"), 'x allows only "2025-01-01"'),
        (STRING, at_least("x", 3), "at_least judges integer or number values, but x is string"),
        (WHOLE, at_least("x", "2026-01-01"), "at_least judges string values, but x is integer"),
        (WHOLE, between("x", "10:00", "11:00"), "between judges string values, but x is integer"),
        (STRING, unique("x"), "unique judges array values, but x is string"),
        (STRING, sorted_by("x"), "sorted judges array values, but x is string"),
        ({"type": "array", "items": STRING}, format_of("x", "email"), "write x[] for the items of the list"),
        (STRING, one_of("x", [1]), "x allows only string values"),
    ],
)  # fmt: skip
def test_a_rule_and_a_field_that_exclude_each_other_are_found(schema, constraint, said):
    [message] = faults(schema, constraint)

    assert said in message


@pytest.mark.parametrize(
    ("schema", "constraint"),
    [
        (WHOLE, at_least("x", 6)),
        ({**WHOLE, "maximum": 6}, at_least("x", 6)),
        ({"type": "number", "minimum": 5}, at_most("x", 5)),
        ({"enum": ["2026-05-01T10:00:00Z"]}, not_before("x", "2026-05-01T10:00:00")),
        ({"type": ["array", "null"]}, unique("x")),
        ({}, format_of("x", "email")),
        (STRING, one_of_input("x", "labels")),
    ],
)
def test_a_rule_that_some_value_of_its_field_holds_is_fine(schema, constraint):
    assert faults(schema, constraint) == []


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (one_of_input("x", "lables"), "there is no lables (did you mean labels?)"),
        (one_of_input("x", "options[].ident"), "options has no ident at []"),
        (no_invented("x", sources=["labels", "kb"]), "there is no kb"),
    ],
)
def test_a_path_of_an_input_that_does_not_exist_is_found(constraint, said):
    inputs = {
        "labels": {"type": "array", "items": STRING},
        "options": {"type": "array", "items": {"type": "object", "properties": {"id": STRING}}},
    }

    [message] = faults(STRING, constraint, inputs)

    assert said in message
