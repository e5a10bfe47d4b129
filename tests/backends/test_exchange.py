"""What faults mean that no loopback server can be made to show at will."""

from __future__ import annotations

import time
from typing import Any

import pytest

from promptkit.backends.dialect import Dialect, Piece, ToolCallPiece
from promptkit.backends.dialects.openai_chat import compatible
from promptkit.backends.exchange import Exchange
from promptkit.backends.wire import Endpoint, HttpCall, TransportFault, Waits
from promptkit.completions import Completed, Usage
from promptkit.errors import ConnectionFailed, ServerError, StreamInterrupted, TimedOut
from promptkit.messages import ToolCallPart
from promptkit.requests import Capabilities, Plan

ENDPOINT = Endpoint(name="b", url="https://host/v1", model="m", key_env="NO_SUCH_KEY")
CHUNK = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'


@pytest.fixture
def exchange(question) -> Exchange:
    waits = Waits(connect_s=5, first_s=60)
    return Exchange(question, endpoint=ENDPOINT, dialect=compatible(), waits=waits, stream=True)


def test_no_connection_in_time_is_a_timeout_of_its_own_kind(exchange) -> None:
    with pytest.raises(TimedOut, match="no connection within 5 s") as caught:
        list(exchange.broken(TransportFault("connect_timeout", "")))

    assert caught.value.kind == "connect"


def test_a_host_without_a_port_is_named_with_the_port_of_its_scheme(exchange) -> None:
    with pytest.raises(ConnectionFailed, match="no connection to host:443"):
        list(exchange.broken(TransportFault("connect", "no such host")))


def test_a_certificate_that_is_not_trusted_is_told_what_to_set_and_not_tried_again(exchange) -> None:
    fault = TransportFault("connect", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")

    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE") as caught:
        list(exchange.broken(fault))

    assert not caught.value.retryable


def test_what_breaks_after_the_end_of_an_answer_does_not_matter(exchange) -> None:
    exchange.begin(200, {"content-type": "text/event-stream; charset=utf-8"})
    delta, last = [*exchange.feed(CHUNK), *exchange.broken(TransportFault("lost", "reset"))]

    assert delta.text == "hi"
    assert isinstance(last, Completed)
    assert list(exchange.broken(TransportFault("lost", "reset"))) == []
    assert list(exchange.feed(b"data: more\n\n")) == list(exchange.end()) == []


def test_events_before_a_fault_in_the_same_piece_are_given_before_it(exchange) -> None:
    exchange.begin(200, {"content-type": "text/event-stream"})
    good = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
    seen = []

    with pytest.raises(StreamInterrupted) as caught:
        for event in exchange.feed_ahead(good + good + b"data: no JSON\n\n"):
            seen.append(event.text)  # noqa: PERF401 - what came before the fault is kept

    assert seen == ["hi", "hi"]
    assert caught.value.partial == "hihi"


def test_a_stream_without_bound_is_cut_with_the_text_that_came(exchange) -> None:
    exchange.begin(200, {"content-type": "text/event-stream"})
    list(exchange.feed(b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'))

    with pytest.raises(StreamInterrupted, match="longer than 64 MiB") as caught:
        for _ in range(65):
            list(exchange.feed(b":" + b"x" * (2**20 - 2) + b"\n"))

    assert caught.value.partial == "hi"


@pytest.mark.parametrize("kind", ["connect", "connect_timeout", "timeout", "lost"])
def test_after_the_deadline_it_is_the_deadline_that_ended_a_call_however_it_broke(exchange, kind) -> None:
    exchange.waits = Waits(connect_s=5, first_s=60, deadline=time.monotonic())

    with pytest.raises(TimedOut) as caught:
        list(exchange.broken(TransportFault(kind, "whatever")))

    assert caught.value.kind == "deadline"


def test_a_certificate_that_is_not_trusted_is_told_even_after_the_deadline(exchange) -> None:
    exchange.waits = Waits(connect_s=5, first_s=60, deadline=time.monotonic())

    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE"):
        list(exchange.broken(TransportFault("connect", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")))


def test_waits_are_bounded_by_the_deadline() -> None:
    waits = Waits(connect_s=5, first_s=60, deadline=0.0)

    assert waits.passed
    assert (waits.connect_wait_s, waits.read_wait_s) == (0.001, 0.001)
    unbounded = Waits(connect_s=5, first_s=60)
    assert not unbounded.passed
    assert (unbounded.connect_wait_s, unbounded.read_wait_s) == (
        pytest.approx(5, abs=1),
        pytest.approx(60, abs=1),
    )


SPOKEN = Dialect(
    name="spoken",
    encode=lambda request, endpoint, *, stream: HttpCall(path="/say", body=b"{}"),
    read=lambda data: Piece(text="whole"),
    read_event=lambda data, event: Piece(
        **{**data, "calls": tuple(ToolCallPiece(*call) for call in data.get("calls", ()))}
    ),
    usage=lambda counts: Usage(input_tokens=counts["in"], output_tokens=counts.get("out", 0)),
    plan=lambda spec, generation, endpoint: Plan(backend=endpoint.name),
    capabilities=Capabilities(),
    needs_key=False,
)


def spoken(question: Any, content_type: str, *chunks: bytes) -> list[Any]:
    exchange = Exchange(
        question, endpoint=ENDPOINT, dialect=SPOKEN, waits=Waits(connect_s=5, first_s=60), stream=True
    )
    exchange.begin(200, {"content-type": content_type})
    return [*(event for chunk in chunks for event in exchange.feed(chunk)), *exchange.end()]


LINES = (
    b'{"text":"a","usage":{"in":3,"out":null}}\n{"calls":[[0,"t","find","{\\"q\\""]]}\n',
    b'{"text":"b","calls":[[0,"","",":1}"],[1,"","look",""]]}\n{"finish_reason":"tool",',
    b'"usage":{"out":2},"over":true}',
)


def test_json_lines_are_read_piece_by_piece_and_the_last_one_needs_no_end(question) -> None:
    *deltas, last = spoken(question, "application/x-ndjson", *LINES)

    assert [delta.text for delta in deltas] == ["a", "b"]
    assert last.completion.finish_reason == "tool"
    assert last.completion.usage == Usage(input_tokens=3, output_tokens=2)
    assert last.completion.tool_calls == (
        ToolCallPart(id="t", name="find", arguments='{"q":1}'),
        ToolCallPart(id="call-2", name="look", arguments="{}"),
    )


def test_an_error_that_a_reader_finds_keeps_the_text_that_came(question) -> None:
    with pytest.raises(StreamInterrupted, match="broke off after 1 characters: .*No money") as caught:
        spoken(
            question,
            "application/jsonl",
            b'{"text":"a"}\n{"error":null}\n{"error":{"message":"No money","code":"insufficient_quota"}}\n',
        )

    assert caught.value.code == "insufficient_quota"


def test_a_whole_answer_that_does_not_say_why_it_stops_is_not_the_protocol(question) -> None:
    with pytest.raises(ServerError, match="does not say why the answer stops"):
        spoken(question, "application/json", b"{}")
