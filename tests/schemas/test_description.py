"""Golden tests of the output_format section: the wording of promptkit/1."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.schemas import OutputSchema, describe


def said(schema: dict[str, Any]) -> str:
    return describe(OutputSchema.from_json_schema(schema, "x"), schema)


def phrase(fragment: dict[str, Any]) -> str:
    text = said(
        {"type": "object", "properties": {"f": fragment}, "required": ["f"], "additionalProperties": False}
    )
    first, line = text.split("\n", 1)
    assert first == "Answer with one JSON object and nothing else. Its fields, in this order:"
    return line.removeprefix("- `f`: ")


def test_text_is_asked_for_alone():
    assert describe(OutputSchema.text(), {}) == (
        "Answer with the text alone, without introduction or explanation."
    )


def test_an_object_is_a_list_of_fields():
    schema = {
        "type": "object",
        "properties": {
            "category": {
                "enum": ["billing", "shipping", "technical"],
                "description": "what the message is about",
            },
            "urgency": {
                "type": "integer",
                "minimum": 1,
                "maximum": 5,
                "description": "1 can wait,\n  5 now",
            },
            "order_id": {"type": ["string", "null"], "description": "the order number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"type": "string", "description": "anything else"},
            "items": {
                "type": "array",
                "items": {"$ref": "#/$defs/item"},
                "description": "what was bought",
            },
            "customer": {
                "type": ["object", "null"],
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "additionalProperties": False,
            },
        },
        "required": ["category", "urgency", "order_id", "tags", "items"],
        "additionalProperties": False,
        "$defs": {
            "item": {
                "type": "object",
                "description": "a class docstring, not for the model",
                "properties": {
                    "name": {"type": "string"},
                    "parts": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"id": {"type": "integer"}},
                            "additionalProperties": False,
                        },
                    },
                },
                "required": ["name", "parts"],
                "additionalProperties": False,
            }
        },
    }

    assert said(schema) == (
        "Answer with one JSON object and nothing else. Its fields, in this order:\n"
        '- `category`: one of "billing", "shipping", "technical" (what the message is about)\n'
        "- `urgency`: integer from 1 to 5 (1 can wait, 5 now)\n"
        "- `order_id`: string or null (the order number)\n"
        "- `tags`: list of strings\n"
        "- `note`: string (may be left out; anything else)\n"
        "- `items`: list of objects (what was bought), each with:\n"
        "  - `name`: string\n"
        "  - `parts`: list of objects, each with:\n"
        "    - `id`: integer (may be left out)\n"
        "- `customer`: object or null, the object with:\n"
        "  - `name`: string"
    )


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "minLength": 2, "maxLength": 5}, "string of 2 to 5 characters"),
        ({"type": "string", "maxLength": 1}, "string of at most 1 character"),
        ({"type": "string", "minLength": 2}, "string of at least 2 characters"),
        ({"type": "string", "minLength": 3, "maxLength": 3}, "string of exactly 3 characters"),
        ({"type": "string", "pattern": "^a$"}, "string that matches the pattern ^a$"),
        ({"type": "string", "format": "date"}, 'date such as "2026-01-31"'),
        ({"type": "string", "format": "email"}, "string in the format email"),
        ({"type": "integer"}, "integer"),
        ({"type": "integer", "minimum": 1}, "integer of at least 1"),
        ({"type": "number", "maximum": 0.5}, "number of at most 0.5"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number above 0 and below 1"),
        ({"type": "integer", "multipleOf": 5}, "integer that is a multiple of 5"),
        ({"type": "boolean"}, "true or false"),
        ({"type": ["boolean", "null"]}, "true, false or null"),
        ({"type": "null"}, "null"),
        ({"type": ["string", "integer", "null"]}, "string, integer or null"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "string or integer"),
        ({"enum": ["a", None]}, 'exactly "a" or null'),
        ({"enum": ["a", "b", None]}, 'one of "a", "b" or null'),
        ({"const": 3}, "exactly 3"),
        ({"const": None}, "null"),
        ({"type": "array", "items": {}}, "list of JSON values"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, 'list of values, each one of "a", "b"'),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 3}, "list of at most 3 integers"),
        (
            {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
            "list of 1 to 2 different numbers",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "list of lists of strings",
        ),
        ({"type": "object"}, "object"),
        ({"type": "object", "additionalProperties": False}, "object without fields"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object whose values are integers"),
        (
            {"type": "object", "additionalProperties": {"type": "boolean"}},
            "object whose values are each true or false",
        ),
    ],
)
def test_each_kind_of_value_has_its_words(fragment, words):
    assert phrase(fragment) == words


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"enum": ["a", "b"]}, 'Answer with one JSON value and nothing else: one of "a", "b".'),
        (
            {"type": "array", "items": {"type": "string"}},
            "Answer with one JSON value and nothing else: list of strings.",
        ),
        (
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
            },
            "Answer with one JSON value and nothing else: list of objects, each with:\n- `a`: string",
        ),
    ],
)
def test_other_roots_are_one_value(schema, text):
    assert said(schema) == text


CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        {
            "type": "object",
            "properties": {"next": {"$ref": "#"}},
            "additionalProperties": False,
        },
        {"anyOf": [CLOSED, {**CLOSED, "title": "other"}]},
        {**CLOSED, "patternProperties": {"^x": {}}},
        {**CLOSED, "additionalProperties": True},
        {
            **CLOSED,
            "properties": {
                "a": {
                    "type": "array",
                    "items": {
                        "type": ["object", "null"],
                        **{key: CLOSED[key] for key in ("properties", "additionalProperties")},
                    },
                }
            },
        },
        {**CLOSED, "properties": {"a": {"type": "object", "additionalProperties": CLOSED}}},
        {**CLOSED, "properties": {"a": {"not": {}}}},
        {**CLOSED, "properties": {"a": True}},
        {**CLOSED, "properties": {"a": {"anyOf": [{"enum": ["x", None]}, {"type": "null"}]}}},
        {**CLOSED, "properties": {"a": {"anyOf": [True, {"type": "string"}]}}},
        {**CLOSED, "properties": {"a": {"type": "array", "items": False}}},
        {**CLOSED, "properties": {"a": {"allOf": [{"type": "string"}]}}},
        {**CLOSED, "properties": {"a": {"type": "string", "contentEncoding": "base64"}}},
        {},
    ],
)
def test_what_the_list_cannot_say_is_given_as_the_schema_itself(schema):
    first, rest = said(schema).split("\n")

    assert first == "Answer with one JSON value and nothing else. It fits this JSON Schema:"
    assert rest.startswith("{")
    assert '": ' not in rest


def test_the_demo_model_is_shown_the_words_that_it_was_trained_on():
    text = phrase({"type": ["string", "null"], "description": "the order number, without a leading #"})

    assert text == "string or null (the order number, without a leading #)"
