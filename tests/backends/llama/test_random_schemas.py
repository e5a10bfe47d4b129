"""Whatever the schema, an answer that comes to its end is right in all that the plan gives to the grammar."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from promptkit.backends.llama.grammars import compile_schema
from promptkit.backends.llama.models import LoadedModel, ModelKey

sys.path.insert(0, str(Path(__file__).parent))
from byte_masks import ByteMaskMaker
from random_schemas import STEP_BOUND_S, Writer, judged, random_schema

SCHEMAS = 25  # of each test: 250 in all


@pytest.fixture(scope="module")
def writer(tiny):
    model = LoadedModel(ModelKey(tiny, None, 1), threads=1)
    yield Writer(model.masks.masks, model.vocabulary.pieces, model.vocabulary.ends)
    model.free()


@pytest.mark.parametrize("seed", range(10))
def test_no_random_schema_crashes_hangs_or_lets_a_wrong_answer_through(writer, seed):
    verdicts = []
    for number in range(SCHEMAS):
        random = Random(f"{seed}/{number}")
        verdicts.append(judged(random_schema(random), writer, random))

    assert [verdict for verdict in verdicts if verdict.is_fault] == []
    assert max(verdict.slowest_s for verdict in verdicts) < STEP_BOUND_S
    assert sum(verdict.kind == "valid" for verdict in verdicts) > 0.7 * SCHEMAS


@pytest.mark.parametrize(
    ("followed", "schema", "kind"),
    [
        (b'{"type": "integer"}', {"type": "string"}, "invalid"),
        (b'{"const": "a"}', {"type": "string", "format": "date"}, "caught"),
        (b'{"type": "string", "maxLength": 3}', {"type": "string"}, "valid"),
        (b'{"type": "string", "minLength": 500}', {"type": "string"}, "cut"),
        (b"{}", {"type": "integer", "minimum": 2, "maximum": 1}, "refused"),
    ],
)
def test_an_answer_under_the_masks_of_another_schema_is_told_by_what_it_is(followed, schema, kind):
    maker = ByteMaskMaker()
    writer = Writer(lambda _: maker.masks(compile_schema(followed)), maker.pieces, [maker.end])

    assert judged(schema, writer, Random(1)).kind == kind
