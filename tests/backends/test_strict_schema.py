from __future__ import annotations

from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from promptkit.backends.strict_schema import to_strict


class Leaf(BaseModel):
    size: Annotated[int, Field(ge=1, le=5)]
    name: Annotated[str, Field(min_length=2)] = Field(description="Its name")


class Tree(BaseModel):
    leaf: Leaf = Field(description="The first leaf")
    more: list[Leaf] = []
    parent: Tree | None = None
    kind: Literal["oak", 7]
    note: str | None = None


def object_of(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_a_nested_recursive_model_becomes_strict() -> None:
    made = to_strict(Tree.model_json_schema())

    assert made.strict
    schema = made.schema
    assert schema["type"] == "object"
    assert schema["required"] == list(schema["properties"]) == ["leaf", "more", "parent", "kind", "note"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["leaf"] == {
        "anyOf": [{"$ref": "#/$defs/Leaf"}],
        "description": "The first leaf",
    }
    assert schema["properties"]["more"]["description"] == "(default: [])"
    assert "default" not in schema["properties"]["note"]
    assert schema["$defs"]["Leaf"]["properties"]["name"] == {
        "title": "Name",
        "type": "string",
        "description": "Its name (minLength: 2)",
    }
    assert schema["$defs"]["Leaf"]["additionalProperties"] is False


def test_what_a_strict_schema_allows_the_schema_allows() -> None:
    schema = Tree.model_json_schema()
    value = {"leaf": {"size": 3, "name": "ab"}, "more": [], "parent": None, "kind": 7, "note": None}

    assert jsonschema_rs.is_valid(to_strict(schema).schema, value)
    assert jsonschema_rs.is_valid(schema, value)
    assert not jsonschema_rs.is_valid(to_strict(schema).schema, {"leaf": value["leaf"], "kind": 7})


def test_rules_are_accounted_for_under_the_paths_of_their_use() -> None:
    made = to_strict(Tree.model_json_schema())

    assert {("leaf.size", "minimum"), ("more[].size", "maximum"), ("kind", "enum")} <= set(made.kept)
    assert {("leaf.name", "minLength"), ("more[].name", "minLength")} <= set(made.moved)
    assert not any(rule in ("title", "description", "default", "$ref") for _, rule in made.kept + made.moved)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"type": "object"}, "open for further properties"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "open for further properties"),
        ({**object_of(a={"type": "string"}), "additionalProperties": True}, "open for further properties"),
        ({"type": "array"}, "no one type"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "no one type"),
        ({}, "any value"),
        (True, "any value"),
        ({"allOf": [{"type": "string"}, {"minLength": 3}]}, "allOf"),
        ({"$ref": "https://example.org/a.json"}, "a reference to https://example.org/a.json"),
        ({"$ref": "#/properties/x"}, "a reference to #/properties/x"),
        ({"$ref": "#/$defs/A", "enum": ["a"]}, "enum beside a reference"),
        ({**object_of(), "patternProperties": {"^a": {}}}, "named by a pattern"),
    ],
)
def test_what_the_subset_cannot_say_is_an_obstacle_with_its_path(field: Any, reason: str) -> None:
    made = to_strict({**object_of(x=field), "$defs": {"A": {"type": "string"}}})

    assert not made.strict
    assert [path for path, said in made.obstacles if reason in said] == ["x"]


def test_an_optional_property_must_allow_null_or_have_a_default() -> None:
    schema = object_of(
        free={"type": "string"},
        nullable={"type": ["string", "null"]},
        preset={"type": "integer", "default": 3},
    )
    schema["required"] = []

    made = to_strict(schema)

    assert made.obstacles == (("free", "an optional property without null or default"),)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
        {"enum": ["a", "b"]},
        {"anyOf": [object_of(), object_of()]},
        {"type": ["object", "null"], "properties": {}, "additionalProperties": False},
    ],
)
def test_an_output_that_is_no_object_has_no_strict_schema(schema: dict[str, Any]) -> None:
    made = to_strict(schema)

    assert not made.object_root
    assert not made.strict


def test_keywords_are_kept_moved_or_dropped() -> None:
    made = to_strict(
        object_of(
            a={"type": "string", "pattern": "^a$", "format": "date", "examples": ["a"], "$comment": "c"},
            b={"type": "string", "pattern": "^(?!b)", "format": "uri", "maxLength": 9},
            c={"type": "array", "items": {"type": "number"}, "minItems": 1, "uniqueItems": True},
            d={"oneOf": [{"const": "x"}, {"const": 2.5}, {"const": False}, {"const": None}]},
            e={"allOf": [{"type": "string"}], "description": "e"},
        )
    )

    assert made.strict
    parts = made.schema["properties"]
    assert parts["a"] == {"type": "string", "pattern": "^a$", "format": "date"}
    assert parts["b"] == {
        "type": "string",
        "description": '(pattern: "^(?!b)"; format: "uri"; maxLength: 9)',
    }
    assert (parts["c"]["minItems"], parts["c"]["description"]) == (1, "(uniqueItems: true)")
    assert [branch["type"] for branch in parts["d"]["anyOf"]] == ["string", "number", "boolean", "null"]
    assert parts["e"] == {"type": "string", "description": "e"}
    assert set(made.moved) == {
        ("b", "pattern"),
        ("b", "format"),
        ("b", "maxLength"),
        ("c", "uniqueItems"),
        ("d", "oneOf"),
    }


def test_a_root_that_is_a_reference_is_taken_in_and_old_definitions_are_renamed() -> None:
    schema = {
        "$ref": "#/definitions/Node",
        "definitions": {
            "Node": object_of(next={"anyOf": [{"$ref": "#/definitions/Node"}, {"type": "null"}]})
        },
    }

    made = to_strict(schema)

    assert made.strict
    assert made.schema["properties"]["next"]["anyOf"][0] == {"$ref": "#/$defs/Node"}
    assert "definitions" not in made.schema
    assert made.schema["$defs"]["Node"]["additionalProperties"] is False


def test_definitions_that_fan_out_do_not_take_forever() -> None:
    definitions = {
        f"D{n}": object_of(a={"$ref": f"#/$defs/D{n + 1}"}, b={"$ref": f"#/$defs/D{n + 1}"})
        for n in range(30)
    }
    definitions["D30"] = {"type": "string"}

    made = to_strict({**object_of(x={"$ref": "#/$defs/D0"}), "$defs": definitions})

    assert made.strict
    assert len(made.kept) < 4_000
