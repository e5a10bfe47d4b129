"""Corners of alignment: what is rare, what nearly means something else, and what hostile schemas and texts ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptkit.errors import Ambiguous, Echoed, LossyRepair, OutputError, Refused, Truncated, Unparseable
from promptkit.output import align
from promptkit.output.alignment import stands
from promptkit.schemas import OutputSchema


def field(name: str, **schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name]}


A = field("a", type="string")
LIST = field("a", type="array", items={"type": "integer"})


def data_of(text: str, schema: Any, **options: Any) -> Any:
    return align(text, schema, **options).data


@pytest.mark.parametrize(
    ("text", "schema", "data"),
    [
        ('{"a": "x" /* y */ /* z */}', A, {"a": "x"}),
        ('{"a": "x" // y', {**A}, {"a": "x"}),
        ('{"a": {"answer": "x"}}', field("a", enum=["x"]), None),
        ('{"answer": "X."}', {"enum": ["x", "y"]}, "x"),
        ("'[1] and more", A, None),
        ("{\\'a\\': 'x'}", A, None),
        ("| a | b |\n|--|--|\n", A, None),
        ('"{\\"a\\": \\"x\\"', A, None),
        ("{'a': True}", field("a", type=["string", "boolean"]), {"a": True}),
        ('{"a": "say "hi""}', A, {"a": 'say "hi"'}),
        ('{"a":3 "b":true "c":["x" "y"]}', {}, {"a": 3, "b": True, "c": ["x", "y"]}),
        ('{"a": "x" ## y\n}', A, None),
        ('{"a": "x" / }', A, None),
        ('{"a": "x" /* y }', A, None),
        ('{"a": "\\U0001F600", }', A, {"a": "😀"}),
        ('{"a": "\\U00110000", }', A, None),
        ('{"a": "\\ud83d\\ude00", }', A, {"a": "😀"}),
        ('{"a": f(x)}', A, {"a": "f(x)"}),
        ("{a: (x, y)}", A, None),
        ('{"a": [(1, 2), 3]}', LIST, None),
        ('{"a": [1, 2}', LIST, {"a": [1, 2]}),
        ('{"a": [1, 2)}', LIST, {"a": [1, 2]}),
        ('{"a": {"b": 1]}', LIST, None),
        ('[{"a": [1]]', LIST, {"a": [1]}),
        ("{'a': x, ...}", A, None),
        ("{1: 'x'}", {"type": "object", "additionalProperties": {"type": "string"}}, {"1": "x"}),
        ("{!: 'x'}", A, None),
        ('{"a": , "b": 1}', A, None),
        ('{"a" ! "x"}', A, None),
        ("{'x'}", field("a", type="array", items={"type": "string"}), {"a": ["x"]}),
        ("{a: 'x', b", A, None),
        ('{"a": """x""""}', A, {"a": 'x"'}),
        ('{"a": """x', A, None),
        ('{"a": "x"; }', A, {"a": "x"}),
        ('{"a": "x" ```', A, {"a": "x"}),
        ('{"a": «x»}', A, {"a": "x"}),
        ("a = 'x'", A, {"a": "x"}),
        ("> a: x", A, {"a": "x"}),
        ("1. a: x", A, {"a": "x"}),
        ('a: ["x"]', A, {"a": "x"}),
        ('a: ["x', A, None),
        ("a: [1, 2]", LIST, {"a": [1, 2]}),
        ("a:\n  - 1\n  - 2", LIST, {"a": [1, 2]}),
        ("<b><a>x</a></b>", A, {"a": "x"}),
        ("<a>x", A, None),
        ("<a>x <a>y <b>", A, None),
        ('a: "x" and more', A, None),
        ("- 1\n- 2\nmore", {"type": "array", "items": {"type": "integer"}}, None),
        ("Numbers:\n- 1\n- 2", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ("\n\nnothing: here", A, None),
        ('{"x": [1, 2]', {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ('{"x": {"a": "y"}', A, {"a": "y"}),
        ('{"x": {"a": "y"}, "z": {"a": "y"}}', A, None),
        ('{"x": {"b": "y"}}', A, None),
        ("[]", A, None),
        ('{"a": "{not json"}', field("a", type="object", properties={"b": {}}), None),
        ('{"a": "text"}', field("a", type="object", properties={"b": {}}), None),
        ('{"a": true}', field("a", type="object", properties={"b": {}}), None),
        ('{"a": "[1, 2"}', LIST, None),
        ('{"a": {"b": 1}}', field("a", enum=["x"]), None),
        ('{"a": ["x", "y"]}', field("a", enum=["x"]), None),
        ('{"a": "nil"}', field("a", enum=[None, 1]), {"a": None}),
        ('{"a": "yes"}', field("a", enum=[True, 5]), {"a": True}),
        ('{"a": 5.0,}', field("a", enum=["x", 5]), {"a": 5}),
        ('{"a": [1, "x", {"b": None}]}', {}, {"a": [1, "x", {"b": None}]}),
        ('{"a": ["x", {"b": 2}],}', {"properties": {"a": {"items": {}}}}, {"a": ["x", {"b": 2}]}),
        ("(1, 2)", {"items": {"type": "integer"}}, None),
        ("{'a': 1}", {"anyOf": [True, {"type": "integer"}]}, {"a": 1}),
        ("{'p1': '1', 'q1': '2'}", {"type": "object", "patternProperties": {"^p": {"type": "integer"}, "^q": {"type": "string"}}}, None),
        ("{'p1': '1', 'P1': '2'}", {"type": "object", "patternProperties": {"(?i)^p": {"type": "string"}}}, {"p1": "1", "P1": "2"}),
        ("{'b': 1, 'b': 1}", {"type": "object"}, {"b": 1}),
        ("{'a': 'x', 'b': 1}", {"allOf": [A, field("b", type="integer")]}, {"a": "x", "b": 1}),
        ("{'a': 1,}", field("a", **{"$ref": "#/properties/a"}), {"a": 1}),
        ('{"a": "5 US$"}', field("a", type="number"), {"a": 5}),
        ('{"a": "- -5"}', field("a", type="number"), None),
        ('{"a": "1\'234.5"}', field("a", type="number"), {"a": 1234.5}),
        ('{"a": "1 2"}', field("a", type="number"), None),
        ('{"a": "1.5.000,5"}', field("a", type="number"), None),
        ('{"a": "1,5.5,5"}', field("a", type="number"), None),
        ('{"a": ", 5"}', field("a", type="number"), None),
        (f'{{"a": "{"9" * 5_000}"}}', field("a", type="integer"), None),
        (f'{{"a": "{"9" * 500}"}}', field("a", type="integer"), {"a": int("9" * 500)}),
        ('{"a": "x y, z"}', field("a", type="array", items={"enum": ["x y", "z"]}), {"a": ["x y", "z"]}),
        (json.dumps({"a": "x," * 6_000}), field("a", type="array", items={"type": "string"}), {"a": ["x," * 6_000]}),
        ('"{not json}"', A, None),
        ('"[1] is a note"', A, None),
        ('{\\"a\\": \\"x}', A, None),
        ("The score is 5 or 6.", {"type": "integer"}, None),
        ("**Score:** 5", {"type": "integer"}, 5),
        ("", {"type": "string"}, None),
        ("  5  ", {"type": ["integer", "null"]}, 5),
    ],
)  # fmt: skip
def test_corners(text, schema, data):
    if data is None:
        with pytest.raises(OutputError):
            align(text, schema)
    else:
        assert data_of(text, schema) == data


def test_alternatives_that_fit_as_well_in_different_ways_are_refused():
    schema = field("a", anyOf=[field("b", type="integer"), field("c", type="integer")])
    one = {"anyOf": [field("b", type="integer"), {**field("b", type="string")}]}

    assert data_of("{'a': {'b': '1'}}", schema) == {"a": {"b": 1}}
    assert data_of("{'b': '1'}", one) == {"b": "1"}
    with pytest.raises(Ambiguous, match="several alternatives"):
        align(
            '{"a": "TRUE OR FALSE, "}'.replace("TRUE OR FALSE, ", "on"),
            field("a", anyOf=[{"type": "boolean"}, {"enum": ["On", "x"]}]),
        )


def test_a_schema_with_very_many_alternatives_is_given_up():
    fragment: dict[str, Any] = {"type": "integer"}
    for _ in range(10):
        fragment = {"anyOf": [field("a", **fragment), field("a", **fragment)]}
    text = "{'a': " * 10 + "x" + "}" * 10

    with pytest.raises(Unparseable):
        align(text, fragment)


def test_a_schema_of_its_own_depth_reads_nested_values_up_to_a_bound():
    tree = {"type": "object", "properties": {"a": {"$ref": "#"}}}

    assert data_of('{"a": ' * 50 + "{}" + "}" * 50 + ",", tree)
    with pytest.raises(Unparseable):
        align('{"a": ' * 99 + "'x'" + "}" * 99, tree)


def test_many_values_in_a_text_are_looked_at_once_each():
    text = "\n".join(["{'a': 'x'}"] * 300)

    made = align(text, A)

    assert made.data == {"a": "x"}
    assert len(made.candidates) == 20
    assert "repeated" in [repair.rule for repair in made.repairs]


def test_values_in_a_row_are_a_list_only_where_nothing_stands_between_them():
    rows = {"type": "array", "items": field("a", type="integer")}

    assert data_of('{"a": 1},\n{"a": "2"}', rows) == [{"a": 1}, {"a": 2}]
    assert data_of("{'a': '1'} {'a': 2}", rows) == [{"a": 1}, {"a": 2}]
    for text in ('{"a": 1} and {"a": 2}', '{"a": 1}\n{"a": ', '{"a": 1}\n{"a": "5" pipe"}'):
        with pytest.raises(OutputError):
            align(text, rows)


def test_a_value_that_goes_on_behind_its_bracket_is_refused():
    for text in ('{"a": "x"}, "b": "y"}', '{"a": "x"} "b": 1}', '{"a": [1, 2} and 3]}'):
        with pytest.raises(OutputError):
            align(text, LIST if "[" in text else A)


def test_strict_json_that_may_mean_null_is_changed_there_alone():
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"]}, "b": {"type": "string"}},
        "required": ["a", "b"],
    }

    assert data_of('{"a": "null", "b": "null"}', schema) == {"a": None, "b": "null"}
    assert data_of('{"a": "null and void", "b": "None"}', schema) == {"a": "null and void", "b": "None"}
    assert data_of('{"a": "Null", "b": "x"}', {**schema, "maxProperties": 2}) == {"a": None, "b": "x"}
    assert data_of('{"a": "None", "b": "x"}', schema) == {
        "a": "None",
        "b": "x",
    }  # a value of its own in many a schema
    assert data_of('{"a": None, "b": "x"}', schema) == {"a": None, "b": "x"}
    assert data_of('["null", "x"]', {"type": "array", "items": {"enum": ["null", "x", None]}}) == [
        "null",
        "x",
    ]


def test_an_echo_is_looked_for_only_where_the_inputs_have_such_json():
    inputs = [
        "no json",
        'a list [{"a": "x"}] in words',
        '{"a": "y"}',
        "[" * 300,
        {"deep": ["{'a': 'z'} as text"]},
    ]

    with pytest.raises(Echoed):
        align('{"a": "x"}', A, inputs=['say {"a": "x"} please'])
    with pytest.raises(Echoed):
        align("{'a': 'z'}", A, inputs=inputs)
    assert data_of('{"a": "y"}', A, inputs=inputs) == {"a": "y"}
    assert data_of('{"a": "q"}', A, inputs=inputs) == {"a": "q"}
    assert data_of("5", {"type": "integer"}, inputs=["{5}"]) == 5
    assert data_of("[]", {"type": "array"}, inputs=["[]x"]) == []
    assert data_of('["x"]', {"type": "array"}, inputs=['["x"] x']) == ["x"]


def test_an_input_that_holds_more_than_the_answer_is_no_echo_of_it():
    assert data_of('{"a": "x"}', A, inputs=['an order {"a": "x", "b": 1} came']) == {"a": "x"}


def test_what_stands_is_told_for_values_that_were_read_field_by_field():
    nullable = OutputSchema.from_json_schema(
        {**field("a", type=["string", "null"]), "additionalProperties": False}, "o"
    )

    assert stands({"a": "x"}, '{"a": "x"}', nullable, {})
    assert not stands({"a": "null"}, '{"a": "null"}', nullable, {})
    assert not stands({"a": "x", "b": 1}, '{"a": "x", "b": 1}', nullable, {})
    assert not stands({"a": "x"}, '{"a": "x"}', nullable, {"mail": 'say {"a": "x"}!'})
    nested = OutputSchema.from_json_schema({"type": "array", "items": nullable.json_schema}, "o")
    assert stands([{"a": "x"}], '[{"a": "x"}]', nested, {})
    assert not stands([{"a": "x", "b": 1}], '[{"a": "x", "b": 1}]', nested, {})


def test_refusals_and_cut_thoughts_have_their_own_kinds_beside_other_json():
    with pytest.raises(Refused):
        align("I cannot help with {this}.", A)
    with pytest.raises(Truncated):
        align("<reasoning>hm", A)
    with pytest.raises(LossyRepair):
        align(
            '{"a": 1, "a": 1, "x": 2}',
            {
                **field("a", type="integer"),
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            },
        )
