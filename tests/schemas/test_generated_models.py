"""Schemas that came from Picoschema: values are instances of generated models."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from promptkit.errors import SchemaUnsupported
from promptkit.schemas import Invalid, OutputSchema, Valid

TRIAGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "shipping"]},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
        "order_id": {"type": ["string", "null"]},
        "when": {"type": "string", "format": "date"},
        "score": {"type": "number", "exclusiveMinimum": 0},
        "escalate": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2},
        "customer": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    },
    "required": ["category", "urgency", "order_id"],
    "additionalProperties": False,
}


def value_of(schema: dict[str, Any], data: Any) -> Any:
    outcome = OutputSchema.from_declared(schema, "support-triage").validate(data)
    assert isinstance(outcome, Valid), outcome
    return outcome.value


def found(schema: dict[str, Any], data: Any) -> list[str]:
    outcome = OutputSchema.from_declared(schema, "x").validate(data)
    assert isinstance(outcome, Invalid), outcome
    return [str(problem) for problem in outcome.problems]


def test_the_value_has_attributes_and_title_cased_classes():
    data = {
        "category": "billing",
        "urgency": 2,
        "order_id": None,
        "when": "2026-01-31",
        "score": 1,
        "escalate": True,
        "tags": ["a"],
        "customer": {"name": "Ann"},
    }

    value = value_of(TRIAGE, data)

    assert type(value).__name__ == "SupportTriage"
    assert type(value.customer).__name__ == "SupportTriageCustomer"
    assert (value.category, value.urgency, value.order_id, value.score) == ("billing", 2, None, 1.0)
    assert value.when == dt.date(2026, 1, 31)
    assert value.customer.name == "Ann"


def test_the_declared_schema_is_the_one_that_is_shown():
    assert OutputSchema.from_declared(TRIAGE, "t").json_schema == TRIAGE


def test_what_was_left_out_is_none_and_is_written_as_null():
    schema = OutputSchema.from_declared(TRIAGE, "t")

    outcome = schema.read_json('{"urgency":1,"category":"billing","order_id":null}')

    assert isinstance(outcome, Valid)
    assert outcome.value.tags is None
    assert schema.dump_json(outcome.value) == (
        '{"category":"billing","urgency":1,"order_id":null,'
        '"when":null,"score":null,"escalate":null,"tags":null,"customer":null}'
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"category": "x"}, 'category: "x" is not one of "billing" or "shipping"'),
        ({"urgency": "1"}, 'urgency: expected an integer, got a string, "1"'),
        ({"urgency": 6}, "urgency: 6 is above 5"),
        ({"order_id": 4}, "order_id: expected a string, got an integer, 4"),
        ({"extra": 4}, "extra: is no field of the schema"),
        ({"tags": ["abcdef"]}, "tags[0]: 6 characters are more than 5"),
        ({"tags": ["a", "b", "c"]}, "tags: 3 items are more than 2"),
        ({"customer": {}}, "customer.name: is missing"),
        ({"score": 0}, "score: 0 is not above 0"),
        ({"escalate": "true"}, 'escalate: expected a boolean, got a string, "true"'),
    ],
)
def test_nothing_is_coerced_and_nothing_else_is_taken(change, sentence):
    data = {"category": "billing", "urgency": 1, "order_id": "4", **change}

    assert found(TRIAGE, data) == [sentence]


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("class", "class_"),
        ("json", "json_"),
        ("model_dump", "model_dump_"),
        ("order-id", "order_id"),
        ("_hidden", "hidden"),
        ("1st", "field_1st"),
        ("!", "field"),
        ("model_kind", "model_kind"),
    ],
)
def test_a_name_that_python_takes_for_itself_gets_another_attribute_and_keeps_its_own_in_json(
    name, attribute
):
    schema = OutputSchema.from_declared({"type": "object", "properties": {name: {"type": "string"}}}, "x")

    outcome = schema.validate({name: "v"})

    assert isinstance(outcome, Valid)
    assert getattr(outcome.value, attribute) == "v"
    assert schema.dump(outcome.value) == {name: "v"}


def test_two_names_never_share_an_attribute():
    properties = {"a-b": {"type": "string"}, "a_b": {"type": "string"}, "a b": {"type": "string"}}

    value = value_of({"type": "object", "properties": properties}, {"a-b": "1", "a_b": "2", "a b": "3"})

    assert (value.a_b_, value.a_b, value.a_b__) == ("1", "2", "3")


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({}, {"anything": [1]}),
        ({"type": "array", "items": {"type": "array"}}, [[1], ["a"]]),
        ({"enum": ["a", 1, None, True]}, None),
        ({"const": "x"}, "x"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, None),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}),
        ({"type": "object"}, {"a": "b"}),
        ({"description": "any value"}, 3),
        ({"minimum": 3}, 3),
    ],
)
def test_other_shapes_yield_plain_values(schema, data):
    assert value_of(schema, data) == data


def test_further_fields_of_one_type_stand_beside_named_ones():
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": {"type": "integer"},
    }

    assert value_of(schema, {"name": "n", "a": 1}).model_extra == {"a": 1}
    assert found(schema, {"name": "n", "a": "1"}) == ['a: expected an integer, got a string, "1"']


def test_an_open_object_keeps_what_it_is_given():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}

    assert value_of(schema, {"a": "b", "c": [1]}).model_extra == {"c": [1]}


def test_an_object_without_fields_takes_none():
    schema = {"type": "object", "properties": {}, "additionalProperties": False}

    assert found(schema, {"a": 1}) == ["a: is no field of the schema"]


@pytest.mark.parametrize(
    ("schema", "path", "reason"),
    [
        ({"type": "string", "format": "email"}, "format", "the format email is not checked"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/x"}}},
            "properties.a.$ref",
            "the keyword .ref is not supported",
        ),
        ({"type": "array", "items": {"type": "text"}}, "items.type", "the type text is unknown"),
        ({"enum": [1.5]}, "enum", "the values of an enum are strings"),
        ({"enum": []}, "enum", "at least one value"),
        ({"type": "string", "uniqueItems": True}, "uniqueItems", "the keyword uniqueItems"),
        ({"type": "array", "items": 3}, "items", "a schema is a mapping"),
        ({"enum": ["a"], "minimum": 3}, "minimum", "the keyword minimum"),
    ],
)
def test_what_no_generated_model_can_say_is_refused_with_its_path(schema, path, reason):
    with pytest.raises(SchemaUnsupported, match=reason) as caught:
        OutputSchema.from_declared(schema, "x")

    assert caught.value.paths == (path,)
