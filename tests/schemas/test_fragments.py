"""Walking a JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.schemas.fragments import (
    branches,
    fragments_to,
    is_nullable,
    opened,
    references_in,
    resolve,
    without_null,
)

ROOT: dict[str, Any] = {
    "$defs": {
        "a/b": {"type": "string", "description": "shared"},
        "hop": {"$ref": "#/$defs/a~1b"},
        "loop": {"$ref": "#/$defs/loop"},
        "list": [1],
    }
}


@pytest.mark.parametrize(
    ("fragment", "resolved"),
    [
        ({"type": "integer"}, {"type": "integer"}),
        ({"$ref": "#/$defs/a~1b"}, {"type": "string", "description": "shared"}),
        ({"$ref": "#/$defs/hop", "description": "own"}, {"type": "string", "description": "own"}),
        ({"$ref": "#/$defs/none", "title": "t"}, {"$ref": "#/$defs/none", "title": "t"}),
        ({"$ref": "#/$defs/list"}, {"$ref": "#/$defs/list"}),
        ({"$ref": "http://x/y"}, {"$ref": "http://x/y"}),
        ({"$ref": "#/$defs/loop"}, {"$ref": "#/$defs/loop"}),
    ],
)
def test_a_reference_is_followed_as_far_as_it_leads(fragment, resolved):
    assert resolve(fragment, ROOT) == resolved


@pytest.mark.parametrize(
    ("fragment", "nullable", "rest"),
    [
        ({"type": "string"}, False, {"type": "string"}),
        ({"type": ["string", "null"]}, True, {"type": "string"}),
        ({"type": ["string", "integer", "null"]}, True, {"type": ["string", "integer"]}),
        ({"enum": ["a", None]}, True, {"enum": ["a"]}),
        ({"const": None}, True, {"const": None}),
        ({"const": 1}, False, {"const": 1}),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"},
            True,
            {"type": "string", "description": "d"},
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            True,
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
    ],
)
def test_null_is_found_and_taken_away(fragment, nullable, rest):
    assert is_nullable(fragment) is nullable
    assert without_null(fragment) == rest


def test_a_bare_true_is_an_open_branch_and_a_bare_false_none():
    assert branches({"anyOf": [True, False, {"type": "string"}]}) == [{}, {"type": "string"}]


ORDER: dict[str, Any] = {
    "$defs": {
        "Item": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Maybe": {"anyOf": [{"$ref": "#/$defs/Item"}, {"type": "null"}]},
    },
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
        "first": {"$ref": "#/$defs/Maybe"},
        "either": {"anyOf": [{"$ref": "#/$defs/Item"}, {"type": "array", "items": {}}]},
        "pair": {"prefixItems": [{"type": "string"}], "items": {"type": "integer"}},
        "mixed": {"allOf": [{"$ref": "#/$defs/Item"}], "properties": {"name": {}}},
        "open": {"additionalProperties": {"type": "string"}},
        "any": True,
    },
}


@pytest.mark.parametrize(
    ("place", "fragment"),
    [
        ((), ORDER),
        (("items", 3), {"$ref": "#/$defs/Item"}),
        (("items", 3, "name"), {"type": "string"}),
        (("first", "name"), {"type": "string"}),
        (("either",), ORDER["properties"]["either"]),
        (("either", "name"), None),
        (("pair", 0), None),
        (("mixed", "name"), None),
        (("open", "x"), None),
        (("items", "name"), None),
        (("items", 0, 1), None),
        (("any",), None),
        (("none",), None),
    ],
)
def test_a_place_has_a_fragment_where_the_schema_says_it_in_one_place(place: Any, fragment: Any) -> None:
    found = fragments_to(place, ORDER)

    assert (found[-1] if found else None) == fragment
    assert found is None or len(found) == len(place) + 1


def test_what_a_fragment_stands_for_is_found_through_references_and_null() -> None:
    assert opened({"$ref": "#/$defs/Maybe"}, ORDER)["properties"] == {"name": {"type": "string"}}
    assert "anyOf" in opened(ORDER["properties"]["either"], ORDER)


def test_references_are_found_at_every_depth() -> None:
    assert sorted(references_in(ORDER["properties"])) == ["#/$defs/Item"] * 3 + ["#/$defs/Maybe"]
    assert list(references_in({"properties": {"$ref": {"type": "string"}}})) == []
    assert list(references_in({"items": {"$dynamicRef": "#node"}})) == ["#node"]
