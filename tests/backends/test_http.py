"""What lies around one call: connections, keys, cancelling, many threads, many loops, forks."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import HttpBackend, open_backend
from promptkit.backends.keys import KeyBlotter
from promptkit.completions import Allowance, Completed, RateLimits, TextDelta
from promptkit.errors import (
    BackendError,
    RateLimited,
    RequestRejected,
    ServerError,
    Unauthorized,
)
from promptkit.messages import DocumentPart, ImagePart, Message
from promptkit.requests import AsyncBackend, Backend

CANARY = "sk-canary-4711-do-not-show"
BODY = {
    "choices": [{"message": {"role": "assistant", "content": '{"colour":"red"}'}, "finish_reason": "stop"}]
}
CHUNKS = [
    {"choices": [{"delta": {"content": "re"}, "finish_reason": None}]},
    {"choices": [{"delta": {"content": "d"}, "finish_reason": "stop"}]},
]


@pytest.fixture
def backend(server: Any) -> HttpBackend:
    return open_backend(f"openai+{server.url}:m")


def test_it_is_both_kinds_of_backend_and_its_repr_is_its_name() -> None:
    backend = open_backend("openai+http://127.0.0.1:1/v1:meta/llama:free")

    assert isinstance(backend, Backend)
    assert isinstance(backend, AsyncBackend)
    assert backend.name == "openai+http://127.0.0.1:1/v1:meta/llama:free"
    assert repr(backend) == f"HttpBackend({backend.name!r})"


def test_capabilities_differ_between_openai_and_servers_like_it() -> None:
    ours, like = (
        open_backend(name).capabilities() for name in ("openai:gpt", "openai+http://localhost:1/v1:m")
    )

    assert (ours.schema, like.schema) == (True, False)
    assert DocumentPart in ours.parts
    assert like.parts == ours.parts - {DocumentPart}
    assert ImagePart in like.parts


def test_tokens_are_estimated_from_the_length_of_texts() -> None:
    backend = open_backend("openai:gpt")

    count = backend.count_tokens([Message(role="user", content="12345678"), Message(role="user", content="")])

    assert (count.n, count.exact) == (4 + 2 + 4, False)


@pytest.mark.network
def test_one_connection_serves_call_after_call(server, backend, question) -> None:
    for _ in range(3):
        server.will_answer(BODY)
        backend.complete(question)
    server.will_stream(*CHUNKS, "[DONE]")
    with backend.stream(question) as events:
        list(events)
    server.will_answer(BODY)
    backend.complete(question)

    assert len(server.seen) == 5
    assert server.connections == 1


@pytest.mark.network
def test_one_connection_serves_a_loop_and_is_closed_with_it(server, backend, question) -> None:
    async def twice() -> None:
        for _ in range(2):
            server.will_answer(BODY)
            await backend.acomplete(question)

    asyncio.run(twice())
    asyncio.run(twice())

    assert len(server.seen) == 4
    assert server.connections == 2


@pytest.mark.network
def test_aclose_gives_back_the_loops_connections_and_a_later_call_opens_new_ones(
    server, backend, question
) -> None:
    async def use() -> None:
        for _ in range(2):
            server.will_answer(BODY)
            await backend.acomplete(question)
            await backend.aclose()
            await backend.aclose()

    asyncio.run(use())

    assert server.connections == 2


@pytest.mark.network
def test_close_may_be_called_twice_and_a_later_call_opens_a_new_connection(server, backend, question) -> None:
    backend.close()
    for _ in range(2):
        server.will_answer(BODY)
        backend.complete(question)
        backend.close()
        backend.close()

    assert server.connections == 2


@pytest.mark.network
def test_many_threads_share_a_backend(server, backend, question) -> None:
    for _ in range(40):
        server.will_answer(BODY)

    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: backend.complete(question).text, range(40)))

    assert texts == ['{"colour":"red"}'] * 40
    assert server.connections <= 8


@pytest.mark.network
def test_many_tasks_share_a_backend(server, backend, question) -> None:
    for _ in range(40):
        server.will_answer(BODY)

    async def gather() -> list[Any]:
        return await asyncio.gather(*(backend.acomplete(question) for _ in range(40)))

    assert len(asyncio.run(gather())) == 40


@pytest.mark.network
def test_a_forked_child_opens_connections_of_its_own(server, backend, question) -> None:
    server.will_answer(BODY)
    backend.complete(question)
    for _ in range(2):
        server.will_answer(BODY)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if backend.complete(question).text else 1
        finally:
            os._exit(status)
    _, outcome = os.waitpid(child, 0)
    backend.complete(question)

    assert outcome == 0
    assert server.connections == 2


@pytest.mark.network
def test_cancel_before_sending_sends_nothing(server, backend, question) -> None:
    cancel = threading.Event()
    cancel.set()

    completion = backend.complete(question, cancel=cancel)

    assert (completion.finish_reason, completion.text) == ("cancelled", "")
    assert completion.usage.input_tokens == 0
    assert server.connections == 0


@pytest.mark.network
def test_cancel_ends_a_stream_with_the_text_so_far(server, backend, question) -> None:
    server.will_stream(*CHUNKS, "[DONE]")
    cancel = threading.Event()
    seen = []

    with backend.stream(question, cancel=cancel) as events:
        for event in events:
            seen.append(event)
            cancel.set()

    first, last = seen
    assert first == TextDelta(text="re")
    assert isinstance(last, Completed)
    assert (last.completion.text, last.completion.finish_reason) == ("re", "cancelled")
    assert last.completion.usage.estimated


@pytest.mark.network
def test_a_stream_that_is_left_early_leaves_the_backend_usable(server, backend, question) -> None:
    server.will_stream(*CHUNKS, end=("stall",))
    server.will_answer(BODY)

    with backend.stream(question) as events:
        next(events)

    assert backend.complete(question).text


@pytest.mark.network
def test_errors_of_the_caller_inside_a_stream_pass_untouched(server, backend, question) -> None:
    server.will_stream(*CHUNKS, "[DONE]")

    with pytest.raises(KeyError, match="mine"), backend.stream(question) as events:
        next(events)
        raise KeyError("mine")


@pytest.mark.network
def test_a_cancelled_task_ends_its_call_and_the_loop_goes_on(server, backend, question) -> None:
    server.will_send("stall")
    server.will_answer(BODY)

    async def cancel_one() -> str:
        task = asyncio.create_task(backend.acomplete(question))
        await asyncio.to_thread(server.asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await backend.acomplete(question)).text

    assert asyncio.run(cancel_one())


@pytest.mark.network
def test_a_server_that_goes_on_after_its_end_mark_is_cut_off(server, backend, question) -> None:
    server.will_stream(*CHUNKS, "[DONE]", *["late"] * 200, end=("stall",))

    with backend.stream(question) as events:
        *_, last = events

    assert last.completion.text == "red"


@pytest.mark.network
def test_half_a_surrogate_pair_reaches_the_server_as_an_escape(server, backend, question, ask_for) -> None:
    server.will_answer(BODY)

    backend.complete(ask_for(question.output.schema, Message(role="user", content="\ud83d")))

    assert b"\\ud83d" in server.seen[0].body


@pytest.mark.network
def test_loopback_servers_are_reached_past_any_proxy(server, backend, question, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    server.will_answer(BODY)

    assert backend.complete(question).text


# Keys


@pytest.mark.network
def test_the_key_is_sent_as_a_bearer_token_and_read_at_each_call(
    server, backend, question, monkeypatch
) -> None:
    for key in (CANARY, f"{CANARY}-2\n"):
        monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", key)
        server.will_answer(BODY)
        backend.complete(question)

    assert [seen.headers["authorization"] for seen in server.seen] == [
        f"Bearer {CANARY}",
        f"Bearer {CANARY}-2",
    ]


@pytest.mark.network
def test_the_key_of_openai_goes_to_no_other_host(server, backend, question, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    server.will_answer(BODY)

    backend.complete(question)

    assert "authorization" not in server.seen[0].headers


@pytest.mark.network
def test_an_option_names_another_variable_for_the_key(server, question, monkeypatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", CANARY)
    server.will_answer(BODY)

    open_backend(f"openai+{server.url}:m", key_env="MY_SERVER_KEY").complete(question)

    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"


def test_without_a_key_openai_is_not_asked(question, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(Unauthorized, match=r"openai:gpt was not asked: .* OPENAI_API_KEY is not set"):
        open_backend("openai:gpt").complete(question)


@pytest.mark.parametrize("key", ["sk-ä", "sk 1", "sk-1\nsk-2", "sk-\x00"])
def test_what_cannot_be_a_key_is_not_sent_and_not_shown(question, monkeypatch, key) -> None:
    monkeypatch.setattr(os, "environ", {"OPENAI_API_KEY": key})

    with pytest.raises(Unauthorized, match="holds characters that no key has") as caught:
        open_backend("openai:gpt").complete(question)

    assert key not in everything_about(caught.value, frames=True)


def everything_about(error: BaseException, *, frames: bool) -> str:
    """Message, arguments and attributes along the whole chain, and the locals of our frames if asked for."""
    texts = []
    link: BaseException | None = error
    while link is not None:
        texts += [repr(link), str(link), repr(link.args), repr(vars(link)), *traceback.format_exception(link)]
        ours = [
            at for at in traceback.walk_tb(link.__traceback__) if "/tests/" not in at[0].f_code.co_filename
        ]
        texts += traceback.StackSummary.extract(ours, capture_locals=frames).format()
        held = [value for frame, _ in ours for value in frame.f_locals.values()] if frames else []
        texts += [repr(vars(value)) for value in held if hasattr(value, "__dict__")]
        link = link.__context__
    return "\n".join(texts)


def told(text: str, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": CANARY,
        "model": f"m {CANARY}",
        "choices": [{"delta": {"content": text}, "finish_reason": finish}],
    }


TOLD = [told(f"It is {CANARY}, s"), told(f"k- or {CANARY[:9]}"), told(CANARY[9:-1])]
QUIET_FAULTS = {
    "unauthorized": lambda server: server.will_answer({"error": {"message": "Bad key"}}, 401),
    "reset": lambda server: server.will_send("reset"),
    "gzip": lambda server: server.will_answer(b"no", content_encoding="gzip"),
    "cut": lambda server: server.will_stream(CHUNKS[0], end=("close",)),
}
ECHOES = {
    "unauthorized": lambda server: server.will_answer({"error": {"message": f"Bad key {CANARY}"}}, 401),
    "in no json": lambda server: server.will_answer(f"You sent Bearer {CANARY}".encode()),
    "code": lambda server: server.will_answer({"error": {"code": CANARY}}, 400),
    "html": lambda server: server.will_answer(f"<p>{CANARY}".encode(), 502),
    "no http": lambda server: server.will_send(f"{CANARY}\r\n\r\n".encode(), "close"),
    "request id": lambda server: server.will_answer({"error": {"message": "No"}}, 500, x_request_id=CANARY),
    "cut excerpt": lambda server: server.will_answer({"error": {"message": "x" * 185 + CANARY}}, 500),
    "cut text": lambda server: server.will_stream(TOLD[0], end=("close",)),
    "cut in the key": lambda server: server.will_stream(*TOLD[1:], end=("close",)),
    "error event": lambda server: server.will_stream(CHUNKS[0], {"error": {"message": f"No {CANARY}"}}),
}
FAULTS = [pytest.param((fault, True), id=name) for name, fault in QUIET_FAULTS.items()]
FAULTS += [pytest.param((fault, False), id=f"echo {name}") for name, fault in ECHOES.items()]


def provoke_sync(backend: HttpBackend, question: Any) -> None:
    with backend.stream(question) as events:
        list(events)


def provoke_async(backend: HttpBackend, question: Any) -> None:
    async def consume() -> None:
        async with backend.astream(question) as events:
            async for _ in events:
                pass

    asyncio.run(consume())


@pytest.mark.network
@pytest.mark.parametrize("given", FAULTS)
@pytest.mark.parametrize("provoke", [provoke_sync, provoke_async])
def test_no_failure_shows_the_key(server, question, monkeypatch, caplog, given, provoke) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    caplog.set_level(logging.DEBUG, logger="promptkit")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    fault, frames = given
    fault(server)

    with pytest.raises(BackendError) as caught:
        provoke(backend, question)

    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in everything_about(caught.value, frames=frames)
    assert CANARY not in caplog.text
    assert CANARY not in repr(vars(backend))


def test_a_text_that_waited_is_shown_when_the_key_is_gone_from_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", CANARY)
    blotter = KeyBlotter("MY_SERVER_KEY")
    first = blotter.piece(f"It is {CANARY[:9]}")
    monkeypatch.delenv("MY_SERVER_KEY")

    assert (first, blotter.piece(" and more")) == ("It is ", f"{CANARY[:9]} and more")


class _Interrupted(BaseException):
    """Ctrl-C, as far as code under test can tell."""


@pytest.mark.network
@pytest.mark.parametrize("phase", ["write", "read"])
def test_what_breaks_in_from_outside_leads_to_no_frame_that_holds_the_key(
    server, question, monkeypatch, phase
) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    server.will_send("stall")

    def broken(*_: Any, **__: Any) -> Any:
        raise _Interrupted

    monkeypatch.setattr(f"promptkit.backends.sockets.Wire.{phase}", broken)

    with pytest.raises(_Interrupted) as caught:
        provoke_sync(backend, question)

    assert CANARY not in everything_about(caught.value, frames=True)


@pytest.mark.network
def test_a_cancelled_task_leads_to_no_frame_that_holds_the_key(server, question, monkeypatch) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    server.will_send("stall")

    async def cancelled() -> BaseException:
        task = asyncio.create_task(backend.acomplete(question))
        await asyncio.to_thread(server.asked.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    assert CANARY not in everything_about(asyncio.run(cancelled()), frames=True)
    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"


@pytest.mark.network
@pytest.mark.parametrize("run", ["run", "arun"])
def test_the_key_stands_in_no_record_file_log_or_result_even_when_the_server_says_it(
    server, monkeypatch, caplog, capfd, tmp_path, run
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    answer = {
        "choices": [{"message": {"content": f"Red, {CANARY}."}, "finish_reason": "stop"}],
        "model": CANARY,
    }
    server.will_answer(answer, x_request_id=CANARY)
    server.will_answer({"error": {"message": f"Bad key {CANARY}"}}, 401)
    prompt = pk.Prompt(template="{% user %}Name the colour.{% enduser %}").using(f"openai+{server.url}:m")
    ask = prompt.run if run == "run" else lambda: asyncio.run(prompt.arun())

    with pk.record(tmp_path / "calls.jsonl"):
        result = ask()
        with pytest.raises(Unauthorized) as caught:
            ask()

    assert result.value == "Red, [key]."
    shown = [repr(result), repr(vars(prompt)), everything_about(caught.value, frames=False), caplog.text]
    shown += [*capfd.readouterr(), (tmp_path / "calls.jsonl").read_text(encoding="utf-8")]
    assert CANARY not in "\n".join(shown)
    assert len(server.seen) == 2


async def collected(backend: HttpBackend, question: Any) -> list[Any]:
    async with backend.astream(question) as events:
        return [event async for event in events]


@pytest.mark.network
@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_streamed_answer_shows_the_key_even_when_its_pieces_cut_it(
    server, question, monkeypatch, asynchronous
) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    server.will_stream(*TOLD, told(CANARY[-1] + " and sk-c", "stop"), "[DONE]")

    if asynchronous:
        events = asyncio.run(collected(backend, question))
    else:
        with backend.stream(question) as stream:
            events = list(stream)

    *deltas, last = events
    assert last.completion.text == "It is [key], sk- or [key] and sk-c"
    assert "".join(delta.text for delta in deltas) == last.completion.text
    assert (last.completion.model, last.completion.request_id) == ("m [key]", "req-7")
    assert CANARY not in repr(events)


@pytest.mark.network
@pytest.mark.parametrize("place", ["tokens", "top"])
def test_tokens_that_spell_the_key_are_left_out(server, question, monkeypatch, place) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    spelled = [{"token": part, "logprob": -1} for part in (CANARY[:7], CANARY[7:])]
    harmless = {"token": "red", "logprob": -1}
    content = (
        spelled if place == "tokens" else [{**harmless, "top_logprobs": [{**harmless, "token": CANARY}]}]
    )
    for tokens in ([harmless], content):
        choice = {"message": {"content": "red"}, "finish_reason": "stop", "logprobs": {"content": tokens}}
        server.will_answer({"choices": [choice]})

    kept, left_out = backend.complete(question), backend.complete(question)

    assert [token.text for token in kept.logprobs] == ["red"]
    assert (left_out.text, left_out.logprobs) == ("red", None)


@pytest.mark.network
@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_whole_answer_shows_the_key(server, question, monkeypatch, asynchronous) -> None:
    backend = open_backend(f"openai+{server.url}:m")
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", CANARY)
    said = {"content": CANARY, "refusal": f"no {CANARY}", "reasoning": f"so {CANARY}"}
    body = {"model": CANARY, "choices": [{"message": said, "finish_reason": "stop"}]}
    server.will_answer(body, x_request_id=f"r-{CANARY}")

    completion = asyncio.run(backend.acomplete(question)) if asynchronous else backend.complete(question)

    assert (completion.text, completion.refusal, completion.reasoning) == ("[key]", "no [key]", "so [key]")
    assert (completion.model, completion.request_id) == ("[key]", "r-[key]")


def test_the_key_is_taken_out_of_the_errors_that_led_to_one(monkeypatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", CANARY)
    error = ServerError("broken", request_id=CANARY)
    error.__cause__ = ValueError(f"at {CANARY}", 7)
    error.__context__ = OSError(CANARY)
    error.__cause__.__context__ = error

    told_error = KeyBlotter("MY_SERVER_KEY").error(error)

    assert told_error is error
    assert error.request_id == "[key]"
    assert error.__cause__.args == ("at [key]", 7)
    assert error.__context__.args == ("[key]",)


@pytest.mark.network
def test_a_word_that_only_stands_in_for_a_key_is_left_in_texts(
    server, backend, question, monkeypatch
) -> None:
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", "none")
    server.will_answer({"error": {"message": "There is none"}}, 500)

    with pytest.raises(ServerError, match="There is none"):
        backend.complete(question)


@pytest.mark.network
def test_a_redirect_is_not_followed(server, backend, question) -> None:
    server.will_answer(b"", 308, location=f"{server.url}/other")

    with pytest.raises(RequestRejected, match="not followed"):
        backend.complete(question)

    assert len(server.seen) == 1


def test_naming_a_backend_loads_neither_an_http_client_nor_a_model_library() -> None:
    code = (
        "import sys, promptkit.backends as b\n"
        "from promptkit.requests import GenerationConfig, OutputSpec\n"
        "from promptkit.schemas import OutputSchema\n"
        "backend = b.open_backend('openai:gpt')\n"
        "backend.plan(OutputSpec(schema=OutputSchema.text()), GenerationConfig())\n"
        "backend.close()\n"
        "assert not {'h11', 'httpx', 'llama_cpp', 'tenacity'} & set(sys.modules), 'loaded'\n"
        "assert sorted(b.__all__) == b.__all__ and set(b.__all__) <= set(dir(b))\n"
    )

    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    import promptkit.backends as room

    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        room.Nonsense  # noqa: B018


@pytest.mark.network
def test_what_a_server_says_of_its_rate_limits_comes_with_the_answer_and_with_the_error(
    server, backend, text_question
) -> None:
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}
    said = RateLimits(requests=Allowance(limit=60, left=0))
    server.will_answer(BODY, **headers)
    server.will_answer({"error": {"message": "slow"}}, 429, **headers)

    assert backend.complete(text_question).rate_limits == said
    with pytest.raises(RateLimited) as caught:
        backend.complete(text_question)

    assert caught.value.rate_limits == said
