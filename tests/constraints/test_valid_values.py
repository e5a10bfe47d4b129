"""Values that hold a schema and all rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from promptkit.constraints import Constraint, ValidValues, between, expr, max_words, one_of
from promptkit.schemas import Generated, OutputSchema, Refused

sys.path.insert(0, str(Path(__file__).parent))
from made_rules import AtMost, Says

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "level": {"type": "integer"},
        "kind": {"enum": ["x", "y"]},
        "urgent": {"type": "boolean"},
        "text": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["level", "kind", "urgent", "text", "notes"],
    "additionalProperties": False,
}
RULES = (
    between("level", 3, 5),
    Constraint(path="text", rule=AtMost(6)),
    Constraint(path="text", rule=Says("opening hours")),
    Constraint(path="notes[]", rule=AtMost(1)),
    expr("output.kind != 'x' or output.urgent"),
    expr("output.level > 3 or not output.urgent", id="second"),
)


@pytest.mark.parametrize("seed", [None, *range(12)])
def test_a_made_value_holds_schema_and_rules_and_is_the_same_for_the_same_seed(seed):
    values = ValidValues(SCHEMA, RULES)

    found = values.made(seed)

    assert isinstance(found, Generated)
    assert values.is_valid(found.value)
    assert all(verdict.outcome == "held" for _, verdict in values.verdicts(found.value))
    assert values.made(seed) == found


def test_seeds_vary():
    values = ValidValues(SCHEMA, RULES)

    assert len({str(values.made(seed).value) for seed in range(12)}) > 6


def test_a_value_is_shrunk_while_it_holds_all_rules():
    values = ValidValues(SCHEMA, RULES)
    found = next(one for one in map(values.made, range(30)) if len(one.value["notes"]) > 2)

    smaller = values.shrunk(found, lambda value: len(value["notes"]) >= 2)

    assert len(smaller.value["notes"]) == 2
    assert values.is_valid(smaller.value)
    assert len(str(smaller.value)) <= len(str(found.value))


def test_rules_that_fail_nothing_are_left_aside():
    wish = Constraint(path="text", rule=Says("x"), severity="should")
    warned = Constraint(path="text", rule=Says("y"), on_fail="warn")

    assert ValidValues(SCHEMA, [wish, warned]).constraints == ()


def test_a_rule_left_to_the_check_still_narrows_what_is_made():
    values = ValidValues(SCHEMA, [between("level", 41, 42, enforce="check")])

    assert {values.made(seed).value["level"] for seed in range(9)} == {41, 42}


def test_a_text_output_is_made_as_well():
    found = ValidValues({}, [Constraint(path="", rule=Says("hello"))], text=True).made()

    assert found.value == "text hello"


def test_what_the_type_refuses_is_not_made():
    values = ValidValues({"type": "integer"}, [between("", 1, 9)], accepts=lambda value: value % 4 == 0)

    assert {values.made(seed).value for seed in range(6)} <= {4, 8}


def test_a_refusal_names_what_stays_broken():
    found = ValidValues(
        SCHEMA, [Constraint(path="text", rule=AtMost(1)), Constraint(path="text", rule=Says("a b"))]
    ).made()

    assert isinstance(found, Refused)
    assert not found.proven
    assert "broken stay text." in found.reason


def test_a_contradiction_of_the_schema_itself_is_proven():
    found = ValidValues(SCHEMA, [between("level", 1, 2), between("level", 4, 5, id="b")]).made()

    assert isinstance(found, Refused)
    assert found.proven
    assert found.path == "level"


def test_a_field_that_may_be_left_out_is_left_out_for_a_condition():
    schema = {
        "type": "object",
        "properties": {"a": {"enum": ["x"]}, "b": {"type": "boolean"}},
        "required": ["b"],
        "additionalProperties": False,
    }

    found = ValidValues(schema, [expr("output.a is None or output.b"), expr("not output.b", id="n")]).made(3)

    assert found.value == {"b": False}


def test_conditions_that_read_the_inputs_are_met():
    rules = [expr("output.kind == inputs.wanted")]

    assert ValidValues(SCHEMA, rules, inputs={"wanted": "y"}).made().value["kind"] == "y"


def test_typed_values_of_the_output_schema_accept_what_is_made():
    schema = OutputSchema.from_type(list[int])
    values = ValidValues(schema.json_schema, [between("[]", 2, 4), one_of("[]", [3, 9])])

    assert all(item == 3 for seed in range(6) for item in values.made(seed).value)


def test_an_absent_place_holds_every_rule():
    assert ValidValues(SCHEMA, [max_words("nothing.here", 1)]).is_valid(
        {"level": 1, "kind": "x", "urgent": True, "text": "", "notes": []}
    )
