"""Two schemas agree when they take the same shape of values; where they differ, a sentence says how."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from promptkit.schemas import differences, schema_of, with_limits


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    name: str = Field(description="what it is called")


class Thing(BaseModel):
    colour: Colour
    count: int = Field(ge=1, le=5)
    note: str | None = None
    parts: list[Part]


DECLARED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["blue", "red"], "description": "any"},
        "count": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "parts": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
    },
    "required": ["colour", "count", "parts"],
}


def changed(name: str, schema: Any) -> dict[str, Any]:
    return {**DECLARED, "properties": {**DECLARED["properties"], name: schema}}


def test_descriptions_limits_of_the_code_order_and_spelling_of_optional_do_not_count() -> None:
    assert differences(DECLARED, schema_of(Thing)) == ()


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"minimum": 1, "maximum": 5}, ()),
        ({"maximum": 9}, ("count: the file says maximum 9, the code says maximum 5",)),
        ({"multipleOf": 2}, ("count: the file says multipleOf 2, the code sets no multipleOf",)),
    ],
)
def test_a_limit_of_the_file_must_be_one_of_the_code_which_has_the_last_word(limits: Any, said: Any) -> None:
    declared = changed("count", {"type": "integer", **limits})

    assert differences(declared, schema_of(Thing)) == said
    assert differences(declared, schema_of(Thing), may_omit=False) == ()


def test_limits_that_the_code_alone_states_are_added_to_the_declared_schema() -> None:
    class Inner(BaseModel):
        code: str = Field(pattern="^[a-z]+$")
        note: str | None = Field(default=None, max_length=9)

    class Outer(BaseModel):
        inner: Inner
        many: list[Inner] = Field(max_length=3)
        count: int = Field(ge=1, le=5)
        kind: Literal["a", "b"]

    inner = {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "c"}, "note": {"type": ["string", "null"]}},
        "required": ["code"],
    }
    declared = {
        "type": "object",
        "properties": {
            "inner": inner,
            "many": {"type": "array", "items": inner},
            "count": {"anyOf": [{"type": "integer", "minimum": 2}, {"type": "null"}]},
            "kind": {"enum": ["a", "b"]},
        },
    }

    made = with_limits(declared, schema_of(Outer))["properties"]

    assert made["inner"]["properties"]["code"] == {
        "type": "string",
        "description": "c",
        "pattern": "^[a-z]+$",
    }
    assert made["inner"]["properties"]["note"] == {"type": ["string", "null"], "maxLength": 9}
    assert made["many"]["items"] == made["inner"]
    assert made["many"]["maxItems"] == 3
    assert made["count"]["anyOf"] == [{"type": "integer", "minimum": 2, "maximum": 5}, {"type": "null"}]
    assert made["kind"] == {"enum": ["a", "b"]}
    assert declared["properties"]["many"] == {"type": "array", "items": inner}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (changed("count", {"type": "string"}), "count: the file says string, the code says integer"),
        (changed("note", {"type": "string"}), "note: the file says string, the code says null or string"),
        (
            changed("colour", {"enum": ["blue", "green"]}),
            "colour: the file says one of blue, green, the code says one of blue, red",
        ),
        (changed("size", {"type": "integer"}), "size: the file has it, the code does not"),
        (
            changed("parts", {"type": "array", "items": {"type": "string"}}),
            "parts[]: the file says string, the code says object",
        ),
        (
            changed("parts", {"type": "array", "items": {"type": "object", "properties": {}}}),
            "parts[].name: the code has it, the file does not",
        ),
    ],
)
def test_a_difference_is_a_sentence_with_its_path(declared: dict[str, Any], said: str) -> None:
    assert differences(declared, schema_of(Thing)) == (said,)


def test_what_the_file_lets_a_model_leave_out_the_code_must_do_without() -> None:
    optional = {**DECLARED, "required": ["colour", "parts"]}

    [said] = differences(optional, schema_of(Thing))

    assert said.startswith("count: the file lets it be left out, the code does not; give it a default")
    assert differences(optional, schema_of(Thing), may_omit=False) == ()
    assert differences({**DECLARED, "required": [*DECLARED["required"], "note"]}, schema_of(Thing)) == ()


def test_a_root_that_differs_is_the_value() -> None:
    assert differences({"type": "object"}, schema_of(list[str])) == (
        "the value: the file says object, the code says array",
    )


@pytest.mark.parametrize("other", [{}, schema_of(Any)])
def test_a_schema_that_takes_anything_differs_from_nothing(other: Any) -> None:
    assert differences(DECLARED, other) == ()


def test_a_union_is_the_sum_of_its_kinds() -> None:
    assert differences({"type": ["integer", "string"]}, schema_of(int | str)) == ()
    assert differences({"const": "a"}, schema_of(Literal["a"])) == ()


def test_a_recursive_type_ends() -> None:
    class Tree(BaseModel):
        children: list[Tree]

    assert differences(schema_of(Tree), schema_of(Tree)) == ()
