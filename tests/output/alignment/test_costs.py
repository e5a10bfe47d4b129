"""What reading costs: steps, not seconds. Twice the text takes about twice the steps, whatever it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from promptkit.errors import OutputError
from promptkit.output import align
from promptkit.output.malformed import variants
from promptkit.schemas import OutputSchema

ITEM = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["bill", "parcel"]},
        "level": {"type": "integer"},
        "note": {"type": "string"},
        "urgent": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["kind", "level", "note", "urgent", "tags"],
    "additionalProperties": False,
}
LIST = OutputSchema.from_json_schema(
    {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": ITEM}, "count": {"type": "integer"}},
        "required": ["rows", "count"],
        "additionalProperties": False,
    },
    "rows",
)


def steps(work: Callable[[], Any]) -> int:
    """How many functions are called, in Python and in C."""
    count = 0

    def seen(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    except OutputError:
        pass
    finally:
        sys.setprofile(None)
    return count


def rows(number: int) -> dict[str, Any]:
    row = {
        "kind": "bill",
        "level": 2,
        "note": 'He said "no", twice; it\'s\nlate: {x}.',
        "urgent": True,
        "tags": ["a b", "c"],
    }
    return {"rows": [row] * number, "count": number}


KINDS = [variant.kind for variant in variants(rows(1), LIST)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_mistake_takes_steps_in_proportion_to_its_length(kind):
    small, large = (
        next(variant for variant in variants(rows(number), LIST) if variant.kind == kind)
        for number in (30, 60)
    )

    few, many = (
        steps(lambda text=each.text, inputs=each.inputs: align(text, LIST, inputs=inputs))
        for each in (small, large)
    )

    assert many <= 2.3 * few + 500


HOSTILE = [
    "{", "[", '"', "'", "{'", '{"', '{"a":', '[{"a":', "`", "```\n", "<think>", "</think>", "<a>", "a: ", "a:\n", "- a\n",
    "/*", "//", '"/*', '"//', "{a", "a(", "a(b=", "{\\", "\\", '\\"', "{a:1}", '{"rows": [', "{'rows': '", "1,", "x, ", "}{",
    "[1] ", "{} ", "<|channel|>analysis", "<parameter name='count'>", "<count>", "count: 1\n", '{"count": 1} ', "\n", " ", "“", '""',
    '"""', "'''", "&quot;", "Final: ", "user said ", "I cannot ", "**", "|a|", "|--", "--|\n", "|count|\n|--|\n|1|\n", "-- ", "\ufeff", "\u200b", "{count", '{"count" ', '"count": ',
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_steps_in_proportion_to_its_length(piece):
    few, many = (steps(lambda text=piece * count: align(text, LIST)) for count in (400, 800))

    assert many <= 2.3 * few + 500


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("before", ["", '{"rows": [{"note": "', "{'count': "])
def test_hostile_text_inside_a_value_takes_steps_in_proportion_to_its_length(before, piece):
    few, many = (steps(lambda text=before + piece * count: align(text, LIST)) for count in (300, 600))

    assert many <= 2.3 * few + 500


def test_no_text_takes_more_steps_of_the_reader_than_four_for_each_character():
    text = '{"a": "' + '"x" , ' * 5_000

    with pytest.raises(OutputError):
        align(text, LIST)


def test_strict_json_takes_as_many_steps_whatever_its_length():
    small, large = json.dumps(rows(10)), json.dumps(rows(1_000))

    few, many = (steps(lambda text=text: align(text, LIST)) for text in (small, large))

    assert many <= few + 40
