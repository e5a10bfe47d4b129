"""What layers make of what real servers say, over loopback."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from four_ways import WAYS

from promptkit.backends import layers, open_backend
from promptkit.backends.layers import Clock
from promptkit.errors import BackendError, ConnectionFailed

pytestmark = pytest.mark.network

BODY = {"choices": [{"message": {"role": "assistant", "content": "red"}, "finish_reason": "stop"}]}


class Waits:
    """Notes waits instead of waiting, each drawn at its bound."""

    def __init__(self) -> None:
        self.noted: list[float] = []
        self.clock = Clock(sleep=self.sleep, sleep_async=self.sleep_async, random=lambda: 1.0)

    def sleep(self, seconds: float, cancel: Any) -> None:
        self.noted.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.noted.append(seconds)


def patient(server: Any) -> tuple[Any, Waits]:
    waits = Waits()
    backend = open_backend(f"openai+{server.url}:m")
    return layers.retry(backend, max_wait_s=300, clock=waits.clock), waits


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_status_that_passes_is_asked_again(server, text_question, way, status) -> None:
    server.will_answer({"error": {"message": "later"}}, status)
    server.will_answer(BODY)
    backend, waits = patient(server)

    assert way(backend, text_question).text == "red"
    assert waits.noted == [0.5]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422, 301])
def test_a_status_that_does_not_pass_is_final(server, text_question, way, status) -> None:
    server.will_answer({"error": {"message": "no"}}, status)
    backend, waits = patient(server)

    with pytest.raises(BackendError):
        way(backend, text_question)

    assert waits.noted == []
    assert len(server.seen) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "headers", "again"),
    [
        (500, {"x-should-retry": "false"}, False),
        (429, {"x-should-retry": "false"}, False),
        (400, {"x-should-retry": "true"}, False),  # what is rejected stays so
        (500, {"x-should-retry": "true"}, True),
    ],
)
def test_the_server_may_say_whether_to_ask_again(server, text_question, way, status, headers, again) -> None:
    server.will_answer({"error": {"message": "later"}}, status, **headers)
    server.will_answer(BODY)
    backend, waits = patient(server)

    if again:
        assert way(backend, text_question).text == "red"
    else:
        with pytest.raises(BackendError):
            way(backend, text_question)
    assert len(waits.noted) == int(again)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after": "date"}, 120.0),
        ({"retry-after": "0"}, 0.5),
    ],
)
def test_the_servers_wish_to_wait_is_read_in_each_of_its_forms(
    server, text_question, way, headers, seconds
) -> None:
    dated = {
        name: formatdate(time.time() + 121, usegmt=True) if value == "date" else value
        for name, value in headers.items()
    }
    server.will_answer({"error": {"message": "later"}}, 429, **dated)
    server.will_answer(BODY)
    backend, waits = patient(server)

    assert way(backend, text_question).text == "red"
    (waited,) = waits.noted
    assert seconds - 100 < waited <= seconds + 1 if "date" in headers.values() else waited == seconds


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_connection_is_asked_again(server, text_question, way) -> None:
    server.will_send("reset")
    server.will_answer(BODY)
    backend, waits = patient(server)

    completion = way(backend, text_question)

    assert completion.text == "red"
    assert completion.detours[0].reason.startswith("ConnectionFailed: ")
    assert waits.noted == [0.5]


@pytest.mark.parametrize("way", WAYS)
def test_another_server_answers_for_one_that_is_not_there(server, text_question, way) -> None:
    server.will_answer(BODY)
    gone = open_backend("openai+http://127.0.0.1:9/v1:m")
    backend = layers.fallback(gone, open_backend(f"openai+{server.url}:m"))

    completion = way(backend, text_question)

    (detour,) = completion.detours
    assert completion.text == "red"
    assert detour.reason.startswith(ConnectionFailed.__name__)
    assert detour.to == f"openai+{server.url}:m"


def test_what_a_server_says_is_left_holds_the_next_call_back(server, text_question) -> None:
    headers = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}
    server.will_answer(BODY, **headers, **{"x-ratelimit-reset-requests": "59s"})
    waited: list[float] = []
    now = [0.0]

    def wait(signal: Any, timeout_s: float | None, cancel: Any) -> bool:
        waited.append(timeout_s or 0.0)
        now[0] += timeout_s or 0.0
        return False

    clock = Clock(monotonic=lambda: now[0], wait=wait)
    backend = layers.rate_limit(open_backend(f"openai+{server.url}:m"), clock=clock)
    server.will_answer(BODY)

    backend.complete(text_question)
    backend.complete(text_question)

    assert waited == [59.0]
