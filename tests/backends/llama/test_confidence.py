"""Log-probabilities of the tokens of an answer, and how sure the model was of its fields."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptkit import demo
from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.contexts import Run
from promptkit.backends.llama.models import LoadedModel, ModelKey
from promptkit.backends.llama.scores import logprob
from promptkit.schemas.closed_values import closed_values, scalars
from promptkit.schemas.places import path_text

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["billing", "bill", "shipping", 'a "quoted" one']},
        "urgent": {"type": "boolean"},
        "note": {"type": "string", "maxLength": 12},
        "level": {"enum": [1, 10, 2]},
        "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "maxItems": 2},
    },
    "required": ["kind", "urgent", "note", "level", "tags"],
}


def test_the_values_of_closed_fields_are_found_by_path():
    found = closed_values(
        {
            **SCHEMA,
            "properties": {
                **SCHEMA["properties"],
                "maybe": {"type": ["boolean", "null"]},
                "open": {"type": "string"},
                "count": {"type": "integer"},
                "fixed": {"const": 1},
                "nested": {"type": "object", "properties": {"mood": {"type": "string", "enum": ["a", "b"]}}},
                "either": {"anyOf": [{"enum": ["p", "q"]}, {"type": "null"}]},
            },
        }
    )

    assert found == {
        "kind": ['"billing"', '"bill"', '"shipping"', '"a \\"quoted\\" one"'],
        "urgent": ["true", "false"],
        "level": ["1", "10", "2"],
        "tags[]": ['"x"', '"y"'],
        "maybe": ["true", "false", "null"],
        "nested.mood": ['"a"', '"b"'],
        "either": ['"p"', '"q"', "null"],
    }


def test_scalars_stand_where_they_are_said_to():
    text = '{"a":"x, \\"]}","b":[1,-2.5e3, true ,{"c":null}],"d":{},"e":[],"ü":"\\u00e9"}'

    found = {path_text(place): text[start:end] for place, start, end in scalars(text)}

    assert found == {
        "a": '"x, \\"]}"',
        "b[0]": "1",
        "b[1]": "-2.5e3",
        "b[2]": "true",
        "b[3].c": "null",
        "ü": '"\\u00e9"',
    }


def test_without_asking_there_are_no_log_probabilities(backend, ask):
    completion = backend.complete(ask("x", schema=SCHEMA))

    assert completion.logprobs is None
    assert completion.confidence is None


def by_hand(path, request, completion):
    """The log-probability of every token of an answer, by reading prompt and answer anew."""
    model = LoadedModel(ModelKey(path, None, 1, 2), threads=1)
    context = model.open_context(ModelKey(path, None, 1, 2))
    prompt = model.tokenizer.tokens(request.messages)
    length, found = 0, []
    context.decode([Run(0, 0, prompt[:-2])])
    length = len(prompt) - 2
    rows = context.decode([Run(0, length, prompt[-2:], 1)])[0]
    length += 2
    pieces = [piece.decode("utf-8", "replace") for piece in model.vocabulary.pieces]
    for noted in completion.logprobs:
        matching = [token for token, piece in enumerate(pieces) if piece == noted.text]
        values = {token: logprob(rows[-1], token) for token in matching}
        token = min(values, key=lambda it: abs(values[it] - noted.logprob))
        found.append(values[token])
        rows = context.decode([Run(0, length, [token])])[0]
        length += 1
    context.free()
    model.free()
    return found


LABELS = {**SCHEMA, "properties": {**SCHEMA["properties"], "note": {"enum": ["some words", "none"]}}}


@pytest.mark.parametrize("options", [{"schema": LABELS}, {"max_tokens": 1}])
def test_every_token_of_an_answer_has_its_log_probability(tiny, ask, options):
    backend = LlamaBackend(str(tiny), threads=1)
    request = ask("hello", logprobs=3, **options)
    completion = backend.complete(request)
    backend.close()

    assert "".join(noted.text for noted in completion.logprobs) == completion.text
    assert len(completion.logprobs) == completion.usage.output_tokens
    assert all(len(noted.top) == 3 for noted in completion.logprobs)
    expected = by_hand(tiny, request, completion)
    assert [noted.logprob for noted in completion.logprobs] == pytest.approx(expected, abs=1e-3)


def test_asking_for_log_probabilities_changes_no_answer(backend, ask):
    for options in ({"schema": SCHEMA}, {"max_tokens": 20}, {"schema": SCHEMA, "temperature": 1, "seed": 4}):
        plain, asked = (backend.complete(ask("hello", **options, logprobs=n)) for n in (None, 0))

        assert (plain.text, plain.finish_reason, plain.usage.output_tokens) == (
            asked.text,
            asked.finish_reason,
            asked.usage.output_tokens,
        )


def test_confidence_is_the_share_of_the_whole_value_among_all_values(tiny, ask):
    values = SCHEMA["properties"]["kind"]["enum"]
    schema = {"type": "object", "properties": {"kind": {"enum": values}}, "required": ["kind"]}
    request = ask("hello", schema=schema, logprobs=0)
    backend = LlamaBackend(str(tiny), threads=1)
    completion = backend.complete(request)
    backend.close()
    key = ModelKey(tiny, None, 1, 2)
    model = LoadedModel(key, threads=1)
    context = model.open_context(key)
    prompt = model.tokenizer.tokens(request.messages)

    weights = {}
    for value in values:
        tokens = model.vocabulary.tokenize('{"kind":' + json.dumps(value))
        context.keep(0, 0)
        rows = context.decode([Run(0, 0, [*prompt, *tokens], len(tokens) + 1)])[0]
        weights[value] = math.exp(sum(logprob(row, token) for row, token in zip(rows, tokens, strict=False)))
    context.free()
    model.free()

    chosen = json.loads(completion.text)["kind"]
    assert completion.confidence == {"kind": pytest.approx(weights[chosen] / sum(weights.values()), rel=1e-3)}


def test_answers_with_confidence_do_not_disturb_others_and_are_the_same_beside_them(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=4)
    requests = [ask(f"case {n}", schema=SCHEMA, logprobs=0 if n % 2 else None) for n in range(10)]
    expected = [backend.complete(request) for request in requests]

    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(backend.complete, requests))

    assert [it.text for it in got] == [it.text for it in expected]
    assert [it.confidence for it in got] == [it.confidence for it in expected]
    assert set(got[1].confidence) == {"kind", "urgent", "level", "tags[0]", "tags[1]"}
    assert all(0 < share <= 1 for share in got[1].confidence.values())
    backend.close()


def test_the_demo_model_is_surer_of_a_plain_case(ask):
    backend = LlamaBackend("demo")
    schema = {
        "type": "object",
        "properties": {"category": {"enum": ["billing", "shipping", "technical", "account", "question"]}},
        "required": ["category"],
    }
    system = "Classify the customer message."

    completion = backend.complete(ask(system, "I was charged twice for my order.", schema=schema, logprobs=2))

    share = completion.confidence["category"]
    assert 0.2 < share <= 1
    assert math.isfinite(completion.logprobs[0].logprob)
    backend.close()
    assert demo.model_path()
