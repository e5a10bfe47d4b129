"""What faults mean that no loopback server can be made to show at will."""

from __future__ import annotations

import time

import pytest

from promptkit.backends.dialects.openai_chat import COMPATIBLE
from promptkit.backends.exchange import Exchange
from promptkit.backends.wire import Endpoint, TransportFault, Waits
from promptkit.completions import Completed
from promptkit.errors import ConnectionFailed, StreamInterrupted, TimedOut

ENDPOINT = Endpoint(name="b", url="https://host/v1/chat/completions", model="m", key_env="NO_SUCH_KEY")
CHUNK = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'


@pytest.fixture
def exchange(question) -> Exchange:
    waits = Waits(connect_s=5, read_s=60)
    return Exchange(question, endpoint=ENDPOINT, profile=COMPATIBLE, waits=waits, stream=True)


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


def test_a_stream_without_bound_is_cut_with_the_text_that_came(exchange) -> None:
    exchange.begin(200, {"content-type": "text/event-stream"})
    list(exchange.feed(b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'))

    with pytest.raises(StreamInterrupted, match="longer than 64 MiB") as caught:
        for _ in range(65):
            list(exchange.feed(b":" + b"x" * (2**20 - 2) + b"\n"))

    assert caught.value.partial == "hi"


@pytest.mark.parametrize("kind", ["connect", "connect_timeout", "timeout", "lost"])
def test_after_the_deadline_it_is_the_deadline_that_ended_a_call_however_it_broke(exchange, kind) -> None:
    exchange.waits = Waits(connect_s=5, read_s=60, deadline=time.monotonic())

    with pytest.raises(TimedOut) as caught:
        list(exchange.broken(TransportFault(kind, "whatever")))

    assert caught.value.kind == "deadline"


def test_a_certificate_that_is_not_trusted_is_told_even_after_the_deadline(exchange) -> None:
    exchange.waits = Waits(connect_s=5, read_s=60, deadline=time.monotonic())

    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE"):
        list(exchange.broken(TransportFault("connect", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")))


def test_waits_are_bounded_by_the_deadline() -> None:
    waits = Waits(connect_s=5, read_s=60, deadline=0.0)

    assert waits.passed
    assert set(waits.by_phase().values()) == {0.001}
    assert not Waits(connect_s=5, read_s=60).passed
    assert Waits(connect_s=5, read_s=60).by_phase()["read"] == 60
