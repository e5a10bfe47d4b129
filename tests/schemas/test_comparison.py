"""What changed between two schemas, and whether more or fewer values are taken."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.schemas.comparison import changes_of

TEXT = {"type": "string"}


def obj(required: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields) if required is None else required,
        "additionalProperties": False,
    }


def effects(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    return [(change.path, change.effect) for change in changes_of(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ({"type": "integer"}, {"type": "number"}, "widened"),
        ({"type": "number"}, {"type": "integer"}, "narrowed"),
        (TEXT, {"type": "integer"}, "changed"),
        ({}, TEXT, "narrowed"),
        (TEXT, {}, "widened"),
        (TEXT, {"type": ["string", "null"]}, "widened"),
        ({"anyOf": [TEXT, {"type": "null"}]}, TEXT, "narrowed"),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "narrowed"),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "widened"),
        ({"type": "string", "enum": ["a"]}, TEXT, "widened"),
        (TEXT, {"enum": ["a"]}, "narrowed"),
        ({"const": 1}, {"enum": [1, 2]}, "widened"),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 4}, "narrowed"),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}, "widened"),
        ({"type": "string", "minLength": 5}, {"type": "string", "minLength": 6}, "narrowed"),
        ({"type": "string", "minLength": 5}, TEXT, "widened"),
        (TEXT, {"type": "string", "pattern": "a"}, "narrowed"),
        ({"type": "string", "pattern": "b"}, {"type": "string", "pattern": "a"}, "changed"),
        ({"type": "array"}, {"type": "array", "uniqueItems": True}, "narrowed"),
        ({"type": "array", "uniqueItems": True}, {"type": "array", "uniqueItems": False}, "widened"),
        (
            {"anyOf": [TEXT, {"type": "integer"}]},
            {"anyOf": [TEXT, {"type": "integer"}, {"type": "boolean"}]},
            "widened",
        ),
        (
            {"anyOf": [TEXT, {"type": "integer"}, {"type": "boolean"}]},
            {"anyOf": [TEXT, {"type": "integer"}]},
            "narrowed",
        ),
        ({"anyOf": [TEXT, {"type": "integer"}]}, {"anyOf": [TEXT, {"type": "boolean"}]}, "changed"),
        (obj(a=TEXT), {}, "widened"),
        ({}, obj(a=TEXT), "narrowed"),
        ({"type": "integer", "minimum": 5}, {"type": "integer", "exclusiveMinimum": 0}, "widened"),
        ({"type": "number", "minimum": 1}, {"type": "number", "exclusiveMinimum": 1}, "narrowed"),
        ({"type": "number", "exclusiveMaximum": 9}, {"type": "number", "maximum": 9}, "widened"),
        ({"type": "object", "not": {}}, {"type": "object"}, "changed"),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}, "widened"),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": False},
            "narrowed",
        ),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": {}},
            "changed",
        ),
    ],
)
def test_one_change_has_one_effect(old: dict[str, Any], new: dict[str, Any], effect: str) -> None:
    assert effects(old, new) == [("", effect)]


def test_fields_come_go_and_become_optional() -> None:
    old = obj(a=TEXT, b=TEXT, c=TEXT)
    new = obj(["c", "d"], b=TEXT, c=TEXT, d=TEXT, e=TEXT)

    assert effects(old, new) == [
        ("a", "removed"),
        ("b", "optional"),
        ("d", "added_required"),
        ("e", "added"),
    ]
    assert effects(obj([], a=TEXT), obj(a=TEXT)) == [("a", "required")]


def test_places_lead_into_lists_objects_and_references() -> None:
    old = {"$defs": {"Doc": obj(name=TEXT)}, **obj(docs={"type": "array", "items": {"$ref": "#/$defs/Doc"}})}
    new = {
        "$defs": {"D": obj(name={"enum": ["a"]})},
        **obj(docs={"type": "array", "items": {"$ref": "#/$defs/D"}}),
    }

    assert effects(old, new) == [("docs[].name", "narrowed")]
    assert [change.text for change in changes_of(old, new)] == ['takes only "a" now']


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ({"type": "array"}, {"type": "array", "items": TEXT}, "narrowed"),
        ({"type": "array", "items": TEXT}, {"type": "array"}, "widened"),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": False}, "changed"),
    ],
)
def test_what_an_item_is_may_be_said_newly(old: dict[str, Any], new: dict[str, Any], effect: str) -> None:
    assert effects(old, new) == [("[]", effect)]


def test_what_is_for_people_is_no_change() -> None:
    assert effects({"type": "string", "title": "A", "description": "x", "default": "1"}, TEXT) == []


def test_a_recursive_schema_comes_to_an_end() -> None:
    def tree(leaf: str) -> dict[str, Any]:
        node = obj([], value={"type": leaf}, next={"$ref": "#/$defs/Node"})
        return {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}

    assert effects(tree("string"), tree("string")) == []
    assert effects(tree("string"), tree("integer"))[0] == ("value", "changed")


def test_a_change_is_said_in_words() -> None:
    (change,) = changes_of({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 3})

    assert change.text == "has maximum 3 and had 5"
    assert (
        changes_of({"type": "integer", "maximum": 5}, {"type": "integer"})[0].text
        == "has no maximum now (it was 5)"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "exclusiveMaximum": 10}),
        ({"anyOf": [TEXT, {"type": "integer"}]}, {"type": ["string", "integer"]}),
    ],
)
def test_schemas_that_take_the_same_values_in_other_words_have_not_changed(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert effects(old, new) == []


def test_a_field_that_may_be_left_out_and_has_a_default_then_says_so() -> None:
    (change,) = changes_of(obj(a=TEXT), obj([], a={**TEXT, "default": "x"}))

    assert (change.path, change.effect) == ("a", "defaulted")
    assert change.text == 'may be left out now, and is "x" then'
