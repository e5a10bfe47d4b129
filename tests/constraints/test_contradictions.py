"""Rules that exclude one another are found, the fewest of them, with a proof."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from promptkit.constraints import Constraint, between, contradiction_in, expr, one_of

sys.path.insert(0, str(Path(__file__).parent))
from made_rules import AtMost, Palindrome, Says

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "level": {"type": "integer"},
        "kind": {"enum": ["x", "y"]},
        "urgent": {"type": "boolean"},
        "text": {"type": "string"},
        "maybe": {"enum": ["m"]},
    },
    "required": ["level", "kind", "urgent", "text"],
    "additionalProperties": False,
}
SHORT = Constraint(path="text", rule=AtMost(1), id="short", line=7)
LONG = Constraint(path="text", rule=Says("opening hours"), id="long", line=9)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [SHORT, Constraint(path="text", rule=Says("hours"))],
        [between("level", 1, 5), between("level", 5, 9, id="b")],
        [expr("output.kind == 'x' and output.urgent")],
        [expr("output.level > 100")],
        [expr("output.maybe is None"), expr("output.kind == 'y'", id="y")],
        [expr("output.kind == inputs.wanted")],
        [SHORT, Constraint(path="text", rule=Says("a b"), severity="should")],
        [Constraint(path="text", rule=Palindrome())],
    ],
)
def test_rules_that_some_value_holds_are_no_contradiction(rules):
    assert contradiction_in(SCHEMA, rules) is None


@pytest.mark.parametrize(
    ("rules", "core", "proven"),
    [
        ([between("level", 1, 5), between("level", 6, 9, id="b")], ["level.between", "b"], True),
        ([SHORT, LONG], ["short", "long"], False),
        ([between("level", 1, 5), SHORT, expr("output.urgent"), LONG], ["short", "long"], False),
        ([expr("output.kind == 'z'")], ["expr"], True),
        (
            [expr("output.kind == 'x'"), one_of("kind", ["y"]), expr("output.urgent", id="u")],
            ["expr", "kind.one_of"],
            True,
        ),
        (
            [expr("output.kind == 'x' or output.urgent", id="a"), expr("output.kind == 'y'", id="b"),
             expr("not output.urgent", id="c")],
            ["a", "b", "c"],
            True,
        ),
    ],
)  # fmt: skip
def test_the_fewest_rules_that_exclude_one_another_are_named(rules, core, proven):
    found = contradiction_in(SCHEMA, rules)

    assert [constraint.id for constraint in found.constraints] == core
    assert found.proven is proven


def test_the_message_proves_it_with_a_value_for_each_rule():
    found = contradiction_in(SCHEMA, [SHORT, LONG])

    assert found.message == (
        "short and long contradict one another: no value was found that holds both. Proof: "
        '"text opening hours" holds long and breaks short (3 words); "text" holds short and breaks long (no opening '
        "hours). Change or remove one of them"
    )


def test_a_condition_alone_is_proven_by_all_combinations():
    found = contradiction_in(SCHEMA, [expr("output.kind == 'x' and output.kind == 'y'")])

    assert "no value can hold it" in found.message
    assert "it is false for each of the 2 combinations that its fields can have" in found.message


def test_an_example_that_holds_everything_settles_it():
    rules = [Constraint(path="text", rule=Says("a b")), Constraint(path="text", rule=Palindrome())]
    output = {"level": 1, "kind": "x", "urgent": True, "text": "a b a"}

    assert contradiction_in(SCHEMA, rules, witnesses=[(output, {})]) is None


def test_a_rule_that_nothing_can_fit_proves_nothing():
    assert contradiction_in(SCHEMA, [Constraint(path="text", rule=Palindrome()), LONG]) is None


def test_a_condition_over_open_fields_proves_nothing():
    assert contradiction_in(SCHEMA, [expr("output.text == output.text + 'x'")]) is None


def test_a_condition_over_every_item_of_a_list_proves_nothing():
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"enum": [1]}}}}
        },
    }

    assert contradiction_in(schema, [expr('sum(values_of(output.items, "n")) == 2')]) is None


def test_a_condition_on_inputs_proves_nothing_as_other_inputs_may_hold_it():
    assert contradiction_in(SCHEMA, [expr("output.kind == inputs.wanted")], inputs={"wanted": "z"}) is None


def test_a_schema_without_values_is_told_by_itself():
    found = contradiction_in({"type": "integer", "minimum": 3, "maximum": 1}, [])

    assert found.constraints == ()
    assert found.proven
    assert found.message.startswith("the output's schema takes no value: no value fits the schema: minimum 3")


def test_text_outputs_are_judged_too():
    rules = [Constraint(path="", rule=AtMost(1)), Constraint(path="", rule=Says("a b"))]

    assert len(contradiction_in({}, rules, text=True).constraints) == 2
