"""Each limit of a provider, just inside and just outside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptkit.backends.dialects.openai_chat import COMPATIBLE, OPENAI, compatible, encode, plan
from promptkit.backends.schema_rules import SchemaRules, limits_passed
from promptkit.backends.strict_schema import STRICT
from promptkit.backends.wire import Endpoint
from promptkit.completions import Enforcement
from promptkit.schemas import OutputSchema

ENDPOINT = Endpoint(name="openai:m", url="https://host/v1/chat/completions", model="m", key_env="KEY")


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def nested(levels: int) -> dict[str, Any]:
    """An object in which the innermost value lies so many steps below the whole; lists are steps as well."""
    inner: dict[str, Any] = {"type": "integer"}
    for level in range(levels - 1):
        inner = {"type": "array", "items": inner} if level % 2 else object_of({"a": inner})
    return object_of({"a": inner})


def with_enums(*enums: list[Any]) -> dict[str, Any]:
    return object_of({f"e{n}": {"type": "string", "enum": values} for n, values in enumerate(enums)})


def words(count: int, characters: int) -> list[str]:
    """So many different texts of so many characters in all."""
    short = [f"{n:04d}" for n in range(count - 1)]
    return [*short, "x" * (characters - 4 * len(short))]


CASES = [
    ("levels of nesting", nested(10), nested(11), 10),
    (
        "properties",
        object_of({f"p{n}": {"type": "integer"} for n in range(5_000)}),
        object_of({f"p{n}": {"type": "integer"} for n in range(5_001)}),
        5_000,
    ),
    ("enum values", with_enums(words(250, 1_000), *[words(250, 1_000)] * 3), None, 1_000),
    ("enum values", None, with_enums(words(250, 1_000), *[words(250, 1_000)] * 3, ["x"]), 1_000),
    (
        "characters of names, enum values and constants",
        object_of(
            {"n" * 60_000: {"type": "string", "enum": ["v" * 59_990, "12345"]}, "c": {"const": "1234"}}
        ),
        object_of(
            {"n" * 60_000: {"type": "string", "enum": ["v" * 59_990, "12345"]}, "c": {"const": "12345"}}
        ),
        120_000,
    ),
    (
        "characters of one enum of more than 250 values",
        with_enums(words(251, 15_000), words(250, 15_001)),
        with_enums(words(251, 15_001)),
        15_000,
    ),
]
INSIDE = [(name, inside) for name, inside, _, _ in CASES if inside is not None]
OUTSIDE = [(name, outside, allowed) for name, _, outside, allowed in CASES if outside is not None]


@pytest.mark.parametrize(("name", "schema"), INSIDE, ids=[name for name, _ in INSIDE])
def test_a_schema_just_inside_a_limit_is_sent_as_strict(ask_for, name: str, schema: dict[str, Any]) -> None:
    request = ask_for(OutputSchema.from_json_schema(schema, "x"))

    made = plan(request.output, OPENAI, "openai:m")

    assert made.limits == ()
    assert {it.where for it in made.placements} == {Enforcement.NATIVE}
    sent = json.loads(encode(request, ENDPOINT, stream=False, profile=OPENAI).body)
    assert sent["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize(("name", "schema", "allowed"), OUTSIDE, ids=[name for name, _, _ in OUTSIDE])
def test_a_schema_just_outside_is_sent_as_it_is_and_the_plan_says_so(
    ask_for, name: str, schema: dict[str, Any], allowed: int
) -> None:
    request = ask_for(OutputSchema.from_json_schema(schema, "x"))

    made = plan(request.output, OPENAI, "openai:m")

    assert [(it.name, it.allowed, it.actual) for it in made.limits] == [(name, allowed, allowed + 1)]
    assert {it.where for it in made.placements} == {Enforcement.CHECK}
    (strict,) = [it for it in made.placements if it.rule == "strict"]
    assert strict.note == f"the schema is not sent as strict: {made.limits[0]}"
    sent = json.loads(encode(request, ENDPOINT, stream=False, profile=OPENAI).body)
    form = sent["response_format"]["json_schema"]
    assert (form["strict"], form["schema"]) == (False, schema)
    assert made.wire == schema


@pytest.mark.parametrize(("name", "schema", "allowed"), OUTSIDE, ids=[name for name, _, _ in OUTSIDE])
def test_a_server_whose_limits_are_not_known_is_sent_the_strict_schema(
    ask_for, name: str, schema: dict[str, Any], allowed: int
) -> None:
    request = ask_for(OutputSchema.from_json_schema(schema, "x"))

    assert plan(request.output, COMPATIBLE, "openai+http://h/v1:m").limits == ()
    sent = json.loads(encode(request, ENDPOINT, stream=False, profile=COMPATIBLE).body)
    assert sent["response_format"]["json_schema"]["strict"] is True


def test_definitions_and_alternatives_count_once_and_are_no_levels_of_their_own() -> None:
    leaf = object_of({"b": {"anyOf": [{"type": "string"}, {"type": "null"}]}})
    schema = {**object_of({"a": {"$ref": "#/$defs/L"}, "c": {"$ref": "#/$defs/L"}}), "$defs": {"L": leaf}}
    rules = SchemaRules(keywords=STRICT.keywords, max_levels=1, max_properties=2, max_characters=3)

    found = [(it.name, it.actual) for it in limits_passed(schema, rules)]

    assert found == [
        ("levels of nesting", 2),
        ("properties", 3),
        ("characters of names, enum values and constants", 4),
    ]


def test_a_provider_without_limits_takes_any_size() -> None:
    assert limits_passed(nested(60), SchemaRules(keywords=STRICT.keywords)) == ()


@pytest.mark.parametrize(
    ("keyword", "value", "taken"),
    [
        ("minimum", 1, True),
        ("minLength", 1, False),
        ("format", "uuid", True),
        ("format", "uri", False),
        ("pattern", "^a(?:b)(?P<c>d)$", True),
        *[("pattern", f"a({sign}b)", False) for sign in ("?=", "?!", "?<=", "?<!")],
    ],
)
def test_openai_takes_the_keywords_of_its_guide(keyword: str, value: Any, taken: bool) -> None:
    assert STRICT.takes(keyword, value) is taken


def test_look_around_is_a_matter_of_the_provider() -> None:
    assert SchemaRules(keywords=frozenset({"pattern"})).takes("pattern", "a(?=b)")


def test_an_output_that_is_no_object_is_not_sent_where_objects_are_taken_only(ask_for) -> None:
    output = ask_for(
        OutputSchema.from_json_schema({"type": "array", "items": {"type": "string"}}, "names")
    ).output

    made = plan(output, OPENAI, "openai:m")

    assert made.placements[0].note.startswith("no schema is sent: the output is no object")


def test_a_schema_that_is_never_sent_is_checked_whole_and_the_plan_says_why(ask_for) -> None:
    request = ask_for(OutputSchema.from_json_schema({"type": "object", "additionalProperties": False}, "x"))
    dialect = compatible(response_format="none")

    made = dialect.plan(request.output, request.generation, ENDPOINT)

    assert [(it.rule, it.where.value) for it in made.placements] == [("schema", "check")]
    assert made.placements[0].note == "no schema is sent: response_format is none"
    assert b"response_format" not in dialect.encode(request, ENDPOINT, stream=False).body


def test_a_rule_that_would_be_moved_is_only_advice_where_the_whole_is(ask_for) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 2}},
        "required": ["name"],
        "additionalProperties": True,
    }
    output = ask_for(OutputSchema.from_json_schema(schema, "open")).output

    (placement,) = [it for it in plan(output, OPENAI, "openai:m").placements if it.rule == "minLength"]

    assert (placement.where.value, placement.note) == ("check", "sent, but not as strict")
