"""The robustness family: what the contract promises for each way to write a valid value badly, it keeps."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.errors import OutputError
from promptkit.output import align
from promptkit.output.malformed import Refusal, Taken, Variant, variants
from promptkit.schemas import Generated, OutputSchema, generate
from promptkit.schemas.typed_codecs import closed_objects

SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {
            "kind": {"enum": ["bill", "parcel"]},
            "level": {"type": "integer", "minimum": 0},
            "note": {"type": "string"},
            "urgent": {"type": "boolean"},
            "score": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "person": {
                "type": "object",
                "properties": {
                    "full_name": {"type": "string"},
                    "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
                "required": ["full_name", "age"],
            },
        },
        "required": ["kind", "level", "note", "urgent", "score", "tags", "person"],
    },
    {
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "integer"}}},
        "required": ["items"],
    },
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]},
    {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    },
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "array", "items": {"type": "string"}},
    {"type": "integer"},
]


def made(schema: OutputSchema[Any], seed: int) -> Any:
    value = generate(schema.json_schema, seed=seed)
    assert isinstance(value, Generated)
    return value.value


def check(variant: Variant, schema: OutputSchema[Any]) -> None:
    try:
        taken = align(variant.text, schema, inputs=variant.inputs)
    except OutputError as error:
        assert isinstance(variant.promise, Refusal), (variant, error)
        assert isinstance(error, variant.promise.errors), (variant, repr(error))
        return
    assert isinstance(variant.promise, Taken), (variant, taken)
    assert json.dumps(taken.data, sort_keys=True) == json.dumps(variant.promise.data, sort_keys=True), variant
    assert variant.promise.rules <= {repair.rule for repair in taken.repairs}, (variant, taken.repairs)
    assert not any(repair.lossy for repair in taken.repairs)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SCHEMAS), st.integers(0, 10_000))
def test_every_promise_is_kept_for_values_of_any_schema(raw: dict[str, Any], seed: int) -> None:
    schema = OutputSchema.from_json_schema(closed_objects(raw), "output")
    for variant in variants(made(schema, seed), schema):
        check(variant, schema)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        'say "hi"',
        "it's",
        "a, b",
        "```",
        "{x}",
        "[1]",
        "// no",
        "# no",
        "<think>",
        "a: 1",
        '", "b": 2',
        "\\d",
        "C:\\new",
        "…",
        "",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
ANYTHING = OutputSchema.from_json_schema(
    {"type": "object", "properties": {"v": {}}, "required": ["v"], "additionalProperties": False}, "o"
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_every_promise_is_kept_for_any_data(value: Any) -> None:
    for variant in variants({"v": value}, ANYTHING):
        if variant.kind not in ("name too many", "missing comma"):
            check(variant, ANYTHING)


MARKS = re.compile(r'"(?:[^"\\]|\\.)*"')
VALUES: list[tuple[dict[str, Any], Any]] = [
    (
        SCHEMAS[0],
        {
            "kind": "bill",
            "level": 12,
            "note": "a, b: {c} [d]",
            "urgent": True,
            "score": 0.5,
            "tags": ["e f", "g"],
            "person": {"full_name": "H I", "age": None},
        },
    ),
    (SCHEMAS[1], {"items": [1, 22, 3]}),
    (SCHEMAS[2], {"a": 'say "hi", it\'s', "b": 7}),
]


@pytest.mark.parametrize(("raw", "data"), VALUES)
@pytest.mark.parametrize("indent", [None, 2])
def test_one_sign_of_json_too_few_or_too_many_never_gives_another_value(
    raw: Any, data: Any, indent: int | None
) -> None:
    schema = OutputSchema.from_json_schema(closed_objects(raw), "output")
    text = json.dumps(data, indent=indent)
    inside = {at for found in MARKS.finditer(text) for at in range(found.start() + 1, found.end() - 1)}
    outcomes: list[bool] = []

    for at, sign in enumerate(text):
        if at in inside or sign not in '"{}[],:':
            continue
        for changed in (text[:at] + text[at + 1 :], text[:at] + sign + text[at:]):
            try:
                taken = align(changed, schema).data
            except OutputError:
                outcomes.append(False)
            else:
                assert taken == data, changed
                outcomes.append(True)

    assert sum(outcomes) >= len(outcomes) / 3


def test_a_family_covers_what_is_taken_and_what_is_refused() -> None:
    schema = OutputSchema.from_json_schema(closed_objects(SCHEMAS[0]), "output")

    family = list(variants(made(schema, 3), schema))

    assert len({variant.kind for variant in family}) == len(family) >= 34
    assert sum(isinstance(variant.promise, Refusal) for variant in family) >= 11
    assert [str(variant) for variant in family[:2]] == ["empty", "blank"]


def test_single_values_have_few_variants() -> None:
    family = list(variants(5, OutputSchema.from_json_schema({"type": "integer"}, "n")))

    assert [variant.kind for variant in family] == [
        "empty",
        "blank",
        "refusal",
        "page of HTML",
        "brackets without end",
    ]
