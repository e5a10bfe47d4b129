"""Many requests in one batch: what they say, what they share, and how they end."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.contexts import BATCH, Context, Run
from promptkit.backends.llama.models import LoadedModel, ModelKey, shelf
from promptkit.completions import Completion
from promptkit.errors import LocalBackendError
from promptkit.messages import Message

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 20}},
    "required": ["n", "s"],
}
ENDLESS = {"type": "string", "minLength": 1_000_000}
SYSTEM = Message(role="system", content="A shared beginning that is read once for all. " * 12)
SLOTS = 5


@pytest.fixture
def busy(tiny):
    """A backend that decodes several requests at once."""
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=SLOTS, n_ctx=1024)
    yield backend
    backend.close()


@pytest.fixture
def context(tiny):
    """A context of several sequences."""
    key = ModelKey(tiny, 512, 1, SLOTS)
    model = LoadedModel(key, threads=1)
    made = model.open_context(key)
    yield made
    made.free()
    model.free()


def alone(context, slot, prompt, steps):
    """The scores behind a prompt and behind each step of so many tokens."""
    context.keep(slot, 0)
    found = [context.decode([Run(slot, 0, prompt)])[0][0].copy()]
    length = len(prompt)
    for count in steps:
        found.append(context.decode([Run(slot, length, step_tokens(length, count))])[0][0].copy())
        length += count
    context.keep(slot, 0)
    return found


def step_tokens(length, count):
    return [(7 * at) % 200 for at in range(length, length + count)]


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_the_same_bits_whatever_joins_and_leaves(context, seed):
    rng = random.Random(seed)
    prompts = [[rng.randrange(256) for _ in range(rng.randint(2, 60))] for _ in range(12)]
    steps = [[rng.choice([1, 1, 1, 2, 3]) for _ in range(10)] for _ in prompts]
    expected = [alone(context, rng.randrange(SLOTS), *pair) for pair in zip(prompts, steps, strict=True)]
    todo, working, compared = list(range(len(prompts))), {}, 0

    while todo or working:
        free = sorted(set(range(SLOTS)) - {slot for slot, _, _ in working.values()})
        if todo and free and (not working or rng.random() < 0.6):
            case, slot = todo.pop(), rng.choice(free)
            context.keep(slot, 0)
            scores = context.decode([Run(slot, 0, prompts[case])])[0][0]
            assert (scores == expected[case][0]).all()
            working[case] = (slot, len(prompts[case]), 0)
        for count in (1, 2, 3):
            cases = [case for case, (_, _, done) in working.items() if steps[case][done:][:1] == [count]]
            if not cases:
                continue
            runs = [Run(working[c][0], working[c][1], step_tokens(working[c][1], count)) for c in cases]
            for case, (scores,) in zip(cases, context.decode(runs), strict=True):
                slot, length, done = working[case]
                working[case] = (slot, length + count, done + 1)
                assert (scores == expected[case][done + 1]).all()
                compared += 1
        for case in [case for case, (_, _, done) in working.items() if done == len(steps[case])]:
            context.keep(working.pop(case)[0], rng.choice([0, 2, 5]))

    assert compared == 120


def test_the_scores_after_a_copied_beginning_are_the_same_bits(context):
    prompt = [(3 * at) % 256 for at in range(90)]
    expected = alone(context, 0, prompt, [1, 2])

    for shared in (2, 30, 88):
        context.keep(1, 0)
        context.decode([Run(1, 0, prompt[:shared])])
        context.decode([Run(1, shared, [9, 9, 9])])
        assert context.copy(1, 3, shared) == shared
        got = [context.decode([Run(3, shared, prompt[shared:])])[0][0].copy()]
        got.append(context.decode([Run(3, 90, step_tokens(90, 1))])[0][0].copy())
        got.append(context.decode([Run(3, 91, step_tokens(91, 2))])[0][0].copy())
        context.keep(3, 0)

        assert all((one == other).all() for one, other in zip(got, expected, strict=True))


def mixed_requests(ask, count):
    kinds = [
        lambda n: ask(SYSTEM, f"case {n}", schema=SCHEMA),
        lambda n: ask(f"case {n} " * (n % 7), schema=SCHEMA, temperature=1, seed=n),
        lambda n: ask(f"text {n}", max_tokens=5 + n % 20),
    ]
    return [kinds[n % 3](n) for n in range(count)]


def test_answers_do_not_depend_on_what_threads_and_tasks_ask_beside(busy, ask):
    requests = mixed_requests(ask, 30)
    expected = [busy.complete(request).text for request in requests]
    rng = random.Random(1)

    async def tasks():
        async def one(request):
            await asyncio.sleep(rng.random() * 0.05)
            if rng.random() < 0.3:
                with pytest.raises(asyncio.CancelledError):
                    await cancelled(busy.acomplete(ask(SYSTEM, "x", schema=ENDLESS)), rng.random() * 0.05)
            return (await busy.acomplete(request)).text

        return await asyncio.gather(*map(one, requests))

    with ThreadPoolExecutor(4) as pool:
        in_threads = [pool.submit(busy.complete, request) for request in requests]
        in_tasks = asyncio.run(tasks())

    assert in_tasks == expected
    assert [future.result().text for future in in_threads] == expected


async def cancelled(awaitable, after_s):
    task = asyncio.ensure_future(awaitable)
    await asyncio.sleep(after_s)
    task.cancel()
    await task


def test_a_beginning_that_several_requests_share_is_read_once(busy, ask):
    requests = [ask(SYSTEM, f"case {n}", schema=SCHEMA) for n in range(SLOTS)]

    async def together():
        return await asyncio.gather(*map(busy.acomplete, requests))

    usages = sorted((it.usage for it in asyncio.run(together())), key=lambda usage: usage.cached_tokens)

    beginning = usages[1].cached_tokens
    assert usages[0].cached_tokens == 0
    assert beginning > 300
    assert all(usage.input_tokens - usage.cached_tokens < 40 for usage in usages[1:])


def test_the_longest_unused_prompt_makes_room(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=2)
    texts = {name: f"{name} is a prompt of its own. " * 10 for name in "ABC"}

    def cached(name):
        return backend.complete(ask(texts[name], max_tokens=2)).usage.cached_tokens > 100

    assert [cached(name) for name in "ABABCACB"] == [False, False, True, True, False, False, True, False]
    backend.close()


def test_a_short_common_beginning_does_not_cost_a_kept_prompt(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=2)
    long = ask("kept words " * 60, max_tokens=2)
    backend.complete(long)
    other = backend.complete(ask("kept but something else", max_tokens=2)).usage

    assert 0 < other.cached_tokens < 60
    assert backend.complete(long).usage.cached_tokens > 500
    backend.close()


def test_ten_thousand_requests_may_wait_at_once(busy, ask):
    request = ask("x", max_tokens=1)

    async def many():
        tasks = [asyncio.create_task(busy.acomplete(request)) for _ in range(10_000)]
        await asyncio.wait(tasks[:200])
        for task in tasks[200:]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        gone = sum(isinstance(it, asyncio.CancelledError) for it in results)
        return sum(isinstance(it, Completion) for it in results), gone

    done, gone = asyncio.run(many())

    assert done >= 200
    assert done + gone == 10_000
    assert busy.complete(request).finish_reason == "length"


def test_long_prompts_do_not_hold_up_answers_that_are_being_written(busy, ask):
    with busy.stream(ask("x", schema=ENDLESS)) as events:
        next(events)
        with ThreadPoolExecutor(4) as pool:
            prompts = [pool.submit(busy.complete, ask("long " * 180, max_tokens=1)) for _ in range(4)]
            got = [next(events) for _ in range(20)]
            wait(prompts, timeout=60)

    assert len(got) == 20
    assert all(future.result().finish_reason == "length" for future in prompts)


def test_when_the_decoder_dies_everyone_who_waits_hears_of_it(write_model, ask, monkeypatch):
    backend = LlamaBackend(str(write_model()), threads=1, n_parallel=2)
    backend.complete(ask("x", max_tokens=1))
    context = only_model(backend).scheduler._context

    def broken(_runs):
        raise MemoryError("no room")

    monkeypatch.setattr(context, "decode", broken)
    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(backend.complete, ask(f"{n}", max_tokens=3)) for n in range(6)]
        errors = [future.exception(timeout=30) for future in futures]

    assert all(isinstance(error, LocalBackendError) for error in errors)
    assert "MemoryError: no room" in str(errors[0])
    assert errors[0].backend == backend.name
    with pytest.raises(LocalBackendError, match="close the backend and ask again"):
        backend.complete(ask("x"))
    backend.close()
    assert backend.complete(ask("x", max_tokens=1)).finish_reason == "length"
    backend.close()


def only_model(backend):
    return shelf()._models[backend._hold.key]


def test_a_batch_that_cannot_be_decoded_fails_those_in_it_alone(busy, ask, monkeypatch):
    request = ask("hello", schema=SCHEMA)
    expected = busy.complete(request).text
    context = only_model(busy).scheduler._context
    real, codes = context._llama.llama_decode, iter([1])
    monkeypatch.setattr(context._llama, "llama_decode", lambda *args: next(codes, 0) or real(*args))

    with pytest.raises(LocalBackendError, match=r"could not decode \d+ tokens of 1 sequences \(code 1\)"):
        busy.complete(request)

    assert busy.complete(request).text == expected


def test_freeing_a_model_in_the_midst_of_answers_ends_them(write_model, ask):
    backend = LlamaBackend(str(write_model()), threads=1)
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(backend.complete, ask("x", schema=ENDLESS)) for _ in range(3)]
        while not (backend._hold.key and len(only_model(backend).scheduler._working) == 3):
            time.sleep(0.01)
        only_model(backend).scheduler.close()
        errors = [future.exception(timeout=30) for future in futures]

    assert all(isinstance(error, LocalBackendError) for error in errors)
    assert "ended before the answer did" in str(errors[0])


def test_a_caller_that_disappears_in_the_midst_of_a_stream_frees_its_place(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=1)

    def vanish():
        stream = backend.stream(ask("x", schema=ENDLESS))
        next(stream.__enter__())

    vanish()

    assert backend.complete(ask("x", max_tokens=1), deadline=time.monotonic() + 20).finish_reason == "length"
    backend.close()


def test_a_task_whose_loop_is_gone_frees_its_place(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=1)

    async def begun():
        stream = backend.astream(ask("x", schema=ENDLESS))
        return await anext(await stream.__aenter__())

    first = asyncio.run(begun())

    assert first.text.startswith('"')
    assert backend.complete(ask("x", max_tokens=1), deadline=time.monotonic() + 20).finish_reason == "length"
    backend.close()


def test_the_threads_of_the_decoders_end_with_their_models(write_model, ask):
    before = {thread for thread in threading.enumerate() if thread.name == "promptkit-llama"}
    backend = LlamaBackend(str(write_model()), threads=1)
    backend.complete(ask("x", max_tokens=1))
    during = {thread for thread in threading.enumerate() if thread.name == "promptkit-llama"} - before
    backend.close()

    assert len(during) == 1
    assert not any(thread.is_alive() for thread in during)


def test_in_one_store_runs_of_any_lengths_are_decoded_in_one_call(tiny):
    key = ModelKey(tiny, 512, 1, SLOTS, deterministic=False)
    model = LoadedModel(key, threads=1)
    context = model.open_context(key)
    prompts = [[(3 * at + 5 * slot) % 200 for at in range(4 + 9 * slot)] for slot in range(3)]
    expected = [
        context.decode([Run(0, 0, prompt)])[0][0].copy() for prompt in prompts if not context.keep(0, 0)
    ]
    context.keep(0, 0)

    together = context.decode([Run(slot, 0, prompt) for slot, prompt in enumerate(prompts)])

    for scores, alone_scores in zip(together, expected, strict=True):
        assert scores[0] == pytest.approx(alone_scores, abs=0.05)
        assert scores[0].argmax() == alone_scores.argmax()
    context.free()
    model.free()


def test_one_store_for_all_reads_and_writes_unequal_runs_together(tiny, ask, monkeypatch):
    lengths, decode = [], Context.decode

    def noted(self, runs):
        lengths.append([len(run.tokens) for run in runs])
        return decode(self, runs)

    monkeypatch.setattr(Context, "decode", noted)
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=3, deterministic=False)
    long_text = {"const": "forced " * 60}  # more tokens than one call takes
    requests = [ask(SYSTEM, f"case {'more ' * n}", schema=SCHEMA if n % 3 else long_text) for n in range(9)]

    with ThreadPoolExecutor(9) as pool:
        texts = [completion.text for completion in pool.map(backend.complete, requests)]
    backend.close()

    assert texts[0::3] == [f'"{long_text["const"]}"'] * 3
    assert all(text.startswith('{"n":') for text in texts[1::3] + texts[2::3])
    assert any(len(set(call)) > 1 for call in lengths)
    assert max(sum(call) for call in lengths) <= BATCH


def test_one_store_for_all_can_be_asked_for(tiny, ask):
    backend = LlamaBackend(str(tiny), threads=1, n_parallel=3, deterministic=False)
    requests = [ask(SYSTEM, f"case {n}", schema=SCHEMA) for n in range(6)]

    with ThreadPoolExecutor(3) as pool:
        texts = [completion.text for completion in pool.map(backend.complete, requests)]

    assert all(text.startswith('{"n":') for text in texts)
    backend.close()
