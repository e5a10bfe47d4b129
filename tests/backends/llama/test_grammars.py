from __future__ import annotations

import copy
import json

import jsonschema_rs
import numpy as np
import pytest

from promptkit.backends.llama.grammars import compile_schema
from promptkit.backends.llama.models import LoadedModel, ModelKey
from promptkit.backends.llama.wire_schemas import fragments, to_wire
from promptkit.errors import GrammarInvalid


def compiled(schema):
    return compile_schema(json.dumps(schema).encode())


@pytest.fixture(scope="module")
def model(tiny):
    made = LoadedModel(ModelKey(tiny, None, 1), threads=1)
    yield made
    made.free()


def accepts(model, schema, text, *, wanted=False):
    """True when ``text`` can be written under the schema's masks and may end there.

    With ``wanted`` each of its tokens is the one that the model would choose if it were free.
    """
    masks = model.masks.masks(compiled(schema))
    for token in model.vocabulary.tokenize(text):
        if masks.finished or not masks.allowed(scores(model, token) if wanted else None)[token]:
            return False
        masks.consume(token, model.vocabulary.pieces[token])
    end = model.vocabulary.eos
    return bool(masks.finished or masks.allowed(scores(model, end) if wanted else None)[end])


def scores(model, best):
    """Logits of a model that wants one token most."""
    made = np.zeros(model.vocabulary.size, dtype=np.float32)
    made[best] = 1.0
    return made


@pytest.mark.parametrize(
    ("schema", "text", "accepted"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 5}, "3", True),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "6", False),
        ({"enum": ["a", "b", None]}, "null", True),
        ({"enum": ["a", "b", None]}, '"c"', False),
        ({"type": "array", "items": {"type": "boolean"}}, "[true,false]", True),
        ({"type": "array", "items": {"type": "boolean"}}, "[true, false]", False),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, '{"a":"é"}', True),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, '{"a": "x"}', False),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "{}", False),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, '{"b":1}', False),
        ({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, "{}", False),
        ({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, '{"a":null}', True),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"b":1}', True),
        ({"type": "string", "pattern": "^[a-c]+$"}, '"abc"', True),
        ({"type": "string", "pattern": "^[a-c]+$"}, '"abd"', False),
        ({"type": "string", "pattern": "^(?!x)[a-c]+$"}, '"zzz"', True),
    ],
)
def test_only_compact_values_of_the_schema_can_be_written(model, schema, text, accepted):
    assert accepts(model, schema, text) is accepted


ONE = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("schema", "text", "accepted"),
    [
        (ONE, '{"a":1}', True),
        (ONE, '{"a":1,"b":{"c":[null]},"":"x"}', True),
        (ONE, '{"b":1,"a":2}', False),
        ({**ONE, "additionalProperties": False}, '{"a":1,"b":2}', False),
        ({**ONE, "additionalProperties": {"type": "null"}}, '{"a":1,"b":2}', False),
        ({"type": "array", "items": ONE}, '[{"a":1,"b":2},{"a":3}]', True),
        ({"properties": {"n": {"type": ["string", "null"]}}}, '{"b":1}', False),
    ],
)
def test_a_property_that_the_schema_leaves_open_is_written_where_the_model_wants_it_most(
    model, schema, text, accepted
):
    assert accepts(model, schema, text, wanted=True) is accepted


def test_a_model_that_wants_no_json_writes_no_property_that_the_schema_does_not_name(model):
    masks = model.masks.masks(compiled(ONE))
    for byte in b'{"a":1':
        masks.consume(byte, bytes([byte]))

    for wanted in (ord("}"), ord(" "), ord("x"), model.vocabulary.eos):
        assert not masks.allowed(scores(model, wanted))[ord(",")]
    assert masks.allowed(scores(model, ord(",")))[ord(",")]


@pytest.mark.parametrize(("said", "forced"), [({"additionalProperties": False}, b'{"a":1}'), ({}, b'{"a":1')])
def test_closing_an_object_is_left_to_the_model_where_more_could_follow(model, said, forced):
    masks = model.masks.masks(compiled({**ONE, "properties": {"a": {"const": 1}}, **said}))

    assert b"".join(model.vocabulary.pieces[token] for token in masks.forced()) == forced


MAP = {"type": "object", "additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "text", "accepted"),
    [
        (MAP, '{"a":1,"b":2,"ab":3,"":4}', True),
        (MAP, '{"a":1,"b":2,"a":3}', False),
        (MAP, '{"":1,"":2}', False),
        (MAP, '{"the\\"":1,"the":2}', True),
        (MAP, '{"the\\"":1,"the\\"":2}', False),
        ({"type": "array", "items": MAP}, '[{"a":1},{"a":2}]', True),
        ({"type": "object", "additionalProperties": MAP}, '{"a":{"a":1,"b":2},"b":{"a":3}}', True),
        ({"type": "object", "additionalProperties": MAP}, '{"a":{"b":1},"a":{}}', False),
        ({"type": "object", "patternProperties": {"^a": {"type": "array"}}}, '{"a":["a","a"],"a":[]}', False),
        ({}, '{"a":{"b":[{"c":"c"},"c"]},"b":"","c":0}', True),
        ({}, '[{"a":{"b":[{"c":"c"},"c"]},"b":"","b":0}]', False),
        ({"type": "array"}, '[[{"a":1,"a":1}]]', False),
        ({"properties": {"x": True}}, '{"x":{"a":1,"a":1}}', False),
    ],
)
def test_no_object_gets_the_same_name_twice(model, schema, text, accepted):
    assert accepts(model, schema, text) is accepted


def test_a_property_that_the_schema_leaves_open_gets_no_name_twice_either(model):
    assert not accepts(model, ONE, '{"a":1,"b":2,"b":3}', wanted=True)


@pytest.mark.parametrize("text", ["9" * 23, "-" + "1" * 20, "1." + "3" * 20, "1e5", "-6.02E-23"])
def test_numbers_may_be_as_long_as_any_that_programs_read(model, text):
    assert accepts(model, {"type": "number"}, text)


@pytest.mark.parametrize("text", ["9" * 40, "0." + "3" * 40, "1e999", "1e1000", "2.5E+123"])
def test_numbers_do_not_run_away(model, text):
    assert not accepts(model, {"type": "number"}, text)


def test_a_long_number_goes_on_where_the_grammar_leaves_nothing_else(model):
    schema = {"type": "string", "pattern": "^[0-9]{40}$"}

    assert accepts(model, schema, '"' + "7" * 40 + '"')
    assert accepts(model, {"const": 10**39}, "1" + "0" * 39)


def test_digits_in_strings_are_no_number(model):
    assert accepts(model, {"type": "array", "items": {"type": "string"}}, '["\\"' + "7" * 40 + '"]')


@pytest.mark.parametrize(
    ("schema", "keyword", "value"),
    [
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "uniqueItems", True),
        ({"type": "string", "format": "binary"}, "format", "binary"),
        ({"type": "string", "pattern": "^(?=.*a)b"}, "pattern", "^(?=.*a)b"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf", [{}, {}]),
        ({"not": {"type": "string"}}, "not", {"type": "string"}),
        ({"prefixItems": [{"format": "regex"}, {"format": "regex"}]}, "format", "regex"),
        ({"type": "object", "properties": {"a": {}}, "maxProperties": 1}, "maxProperties", 1),
    ],
)
def test_what_no_grammar_can_say_is_named(schema, keyword, value):
    grammar = compiled(schema)

    assert not grammar.enforces(keyword, value)
    assert grammar.enforces("type", "array")


def test_a_required_property_that_is_declared_nowhere_can_be_written(model):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["b"]}

    assert accepts(model, schema, '{"a":1,"b":[]}')
    assert not accepts(model, schema, '{"a":1}')


def test_properties_that_are_counted_may_be_more_than_the_schema_names(model):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "minProperties": 2,
    }

    assert accepts(model, schema, '{"a":1,"b":2}')
    assert not accepts(model, schema, '{"a":1}')


def test_names_that_match_two_patterns_are_left_to_the_check(model):
    schema = {
        "type": "object",
        "patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 3}},
        "additionalProperties": False,
    }

    grammar = compiled(schema)

    assert not grammar.enforces("patternProperties", {})
    assert not grammar.enforces("additionalProperties", False)
    assert accepts(model, schema, '{"ab":3}')


def test_only_the_pattern_that_cannot_be_said_is_left_out():
    schema = {"properties": {"a": {"pattern": "^(?=x)"}, "b": {"pattern": "^x", "format": "uuid"}}}

    grammar = compiled(schema)

    assert not grammar.enforces("pattern", "^(?=x)")
    assert grammar.enforces("pattern", "^x")
    assert grammar.enforces("format", "uuid")
    assert not grammar.enforces("format", "date")  # the engine takes 31 February
    assert grammar.wire["properties"] == {"a": {}, "b": {"pattern": "^x", "format": "uuid"}}


@pytest.mark.parametrize(
    ("pattern", "text", "accepted"),
    [
        (r"^\s$", "\u0085", False),
        (r"^\s$", "\ufeff", True),
        (r"^[^\s]$", "\ufeff", False),
        (r"a\Sb", "xa\u0085bx", True),
        (r"a\Sb", "xa bx", False),
        ("^a.b$", "axb", True),
        ("^a.b$", "a\u2028b", False),
        ("^(?i)A.b$", "a\u2029b", False),
        ("a.b", "a\u0085b", True),
        ('^[^"]*$', 'a"', False),
        ('^[^"]*$', "\\\n\x00é", True),
        (r"[^\\]{2}", "a\\", False),
        ('^([^"\\\\]|/)+$', 'a\\"', False),
        (r"^[\x00-\x1f]$", '"', False),
        (r"^[\x00-\x1f]$", "\n", True),
        (r"^\p{Cc}$", "\\", False),
    ],
)
def test_characters_in_patterns_are_what_the_validator_takes_for_them(model, pattern, text, accepted):
    schema = {"type": "string", "pattern": pattern}

    assert jsonschema_rs.validator_for(schema).is_valid(text) is accepted
    assert accepts(model, schema, json.dumps(text, ensure_ascii=False)) is accepted


@pytest.mark.parametrize("pattern", ["^[[:alpha:]]+$", "^(?s)a.b$", "^(?s:a.b)$"])
def test_what_the_engine_reads_otherwise_is_left_to_the_check(pattern):
    grammar = compiled({"type": "string", "pattern": pattern})

    assert not grammar.enforces("pattern", pattern)
    assert "pattern" not in grammar.wire


@pytest.mark.parametrize(
    ("schema", "text", "accepted"),
    [
        ({"type": "integer", "multipleOf": 7}, str(7 * 10**15), True),
        ({"type": "integer", "multipleOf": 7}, str(7 * 10**17), False),
        ({"type": "integer", "multipleOf": 7, "maximum": 10**20}, str(7 * 10**17), True),
        ({"type": "number", "multipleOf": 0.5}, "-2.5", True),
        ({"type": "number", "multipleOf": 0.5}, str(10**10), False),
    ],
)
def test_multiples_stay_where_the_check_can_count_them(model, schema, text, accepted):
    assert accepts(model, schema, text) is accepted


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "integer", "minimum": 5, "maximum": 1}, r"minimum \(5\) is greater than maximum \(1\)"),
        ({"$ref": "#/$defs/absent"}, "'/\\$defs/absent' does not exist"),
        ({"type": "string", "minLength": 2, "maxLength": 1}, "no grammar can be made"),
    ],
)
def test_a_schema_without_values_is_an_error_with_the_reason(schema, reason):
    with pytest.raises(GrammarInvalid, match=reason):
        compiled(schema)


TREE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}, "required": ["next"]}


def test_a_schema_whose_values_would_nest_without_end_is_an_error():
    with pytest.raises(GrammarInvalid, match="requires values inside values without end"):
        compiled({"$ref": "#/$defs/tree", "$defs": {"tree": TREE}})


def test_no_answer_goes_where_it_could_not_come_out(model):
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/tree"},
            "b": {"anyOf": [{"$ref": "#/$defs/tree"}, {"const": 1}]},
        },
        "additionalProperties": False,
        "$defs": {"tree": TREE},
    }

    assert accepts(model, schema, '{"b":1}')
    assert not accepts(model, schema, '{"a":')
    assert not accepts(model, schema, '{"b":{')


def test_a_schema_too_big_for_the_engine_is_an_error():
    with pytest.raises(GrammarInvalid, match=r"no grammar can be made .*: .* too big"):
        compiled({"enum": [f"{number * 7919 % 1000003}" for number in range(100_000)]})


def test_an_answer_that_leaves_the_grammar_is_an_error_without_the_answer(model):
    masks = model.masks.masks(compiled({"type": "integer"}))
    masks.consume(ord("7"), b"7")

    with pytest.raises(GrammarInvalid, match="grammar cannot be followed: ") as caught:
        masks.consume(ord("x"), b"x")

    assert "<state>" not in str(caught.value)


def test_a_grammar_that_failed_is_made_anew_for_the_next_answer(model):
    grammar = compiled({"type": "integer"})
    masks = model.masks.masks(grammar)
    kept = model.masks._made[grammar.text]
    with pytest.raises(GrammarInvalid):
        masks.consume(ord("x"), b"x")

    model.masks.masks(grammar)

    assert model.masks._made[grammar.text] is not kept


def test_more_grammars_than_are_kept_work_too(model):
    texts = [str(number) for number in range(70)]

    assert all(accepts(model, {"const": int(text)}, text) for text in [*texts, "0"])


NULLABLE = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": ["integer", "null"]},
        "c": {"anyOf": [{"$ref": "#/$defs/inner"}, {"type": "null"}]},
        "d": {"type": "array", "items": {"$ref": "#/$defs/inner"}},
    },
    "required": ["a"],
    "$defs": {
        "inner": {"type": "object", "properties": {"x": {"enum": [1, None]}}, "additionalProperties": True}
    },
}


def test_what_may_be_null_is_required_and_objects_are_closed():
    before = copy.deepcopy(NULLABLE)

    wire = to_wire(NULLABLE)

    assert wire["required"] == ["a", "b", "c"]
    assert wire["additionalProperties"] is False
    assert wire["$defs"]["inner"]["required"] == ["x"]
    assert wire["$defs"]["inner"]["additionalProperties"] is True
    assert before == NULLABLE


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"allOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]},
        {"type": "object"},
        {"type": "object", "properties": {}},
    ],
)
def test_objects_whose_properties_may_stand_elsewhere_stay_open(schema):
    assert to_wire(schema) == schema


def test_branches_told_apart_by_a_constant_are_strict():
    branches = [
        {
            "type": "object",
            "properties": {"kind": {"const": kind}},
            "required": ["kind"],
            "additionalProperties": False,
        }
        for kind in ("cat", "dog")
    ]

    grammar = compiled({"oneOf": branches, "discriminator": {"propertyName": "kind"}})

    assert grammar.ignored == {}
    assert grammar.wire["anyOf"] == branches


def test_every_value_of_the_wire_is_a_value_of_the_schema():
    wire = jsonschema_rs.validator_for(to_wire(NULLABLE))
    schema = jsonschema_rs.validator_for(NULLABLE)
    values = [
        {"a": "x", "b": None, "c": None},
        {"a": "x", "b": 1, "c": {"x": 1, "y": 2}, "d": [{"x": None}]},
    ]

    assert all(wire.is_valid(value) and schema.is_valid(value) for value in values)
    assert not wire.is_valid({"a": "x"})


def test_fragments_are_named_by_the_place_in_the_data():
    schema = {
        "properties": {
            "docs": {"type": "array", "items": {"properties": {"id": {"type": "string"}}}},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "pair": {"prefixItems": [{"type": "integer"}]},
        }
    }

    paths = [path for path, _ in fragments(schema)]

    assert paths == ["", "docs", "docs[]", "docs[].id", "either", "either", "either", "pair", "pair[]"]


@pytest.mark.parametrize(
    ("pattern", "name", "accepted"),
    [
        (r"^\s$", "\ufeff", True),  # ECMA's white space, and no other's
        (r"^\s$", "x", False),
        (r"^a.$", "ab", True),
        (r"^a.$", "a\u2028", False),  # a dot is no line separator
    ],
)
def test_names_that_match_a_pattern_are_those_that_the_check_finds(model, pattern, name, accepted):
    schema = {"type": "object", "patternProperties": {pattern: {"const": 1}}, "additionalProperties": False}
    text = json.dumps({name: 1}, separators=(",", ":"), ensure_ascii=False)

    assert jsonschema_rs.validator_for(schema).is_valid(json.loads(text)) is accepted
    assert accepts(model, schema, text) is accepted


def test_a_name_pattern_that_cannot_be_said_leaves_names_to_the_check():
    grammar = compiled({"type": "object", "patternProperties": {r"^a$|.b": {"const": 1}}})

    assert not grammar.enforces("patternProperties", {})
    assert not grammar.enforces("additionalProperties", False)
