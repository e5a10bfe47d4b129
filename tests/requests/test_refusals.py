"""What is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from promptkit.completions import Enforcement
from promptkit.constraints import matches, never_says
from promptkit.errors import CapabilityMissing, SchemaUnsupported
from promptkit.requests import Capabilities, Limit, OutputSpec, Placement, Plan, refusal
from promptkit.schemas import OutputSchema

SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}}
ENFORCED = Placement(path="", rule="type", where=Enforcement.GRAMMAR)
LOOSE = Placement(path="a", rule="minLength", where=Enforcement.CHECK, note="moved into the description")
WORDS = Placement(path="a", rule="never_says", where=Enforcement.CHECK)


def spec_of(*rules: Any, enforce: Any = "require", schema: Any = SCHEMA) -> OutputSpec:
    made = OutputSchema.text() if schema is None else OutputSchema.from_json_schema(schema, "x")
    return OutputSpec(schema=made, constraints=rules, enforce=enforce)


def plan_of(*placements: Placement, **parts: Any) -> Plan:
    return Plan(backend="b", placements=placements, **parts)


def able() -> Capabilities:
    return Capabilities(schema=True)


def test_a_plan_that_enforces_everything_is_not_refused() -> None:
    placements = (ENFORCED, replace(LOOSE, where=Enforcement.NATIVE))

    assert refusal(plan_of(*placements), spec_of(), able) is None


@pytest.mark.parametrize("enforce", ["off", "prefer"])
def test_only_require_refuses_what_is_checked(enforce: str) -> None:
    assert refusal(plan_of(LOOSE), spec_of(enforce=enforce), able) is None


def test_a_keyword_that_is_only_checked_is_the_schemas_fault_where_the_backend_enforces_schemas() -> None:
    refused = refusal(plan_of(ENFORCED, LOOSE), spec_of(), able)

    assert isinstance(refused, SchemaUnsupported)
    assert refused.paths == ("a",)
    assert refused.reasons == ("a: minLength (moved into the description)",)
    assert str(refused) == (
        "the prompt says enforce: require, and b does not enforce all of it: a.minLength (moved into the "
        "description). Nothing was sent. Add enforce: prefer to the prompt, or use a backend that enforces it."
    )


def test_it_is_the_backends_fault_where_it_enforces_no_schema() -> None:
    refused = refusal(plan_of(LOOSE), spec_of(), Capabilities)

    assert type(refused) is CapabilityMissing


def test_a_constraint_that_is_only_checked_is_told_with_its_mend() -> None:
    refused = refusal(plan_of(ENFORCED, WORDS), spec_of(never_says("a", ["b"])), able)

    assert type(refused) is CapabilityMissing
    assert refused.reasons == ("a: never_says (only the finished answer is checked)",)
    assert "Add enforce: check to a rule that may wait, or enforce: prefer to the prompt" in str(refused)


@pytest.mark.parametrize("options", [{"enforce": "check"}, {"severity": "should"}, {"on_fail": "warn"}])
def test_a_constraint_that_leaves_itself_to_the_check_is_not_demanded(options: Any) -> None:
    assert refusal(plan_of(ENFORCED, WORDS), spec_of(never_says("a", ["b"], **options)), able) is None


def test_of_two_rules_of_one_kind_the_waived_one_is_not_demanded() -> None:
    kept, left = matches("a", "b+", id="kept"), matches("a", "c+", id="left", enforce="check")
    placed = [
        Placement.of(kept, Enforcement.GRAMMAR),
        Placement.of(left, Enforcement.CHECK),
    ]

    assert refusal(plan_of(ENFORCED, *placed), spec_of(kept, left), able) is None
    placed[0] = Placement.of(kept, Enforcement.CHECK)
    assert isinstance(refusal(plan_of(ENFORCED, *placed), spec_of(kept, left), able), CapabilityMissing)


def test_what_the_plan_does_not_name_is_not_enforced() -> None:
    refused = refusal(Plan(backend="b"), spec_of(never_says("a", ["b"])), able)

    assert refused is not None
    assert refused.reasons == (
        "the output: schema (the backend's plan does not name it)",
        "a: never_says (the backend's plan does not name it)",
    )


def test_a_limit_that_is_passed_is_refused_with_its_numbers() -> None:
    limit = Limit(name="properties", allowed=5, actual=6)

    refused = refusal(plan_of(ENFORCED, limits=(limit,)), spec_of(), able)

    assert isinstance(refused, SchemaUnsupported)
    assert refused.reasons == ("the schema passes a limit: properties: 6, at most 5",)


def test_a_plain_text_without_rules_demands_nothing() -> None:
    assert refusal(plan_of(), spec_of(schema=None), able) is None
    assert refusal(plan_of(), spec_of(never_says("", ["b"]), schema=None), able) is not None


def test_a_plan_that_binds_nobody_is_not_refused() -> None:
    assert refusal(plan_of(LOOSE, binding=False), spec_of(), able) is None


@pytest.mark.parametrize("enforce", ["off", "prefer", "require"])
def test_the_impossible_is_refused_in_any_case(enforce: str) -> None:
    impossible = Placement(path="a", rule="schema", where=Enforcement.IMPOSSIBLE, note="no value fits")

    refused = refusal(plan_of(impossible), spec_of(enforce=enforce), able)

    assert isinstance(refused, SchemaUnsupported)
    assert refused.paths == ("a",)
    assert "a, schema: no value fits" in str(refused)


def test_a_setting_that_the_backend_lacks_is_not_the_schemas_fault() -> None:
    lacks = [
        Placement.of_setting(name, Enforcement.IMPOSSIBLE, "no such parameter") for name in ("top_k", "min_p")
    ]

    refused = refusal(plan_of(ENFORCED, *lacks), spec_of(enforce="off"), able)

    assert type(refused) is CapabilityMissing
    assert refused.reasons == (
        "generation.top_k (no such parameter)",
        "generation.min_p (no such parameter)",
    )
    assert str(refused) == (
        "b cannot be given generation.top_k, generation.min_p: no such parameter. Nothing was sent. Remove it "
        "from the generation settings, for one call by using(generation={'top_k': None, 'min_p': None}), or use a "
        "backend that has it."
    )


def test_a_long_list_is_shortened_in_the_message_and_whole_in_the_reasons() -> None:
    placements = [
        Placement(path=f"f{n}", rule="type", where=Enforcement.CHECK, note="why") for n in range(20)
    ]
    strict = Placement(path="g", rule="strict", where=Enforcement.CHECK, note="an open object")

    refused = refusal(plan_of(*placements, strict), spec_of(), able)

    assert refused is not None
    assert len(refused.reasons) == 21
    assert "all of it: g.strict (an open object); f0.type, f1.type" in str(refused)
    assert "f5.type and 14 more (why)" in str(refused)
