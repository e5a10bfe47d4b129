"""What goes wrong between us and a server, each a typed error that a user of a prompt sees: four ways to ask."""

from __future__ import annotations

import asyncio
import gzip
import time
from types import SimpleNamespace
from typing import Any

import pytest
from loopback import LAST_CHUNK, Drip, Endless, answer, chunk, chunked_head, event

import promptkit as pk
from promptkit.backends import exchange, open_backend, wire
from promptkit.errors import (
    BackendError,
    ConnectionFailed,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    ServerError,
    StreamInterrupted,
    TimedOut,
)

pytestmark = pytest.mark.network


def run(prompt: pk.Prompt[str]) -> pk.Result[str]:
    return prompt.run()


def arun(prompt: pk.Prompt[str]) -> pk.Result[str]:
    return asyncio.run(prompt.arun())


def stream(prompt: pk.Prompt[str]) -> Any:
    *_, last = prompt.stream()
    return last.result  # type: ignore[union-attr]


def astream(prompt: pk.Prompt[str]) -> Any:
    async def last() -> Any:
        return [each async for each in prompt.astream()][-1]

    return asyncio.run(last()).result


ALL = [run, arun, stream, astream]
STREAMS = [stream, astream]


@pytest.fixture
def prompt(server) -> pk.Prompt[str]:
    return pk.Prompt(template="{% user %}Name the colour.{% enduser %}").using(f"openai+{server.url}:m")


def text(content: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]}


def said(status: int, code: str, message: str, **headers: str) -> bytes:
    return answer({"error": {"message": message, "type": code, "code": code}}, status, **headers)


STREAM = chunked_head("text/event-stream")
BEGUN = (STREAM, chunk(event(text("gr"))))
GREEN = "gr\u00fcn".encode()
CUT_LETTER = b'data: {"choices":[{"delta":{"content":"' + GREEN[:3]

FAULTS: dict[str, tuple[tuple[Any, ...], type[BackendError], bool]] = {
    "reset before an answer": (("reset",), ConnectionFailed, True),
    "closed before an answer": (("close",), ConnectionFailed, True),
    "reset in the head": ((b"HTTP/1.1 200 OK\r\ncont", "reset"), ConnectionFailed, True),
    "reset after the head": ((STREAM, "reset"), ConnectionFailed, True),
    "no http": ((b"220 mail.test ESMTP\r\n", "close"), ConnectionFailed, True),
    "a head without end": (
        (b"HTTP/1.1 200 OK\r\n" + b"x-much: y\r\n" * 20_000, "close"),
        ConnectionFailed,
        True,
    ),
    "a chunk of no size": ((STREAM, b"zz\r\n"), ConnectionFailed, True),
    "rate": ((said(429, "rate_limit_exceeded", "Slow down", retry_after="2"),), RateLimited, True),
    "quota": ((said(429, "insufficient_quota", "No money"),), QuotaExhausted, False),
    "rate without a word": ((answer(b"", 429),), RateLimited, True),
    "500": ((said(500, "server_error", "Oh"),), ServerError, True),
    "503": ((said(503, "overloaded", "Busy"),), Overloaded, True),
    "529": ((said(529, "overloaded_error", "Busy"),), Overloaded, True),
    "html": ((answer(b"<html><p>Log in</html>", content_type="text/html"),), ServerError, False),
    "html 502": ((answer(b"<html>Bad Gateway</html>", 502, content_type="text/html"),), ServerError, True),
    "a picture": ((answer(b"\x89PNG\r\n", content_type="image/png"),), ServerError, True),
    "an event as json": ((answer(event(text("red")), content_type="application/json"),), ServerError, True),
    "no gzip": ((answer(b"plain", content_encoding="gzip"),), ServerError, True),
    "half of a gzip": ((answer(gzip.compress(b"{}" * 99)[:-9], content_encoding="gzip"),), ServerError, True),
    "a gzip bomb": (
        (answer(gzip.compress(bytes(70 * 2**20), 1), content_encoding="gzip"),),
        ServerError,
        False,
    ),
    "a redirect": ((answer(b"", 307, location="http://elsewhere.test/"),), RequestRejected, False),
}


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_goes_wrong_is_one_typed_error_and_the_next_call_is_well(server, prompt, fault, ask) -> None:
    steps, kind, retryable = fault
    server.will_send(*steps)
    server.will_answer({"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]})

    with pytest.raises(BackendError) as caught:
        ask(prompt)

    error = caught.value
    assert type(error) is kind
    assert error.retryable is retryable
    assert "openai+http://127.0.0.1" in str(error)
    assert error.record.status == "failed"
    assert ask(prompt).value == "red"


@pytest.mark.parametrize("ask", ALL)
def test_nobody_who_listens_is_one_typed_error(ask) -> None:
    prompt = pk.Prompt(template="{% user %}Name the colour.{% enduser %}").using(
        "openai+http://127.0.0.1:9/v1:m"
    )

    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9"):
        ask(prompt)


INTERRUPTED: dict[str, tuple[Any, ...]] = {
    "reset": ("reset",),
    "closed": ("close",),
    "ended without a reason": (LAST_CHUNK,),
    "half a chunk": (b"40\r\ndata: {", "close"),
    "a chunk of no size": (b"zz\r\n",),
    "cut inside a letter": (chunk(CUT_LETTER), "close"),
    "ended inside a letter": (chunk(CUT_LETTER), LAST_CHUNK),
    "an error": (chunk(event({"error": {"message": "Busy", "code": 503}})),),
    "no json": (chunk(event("{no")), LAST_CHUNK),
}


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("end", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_a_stream_that_breaks_keeps_the_text_that_came(server, prompt, end, ask) -> None:
    server.will_send(*BEGUN, *end)

    with pytest.raises(StreamInterrupted) as caught:
        ask(prompt)

    assert caught.value.partial == "gr"
    assert caught.value.usage.estimated


@pytest.mark.parametrize("ask", STREAMS)
def test_a_letter_in_two_chunks_is_one_letter(server, prompt, ask) -> None:
    line = event(text("gr\u00fcn", "stop")).replace(b"\\u00fc", "\u00fc".encode())
    at = line.index("\u00fc".encode()) + 1
    server.will_send(STREAM, chunk(line[:at]), chunk(line[at:]), chunk(event("[DONE]")), LAST_CHUNK)

    assert ask(prompt).value == "gr\u00fcn"


@pytest.mark.parametrize("ask", STREAMS)
def test_usage_that_comes_twice_is_counted_once(server, prompt, ask) -> None:
    counts = {"usage": {"prompt_tokens": 12, "completion_tokens": 1}}
    server.will_stream(
        {**text("red"), **counts}, {**text("", "stop"), **counts}, {"choices": [], **counts}, "[DONE]"
    )

    usage = ask(prompt).usage

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (12, 1, False)


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize(
    "endless",
    [chunk(b": still here\n\n" * 4000), chunk(event(text("la ")) * 1000), chunk(b"data: " + b"x" * 60_000)],
    ids=["comments", "text", "one event"],
)
def test_a_stream_without_end_is_cut_off(server, prompt, monkeypatch, endless, ask) -> None:
    monkeypatch.setattr(exchange, "MAX_ANSWER_BYTES", 2**20)
    server.will_send(STREAM, Endless(endless))

    with pytest.raises(BackendError, match="longer than 1 MiB") as caught:
        ask(prompt)

    assert not caught.value.retryable


@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_that_only_says_that_it_lives_waits_for_its_first_token_no_longer_than_it_may(
    server, ask
) -> None:
    server.will_send(STREAM, *[Drip(chunk(b": still here\n\n"), every_s=0.002)] * 400)
    backend = open_backend(f"openai+{server.url}:m", first_token_s=0.2)
    prompt = pk.Prompt(template="{% user %}Name the colour.{% enduser %}").using(backend)

    with pytest.raises(TimedOut) as caught:
        ask(prompt)

    assert caught.value.kind == "first_token"


SLOW = {
    "head": (Drip(b"HTTP/1.1 200 OK\r\nx-slow: " + b"s" * 60_000),),
    "body": (answer(b"", content_length="60000"), Drip(b"{" + b" " * 60_000)),
}


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("steps", SLOW.values(), ids=SLOW.keys())
def test_the_deadline_ends_an_answer_that_comes_byte_by_byte(server, prompt, steps, ask) -> None:
    server.will_send(*steps)
    before = time.monotonic()

    with pytest.raises(TimedOut) as caught:
        ask(prompt.using(deadline_s=0.2))

    assert caught.value.kind == "deadline"
    assert time.monotonic() - before < 60  # and not the 600 s in which all of it would have come


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("jump", [-1e9, 1e9])
def test_a_clock_that_is_set_anew_ends_no_call(server, prompt, monkeypatch, jump, ask) -> None:
    server.will_answer({"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]})
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)

    assert ask(prompt.using(deadline_s=60)).value == "red"


@pytest.mark.parametrize("ask", ALL)
def test_a_machine_that_slept_has_passed_its_deadline(server, prompt, monkeypatch, ask) -> None:
    server.will_send("stall")
    woken = SimpleNamespace(after=3)

    def monotonic() -> float:
        woken.after -= 1
        return time.monotonic() + (1e6 if woken.after < 0 else 0)

    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=monotonic))

    with pytest.raises(TimedOut) as caught:
        ask(prompt.using(deadline_s=600))

    assert caught.value.kind == "deadline"
