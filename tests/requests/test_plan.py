"""What a plan says, and how it reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from promptkit.completions import Enforcement
from promptkit.constraints import Constraint, Path, between, never_says, parse
from promptkit.requests import Limit, OutputSpec, Placement, Plan
from promptkit.schemas import OutputSchema

PLAN = Plan(
    backend="openai:m",
    placements=(
        Placement(path="", rule="required", where=Enforcement.NATIVE),
        Placement(path="size", rule="minimum", where=Enforcement.NATIVE),
        Placement(path="name", rule="minLength", where=Enforcement.CHECK, note="moved into\nthe description"),
        Placement(path="", rule="expr", where=Enforcement.CHECK, note="no schema says it"),
        Placement(path="size", rule="between", where=Enforcement.NATIVE, waived=True),
        Placement(path="name", rule="tone", where=Enforcement.PROMPT, note="only a judge can tell"),
    ),
    wire={"type": "object"},
    limits=(Limit(name="properties", allowed=5_000, actual=5_001),),
)
TABLE = """\
openai:m

path      rule       where   note
(output)  required   native
(output)  expr       check   no schema says it
size      minimum    native
size      between    native
name      minLength  check   moved into the description
name      tone       prompt  only a judge can tell

limit passed: properties: 5,001, at most 5,000

6 rules: 3 native, 1 said only, 2 checked"""


@dataclass(frozen=True)
class Reading:
    """A rule that reads an input; it binds to it where ``bound`` is there."""

    kind = "echoes"

    def sentence(self, subject: str) -> str:
        return f"{subject} echoes."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None

    def reads(self) -> tuple[Path, ...]:
        return (parse("text"),)


@dataclass(frozen=True)
class Binding(Reading):
    def bound(self, inputs: Any) -> Any:
        return self


@dataclass(frozen=True)
class Judged(Reading):
    judge = "judges/tone"


def test_a_plan_prints_as_a_table_field_by_field_with_limits_and_counts() -> None:
    assert str(PLAN) == PLAN.table() == TABLE


def test_a_plan_without_rules_prints_its_backend_and_a_count() -> None:
    assert str(Plan(backend="mock")) == "mock\n\n0 rules"


def test_a_plan_goes_through_json_and_back() -> None:
    data = PLAN.to_dict()

    assert type(data["placements"][0]["where"]) is str
    assert data["limits"] == [{"name": "properties", "allowed": 5_000, "actual": 5_001}]
    assert Plan.from_dict(json.loads(json.dumps(data))) == PLAN


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"enforce": "check"}, "left to the check: enforce is check"),
        ({"severity": "should"}, "a wish: severity is should"),
        ({"on_fail": "warn"}, "only reported: on_fail is warn"),
    ],
)
def test_a_constraint_that_leaves_itself_to_the_check_is_waived_with_the_reason(
    options: Any, note: str
) -> None:
    made = Placement.of(never_says("a", ["b"], **options), Enforcement.CHECK, "no schema says it")

    assert (made.waived, made.note) == (True, note)


@pytest.mark.parametrize(
    ("rule", "where", "inputs", "note"),
    [
        (Reading(), Enforcement.GRAMMAR, None, "once the inputs are known"),
        (Reading(), Enforcement.GRAMMAR, {"text": "x"}, "why"),
        (Reading(), Enforcement.CHECK, None, "why"),
        (Binding(), Enforcement.CHECK, None, "enforced where it can be once the inputs are known"),
        (Binding(), Enforcement.CHECK, {"text": "x"}, "why"),
    ],
)
def test_a_rule_that_reads_inputs_says_so_while_they_are_not_known(
    rule: Any, where: Enforcement, inputs: Any, note: str
) -> None:
    made = Placement.of(Constraint(path="a", rule=rule), where, "why", inputs=inputs)

    assert (made.where, made.note, made.waived) == (where, note, False)


def test_a_judged_rule_is_said_only() -> None:
    made = Placement.of(Constraint(path="a", rule=Judged(), severity="should"), Enforcement.CHECK)

    assert (made.where, made.note, made.waived) == (Enforcement.PROMPT, "only a judge can tell", True)


def test_without_a_schema_every_keyword_and_constraint_is_checked_with_the_reason() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}}
    rules = (never_says("a", ["b"]), between("n", 1, 2), Constraint(path="a", rule=Judged()))
    spec = OutputSpec(schema=OutputSchema.from_json_schema(schema, "x"), constraints=rules)

    made = Plan.unenforced(spec, "b", "enforce is off")

    assert made.wire is None
    assert [(it.path, it.rule, it.where.value) for it in made.by_field()] == [
        ("", "type", "check"),
        ("a", "type", "check"),
        ("a", "never_says", "check"),
        ("a", "echoes", "prompt"),
        ("n", "type", "check"),
        ("n", "minimum", "check"),
        ("n", "maximum", "check"),
        ("n", "between", "check"),
    ]
    assert {it.note for it in made.placements} == {"enforce is off", "only a judge can tell"}
