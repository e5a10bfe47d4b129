"""Thoughts and counted lengths through the whole backend: a random model, real decoding."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from promptkit.completions import Completed, TextDelta
from promptkit.constraints import max_words
from promptkit.requests import OutputSpec

SCHEMA = {
    "type": "object",
    "properties": {"reply": {"type": "string"}, "done": {"type": "boolean"}},
    "required": ["reply", "done"],
    "additionalProperties": False,
}


@pytest.fixture
def thoughtful(ask):
    """Makes requests whose output has reasoning."""

    def made(*, schema=SCHEMA, constraints=(), reasoning=24, **generation):
        request = ask("Think!", schema=schema, **{"temperature": 1.0, "seed": 3, **generation})
        output = OutputSpec(schema=request.output.schema, constraints=constraints, reasoning=reasoning)
        return replace(request, output=output)

    return made


@pytest.mark.parametrize("seed", range(6))
def test_the_text_is_the_answer_alone(backend, thoughtful, seed):
    rule = max_words("reply", 6, enforce="hard")

    completion = backend.complete(thoughtful(constraints=[rule], seed=seed))

    answer = json.loads(completion.text)
    assert rule.check(answer, {}).outcome == "held"
    assert completion.finish_reason == "stop"
    assert completion.reasoning
    assert "Answer:" not in completion.reasoning
    assert 24 <= completion.usage.reasoning_tokens <= 24 + 12
    assert completion.usage.output_tokens > completion.usage.reasoning_tokens


def test_a_stream_shows_the_answer_alone(backend, thoughtful):
    request = thoughtful(constraints=[max_words("reply", 6, enforce="hard")])

    with backend.stream(request) as events:
        *deltas, last = events

    assert isinstance(last, Completed)
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert "".join(delta.text for delta in deltas) == last.completion.text
    assert last.completion.text == backend.complete(request).text


def test_a_stop_text_in_the_thoughts_ends_nothing(backend, thoughtful):
    free = backend.complete(thoughtful(schema=None, constraints=[max_words("", 5, enforce="hard")]))
    stop = free.reasoning[2:4]
    assert stop not in free.text

    stopped = backend.complete(
        thoughtful(schema=None, constraints=[max_words("", 5, enforce="hard")], stop=(stop,))
    )

    assert (stopped.reasoning, stopped.text) == (free.reasoning, free.text)


def test_nothing_is_thought_where_the_output_has_no_reasoning(backend, thoughtful):
    completion = backend.complete(
        thoughtful(reasoning=0, constraints=[max_words("reply", 6, enforce="hard")])
    )

    assert completion.reasoning is None
    assert completion.usage.reasoning_tokens == 0
