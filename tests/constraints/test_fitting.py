"""Rules that no value of their field could hold are found before a model is asked."""

from __future__ import annotations

import pytest

from promptkit.constraints import between, check_paths, matches, max_words, one_of


def faults(schema, constraint):
    output = {"type": "object", "properties": {"a": schema}, "$defs": {"level": {"enum": ["u", "v"]}}}
    return [message for _, message in check_paths([constraint], output)]


UV = {"enum": ["u", "v", None]}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "constraint", "allowed"),
    [
        (UV, one_of("a", ["x", "y"]), '"u" or "v"'),
        (UV, matches("a", "[0-9]+"), '"u" or "v"'),
        ({"$ref": "#/$defs/level"}, one_of("a", ["x"]), '"u" or "v"'),
        ({"anyOf": [UV, {"type": "null"}]}, one_of("a", ["x"]), '"u" or "v"'),
        ({"const": "a b"}, max_words("a", 1), '"a b"'),
        ({"enum": [1, 2, 3]}, between("a", 7, 9), "1, 2 or 3"),
        ({**WHOLE, "minimum": 1, "maximum": 5}, between("a", 7, 9), "integer values from 1 to 5"),
        ({**NUMBER, "minimum": 10}, between("a", 7, 9), "number values from 10"),
        ({**NUMBER, "exclusiveMaximum": 7}, between("a", 7, 9), "number values below 7"),
        ({**NUMBER, "exclusiveMinimum": 9}, between("a", 7, 9), "number values above 9"),
        ({**WHOLE, "exclusiveMinimum": 8}, between("a", 7, 8.5), "integer values above 8"),
        ({**WHOLE, "exclusiveMaximum": 8}, between("a", 7.5, 8), "integer values below 8"),
        (WHOLE, between("a", 1.2, 1.8), "integer values"),
        (WHOLE, one_of("a", ["x", True, 1.5]), "integer values"),
        ({**WHOLE, "maximum": 5}, one_of("a", [6, 7]), "integer values to 5"),
        ({"type": "string"}, one_of("a", [1]), "string values"),
    ],
)
def test_a_rule_and_a_field_that_exclude_each_other_are_found(schema, constraint, allowed):
    [message] = faults(schema, constraint)

    assert message.startswith(f"{constraint.id}: no value of a can hold it: the rule says that a ")
    assert message.endswith(f", but a allows only {allowed}; change the rule or the field")


@pytest.mark.parametrize(
    ("schema", "constraint"),
    [
        (UV, one_of("a", ["v", "y"])),
        (UV, matches("a", "u|x")),
        ({}, one_of("a", ["x"])),
        ({"anyOf": [UV, {"type": "string"}]}, one_of("a", ["x"])),
        ({"allOf": [UV]}, one_of("a", ["u"])),
        ({"enum": [1, 2, 3]}, between("a", 3, 9)),
        ({**WHOLE, "minimum": 1, "maximum": 7}, between("a", 7, 9)),
        ({**NUMBER, "exclusiveMaximum": 7.1}, between("a", 7, 9)),
        ({**WHOLE, "exclusiveMinimum": 8}, between("a", 7, 9)),
        ({"type": ["integer", "number"]}, between("a", 1.2, 1.8)),
        ({"type": ["integer", "null"]}, one_of("a", [1.0, "x"])),
        ({"type": ["integer", "null"]}, one_of("a", [None])),
        ({"type": "boolean"}, one_of("a", [True])),
        ({"enum": [None]}, one_of("a", ["x"])),
    ],
)
def test_a_rule_that_some_value_of_its_field_holds_is_fine(schema, constraint):
    assert faults(schema, constraint) == []


@pytest.mark.parametrize(("low", "high"), [(float("nan"), 2), (1, float("nan")), (float("-inf"), 2)])
def test_between_takes_finite_numbers(low, high):
    with pytest.raises(ValueError, match=r"between takes two finite numbers, as in between: \[1, 5\]; got"):
        between("a", low, high)


def test_between_takes_integers_of_any_size():
    assert between("a", 0, 10**400).check({"a": 10**399}, {}).outcome == "held"


def test_one_of_takes_finite_numbers():
    with pytest.raises(ValueError, match="one_of takes finite numbers"):
        one_of("a", [1, float("inf")])


def test_a_field_of_the_items_of_a_list_is_suggested_with_brackets():
    output = {
        "type": "object",
        "properties": {"ingredients": {"type": "array", "items": {"properties": {"name": {}}}}},
    }

    [(_, message)] = check_paths([max_words("ingredients.name", 3)], output)
    [(_, root)] = check_paths([max_words("name", 3)], output["properties"]["ingredients"])

    assert message.endswith("no name at ingredients; ingredients is a list: write ingredients[].name")
    assert root.endswith("the output has no name; it is a list: write [].name")
