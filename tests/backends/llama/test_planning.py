from __future__ import annotations

import pytest

from promptkit.backends.dialects.openai_chat import OPENAI
from promptkit.backends.dialects.openai_chat import plan as openai_plan
from promptkit.backends.llama import LlamaBackend
from promptkit.completions import Enforcement
from promptkit.constraints import between, language, matches, max_words, never_says, one_of
from promptkit.requests import AsyncBackend, Backend, GenerationConfig, OutputSpec, refusal

SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string"},
        "urgency": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}},
    },
    "required": ["category", "urgency", "tags"],
    "additionalProperties": False,
}
CONSTRAINTS = [
    one_of("category", ["billing", "other"]),
    between("urgency", 1, 5),
    max_words("category", 3),
    never_says("category", ["refund"]),
]


@pytest.fixture
def unloadable():
    """A backend whose model does not exist: planning must not ask for it."""
    return LlamaBackend("/nowhere/model.gguf")


def test_it_is_both_kinds_of_backend(unloadable):
    assert isinstance(unloadable, Backend)
    assert isinstance(unloadable, AsyncBackend)
    assert unloadable.name == "llama:/nowhere/model.gguf"
    assert repr(unloadable) == "LlamaBackend('/nowhere/model.gguf')"


def test_capabilities_are_known_without_the_model(unloadable):
    capabilities = unloadable.capabilities()

    assert capabilities.schema
    assert capabilities.seed
    assert capabilities.max_parallel is None


@pytest.mark.parametrize(
    ("path", "rule", "where"),
    [
        ("category", "one_of", Enforcement.GRAMMAR),
        ("urgency", "between", Enforcement.GRAMMAR),
        ("category", "max_words", Enforcement.CHECK),
        ("category", "never_says", Enforcement.GRAMMAR),
        ("", "required", Enforcement.GRAMMAR),
        ("category", "enum", Enforcement.GRAMMAR),
        ("urgency", "minimum", Enforcement.GRAMMAR),
        ("tags[]", "maxLength", Enforcement.GRAMMAR),
    ],
)
def test_rules_of_the_schema_are_the_grammars_and_the_rest_is_checked(unloadable, ask, path, rule, where):
    spec = ask("x", schema=SCHEMA, constraints=CONSTRAINTS).output

    plan = unloadable.plan(spec, GenerationConfig())

    assert plan.where(path, rule) is where
    assert plan.backend == "llama:/nowhere/model.gguf"
    assert plan.wire is not None


def test_a_keyword_that_no_grammar_can_say_is_checked_and_noted(unloadable, ask):
    tags = {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "tags": tags}}

    plan = unloadable.plan(ask("x", schema=schema).output, GenerationConfig())

    assert plan.where("tags", "uniqueItems") is Enforcement.CHECK
    assert plan.where("tags[]", "enum") is Enforcement.GRAMMAR
    assert [placement.note for placement in plan.placements if placement.rule == "uniqueItems"] == [
        "no grammar can say it"
    ]


def test_a_constraint_is_the_grammars_only_where_its_own_keywords_are(unloadable, ask):
    tags = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "tags": tags}}
    constraints = [between("urgency", 1, 5), language("category", "en"), one_of("tags[]", ["a", "b"])]

    plan = unloadable.plan(ask("x", schema=schema, constraints=constraints).output, GenerationConfig())

    assert plan.where("urgency", "between") is Enforcement.GRAMMAR
    assert plan.where("category", "language") is Enforcement.CHECK
    assert plan.where("tags[]", "one_of") is Enforcement.GRAMMAR


def test_a_schema_without_values_is_impossible_with_the_reason(unloadable, ask):
    spec = ask("x", schema={"type": "integer", "minimum": 5, "maximum": 1}).output

    (placement,) = unloadable.plan(spec, GenerationConfig()).placements

    assert placement.where is Enforcement.IMPOSSIBLE
    assert "minimum (5) is greater than maximum (1)" in placement.note


def test_constraints_on_plain_text_are_checked(unloadable, ask):
    plan = unloadable.plan(ask("x", constraints=[max_words("", 9)]).output, GenerationConfig())

    assert plan.where("", "max_words") is Enforcement.CHECK
    assert plan.wire is None


def test_with_enforcement_off_nothing_is_compiled_and_everything_checked(unloadable, ask):
    impossible = {"type": "integer", "minimum": 5, "maximum": 1}
    spec = ask("x", schema=impossible, constraints=[between("", 1, 5)]).output.over(enforce="off")

    plan = unloadable.plan(spec, GenerationConfig())

    assert plan.wire is None
    assert {(it.where, it.note) for it in plan.placements} == {(Enforcement.CHECK, "enforce is off")}
    assert {it.rule for it in plan.placements} == {"type", "minimum", "maximum", "between"}


def test_rules_of_a_shared_definition_stand_where_it_is_used(unloadable, ask):
    leaf = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    properties = {"a": {"$ref": "#/$defs/Leaf"}, "b": {"$ref": "#/$defs/Leaf"}}
    schema = {"type": "object", "properties": properties, "required": ["a", "b"], "$defs": {"Leaf": leaf}}

    plan = unloadable.plan(
        ask("x", schema=schema, constraints=[between("a.n", 1, 5)]).output, GenerationConfig()
    )

    assert plan.where("a.n", "between") is Enforcement.GRAMMAR
    assert [it.path for it in plan.by_field() if it.rule == "type"] == ["", "a", "a.n", "b", "b.n"]
    assert [it.path for it in plan.placements if it.rule == "maximum"] == ["a.n"]


def test_a_constraint_that_leaves_itself_to_the_check_is_waived(unloadable, ask):
    rules = [matches("category", "b+", enforce="check"), matches("category", "b*")]

    plan = unloadable.plan(ask("x", schema=SCHEMA, constraints=rules).output, GenerationConfig())

    placed = [it for it in plan.placements if it.rule == "matches"]
    assert [(it.waived, it.note) for it in placed if it.waived] == [
        (True, "left to the check: enforce is check")
    ]
    assert [it.waived for it in placed] == [True, False]


def test_a_format_of_which_the_engine_lets_too_much_through_is_checked(unloadable, ask):
    schema = {
        "type": "array",
        "prefixItems": [{"type": "string", "format": "date"}],
        "items": {"format": "uuid"},
    }

    placements = unloadable.plan(ask("x", schema=schema).output, GenerationConfig()).placements

    assert [it.where for it in placements if it.rule == "format"] == [Enforcement.CHECK, Enforcement.GRAMMAR]


def test_what_stands_under_a_keyword_that_is_left_out_is_left_out_with_it(unloadable, ask):
    schema = {"type": ["string", "integer"], "if": {"type": "string"}, "then": {"maxLength": 1}, "minimum": 3}

    plan = unloadable.plan(ask("x", schema=schema).output, GenerationConfig())

    assert plan.where("", "then") is Enforcement.CHECK
    assert plan.where("", "maxLength") is Enforcement.CHECK
    assert plan.where("", "minimum") is Enforcement.GRAMMAR


@pytest.mark.parametrize(
    ("rule", "where", "note"),
    [
        (max_words("category", 3, enforce="hard"), Enforcement.GRAMMAR, "counted while it is written"),
        (max_words("tags[]", 3, enforce="hard"), Enforcement.GRAMMAR, "counted while it is written"),
        (max_words("tags[0]", 3, enforce="hard"), Enforcement.GRAMMAR, "counted while it is written"),
        (max_words("rows[a=1].b", 3, enforce="hard"), Enforcement.CHECK, "its path picks out items by what"),
        (max_words("category", 3, enforce="hard", severity="should"), Enforcement.CHECK, "a wish"),
        (max_words("category", 3), Enforcement.CHECK, "checked, so that no text is cut short"),
    ],
)
def test_a_length_is_counted_beside_the_grammar_where_it_says_hard(unloadable, ask, rule, where, note):
    spec = ask("x", schema=SCHEMA, constraints=[rule]).output

    (placement,) = [
        it for it in unloadable.plan(spec, GenerationConfig()).placements if it.rule == "max_words"
    ]

    assert placement.where is where
    assert placement.note.startswith(note)


def test_a_length_that_must_be_kept_is_lacking_where_nobody_counts(unloadable, ask):
    spec = ask("x", schema=SCHEMA, constraints=[max_words("category", 3, enforce="hard")]).output
    required = OutputSpec(schema=spec.schema, constraints=spec.constraints, enforce="require")

    here = refusal(unloadable.plan(required, GenerationConfig()), required, unloadable.capabilities)
    there = refusal(openai_plan(required, OPENAI, "openai:m"), required, unloadable.capabilities)

    assert here is None
    assert "category.max_words" in str(there)


def test_thoughts_are_taken_apart_by_the_decoder_and_its_bound_is_told(unloadable, ask):
    spec = OutputSpec(schema=ask("x", schema=SCHEMA).output.schema, reasoning=1_000)

    first = unloadable.plan(spec, GenerationConfig()).placements[0]

    assert (first.rule, first.where) == ("reasoning", Enforcement.GRAMMAR)
    assert first.note == "thoughts end after 1,000 tokens, or half of what may be written"


def test_a_length_that_is_kept_while_it_is_written_shapes_the_answer(ask):
    ways = ("check", "hard")
    fingerprints = {
        ask("x", schema=SCHEMA, constraints=[max_words("category", most, enforce=way)]).fingerprint()
        for way in ways
        for most in (3, 4)
    }

    assert len(fingerprints) == 3  # what is only checked changes no answer


def test_fields_that_are_for_servers_are_refused_here(unloadable, ask):
    output = ask("x", schema=SCHEMA).output

    plan = unloadable.plan(output, GenerationConfig(extra={"think": True}))

    assert (plan.placements[0].setting, plan.placements[0].where) == ("extra", Enforcement.IMPOSSIBLE)
    assert "cannot be given generation.extra" in str(refusal(plan, output, unloadable.capabilities))
