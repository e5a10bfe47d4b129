from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.schemas import NOTHING, Generated, Refused, generate
from promptkit.schemas.generation.generate import Generator
from promptkit.schemas.raw_schemas import raw_validator

SEEDS = [None, *range(12)]
TRIAGE = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "hardware"]},
        "summary": {"type": "string", "minLength": 6},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
        "score": {"type": "number", "minimum": -0.5, "maximum": 0.5},
        "final": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": ["string", "null"]},
    },
    "required": ["category", "summary", "urgency", "final", "tags"],
    "additionalProperties": False,
}


def value_of(schema, seed=None):
    outcome = generate(schema, seed=seed)
    assert isinstance(outcome, Generated), outcome
    assert raw_validator({} if schema is True else schema).is_valid(outcome.value), outcome
    return outcome.value


def refusal(schema, seed=None) -> Refused:
    outcome = generate(schema, seed=seed)
    assert isinstance(outcome, Refused), outcome
    return outcome


def test_without_a_seed_the_value_is_the_plainest_and_every_choice_is_0() -> None:
    outcome = generate(TRIAGE, seed=None)

    assert outcome == Generated(
        value={"category": "billing", "summary": "textxx", "urgency": 1, "final": False, "tags": ["text"]},
        choices=(),
    )


def test_a_seed_gives_the_same_value_again_and_seeds_differ() -> None:
    values = [json.dumps(value_of(TRIAGE, seed), sort_keys=True) for seed in range(20)]

    assert values == [json.dumps(value_of(TRIAGE, seed), sort_keys=True) for seed in range(20)]
    assert len(set(values)) == 20


def test_the_value_of_a_seed_is_the_same_on_every_python() -> None:
    assert value_of({"type": "array", "items": {"type": "integer"}, "minItems": 3}, 1) == [-559, 0, 18]


def test_seeds_vary_presence_lengths_nulls_branches_and_letters_beyond_ascii() -> None:
    values = [value_of(TRIAGE, seed) for seed in range(60)]

    assert {"note" in value for value in values} == {True, False}
    assert {value.get("note") is None for value in values if "note" in value} == {True, False}
    assert {value["category"] for value in values} == {"billing", "hardware"}
    assert {value["urgency"] for value in values} == {1, 2, 3, 4, 5}
    assert len({len(value["tags"]) for value in values}) > 2
    assert any(not value["summary"].isascii() for value in values)
    assert {0.5, -0.5} <= {value["score"] for value in values if "score" in value}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (True, "text"),
        ({}, "text"),
        ({"enum": [3, 1]}, 3),
        ({"const": {"a": [1]}}, {"a": [1]}),
        ({"type": "string", "default": "given"}, "given"),
        ({"type": "string", "default": 5}, "text"),
        ({"type": ["null", "integer"]}, 0),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, False),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "integer", "minimum": -7, "maximum": -3}, -3),
        ({"type": "integer", "minimum": -7}, 0),
        ({"type": "integer", "exclusiveMinimum": 2, "multipleOf": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.1),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.001}, 0.001),
        ({"type": "number", "minimum": 0.1, "multipleOf": 0.1}, 0.1),
        ({"type": "number", "minimum": 2.5, "maximum": 2.5}, 2.5),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "pattern": "^[0-9]{3}$"}, "000"),
        ({"type": "string", "format": "date"}, "2000-01-01"),
        ({"type": "array"}, []),
        ({"type": "array", "items": {"type": "null"}}, [None]),
        ({"type": "array", "items": {"type": "null"}, "maxItems": 0}, []),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True}, [0, 1, -1]),
        ({"prefixItems": [{"const": 1}, {"const": "b"}], "items": False}, [1, "b"]),
        ({"type": "array", "contains": {"const": 4}, "minContains": 2}, [4, 4]),
        ({"minProperties": 2, "additionalProperties": {"type": "null"}}, {"key1": None, "key2": None}),
        ({"type": "object", "patternProperties": {"^x-": {"type": "null"}}}, {}),
        ({"not": {"type": "string"}}, 0),
        ({"if": {"type": "string"}, "then": {"minLength": 6}}, "textxx"),
        ({"allOf": [{"type": "number", "minimum": 3}, {"type": "integer"}, {"multipleOf": 4}]}, 4),
    ],
)
def test_the_plainest_value_of(schema, value) -> None:
    assert value_of(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        # Draft 4 and draft 7 ways of writing.
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "id": "http://example.org/root.json",
            "definitions": {"open": {"type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 2}},
            "type": "object",
            "properties": {"a": {"$ref": "#/definitions/open"}, "b": {"$ref": "root.json#/definitions/open"}},
            "required": ["a", "b"],
        },
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "array",
            "items": [{"type": "string"}, {"type": "integer"}],
            "additionalItems": {"type": "null"},
            "minItems": 4,
        },
        {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#/x", "type": "null"}}, "x": {"type": "string"}, "required": ["a"]},
        {"$defs": {"a": {"$anchor": "here", "type": "integer"}}, "$ref": "#here"},
        {"$id": "https://example.org/a", "$defs": {"b": {"$id": "b", "type": "null"}}, "$ref": "https://example.org/b"},
        {"$ref": "#/properties/a~1b%20c", "properties": {"a/b c": {"type": "boolean"}}},
        {"$defs": {"n": {"$dynamicAnchor": "n", "type": "integer"}}, "$dynamicRef": "#n"},
        # Alternatives, conditions, opposites.
        {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"},
        {"oneOf": [{"type": "number"}, {"type": "integer"}]},
        {"oneOf": [{"multipleOf": 3}, {"multipleOf": 5}], "type": "integer", "minimum": 14},
        {"not": {"enum": ["text", "", 0, None]}},
        {"type": "object", "not": {"required": ["a"]}, "properties": {"a": True, "b": True}, "minProperties": 1},
        {"type": "object", "properties": {"a": {"not": {"const": "text"}}}, "required": ["a"]},
        {"type": "string", "not": {"pattern": "^t"}},
        {"type": "string", "not": {"maxLength": 5}},
        {"type": "array", "not": {"items": {"type": "string"}}},
        {"type": "array", "items": {"type": "integer"}, "not": {"contains": {"const": 0}}, "minItems": 2},
        {"type": "object", "not": {"propertyNames": {"maxLength": 5}}},
        {"type": "object", "not": {"anyOf": [{"required": ["a"]}, {"properties": {"b": {"const": 1}}}]}},
        {
            "type": "object",
            "properties": {"country": {"enum": ["US", "NL"]}, "code": {"type": "string"}},
            "required": ["country", "code"],
            "if": {"properties": {"country": {"const": "US"}}},
            "then": {"properties": {"code": {"pattern": "^[0-9]{5}(-[0-9]{4})?$"}}},
            "else": {"properties": {"code": {"pattern": "^[0-9]{4} [A-Z]{2}$"}}},
        },
        # Objects.
        {"type": "object", "propertyNames": {"pattern": "^[a-z]{3}$"}, "minProperties": 3},
        {"type": "object", "patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False, "minProperties": 2},
        {"type": "object", "dependentRequired": {"a": ["b"]}, "required": ["a"], "properties": {"b": {"type": "null"}}},
        {"type": "object", "dependentSchemas": {"a": {"required": ["c"], "properties": {"c": {"const": 9}}}}, "properties": {"a": True}},
        {"type": "object", "dependencies": {"a": ["b"], "b": {"properties": {"a": {"const": 1}}}}, "properties": {"a": {}, "b": {}}},
        {"type": "object", "allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"minimum": 6}}, "required": ["a"]}]},
        {"allOf": [{"properties": {"a": {"type": "null"}}}], "properties": {"b": {"type": "null"}}, "unevaluatedProperties": False, "type": "object", "required": ["a", "b"]},
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1, "minProperties": 1},
        # Lists.
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
        {"type": "array", "items": {"enum": list("abcdef")}, "uniqueItems": True, "minItems": 6},
        {"type": "array", "contains": {"type": "integer"}, "maxContains": 1, "items": {"type": ["integer", "string"]}, "minItems": 4},
        {"prefixItems": [{"type": "string"}], "contains": {"type": "null"}, "type": "array"},
        {"prefixItems": [{"const": 1}], "unevaluatedItems": False, "type": "array", "minItems": 1},
        # Texts.
        {"type": "string", "pattern": "^(?=.*[A-Z])(?=.*\\d)(?!.*\\s).{8,20}$"},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 31},
        {"type": "string", "pattern": "b", "minLength": 12},
        {"type": "string", "allOf": [{"pattern": "^[a-z0-9]+$"}, {"pattern": "[0-9]"}, {"pattern": "^.{4,6}$"}]},
        {"type": "string", "format": "date", "pattern": "^20"},
        {"type": "string", "format": "email", "minLength": 40, "maxLength": 40},
        {"type": "string", "format": "uri", "pattern": "^https://"},
    ],
    ids=lambda schema: json.dumps(schema)[:70],
)  # fmt: skip
def test_each_seed_gives_a_valid_value_of(schema) -> None:
    for seed in SEEDS:
        value_of(schema, seed)


FORMATS = [
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri",
    "uri-reference", "uri-template", "iri", "iri-reference", "uuid", "json-pointer", "relative-json-pointer", "regex",
]  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_texts_have_their_format_and_vary(name) -> None:
    values = {value_of({"type": "string", "format": name}, seed) for seed in range(30)}

    assert len(values) > 2


def test_dates_times_and_uuids_are_read_by_python() -> None:
    for seed in range(30):
        dt.date.fromisoformat(value_of({"type": "string", "format": "date"}, seed))
        dt.datetime.fromisoformat(value_of({"type": "string", "format": "date-time"}, seed))
        uuid.UUID(value_of({"type": "string", "format": "uuid"}, seed))


TREE = {
    "$defs": {
        "tree": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}},
                    "required": ["left", "right"],
                },
                {"type": "integer"},
            ]
        }
    },
    "$ref": "#/$defs/tree",
}


def depth(value) -> int:
    return 1 + max(map(depth, value.values())) if isinstance(value, dict) else 0


def test_recursion_is_cut_off_where_a_value_may_end() -> None:
    plain = value_of(TREE)
    deepest = max(depth(value_of(TREE, seed)) for seed in range(40))

    assert plain == {"left": 0, "right": 0}
    assert 2 < deepest < 12


@pytest.mark.parametrize(
    ("schema", "reason", "path"),
    [
        (False, "no value fits the schema: it is false", ""),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "minimum 5 is above maximum 3", ""),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "no whole number between exclusiveMinimum 1", ""),
        ({"type": "number", "multipleOf": 3, "minimum": 4, "maximum": 5}, "no multiple of 3 between minimum 4", ""),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "minLength 5 is above maxLength 2", ""),
        ({"type": "string", "pattern": "^[0-9]{10}$", "maxLength": 5}, "needs 10 characters, maxLength allows 5", ""),
        ({"type": "string", "pattern": "^[0-9]{2}$", "minLength": 5}, "ends after 2 characters, minLength is 5", ""),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "types that are asked for have none in common", ""),
        ({"const": 1, "enum": [2, 3]}, "enum and const leave no value in common", ""),
        ({"enum": ["a", "b"], "type": "integer"}, "each value that enum or const allows is of another type", ""),
        ({"enum": [1, 2], "minimum": 3}, "no value that enum or const allows meets the other rules", ""),
        ({"enum": [1, 2], "not": {"enum": [2, 1.0]}}, "is excluded", ""),
        ({"not": {}}, "what not leaves is nothing", ""),
        ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3}, "above the 2 values", ""),
        ({"type": "array", "minItems": 2, "prefixItems": [True], "items": False}, "minItems 2 is above the 1 items", ""),
        ({"type": "array", "maxItems": 1, "contains": True, "minContains": 2}, "contains asks for 2 items", ""),
        ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, "maxProperties 1 allows fewer", ""),
        ({"type": "object", "required": ["b"], "properties": {"a": {}}, "additionalProperties": False}, '"b" is required but not allowed', ""),
        ({"type": "object", "required": ["bb"], "propertyNames": {"maxLength": 1}}, "propertyNames does not allow", ""),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False, "minProperties": 2}, "minProperties 2 is above the 1 fields", ""),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "object", "properties": {"b": False}, "required": ["b"]}},
                "required": ["a"],
            },
            'no value fits `a`: the field "b" is required but not allowed',
            "a",
        ),
        (
            {"type": "array", "minItems": 1, "items": {"anyOf": [{"minimum": 2, "maximum": 1}, {"multipleOf": 2, "const": 3}], "type": "integer"}},
            "minimum 2 is above maximum 1",
            "[0]",
        ),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "would nest without end", ""),
    ],
)  # fmt: skip
def test_a_contradiction_is_proven_and_named_whatever_the_seed(schema, reason, path) -> None:
    for seed in (None, 0, 1, 2):
        refused = refusal(schema, seed)

        assert refused.proven
        assert reason in refused.reason
        assert refused.path == path


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9},
        {"type": "string", "minLength": 10**9},
        {"type": "object", "minProperties": 10**9},
        {"type": "array", "contains": {"const": 1}, "minContains": 10**9},
        {
            "type": "array",
            "minItems": 200,
            "items": {"type": "array", "minItems": 200, "items": {"minItems": 200}},
        },
        {"type": "string", "pattern": "^(a{900}){900}$"},
        {"type": "string", "allOf": [{"pattern": "^[a-m]+$"}, {"pattern": "^[n-z]+$"}]},
        {"not": {"$ref": "#"}},
        {"enum": [*range(100_000)], "minimum": 10**6},
        {"type": 5},
        {"properties": [], "minLength": "x"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.org/elsewhere"},
        {"enum": [{1, 2}]},
        {"pattern": "("},
    ],
    ids=lambda schema: str(schema)[:60],
)
def test_what_no_value_was_found_for_is_refused_without_a_proof(schema) -> None:
    for seed in (None, 3):
        refused = refusal(schema, seed)

        assert not refused.proven
        assert refused.reason.startswith("no value ")


def test_schemas_that_refer_to_themselves_in_place_end() -> None:
    for schema in ({"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"anyOf": [{"$ref": "#"}, {"type": "null"}]}):
        value_of(schema, 1)


def test_deep_schemas_end_whether_a_value_is_made_or_not() -> None:
    schema: dict[str, object] = {"type": "null"}
    for _ in range(30):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    deeper: dict[str, object] = {"type": "null"}
    for _ in range(120):
        deeper = {"type": "object", "properties": {"a": deeper}, "required": ["a"]}

    assert depth(value_of(schema)) == 30
    assert isinstance(generate(deeper, seed=None), Refused)


def test_a_suggestion_is_taken_where_it_fits_and_passed_over_where_not() -> None:
    asked = []

    def suggest(path, fragment, choices):
        asked.append((path, fragment.get("type")))
        return {("summary",): "A broken router", ("urgency",): 99}.get(path, NOTHING)

    outcome = generate(TRIAGE, seed=None, suggest=suggest)

    assert isinstance(outcome, Generated)
    assert outcome.value["summary"] == "A broken router"
    assert outcome.value["urgency"] == 1
    assert ((), "object") in asked
    assert (("tags", 0), "string") in asked


def test_a_suggestion_sees_the_schema_behind_a_reference_and_may_draw() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/name"}},
        "required": ["a"],
        "$defs": {"name": {"type": "string", "title": "Name"}},
    }

    def suggest(path, fragment, choices):
        return choices.pick(["Ada", "Grace", "Alan"]) if fragment.get("title") == "Name" else NOTHING

    found = {generate(schema, seed=seed, suggest=suggest).value["a"] for seed in range(20)}

    assert found == {"Ada", "Grace", "Alan"}


def test_suggestions_that_only_break_the_whole_are_dropped_in_the_end() -> None:
    schema = {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 3,
        "maxItems": 3,
        "uniqueItems": True,
    }

    outcome = generate(schema, suggest=lambda path, *_: 7 if path else NOTHING)

    assert isinstance(outcome, Generated)
    assert len(set(outcome.value)) == 3


names = st.sampled_from(["a", "b", "c", "x-1"])
small = st.integers(0, 4)


def spans(low: str, high: str, numbers=small):
    return st.fixed_dictionaries({}, optional={low: numbers, high: numbers})


LEAVES = st.one_of(
    st.sampled_from([True, {}, {"type": "null"}, {"type": "boolean"}, {"type": ["string", "null"]}]),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from([0, 1, "a", None, 1.5, [], {}]), min_size=1, unique_by=repr)),
    st.builds(lambda span: {"type": "integer", **span}, spans("minimum", "maximum", st.integers(-5, 5))),
    st.builds(lambda span, step: {"type": "number", **span, "multipleOf": step}, spans("minimum", "exclusiveMaximum", st.sampled_from([-2, 0.3, 1, 7.5])), st.sampled_from([0.1, 0.25, 1, 3])),
    st.builds(lambda span: {"type": "string", **span}, spans("minLength", "maxLength")),
    st.builds(lambda pattern, span: {"type": "string", "pattern": pattern, **span}, st.sampled_from(["^[a-c]+$", "\\d{2}", "^(ab|c)*$", "^\\w+@\\w+$", "[^a]$", "^.{2,}$"]), spans("minLength", "maxLength", st.integers(0, 8))),
    st.builds(lambda name: {"type": "string", "format": name}, st.sampled_from(FORMATS)),
)  # fmt: skip


def bigger(inner):
    return st.one_of(
        st.builds(
            lambda properties, required, rest, span: {"type": "object", "properties": properties, "required": required, **rest, **span},
            st.dictionaries(names, inner, max_size=3),
            st.lists(names, max_size=2, unique=True),
            st.one_of(st.just({}), st.builds(lambda it: {"additionalProperties": it}, st.one_of(st.just(False), inner))),
            spans("minProperties", "maxProperties"),
        ),
        st.builds(
            lambda items, span, unique: {"type": "array", "items": items, "uniqueItems": unique, **span},
            inner,
            spans("minItems", "maxItems"),
            st.booleans(),
        ),
        st.builds(lambda first, rest: {"type": "array", "prefixItems": first, "contains": rest}, st.lists(inner, min_size=1, max_size=2), inner),
        st.builds(lambda keyword, branches: {keyword: branches}, st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda schema: {"not": schema}, inner),
        st.builds(lambda one, two, three: {"if": one, "then": two, "else": three}, inner, inner, inner),
        st.builds(lambda schema, name, it: {"type": "object", "properties": {name: it}, "dependentSchemas": {name: schema}}, inner, names, inner),
        st.builds(lambda pattern, it, name: {"patternProperties": {pattern: it}, "required": [name], "type": "object"}, st.sampled_from(["^x", "a", "."]), inner, names),
        st.builds(lambda it: {"type": "object", "propertyNames": it, "minProperties": 1}, inner),
    )  # fmt: skip


SCHEMAS = st.recursive(LEAVES, bigger, max_leaves=6)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(SCHEMAS, st.sampled_from([None, 0, 1, 2]))
def test_a_value_of_any_schema_is_valid_and_its_choices_lead_to_it_again(schema, seed) -> None:
    outcome = generate(schema, seed=seed)

    assert outcome == generate(schema, seed=seed)
    if isinstance(outcome, Generated):
        assert raw_validator({} if schema is True else schema).is_valid(outcome.value)
        generator = Generator.of(schema)
        assert isinstance(generator, Generator)
        assert generator.replayed(outcome.choices) == outcome


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(SCHEMAS)
def test_what_one_seed_proves_no_other_seed_disproves(schema) -> None:
    outcomes = [generate(schema, seed=seed) for seed in (None, 0, 1, 2, 3, 4)]

    if any(isinstance(outcome, Refused) and outcome.proven for outcome in outcomes):
        assert not any(isinstance(outcome, Generated) for outcome in outcomes)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(SCHEMAS, st.sampled_from([None, True, 0, 1, 1.5, "a", "ab", "text", [], [1], ["a", "a"], {}, {"a": 1}, {"a": None, "x-1": "a"}]))  # fmt: skip
def test_no_schema_that_some_value_fits_is_proven_to_have_none(schema, value) -> None:
    if raw_validator({} if schema is True else schema).is_valid(value):
        outcome = generate(schema, seed=None)

        assert not (isinstance(outcome, Refused) and outcome.proven)
