"""An answer that was cut is gone on with from the state that was kept, and becomes what it would have been."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.completions import Completed
from promptkit.constraints import max_words
from promptkit.errors import ContextOverflow
from promptkit.messages import Message
from promptkit.requests import OutputSpec

NOTES = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 30, "maxLength": 40},
        "kind": {"enum": ["request", "complaint", "question"]},
        "points": {"type": "array", "items": {"type": "integer"}, "minItems": 5, "maxItems": 5},
    },
    "required": ["title", "kind", "points"],
    "additionalProperties": False,
}


def cut(backend, request, max_tokens):
    part = backend.complete(replace(request, generation=replace(request.generation, max_tokens=max_tokens)))
    assert part.finish_reason == "length"
    return part


@pytest.mark.parametrize("max_tokens", [1, 2, 7, 20, 33])
@pytest.mark.parametrize("sampling", [{"temperature": 0}, {"temperature": 1.2, "seed": 5}])
def test_a_cut_answer_becomes_the_one_that_was_never_cut(backend, ask, max_tokens, sampling):
    request = ask("note this", schema=NOTES, max_tokens=400, **sampling)
    whole = backend.complete(request)
    part = cut(backend, request, max_tokens)

    rest = backend.complete(replace(request, resumes=part))

    assert whole.text.startswith(part.text)
    assert rest.text == whole.text
    assert rest.finish_reason == "stop"
    assert part.usage.output_tokens + rest.usage.output_tokens == whole.usage.output_tokens
    assert rest.unfinished is None


def test_an_answer_may_be_gone_on_with_again_and_again(backend, ask):
    request = ask("note this", schema=NOTES, temperature=1.2, seed=5, max_tokens=400)
    whole = backend.complete(request)
    part = cut(backend, request, 9)
    while part.finish_reason == "length":
        part = backend.complete(
            replace(request, generation=replace(request.generation, max_tokens=9), resumes=part)
        )

    assert part.text == whole.text


def test_what_was_written_is_not_read_again(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=2)
    request = ask("note this", schema=NOTES, max_tokens=400)
    part = cut(backend, request, 30)
    backend.complete(ask("another one", schema=NOTES, max_tokens=20))
    seen = []
    model = backend._hold._model
    decode = model.scheduler._context.decode
    model.scheduler._context.decode = lambda runs: (seen.extend(run for run in runs), decode(runs))[1]

    backend.complete(replace(request, resumes=part))

    assert seen[0].start >= part.usage.input_tokens + 25
    backend.close()


def test_what_another_request_says_does_not_depend_on_an_answer_that_was_kept(tiny, ask):
    backend, fresh = (LlamaBackend(str(tiny), threads=1, n_parallel=1, n_ctx=size) for size in (1000, 1024))
    answer = backend.complete(ask("hello", max_tokens=40, temperature=0))
    turn = ask("hello", Message(role="assistant", content=answer.text), "and now?", max_tokens=20, logprobs=1)

    assert backend.complete(turn).logprobs == fresh.complete(turn).logprobs
    backend.close()
    fresh.close()


def test_an_answer_whose_state_is_gone_is_read_again(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=1)
    request = ask("note this", schema=NOTES, max_tokens=400)
    whole = backend.complete(request)
    part = cut(backend, request, 20)
    backend.complete(ask("something else", max_tokens=5))

    rest = backend.complete(replace(request, resumes=part))

    assert rest.text == whole.text
    backend.close()


def test_a_stream_goes_on_with_the_new_text_alone(backend, ask):
    request = ask("note this", schema=NOTES, max_tokens=400)
    part = cut(backend, request, 20)

    with backend.stream(replace(request, resumes=part)) as events:
        *deltas, last = events

    assert isinstance(last, Completed)
    assert part.text + "".join(delta.text for delta in deltas) == last.completion.text
    assert last.completion.text == backend.complete(request).text


def test_a_stop_text_that_the_cut_fell_into_still_ends_the_answer(backend, ask):
    text = backend.complete(ask("hello", max_tokens=30)).text
    stop = text[8:14]
    request = ask("hello", max_tokens=30, stop=(stop,))
    whole = backend.complete(request)
    parts = [cut(backend, request, count) for count in range(1, whole.usage.output_tokens)]

    assert {backend.complete(replace(request, resumes=part)).text for part in parts} == {whole.text}


def test_log_probabilities_and_confidence_are_those_of_the_whole(backend, ask):
    request = ask("note this", schema=NOTES, max_tokens=400, logprobs=2)
    whole = backend.complete(request)
    part = cut(backend, request, 25)

    rest = backend.complete(replace(request, resumes=part))

    assert rest.logprobs == whole.logprobs
    assert rest.confidence == whole.confidence
    assert "kind" in whole.confidence


@pytest.mark.parametrize("max_tokens", [5, 30, 45, 60])
def test_thoughts_and_counted_lengths_go_on_where_they_were(backend, ask, max_tokens):
    request = ask("think", schema={**NOTES}, temperature=1.0, seed=3, max_tokens=600)
    output = OutputSpec(
        schema=request.output.schema, constraints=[max_words("title", 4, enforce="hard")], reasoning=40
    )
    request = replace(request, output=output)
    whole = backend.complete(request)
    part = cut(backend, request, max_tokens)

    # The room for thoughts follows from max_tokens, so it is the same again.
    rest = backend.complete(replace(request, resumes=part))

    assert rest.text.startswith(part.text)
    assert json.loads(rest.text).keys() == json.loads(whole.text).keys()
    assert part.usage.reasoning_tokens + rest.usage.reasoning_tokens >= min(max_tokens, 20)


def test_a_whole_answer_cannot_be_gone_on_with(backend, ask):
    request = ask("note this", schema=NOTES, max_tokens=400)
    whole = backend.complete(request)

    with pytest.raises(ValueError, match="its unfinished is None"):
        replace(request, resumes=whole)


def test_a_full_context_says_that_there_is_no_room_to_go_on(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_ctx=128)
    request = ask("a text that goes on " * 5, temperature=0)
    part = backend.complete(request)
    assert part.finish_reason == "length"

    with pytest.raises(ContextOverflow, match="no room to go on"):
        backend.complete(replace(request, resumes=part))
    backend.close()
