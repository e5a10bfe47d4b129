from __future__ import annotations

import json
import random
import signal
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import jsonschema_rs
import pytest

from promptkit import demo
from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.models import LoadedModel, ModelKey, load_parameters
from promptkit.backends.llama.scheduler import piece
from promptkit.completions import Completed, TextDelta
from promptkit.errors import CapabilityMissing, ContextOverflow, GrammarInvalid, LocalBackendError, TimedOut
from promptkit.messages import ImagePart, Message
from promptkit.schemas import Valid

TRIAGE = {
    "type": "object",
    "properties": {
        "category": {"enum": ["billing", "shipping", "technical", "account", "question"]},
        "sentiment": {"enum": ["negative", "neutral", "positive"]},
        "urgency": {"enum": ["low", "normal", "high"]},
        "order_id": {"type": ["string", "null"], "maxLength": 20},
    },
    "required": ["category", "sentiment", "urgency"],
}
LONG = "The parcel has not come, and nobody answers. " * 20


def test_json_is_a_compact_value_of_the_schema_with_every_field(backend, ask):
    request = ask("Where is my parcel?", schema=TRIAGE)

    completion = backend.complete(request)

    read = request.output.schema.read_json(completion.text)
    assert isinstance(read, Valid)
    assert list(read.data) == list(TRIAGE["properties"])
    assert completion.text == json.dumps(read.data, separators=(",", ":"), ensure_ascii=False)
    assert completion.finish_reason == "stop"
    assert completion.model == "tiny"


def test_usage_is_exact(backend, ask, tiny):
    request = ask("hello", schema={"enum": ["the answer"]})
    model = LoadedModel(ModelKey(tiny, None, 1), threads=1)

    usage = backend.complete(request).usage

    assert usage.input_tokens == len(model.tokenizer.tokens(request.messages))
    assert usage.input_tokens == backend.count_tokens(request.messages).n
    assert usage.output_tokens == len(model.vocabulary.tokenize('"the answer"'))
    model.free()


def test_plain_text_ends_at_max_tokens(backend, ask):
    completion = backend.complete(ask("hello", max_tokens=12))

    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 12
    assert completion.text


def test_without_max_tokens_text_ends_where_the_context_is_full(tiny, ask):
    backend = LlamaBackend(str(tiny), n_ctx=256, threads=1)

    completion = backend.complete(ask("hello", temperature=3, seed=1))

    assert completion.finish_reason in ("length", "stop")
    if completion.finish_reason == "length":
        assert completion.usage.input_tokens + completion.usage.output_tokens == 256
    backend.close()


def test_an_answer_cut_at_max_tokens_says_so_in_json_too(backend, ask):
    completion = backend.complete(ask("hello", schema=TRIAGE, max_tokens=3))

    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 3


@pytest.mark.parametrize("schema", [None, TRIAGE])
@pytest.mark.parametrize("generation", [{}, {"temperature": 1.5, "seed": 4, "top_p": 0.9}])
def test_a_stream_is_the_completion_in_pieces(backend, ask, schema, generation):
    request = ask("hello there", schema=schema, max_tokens=60, **generation)

    whole = backend.complete(request)
    with backend.stream(request) as events:
        *deltas, last = events

    assert len(deltas) > 1
    assert all(isinstance(delta, TextDelta) and delta.text for delta in deltas)
    assert "".join(delta.text for delta in deltas) == whole.text
    assert isinstance(last, Completed)
    assert last.completion.text == whole.text
    assert last.completion.finish_reason == whole.finish_reason


def test_the_same_seed_gives_the_same_text_and_another_seed_another(backend, ask):
    texts = [
        backend.complete(ask("hello", max_tokens=40, temperature=1, seed=seed)).text for seed in (1, 1, 2)
    ]

    assert texts[0] == texts[1] != texts[2]


def test_text_ends_before_a_stop_text_that_spans_tokens(backend, ask):
    whole = backend.complete(ask("hello", max_tokens=60)).text
    stop = whole[20:25]

    completion = backend.complete(ask("hello", max_tokens=60, stop=(stop,)))

    assert completion.text == whole[: whole.index(stop)]
    assert completion.finish_reason == "stop"
    assert completion.usage.output_tokens < 60


def test_a_stop_text_ends_json_too(backend, ask):
    completion = backend.complete(ask("hello", schema=TRIAGE, stop=('","urgency',)))

    assert completion.finish_reason == "stop"
    assert completion.text.startswith('{"category":"')
    assert completion.text.endswith(("negative", "neutral", "positive"))


def first_tokens(path, ask):
    """Answers of one token by a model that finds all tokens nearly equal."""
    backend = LlamaBackend(str(path), threads=1)
    answers = [backend.complete(ask("hello", temperature=9, seed=seed, max_tokens=1)) for seed in range(600)]
    backend.close()
    return answers


def test_no_control_token_but_the_end_is_written_into_plain_text(write_model, ask):
    path = write_model(weights=0.01)
    answers = first_tokens(path, ask)
    model = LoadedModel(ModelKey(path, None, 1), threads=1)
    control = set(model.vocabulary.markers.values())
    model.free()

    written = {answer.unfinished.tokens[0] for answer in answers if answer.finish_reason == "length"}

    assert len(control) == 3
    assert not written & control
    assert len(written) > 200
    assert any(answer.finish_reason == "stop" for answer in answers)


def test_sentencepiece_text_begins_without_the_blank_of_its_vocabulary(write_model, ask):
    path = write_model(kind="spm", weights=0.01, add_bos=True)
    backend = LlamaBackend(str(path), threads=1)

    json_text = backend.complete(ask("hello", schema={"enum": ["the ant"]})).text
    texts = {answer.text for answer in first_tokens(path, ask)}

    assert json_text == '"the ant"'
    assert {"the", "a", ""} <= texts
    assert not any(text.startswith(" ") for text in texts)
    backend.close()


def prefix_requests(ask):
    system = Message(role="system", content=LONG)
    return [
        ask(system, "first question", schema=TRIAGE),
        ask(system, "another question, quite long " * 12, schema=TRIAGE),
        ask(system, "another question, quite long " * 12, schema=TRIAGE),
        ask(system, "first question", max_tokens=30),
        ask("something else", max_tokens=30),
        ask("", max_tokens=3),
    ]


def test_a_kept_prefix_gives_the_very_answers_of_a_fresh_model(tiny, ask):
    warm = LlamaBackend(str(tiny), threads=1)

    for request in prefix_requests(ask):
        fresh = LlamaBackend(str(tiny), threads=1, n_ctx=2048)
        expected = fresh.complete(request)
        fresh.close()
        got = warm.complete(request)

        assert expected.usage.cached_tokens == 0
        assert (got.text, got.finish_reason) == (expected.text, expected.finish_reason)
        assert got.usage.input_tokens == expected.usage.input_tokens
    warm.close()


@pytest.mark.parametrize("length", [1, 2, 127, 128, 129, 130, 257, 385])
def test_a_prompt_is_read_whole_and_never_in_a_piece_of_one(length):
    pieces, left = [], length
    while left:
        pieces.append(piece(left))
        left -= pieces[-1]

    assert sum(pieces) == length
    assert all(2 <= count <= 128 for count in pieces) or length == 1


def test_cached_tokens_are_those_of_the_shared_beginning(backend, ask):
    system = Message(role="system", content=LONG)
    first = backend.complete(ask(system, "first", schema=TRIAGE)).usage
    second = backend.complete(ask(system, "second", schema=TRIAGE)).usage

    assert second.cached_tokens > 500
    assert second.cached_tokens < second.input_tokens
    assert first.output_tokens > 0


@pytest.mark.parametrize("times", [400, 100_000])
def test_a_prompt_that_does_not_fit_is_refused_with_the_two_numbers(backend, ask, times):
    with pytest.raises(
        ContextOverflow, match=r"the prompt is (at least )?\d+ tokens and .* holds 2048"
    ) as caught:
        backend.complete(ask("word by word " * times))

    assert caught.value.backend == backend.name
    assert backend.complete(ask("short", max_tokens=2)).text


def test_n_ctx_bounds_prompt_and_answer(tiny, ask):
    backend = LlamaBackend(str(tiny), n_ctx=64, threads=1)

    with pytest.raises(ContextOverflow, match=r"the prompt is \d+ tokens and the context of tiny holds 64,"):
        backend.complete(ask("x" * 64))

    usage = backend.complete(ask("x", schema={"type": "string", "minLength": 500})).usage
    assert usage.input_tokens + usage.output_tokens == 64
    backend.close()


def test_a_part_that_is_no_text_is_refused_before_decoding(backend, ask):
    request = ask(Message(role="user", content=(ImagePart(data=b"x"),)))

    with pytest.raises(CapabilityMissing, match="message 1"):
        backend.complete(request)


def test_a_schema_without_values_is_refused(backend, ask):
    with pytest.raises(GrammarInvalid, match="no grammar can be made") as caught:
        backend.complete(ask("x", schema={"type": "integer", "minimum": 5, "maximum": 1}))

    assert caught.value.backend == backend.name


def test_a_vocabulary_without_an_end_token_cannot_write_json(write_model, ask):
    path = write_model(markers={"<x>": 1}, template=None)
    backend = LlamaBackend(str(path), threads=1)

    completion = backend.complete(ask("x", schema={"enum": ["a"]}))

    assert completion.text == '"a"'
    backend.close()


def test_scores_that_are_no_numbers_are_an_error(write_model, ask):
    backend = LlamaBackend(str(write_model(weights=float("nan"))), threads=1)

    with pytest.raises(LocalBackendError, match="scores are not numbers"):
        backend.complete(ask("x", max_tokens=2))
    backend.close()


def test_a_deadline_that_has_passed_is_an_error_before_anything_is_read(backend, ask):
    with pytest.raises(TimedOut, match="deadline") as caught:
        backend.complete(ask("hello"), deadline=time.monotonic() - 1)

    assert caught.value.kind == "deadline"
    assert caught.value.backend == backend.name
    assert backend.complete(ask("hello", max_tokens=2)).text


def test_with_enforcement_off_the_model_writes_without_masks(backend, ask):
    request = ask("hello", schema={"enum": ["the answer"]}, max_tokens=12)
    free = replace(request, output=request.output.over(enforce="off"))

    assert backend.complete(request).text == '"the answer"'
    assert backend.complete(free).text == backend.complete(ask("hello", max_tokens=12)).text
    assert not backend.complete(free).text.startswith('"the')


def test_a_deadline_in_the_midst_of_an_answer_is_an_error_that_carries_the_usage(backend, ask):
    schema = {"type": "string", "minLength": 100_000}
    # So that the model is loaded and the grammar made before the time counts.
    assert backend.complete(ask("hello", schema=schema, max_tokens=1)).finish_reason == "length"
    request = ask("hello", schema=schema)
    deadline = time.monotonic() + 0.5

    with (
        pytest.raises(TimedOut, match="when the deadline passed") as caught,
        backend.stream(request, deadline=deadline) as events,
    ):
        for _ in events:
            time.sleep(0.01)

    assert caught.value.usage.output_tokens > 0


class CountedEvent(threading.Event):
    """Set after it was looked at so many times."""

    def __init__(self, looks):
        super().__init__()
        self.looks = looks

    def is_set(self):
        self.looks -= 1
        return self.looks < 0


@pytest.mark.parametrize("looks", [0, 1, 2, 5, 12])
def test_a_cancelled_request_ends_with_what_was_written(backend, ask, looks):
    request = ask(LONG, max_tokens=200)
    whole = backend.complete(request).text

    completion = backend.complete(request, cancel=CountedEvent(looks))

    assert completion.finish_reason == "cancelled"
    assert whole.startswith(completion.text.rstrip("\ufffd"))
    assert completion.usage.output_tokens <= looks
    assert backend.complete(request).text == whole


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.05])
def test_an_interrupt_leaves_the_model_usable(backend, ask, delay_s):
    request = ask(LONG, max_tokens=30)
    whole = backend.complete(request).text
    main = threading.main_thread().ident
    interrupt = threading.Timer(delay_s, signal.pthread_kill, [main, signal.SIGINT])

    with pytest.raises(KeyboardInterrupt):
        interrupt.start()
        backend.complete(ask("x", schema={"type": "string", "minLength": 1_000_000}))

    assert backend.complete(request).text == whole


def test_leaving_a_stream_early_frees_the_model(backend, ask):
    request = ask("hello", max_tokens=100)
    with backend.stream(request) as events:
        first = next(events)

    assert list(events) == []
    assert isinstance(first, TextDelta)
    assert backend.complete(request).text.startswith(first.text)


@pytest.mark.parametrize("n_parallel", [1, 2])
def test_a_thread_may_ask_while_it_reads_a_stream(tiny, ask, n_parallel):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=n_parallel)
    request = ask("hello", max_tokens=20)
    whole = backend.complete(request).text

    with backend.stream(ask("hello", max_tokens=100)) as events:
        next(events)
        other = backend.complete(request).text
        rest = list(events)

    assert other == whole
    assert isinstance(rest[-1], Completed)
    backend.close()


# A model of random weights that may add properties of any name does so on and on, now and then.
@pytest.mark.parametrize(("is_closed", "count", "least"), [(True, 300, 290), (False, 100, 90)])
def test_random_schemas_give_values_of_the_schema(backend, ask, is_closed, count, least):
    random_schema = random.Random(11)
    checked = 0
    for number in range(count):
        schema = _schema(random_schema, 3, is_closed)
        request = ask(f"case {number}", schema=schema, temperature=1.2, seed=number, max_tokens=400)

        completion = backend.complete(request)

        if completion.finish_reason == "stop":
            checked += 1
            value = json.loads(completion.text)
            assert jsonschema_rs.validator_for(schema).is_valid(value), (schema, completion.text)

    assert checked >= least


def _schema(choose, depth, is_closed):
    """A random schema that most values of random models can fill within a few hundred tokens."""
    leaves = [
        lambda: {"type": "boolean"},
        lambda: {"type": "null"},
        lambda: {"type": "integer"},
        lambda: {"type": "number"},
        lambda: {"type": "integer", "minimum": (low := choose.randint(-50, 50)), "maximum": low + 30},
        lambda: {"type": "number", "exclusiveMinimum": 0, "maximum": choose.randint(1, 9)},
        lambda: {"enum": choose.sample(["a", 'q"u', "back\\slash", "é\n", 1, -2.5, None, True], 3)},
        lambda: {"const": choose.choice(["x", 0, {"k": [1]}])},
        lambda: {"type": "string", "maxLength": choose.randint(0, 12)},
        lambda: {
            "type": "string",
            "pattern": choose.choice(["^[a-z]{2,5}$", "^\\d{4}-\\d{2}$", "^(yes|no)$"]),
        },
        lambda: {"type": "string", "format": choose.choice(["date", "uuid", "ipv4", "time"])},
        lambda: {"type": ["string", "null"], "maxLength": 6},
    ]
    if depth == 0 or choose.random() < 0.3:
        return choose.choice(leaves)()
    kind = choose.choice(["object", "object", "array", "anyOf", "ref"])
    if kind == "array":
        return {
            "type": "array",
            "items": _schema(choose, depth - 1, is_closed),
            "minItems": choose.randint(0, 2),
            "maxItems": choose.randint(2, 4),
        }
    if kind == "anyOf":
        return {"anyOf": [_schema(choose, depth - 1, is_closed), {"type": "null"}]}
    if kind == "ref":
        return (
            {
                "type": "object",
                "properties": {"one": {"$ref": "#/$defs/part"}, "two": {"$ref": "#/$defs/part"}},
                "required": ["two"],
                **({"additionalProperties": False} if is_closed else {}),
                "$defs": {"part": choose.choice(leaves)()},
            }
            if depth == 3
            else choose.choice(leaves)()
        )
    names = choose.sample(["name", "a b", 'quo"te', "ünï", "x", "deep_er", "1"], choose.randint(1, 4))
    return {
        "type": "object",
        "properties": {name: _schema(choose, depth - 1, is_closed) for name in names},
        "required": choose.sample(names, choose.randint(0, len(names))),
        **({"additionalProperties": False} if is_closed else {}),
    }


def test_the_demo_model_answers_in_its_schema(ask):
    messages = json.loads(demo.model_path().with_name("prompt.json").read_text())
    backend = LlamaBackend("demo")
    request = ask(
        *(
            Message(role=turn["role"], content=turn["content"].replace("{message}", "Where is my parcel?"))
            for turn in messages
        ),
        schema=TRIAGE,
    )

    completion = backend.complete(request)

    assert json.loads(completion.text)["category"] in TRIAGE["properties"]["category"]["enum"]
    assert completion.finish_reason == "stop"
    backend.close()


class _Engine:
    """What `load_parameters` asks of llama.cpp."""

    def __init__(self, features: bytes) -> None:
        self.features = features

    def llama_print_system_info(self) -> bytes:
        return self.features

    def llama_model_default_params(self) -> SimpleNamespace:
        return SimpleNamespace(use_extra_bufts=True)


@pytest.mark.parametrize(
    ("features", "used"),
    [(b"CPU : AVX2 = 1 | AMX_INT8 = 1 | ", False), (b"CPU : AVX2 = 1 | ", True), (b"", True)],
)
def test_a_model_is_never_loaded_into_buffers_for_amx(features, used):
    parameters = load_parameters(_Engine(features))

    assert parameters.use_extra_bufts is used
