"""Which keywords of a schema bind, and where."""

from __future__ import annotations

from promptkit.schemas.keywords import added_keywords, keywords


def test_rules_are_listed_from_the_outer_to_the_inner_and_descriptions_are_not() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "x-note": 1,
        "properties": {
            "tags": {"type": "array", "items": {"enum": ["a"]}, "default": []},
            "size": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "description": "d"},
        },
        "required": ["tags"],
        "additionalProperties": {"type": "string", "maxLength": 3},
    }

    assert [(path, keyword) for path, keyword, _ in keywords(schema)] == [
        ("", "type"),
        ("", "required"),
        ("", "additionalProperties"),
        ("tags", "type"),
        ("tags[]", "enum"),
        ("size", "anyOf"),
        ("size", "type"),
        ("size", "minimum"),
        ("size", "type"),
        ("", "type"),
        ("", "maxLength"),
    ]


def test_rules_of_a_definition_stand_where_it_is_used_and_a_circle_once() -> None:
    node = {"type": "object", "properties": {"size": {"minimum": 1}, "next": {"$ref": "#/$defs/Node"}}}
    schema = {
        "properties": {"a": {"$ref": "#/$defs/Node"}, "b": {"$ref": "#/nowhere"}},
        "$defs": {"Node": node},
    }

    assert [(path, keyword) for path, keyword, _ in keywords(schema)] == [
        ("a", "type"),
        ("a.size", "minimum"),
    ]


def test_definitions_that_fan_out_are_cut_short_and_the_rest_is_named() -> None:
    definitions = {
        f"D{n}": {"properties": {"a": {"$ref": f"#/$defs/D{n + 1}"}, "b": {"$ref": f"#/$defs/D{n + 1}"}}}
        for n in range(40)
    }
    definitions["D40"] = {"type": "string"}

    found = list(keywords({"$ref": "#/$defs/D0", "$defs": definitions}))

    assert len(found) < 4_000
    assert {keyword for _, keyword, _ in found} == {"type", "reference"}


def test_what_a_changed_schema_adds_is_told_by_place_and_value() -> None:
    before = {"properties": {"a": {"type": "integer", "minimum": 1}, "b": {"type": "integer"}}}
    after = {"properties": {"a": {"type": "integer", "minimum": 2}, "b": {"type": "integer"}}}

    assert added_keywords(before, before) == ()
    assert added_keywords(before, after) == (("a", "minimum", 2),)


def test_a_definition_taken_in_at_its_place_adds_only_what_is_new() -> None:
    size = {"type": "object", "properties": {"n": {"type": "integer"}}}
    before = {"properties": {"a": {"$ref": "#/$defs/S"}, "b": {"$ref": "#/$defs/S"}}, "$defs": {"S": size}}
    inlined = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}
    after = {**before, "properties": {**before["properties"], "a": inlined}}

    assert added_keywords(before, after) == (("a.n", "maximum", 3),)
