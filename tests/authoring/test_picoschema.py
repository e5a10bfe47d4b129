from __future__ import annotations

import json

import pytest

from promptkit.authoring import read_text
from promptkit.errors import TemplateError


def declared(fields: str, *, where: str = "output"):
    indented = "".join(f"    {line}\n" for line in fields.split("\n"))
    declaration = read_text(f"---\n{where}:\n  schema:\n{indented}---\nHi", file="f.prompt.j2")
    return declaration.output if where == "output" else declaration.input, declaration


def properties(fields: str, *, where: str = "output"):
    found, _ = declared(fields, where=where)
    return found.json_schema["properties"]


def fault(fields: str, *, where: str = "output") -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        declared(fields, where=where)
    return caught.value


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("x: string", {"type": "string"}),
        ("x: number, the price, in euros", {"type": "number", "description": "the price, in euros"}),
        ("x: integer", {"type": "integer"}),
        ("x: boolean", {"type": "boolean"}),
        ("x: null", {"type": "null"}),
        ("x: any", {}),
        ("x: any, whatever", {"description": "whatever"}),
        ("x?: string", {"type": ["string", "null"]}),
        ("x?: null", {"type": "null"}),
        ("x(array): string", {"type": "array", "items": {"type": "string"}}),
        (
            "x(array, all of them): string, one",
            {
                "type": "array",
                "items": {"type": "string", "description": "one"},
                "description": "all of them",
            },
        ),
        ("x?(array): integer", {"type": ["array", "null"], "items": {"type": "integer"}}),
        ("x(enum): [a, b]", {"type": "string", "enum": ["a", "b"]}),
        (
            "x(enum, which (one)): [no, on, 12:30]",
            {
                "type": "string",
                "enum": ["no", "on", "12:30"],
                "description": "which (one)",
            },
        ),
        ("x(enum): [1, 2]", {"type": "integer", "enum": [1, 2]}),
        ("x(enum): [1, true, a]", {"enum": [1, True, "a"]}),
        ("x?(enum): [a]", {"type": ["string", "null"], "enum": ["a", None]}),
        ("x(array): [a, b]", {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}),
        ("x:\n  type: integer\n  about: how many", {"type": "integer", "description": "how many"}),
        ("x:\n  type: integer, how many", {"type": "integer", "description": "how many"}),
        ("x:\n  type: [a, b]", {"type": "string", "enum": ["a", "b"]}),
        ("x:\n  type: array\n  items: string", {"type": "array", "items": {"type": "string"}}),
        ("x:\n  type: integer\n  default: 3", {"type": "integer", "default": 3}),
        ("x: {type: number, default: 2}", {"type": "number", "default": 2}),
    ],
)
def test_a_field_becomes_its_json_schema(field, schema):
    assert properties(field) == {"x": schema}


@pytest.mark.parametrize(
    "fields",
    [
        "a(object, an a):\n  b: string\n  c?(array): {d: integer}",
        "a(object, an a): {b: string, c?(array): {d: integer}}",
    ],
)
def test_nested_objects_read_alike_in_block_and_flow(fields):
    item = {
        "type": "object",
        "properties": {"d": {"type": "integer"}},
        "required": ["d"],
        "additionalProperties": False,
    }

    assert properties(fields) == {
        "a": {
            "type": "object",
            "properties": {"b": {"type": "string"}, "c": {"type": ["array", "null"], "items": item}},
            "required": ["b"],
            "additionalProperties": False,
            "description": "an a",
        }
    }


def test_fields_keep_their_order_and_optional_and_defaulted_ones_are_not_required():
    found, _ = declared("z: string\na?: string\nm:\n  type: string\n  default: x\nb: string")

    assert list(found.json_schema["properties"]) == ["z", "a", "m", "b"]
    assert found.json_schema["required"] == ["z", "b"]
    assert found.json_schema["additionalProperties"] is False
    assert found.generated


@pytest.mark.parametrize(
    ("wildcard", "others"),
    [
        ("(*): any", True),
        ("(*): any, whatever", {"description": "whatever"}),
        ("(*): integer", {"type": "integer"}),
    ],
)
def test_a_wildcard_allows_further_fields(wildcard, others):
    found, _ = declared(f"a: string\n{wildcard}")

    assert found.json_schema["additionalProperties"] == others
    assert list(found.json_schema["properties"]) == ["a"]


def test_inputs_may_be_images_documents_and_messages():
    found, _ = declared("photo?: image, the damage\nmanual: document\nhistory?: messages", where="input")

    assert found.json_schema["properties"] == {
        "photo": {"x-part": "image", "description": "the damage"},
        "manual": {"x-part": "document"},
        "history": {"x-part": "messages"},
    }
    assert found.json_schema["required"] == ["manual"]
    assert found.lines == {"photo": 4, "manual": 5, "history": 6}


def test_history_may_be_specified_in_full():
    found, _ = declared("history?:\n  type: messages\n  about: so far", where="input")

    assert found.json_schema["properties"] == {"history": {"x-part": "messages", "description": "so far"}}


def test_rules_beside_fields_become_constraints_with_path_line_and_order():
    _, declaration = declared(
        "a:\n  type: integer\n  between: [1, 5]\n"
        "deep(object):\n  text:\n    type: string\n    max_words: 9\n    never_says: [x y, z]\n"
        "items(array):\n  name:\n    type: string\n    matches: '[a-z]+'\n    id: lower\n"
        "    severity: should\n    on_fail: warn\n    say: Names are small."
    )

    assert [(rule.path, rule.rule.kind, rule.id, rule.line) for rule in declaration.constraints] == [
        ("a", "between", "a.between", 6),
        ("deep.text", "max_words", "deep.text.max_words", 10),
        ("deep.text", "never_says", "deep.text.never_says", 11),
        ("items[].name", "matches", "lower", 15),
    ]
    last = declaration.constraints[3]
    assert (last.severity, last.on_fail, last.say) == ("should", "warn", "Names are small.")
    assert declaration.lines["constraints.lower"] == 15


def test_options_hold_for_every_rule_of_their_field():
    _, declaration = declared("a:\n  type: string\n  max_words: 3\n  never_says: [x]\n  severity: should")

    assert [rule.severity for rule in declaration.constraints] == ["should", "should"]


@pytest.mark.parametrize(
    "schema",
    [
        "type: object\nproperties:\n  a: {type: string}",
        "$schema: https://json-schema.org/draft/2020-12/schema\ntype: object",
        "anyOf:\n  - {type: object}",
        "properties:\n  a: {type: string}",
        "$ref: '#/$defs/a'\n$defs: {a: {type: object}}",
    ],
)
def test_raw_json_schema_is_told_from_picoschema(schema):
    found, _ = declared(schema)

    assert found.generated is False
    assert found.kind == "json"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("type: string\ntitle: string", ["type", "title"]),
        ("properties: {type: array, items: string}", ["properties"]),
        ("properties: string", ["properties"]),
        ("anyOf: string", ["anyOf"]),
    ],
)
def test_fields_with_names_of_json_schema_keywords_stay_fields(fields, names):
    found, _ = declared(fields)

    assert found.generated
    assert list(found.json_schema["properties"]) == names


def test_json_schema_says_so_itself_and_is_kept_as_written():
    text = "---\noutput:\n  json_schema:\n    type: string\n    minLength: 2\n---\nHi"

    output = read_text(text, file="f").output

    assert json.dumps(output.json_schema) == '{"type": "string", "minLength": 2}'
    assert output.generated is False


MALFORMED = [
    ("x: strng", 4, 8, "did you mean string?"),
    ("x: str", 4, 8, "did you mean string?"),
    ("x: int, a count", 4, 8, "did you mean integer?"),
    ("x:", 4, 7, "x has no type"),
    ("x: 3", 4, 8, "unknown type '3'"),
    ("x: string[]", 4, 8, "`x(array): string`"),
    ("x: list", 4, 8, "`x(array): string`"),
    ("x: enum", 4, 8, "`x(enum): [first, second]`"),
    ("x: object", 4, 8, "`x(object):`"),
    ("x: [a, b]", 4, 8, "`x(enum): [a, b]`"),
    ("x(enum): a", 4, 14, "must be a list"),
    ("x(enum): []", 4, 14, "has no values"),
    ("x(enum): [a, a]", 4, 18, "has 'a' twice"),
    ("x(enum): [a, ~]", 4, 18, "no text and no number"),
    ("x(enum): [a, [b]]", 4, 18, "no text and no number"),
    ("x(aray): string", 4, 14, "did you mean array?"),
    ("x(): string", 4, 10, "array, object or enum"),
    ("x(object): string", 4, 16, "must be a mapping"),
    ("x(array: string", 4, 5, "is no field"),
    ("a b: string", 4, 5, "Name it a_b."),
    ("class: string", 4, 5, "Name it class_."),
    ("_x: string", 4, 5, "Name it x."),
    ("9x: string", 4, 5, "Name it field_9x."),
    ("a.b: string", 4, 5, "Name it a_b."),
    ("x: string\nx?: string", 5, 5, "declared twice"),
    ("x: {y: string, z: string}", 4, 8, "`x(object):`"),
    ("x:\n  y: string", 5, 7, "`x(object):`"),
    ("x: {type: string, y: string}", 4, 23, "`name(object):`"),
    ("x:\n  about: hi", 5, 7, "has no type"),
    ("x:\n  type: string\n  abuot: hi", 6, 7, "did you mean about?"),
    ("x:\n  type: string\n  max_word: 3", 6, 7, "did you mean max_words?"),
    ("x:\n  type: string\n  shade: calm", 6, 7, "Unknown key 'shade'"),
    ("x:\n  type: integer\n  between: 5", 6, 7, "between"),
    ("x:\n  type: integer\n  between: [1, 5]\n  on_fail: retry", 6, 7, "'retry'"),
    ("x:\n  type: string\n  severity: should", 6, 7, "belongs to a rule"),
    ("x:\n  type: string\n  max_words: 3\n  never_says: [a]\n  id: i", 8, 7, "id is for one"),
    ("x:\n  type: string, one\n  about: two", 6, 7, "described twice"),
    ("x:\n  type: object", 5, 13, "`x(object):`"),
    ("x:\n  type: enum", 5, 13, "`type: [a, b]`"),
    ("x:\n  type: array", 5, 13, "`items: string`"),
    ("x:\n  type: string\n  items: string", 6, 7, "is no array"),
    ("x:\n  type: {a: b}", 5, 13, "one word or a list"),
    ("x:\n  type: integer\n  default: many", 6, 16, "no value of its type"),
    ("x:\n  type: integer\n  default: true", 6, 16, "no value of its type"),
    ("x:\n  type: [a, b]\n  default: c", 6, 16, "no value of its type"),
    ("x: image", 4, 8, "only an input can have"),
    ("a: string\n(*):\n  y:\n    type: string\n    max_words: 3", 8, 9, "cannot stand below (*)"),
    ("{x?(array, many): string}", 4, 6, '"x?(array, many)"'),
    ("- x", 4, 5, "must be a mapping"),
    ("{}", 4, 5, "has no fields"),
    ("string", 4, 5, "`output: text`"),
]


@pytest.mark.parametrize(("fields", "line", "column", "part"), MALFORMED)
def test_a_malformed_output_field_is_one_error_with_its_place_and_the_mend(fields, line, column, part):
    error = fault(fields)

    assert part in error.problem
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("fields", "line", "column", "part"),
    [
        ("context: string", 4, 5, "Name it context_text"),
        ("history: string", 4, 5, "`history?: messages`"),
        ("output?(array): string", 4, 5, "meaning of its own"),
        ("x(object):\n  pic: image", 5, 12, "only an input itself"),
        ("x(array): image", 4, 15, "only an input itself"),
        ("x:\n  type: string\n  max_words: 3", 6, 7, "rules hold for the output"),
        ("pic:\n  type: image\n  default: a.png", 6, 16, "no value of its type"),
    ],
)
def test_a_malformed_input_field_is_one_error_with_its_place_and_the_mend(fields, line, column, part):
    error = fault(fields, where="input")

    assert part in error.problem
    assert (error.line, error.column) == (line, column)


def test_reserved_names_are_free_below_the_top_and_in_outputs():
    assert list(properties("doc(object):\n  context: string", where="input")) == ["doc"]
    assert list(properties("context: string\noutput: string")) == ["context", "output"]
