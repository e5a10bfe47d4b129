from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.models import ModelKey, Shelf, shelf
from promptkit.completions import Completed
from promptkit.errors import ContextOverflow, ModelLoadError, TimedOut
from promptkit.messages import Message
from promptkit.requests import Count

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 20}},
}
ENDLESS = {"type": "string", "minLength": 1_000_000}


@pytest.fixture
def path(write_model):
    """A model that no other test has loaded."""
    return write_model()


def held():
    """The files of the models that are loaded now."""
    gc.collect()
    return {key.path for key in shelf()._models}


def test_backends_of_one_file_share_a_model_until_the_last_is_closed(path, ask, tmp_path):
    link = tmp_path / "link.gguf"
    link.symlink_to(path)
    first, second = LlamaBackend(str(path), threads=1), LlamaBackend(str(link), threads=1)
    other = LlamaBackend(str(path), n_ctx=512, threads=1)

    for backend in (first, second, other):
        backend.complete(ask("x", max_tokens=1))
    loaded = [key for key in shelf()._models if key.path == path]
    first.close()
    first.close()
    after_first = path in held()
    second.close()
    other.close()

    assert len(loaded) == 2
    assert after_first
    assert path not in held()


def test_nothing_is_loaded_before_the_first_use(path):
    LlamaBackend(str(path), threads=1).close()

    assert path not in held()


def test_a_backend_that_is_forgotten_frees_its_model(path, ask):
    LlamaBackend(str(path), threads=1).complete(ask("x", max_tokens=1))

    assert path not in held()


def test_a_closed_backend_loads_its_model_again(path, ask):
    backend = LlamaBackend(str(path), threads=1)
    first = backend.complete(ask("x", max_tokens=5))
    backend.close()

    assert backend.complete(ask("x", max_tokens=5)) == first
    backend.close()


def test_closing_in_the_midst_of_an_answer_lets_it_finish(path, ask):
    backend = LlamaBackend(str(path), threads=1)
    request = ask("hello", max_tokens=40)
    whole = backend.complete(request).text

    with backend.stream(request) as events:
        next(events)
        backend.close()
        still = path in held()
        *_, last = events

    assert still
    assert last.completion.text == whole
    assert path not in held()


def test_a_model_that_cannot_be_loaded_can_be_loaded_once_it_is_mended(path, tmp_path):
    broken = tmp_path / "m.gguf"
    broken.write_bytes(path.read_bytes()[:-5000])
    backend = LlamaBackend(str(broken))

    with pytest.raises(ModelLoadError):
        backend.count_tokens([Message(role="user", content="x")])
    broken.write_bytes(path.read_bytes())

    assert isinstance(backend.count_tokens([Message(role="user", content="x")]), Count)
    backend.close()


def test_a_return_during_a_taking_is_settled_afterwards(path):
    own = Shelf()
    key = ModelKey(path, 256, 1)
    model = own.take(key)
    own.take(key)
    with own._lock:
        own.put_back(key, model)
        own.put_back(key, model)
        unsettled = dict(own._holds)
    own.take(key)
    own.put_back(key, own._models[key])

    assert unsettled == {key: 2}
    assert own._models == {}


def test_threads_get_the_answers_of_one_caller(path, ask):
    backends = [LlamaBackend(str(path), threads=1) for _ in range(2)]
    requests = [ask(f"case {number}", schema=SCHEMA, temperature=1, seed=number) for number in range(24)]
    expected = [backends[0].complete(request).text for request in requests]

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda pair: backends[pair[0] % 2].complete(pair[1]).text, enumerate(requests)))

    assert got == expected
    for backend in backends:
        backend.close()


def test_who_waits_for_the_model_honours_deadline_and_cancel(path, ask):
    backend = LlamaBackend(str(path), threads=1, n_parallel=1)
    cancel = threading.Event()
    with ThreadPoolExecutor(2) as pool, backend.stream(ask("x", schema=ENDLESS)) as events:
        next(events)
        late = pool.submit(backend.complete, ask("x"), deadline=time.monotonic() + 0.1)
        cancelled = pool.submit(backend.complete, ask("x"), cancel=cancel)
        late_error = late.exception(timeout=20)
        waiting = not cancelled.done()
        cancel.set()
        answer = cancelled.result(timeout=20)

    assert isinstance(late_error, TimedOut)
    assert "busy with other requests" in str(late_error)
    assert waiting
    assert (answer.finish_reason, answer.text, answer.usage.output_tokens) == ("cancelled", "", 0)
    backend.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_loads_the_model_anew_and_leaves_the_parents_alone(path, ask):
    backend = LlamaBackend(str(path), threads=2)
    request = ask("hello", schema=SCHEMA, max_tokens=30)
    expected = backend.complete(request).text
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        text = backend.complete(request).text
        backend.close()
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + 60
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    if done[0] == 0:
        os.kill(child, 9)
        os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        got = pipe.read()

    assert done == (child, 0)
    assert got == expected
    assert backend.complete(request).text == expected
    backend.close()


def test_acomplete_gives_the_answer_of_complete(path, ask):
    backend = LlamaBackend(str(path), threads=1)
    request = ask("hello", schema=SCHEMA)

    async def several():
        return await asyncio.gather(*(backend.acomplete(request) for _ in range(5)))

    texts = {completion.text for completion in asyncio.run(several())}

    assert texts == {backend.complete(request).text}
    asyncio.run(backend.aclose())
    assert path not in held()


def test_astream_gives_the_events_of_stream(path, ask):
    backend = LlamaBackend(str(path), threads=1)
    request = ask("hello", max_tokens=30)

    async def collected():
        async with backend.astream(request) as events:
            return [event async for event in events]

    got = asyncio.run(collected())

    with backend.stream(request) as events:
        expected = list(events)
    assert got[:-1] == expected[:-1]
    assert got[-1].completion.text == expected[-1].completion.text
    assert isinstance(got[-1], Completed)
    backend.close()


def test_errors_pass_through_the_thread(path, ask):
    backend = LlamaBackend(str(path), n_ctx=32, threads=1)

    async def streamed():
        async with backend.astream(ask("x" * 99)) as events:
            return [event async for event in events]

    with pytest.raises(ContextOverflow):
        asyncio.run(backend.acomplete(ask("x" * 99)))
    with pytest.raises(ContextOverflow):
        asyncio.run(streamed())
    backend.close()


def test_a_deadline_holds_for_async_calls(path, ask):
    backend = LlamaBackend(str(path), threads=1)

    with pytest.raises(TimedOut):
        asyncio.run(backend.acomplete(ask("x", schema=ENDLESS), deadline=time.monotonic() - 1))
    backend.close()


def test_a_cancelled_task_ends_its_decoding(path, ask):
    backend = LlamaBackend(str(path), threads=1, n_ctx=2048)

    async def cancelled():
        endless = asyncio.create_task(backend.acomplete(ask("x", schema=ENDLESS)))
        await asyncio.sleep(0.05)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        return await backend.acomplete(ask("hello", max_tokens=3))

    assert asyncio.run(cancelled()).finish_reason == "length"
    backend.close()


def test_leaving_an_async_stream_early_frees_the_model(path, ask):
    backend = LlamaBackend(str(path), threads=1)

    async def left():
        async with backend.astream(ask("x", schema=ENDLESS)) as events:
            first = await anext(events)
        return first, backend.complete(ask("hello", max_tokens=3))

    first, answer = asyncio.run(left())

    assert first.text.startswith('"')
    assert answer.finish_reason == "length"
    backend.close()


def test_a_stream_in_a_cancelled_task_frees_the_model(path, ask):
    backend = LlamaBackend(str(path), threads=1)

    async def read():
        async with backend.astream(ask("x", schema=ENDLESS)) as events:
            async for _ in events:
                started.set()

    async def cancelled():
        task = asyncio.create_task(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return backend.complete(ask("hello", max_tokens=3))

    started = asyncio.Event()

    assert asyncio.run(cancelled()).finish_reason == "length"
    backend.close()


def test_a_stream_that_is_left_when_its_loop_ends_says_nothing_and_frees_the_model(path):
    code = f"""
import asyncio
from promptkit.backends import open_backend
from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

request = Request(
    messages=(Message(role="user", content="hi"),), output=OutputSpec(schema=OutputSchema.text()),
    generation=GenerationConfig(max_tokens=9), prompt=PromptRef(name="x"),
)
backend = open_backend("llama:{path}")

async def pieces():
    async with backend.astream(request) as events:
        async for event in events:
            yield event

async def main():
    async for event in pieces():
        return

asyncio.run(main())
backend.complete(request, deadline=None)
"""

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
