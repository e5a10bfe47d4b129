from __future__ import annotations

import json
import random

import pytest

from promptkit.backends.llama.grammars import compile_schema
from promptkit.backends.llama.regexes import Unsayable
from promptkit.backends.llama.skeletons import json_skeleton
from promptkit.constraints import Whole

ANYTHING = Whole(r"[\s\S]*")
TEXT = {"type": "string"}


def closed(properties, required=None, **more):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
        **more,
    }


LINK = closed({"k": TEXT, "r": {"anyOf": [{"$ref": "#/$defs/link"}, {"type": "null"}]}})
SCHEMAS = {
    "required": (
        closed({"a": TEXT, "b": {"type": "integer"}, "c": {"type": "array", "items": TEXT}}),
        ["a", "c[]"],
    ),
    "one optional": (closed({"a": TEXT, "b": {"type": "integer"}, "c": TEXT}, ["b"]), ["a", "c"]),
    "all optional": (closed({"a": TEXT, "b": TEXT, "c": TEXT}, []), ["b"]),
    "nullable": (
        closed(
            {
                "a": {"type": ["string", "null"]},
                "b": {"anyOf": [TEXT, {"type": "null"}], "title": "B"},
                "c": {"enum": ["x", 'y"', None]},
                "d": {"oneOf": [{"type": "null"}, closed({"e": TEXT})]},
            }
        ),
        ["a", "b", "c", "d.e"],
    ),
    "nested": (
        closed(
            {
                "l": {
                    "type": "array",
                    "items": closed({"q": TEXT, "n": {"type": "number"}}, ["q"]),
                    "minItems": 1,
                    "maxItems": 3,
                },
                "z": {"$ref": "#/$defs/link"},
            },
            **{"$defs": {"link": LINK, "unused": {"type": "null"}}},
        ),
        ["l[].q", "z.k", "z.r.k"],
    ),
    "lists of lists": (
        {"type": "array", "items": {"type": "array", "items": TEXT, "maxItems": 2}, "maxItems": 1},
        ["[][]"],
    ),
    "keywords of strings": (
        {"type": "string", "minLength": 1, "maxLength": 3, "pattern": '^[a-c"\\n]+'},
        [""],
    ),
    "odd names": (
        closed({'q"é\\ /': TEXT, "t": {"type": "string", "maxLength": 2}}),
        ["t", '["q\\"é\\\\ /"]'],
    ),
    "fixed values": (
        closed(
            {"e": {"enum": ["aa", "b\n"]}, "f": {"const": "x"}, "g": {"type": "string", "enum": ["a"]}}, ["e"]
        ),
        ["e", "f", "g"],
    ),
    "no room": (
        closed(
            {
                "s": {"type": "string", "maxLength": 0},
                "l": {"type": "array", "items": TEXT, "maxItems": 0},
                "m": {"type": "array", "items": TEXT, "minItems": 2},
            }
        ),
        ["s", "l[]", "m[]"],
    ),
}


def grammars(schema, paths):
    plain = compile_schema(json.dumps(schema).encode())
    return plain.text, json_skeleton(plain, [(path, ANYTHING) for path in paths]).text


def value(fragment, root, chance, depth=0):
    """A value that often fits."""
    if "$ref" in fragment:
        fragment = root["$defs"][fragment["$ref"].rsplit("/", 1)[-1]]
    if chance.random() < 0.03:
        return chance.choice([None, 1, "s", [], {}])
    for branches in ("anyOf", "oneOf"):
        if branches in fragment:
            return value(chance.choice(fragment[branches]), root, chance, depth + 1)
    if "enum" in fragment or "const" in fragment:
        return chance.choice([*fragment.get("enum", [fragment.get("const")] * 4), "zz"])
    kinds = fragment["type"]
    kind = chance.choice(kinds) if isinstance(kinds, list) else kinds
    if kind == "array":
        return [value(fragment["items"], root, chance, depth + 1) for _ in range(chance.randint(0, 3))]
    if kind == "object":
        return members(fragment, root, chance, depth)
    letters = "".join(chance.choices('abcx"\\\n\té😀/ \x00', k=chance.choice([0, 1, 1, 2, 3, 4])))
    return {"string": letters, "integer": chance.randint(-3, 300), "number": 2.5, "null": None}[kind]


def members(fragment, root, chance, depth):
    names = [name for name in fragment["properties"] if name in fragment["required"] or chance.random() < 0.5]
    if chance.random() < 0.1 and names:
        names.remove(chance.choice(names))
    if chance.random() < 0.05:
        chance.shuffle(names)
    found = {
        name: value(fragment["properties"][name], root, chance, depth + 1) if depth < 6 else None
        for name in names
    }
    return {**found, "extra": 1} if chance.random() < 0.05 else found


def broken(text, chance):
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(' ,{}[]":a\\') + text[at + chance.randint(0, 1) :]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_skeleton_takes_the_very_texts_that_the_schemas_grammar_takes(takes, name):
    schema, paths = SCHEMAS[name]
    plain, skeleton = grammars(schema, paths)
    chance = random.Random(name)
    texts = [
        json.dumps(value(schema, schema, chance), ensure_ascii=False, separators=(",", ":"))
        for _ in range(250)
    ]
    texts += [broken(text, chance) for text in texts[:50]]

    taken = [text for text in texts if takes(plain, text)]

    assert [text for text in texts if takes(skeleton, text)] == taken
    assert 0 < len(taken) < len(texts)


@pytest.mark.parametrize(
    ("schema", "path", "reason"),
    [
        (closed({"a": {"anyOf": [TEXT, {"type": "integer"}]}}), "a", "several alternatives"),
        (closed({"a": {"type": ["string", "integer"]}}), "a", "not said to be a string and nothing else"),
        (closed({"a": {"type": "integer"}}), "a", "not said to be a string"),
        (closed({"a": {}}), "a", "not said to be a string"),
        (closed({"a": {"type": "string", "format": "uuid"}}), "a", "cannot be combined with format"),
        (closed({"a": TEXT}), "a.b", "not said to be an object"),
        (closed({"a": TEXT}), "b", "declares no b"),
        (closed({"l": {"type": "array", "items": TEXT}}), "l[0]", "picks out single items"),
        (closed({"a": TEXT}, minProperties=1), "a", "around it has minProperties"),
        ({**closed({"a": TEXT}), "additionalProperties": TEXT}, "a", "takes further properties"),
        ({**closed({"a": TEXT}), "patternProperties": {"^b": TEXT}}, "a", "around it has patternProperties"),
        (closed({"l": {"type": "array", "prefixItems": [TEXT], "items": TEXT}}), "l[]", "has prefixItems"),
        (
            closed({"a": TEXT, "b": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}),
            "a",
            "other than a definition",
        ),
        (
            closed({"a": {"$ref": "#/$defs/t", "maxLength": 3}}, **{"$defs": {"t": TEXT}}),
            "a",
            "beside a reference",
        ),
        (closed({"a": {"anyOf": [TEXT, {"type": "null"}], "maxLength": 3}}), "a", "beside its alternatives"),
    ],
)
def test_a_place_that_cannot_be_spelled_out_exactly_is_named(schema, path, reason):
    with pytest.raises(Unsayable, match=reason):
        grammars(schema, [path])


def test_what_lies_off_the_path_keeps_its_schema_whatever_that_is(takes):
    schema = closed(
        {
            "a": TEXT,
            "b": {"$ref": "#/$defs/tree"},
            "c": {"type": "object", "additionalProperties": {"const": 1}},
        },
        **{"$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}},
    )

    skeleton = grammars(schema, ["a"])[1]

    assert takes(skeleton, '{"a":"","b":[[],[[]]],"c":{"x":1}}')
    assert not takes(skeleton, '{"a":"","b":[[],[1]],"c":{"x":1}}')
    assert not takes(skeleton, '{"a":"","b":[],"c":{"x":2}}')
