"""Cases at the edge of a rule are whole outputs, and the rule judges them as it said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from promptkit.constraints import Constraint, boundary_cases

sys.path.insert(0, str(Path(__file__).parent))
from made_rules import AtMost, Says

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "notes": {"type": "array", "items": {"type": ["string", "null"]}},
    },
    "required": ["text", "notes"],
}
RULES = (
    Constraint(path="text", rule=AtMost(2)),
    Constraint(path="notes[]", rule=AtMost(3)),
    Constraint(path="text", rule=Says("x")),
    Constraint(path="nothing", rule=AtMost(1)),
)


def test_each_case_is_judged_as_it_says():
    cases = boundary_cases(SCHEMA, RULES)

    by_id = {constraint.id: constraint for constraint in RULES}
    assert [str(case) for case in cases] == [
        "text.at_most_words just inside",
        "text.at_most_words just outside",
        "notes[].at_most_words just inside",
        "notes[].at_most_words just outside",
    ]
    for case in cases:
        verdict = by_id[case.constraint].check(case.output, {})
        assert (verdict.outcome == "held") is case.holds


def test_a_place_in_a_list_gets_an_item_to_stand_at():
    case = boundary_cases(SCHEMA, RULES)[3]

    assert case.path == "notes[0]"
    assert case.output["notes"][0] == "w w w w "


def test_a_text_output_is_the_value_itself():
    case = boundary_cases({}, [Constraint(path="", rule=AtMost(1))], text=True)[1]

    assert case.output == "w w "
    assert case.path == ""
