"""Walking a JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.schemas.fragments import branches, is_nullable, resolve, without_null

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
