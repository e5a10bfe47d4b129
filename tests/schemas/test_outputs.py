"""OutputSchema: one validator whatever declared it, strict as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

from promptkit.errors import SchemaUnsupported
from promptkit.schemas import Invalid, OutputSchema, Problem, Valid


class Item(BaseModel):
    name: str
    count: int = Field(default=1, ge=1)


class Ticket(BaseModel):
    category: Literal["billing", "shipping"] = Field(description="what it is about")
    urgency: int = Field(ge=1, le=5)
    items: list[Item] = []
    order_id: str | None = None


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(TypedDict):
    x: float
    y: float


@dataclass
class Pair:
    left: int
    right: int


def read(schema: OutputSchema[Any], text: str) -> Any:
    outcome = schema.read_json(text)
    assert isinstance(outcome, Valid), outcome
    return outcome.value


def problems(schema: OutputSchema[Any], text: str) -> list[str]:
    outcome = schema.read_json(text)
    assert isinstance(outcome, Invalid), outcome
    return [str(problem) for problem in outcome.problems]


@pytest.mark.parametrize(
    ("tp", "text", "value"),
    [
        (
            Ticket,
            '{"category":"billing","urgency":5,"items":[{"name":"x"}]}',
            Ticket(category="billing", urgency=5, items=[Item(name="x")]),
        ),
        (Colour, '"blue"', Colour.BLUE),
        (Point, '{"x": 1, "y": 2.5}', {"x": 1.0, "y": 2.5}),
        (Pair, '{"left": 1, "right": 2}', Pair(1, 2)),
        (Literal["a", 1], "1", 1),
        (list[Item], '[{"name":"x"}]', [Item(name="x")]),
        (int | str, '"5"', "5"),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (dt.date, '"2026-01-31"', dt.date(2026, 1, 31)),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (bool | None, "null", None),
    ],
)
def test_a_type_reads_its_json_and_writes_it_again(tp, text, value):
    schema = OutputSchema.from_type(tp)

    outcome = schema.read_json(text)

    assert outcome == Valid(value=value, data=json.loads(text))
    assert read(schema, schema.dump_json(value)) == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '{"category":"x","urgency":9}',
            ['category: "x" is not one of "billing" or "shipping"', "urgency: 9 is above 5"],
        ),
        (
            '{"category":"billing","urgency":0,"items":[{"name":"a"},{"nme":"b","count":0}]}',
            ["urgency: 0 is below 1", "items[1].name: is missing", "items[1].count: 0 is below 1"],
        ),
        (
            '{"category":"billing","urgency":"5"}',
            ['urgency: expected an integer, got a string, "5"'],
        ),
        ('{"category":"billing","urgency":true}', ["urgency: expected an integer, got a boolean, true"]),
        ('{"category":"billing","urgency":1.5}', ["urgency: expected an integer, got a number, 1.5"]),
        (
            '{"category":"billing","urgency":1,"order_id":[1]}',
            ["order_id: expected a string, got a list"],
        ),
        ("[]", ["expected an object, got a list"]),
        ("{}", ["category: is missing", "urgency: is missing"]),
    ],
)
def test_what_does_not_fit_a_model_is_said_in_our_own_sentences_with_paths(text, found):
    assert problems(OutputSchema.from_type(Ticket), text) == found


def test_a_union_says_all_it_would_take_in_one_sentence():
    schema = OutputSchema.from_type(dict[str, int | str | None])

    assert problems(schema, '{"a": [1]}') == ["a: expected an integer or a string, got a list"]


@pytest.mark.parametrize(
    ("tp", "text", "found"),
    [
        (Annotated[str, Field(min_length=2)], '"a"', "1 characters are fewer than 2"),
        (Annotated[str, Field(max_length=2)], '"abc"', "3 characters are more than 2"),
        (Annotated[str, Field(pattern="^a$")], '"b"', '"b" does not match the pattern ^a$'),
        (Annotated[list[int], Field(max_length=1)], "[1,2]", "2 items are more than 1"),
        (Annotated[list[int], Field(min_length=1)], "[]", "0 items are fewer than 1"),
        (Annotated[float, Field(gt=0)], "0", "0 is not above 0"),
        (Annotated[float, Field(lt=1)], "1", "1 is not below 1"),
        (Annotated[int, Field(multiple_of=2)], "3", "3 is no multiple of 2"),
        (Colour, '"green"', '"green" is not one of "red" or "blue"'),
        (dt.date, '"soon"', 'expected a date such as 2026-01-31, got a string, "soon"'),
        (bool, "1", "expected a boolean, got an integer, 1"),
        (Point, '{"x":1,"y":2,"z":3}', None),
    ],
)
def test_limits_are_said_shortly(tp, text, found):
    outcome = OutputSchema.from_type(tp).read_json(text)

    said = None if isinstance(outcome, Valid) else outcome.problems[0].message
    assert said == found


def test_a_message_of_the_users_own_validator_comes_through_without_ornament():
    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def _even(cls, n: int) -> int:
            if n % 2:
                raise ValueError("n is odd; give an even number")
            return n

    assert problems(OutputSchema.from_type(Even), '{"n": 3}') == ["n: n is odd; give an even number"]


def test_no_message_holds_an_address_of_pydantic():
    said = " ".join(problems(OutputSchema.from_type(Ticket), '{"category": [], "urgency": {}}'))

    assert "pydantic" not in said
    assert "http" not in said


def test_a_model_that_forbids_other_fields_names_them():
    class Closed(BaseModel):
        model_config = ConfigDict(extra="forbid")
        a: int

    assert problems(OutputSchema.from_type(Closed), '{"a": 1, "b": 2}') == ["b: is no field of the schema"]


def test_json_that_is_broken_is_a_problem_with_its_position():
    assert problems(OutputSchema.from_type(Ticket), '{"category":"billing",') == [
        "a name in double quotes was expected (line 1, column 23)"
    ]


def test_the_json_schema_keeps_the_order_closes_objects_and_has_no_field_titles():
    schema = OutputSchema.from_type(Ticket).json_schema

    assert list(schema["properties"]) == ["category", "urgency", "items", "order_id"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Item"]["additionalProperties"] is False
    assert schema["properties"]["category"] == {
        "description": "what it is about",
        "enum": ["billing", "shipping"],
        "type": "string",
    }


def test_an_object_of_any_names_stays_open():
    assert OutputSchema.from_type(dict[str, int]).json_schema["additionalProperties"] == {"type": "integer"}


def test_asking_twice_for_a_type_gives_the_same_schema():
    assert OutputSchema.from_type(Ticket) is OutputSchema.from_type(Ticket)


def test_str_is_plain_text():
    schema = OutputSchema.from_type(str)

    assert (schema.kind, dict(schema.json_schema)) == ("text", {})
    assert schema.read_json(" any { text ") == Valid(value=" any { text ", data=" any { text ")
    assert schema.validate("x") == Valid(value="x", data="x")
    assert schema.dump("x") == schema.dump_json("x") == "x"
    assert schema.described_by({"type": "string"}) is schema


def test_text_is_no_number():
    outcome = OutputSchema.text().validate(5)

    assert isinstance(outcome, Invalid)
    assert str(outcome.problems[0]) == "expected a string, got an integer"


@pytest.mark.parametrize(
    ("name", "wire"),
    [("triage", "triage"), ("support/triage é", "support_triage"), ("x" * 80, "x" * 64), ("///", "output")],
)
def test_the_name_fits_wire_formats(name, wire):
    assert OutputSchema.from_type(int, name=name).name == wire


def test_a_name_is_taken_from_the_type():
    assert OutputSchema.from_type(Ticket).name == "Ticket"
    assert repr(OutputSchema.from_type(Ticket)) == "OutputSchema(name='Ticket', kind='json')"


@pytest.mark.parametrize("data", [{"a": {1, 2}}, float("nan"), object()])
def test_data_that_json_cannot_write_is_invalid_and_not_an_exception(data):
    outcome = OutputSchema.from_type(dict[str, Any]).validate(data)

    assert isinstance(outcome, Invalid)
    assert outcome.problems[0].rule == "json"


def test_data_is_as_strict_as_json():
    outcome = OutputSchema.from_type(Ticket).validate({"category": "billing", "urgency": "5"})

    assert isinstance(outcome, Invalid)
    assert outcome.problems == (
        Problem(
            path="urgency",
            rule="type",
            message='expected an integer, got a string, "5"',
            got='a string, "5"',
            expected="an integer",
        ),
    )


class Unknown:
    pass


@pytest.mark.parametrize("tp", [Unknown, list["Missing"], Annotated[Any, 1] | Unknown])  # noqa: F821
def test_a_type_that_pydantic_cannot_take_is_one_clear_error(tp):
    with pytest.raises(SchemaUnsupported, match="cannot be an output or input type"):
        OutputSchema.from_type(tp)


def test_a_type_that_json_schema_cannot_say_is_one_clear_error():
    class Callback(BaseModel):
        call: Callable[[int], int] | str

    with pytest.raises(SchemaUnsupported, match="has no JSON Schema"):
        OutputSchema.from_type(Callback)


def test_an_unhashable_type_is_taken_too():
    tp = Annotated[int, Field(json_schema_extra={"x": [1]}), {"unhashable": 1}]

    assert read(OutputSchema.from_type(tp, name="n"), "3") == 3


def test_dump_json_writes_in_the_order_of_the_schema():
    schema = OutputSchema.from_type(dict[str, Item]).described_by(
        {"type": "object", "properties": {"b": {"type": "object"}, "a": {"type": "object"}}}
    )

    assert schema.dump_json({"a": Item(name="é"), "c": Item(name="c"), "b": Item(name="b")}) == (
        '{"b":{"name":"b","count":1},"a":{"name":"é","count":1},"c":{"name":"c","count":1}}'
    )


def test_a_value_that_cannot_be_written_is_a_type_error():
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        OutputSchema.from_type(Any).dump(object())


RAW = {
    "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
    "type": "object",
    "properties": {
        "total": {"type": "number", "maximum": 5},
        "when": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "required": ["total"],
    "additionalProperties": False,
}


def test_a_raw_schema_yields_plain_data():
    schema = OutputSchema.from_json_schema(RAW, "order")
    data = {"lines": [{"sku": "a"}], "total": 5}

    assert schema.validate(data) == Valid(value=data, data=data)
    assert schema.dump(data) == data
    assert schema.dump_json(data) == '{"total":5,"lines":[{"sku":"a"}]}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}", "total: is missing"),
        ('{"total": 9}', "total: 9 is greater than the maximum of 5"),
        ('{"total": "5"}', "total: expected a number, got a string"),
        ('{"total": 1, "extra": 2}', "extra: is no field of the schema"),
        ('{"total": 1, "lines": [{}]}', "lines[0].sku: is missing"),
        ('{"total": 1, "when": "soon"}', 'when: "soon" is not a "date"'),
    ],
)
def test_a_raw_schema_says_what_does_not_fit(text, found):
    assert problems(OutputSchema.from_json_schema(RAW, "order"), text) == [found]


def test_a_raw_schema_stops_after_fifty_problems():
    schema = OutputSchema.from_json_schema({"type": "array", "items": {"type": "string"}}, "names")

    assert len(problems(schema, json.dumps([1] * 80))) == 50


@pytest.mark.parametrize(
    ("schema", "path", "said"),
    [
        ({"type": "objct"}, "type", "the JSON Schema is invalid at type"),
        (
            {"properties": {"a": {"minimum": "x"}}},
            "properties.a.minimum",
            "is invalid at properties.a.minimum",
        ),
        ({"$ref": "http://127.0.0.1:9/x"}, "", "is another document, which is never fetched"),
        ({"$ref": "#/$defs/no"}, "", "the JSON Schema is invalid"),
    ],
)
def test_an_invalid_raw_schema_is_refused_with_its_path_and_nothing_is_fetched(schema, path, said):
    with pytest.raises(SchemaUnsupported, match=said.replace("$", r"\$")) as caught:
        OutputSchema.from_json_schema(schema, "x")

    assert caught.value.paths == (path,)


def test_a_raw_schema_that_is_no_json_is_refused():
    with pytest.raises(SchemaUnsupported, match="cannot be used"):
        OutputSchema.from_json_schema({"const": object()}, "x")
