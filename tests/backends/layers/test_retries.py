from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import MadeUpTime
from tenacity import stop_after_delay, wait_fixed

from promptkit.backends import MockBackend, Paced, layers
from promptkit.completions import Completion, Detour, Usage
from promptkit.errors import (
    BackendError,
    ContextOverflow,
    ModelNotFound,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    SchemaRejected,
    ServerError,
    StreamInterrupted,
    Unauthorized,
)
from promptkit.requests import AsyncBackend, Backend, GenerationConfig

PASSING = ServerError("boom")


class Asked:
    """A backend with its waits noted instead of slept."""

    def __init__(self, replies: list[Any], **options: Any) -> None:
        self.time = MadeUpTime()
        self.waits = self.time.waits
        self.mock = MockBackend(replies)
        self.backend = layers.retry(self.mock, clock=self.time.clock, **options)


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def ask(request: Any) -> Any:
    way = request.param

    def asking(asked: Asked, question: Any, deadline: float | None = None) -> str:
        return way(asked.backend, question, deadline).text

    asking.way = way
    return asking


def test_a_failure_that_passes_is_asked_again(ask, text_question) -> None:
    asked = Asked([PASSING, PASSING, "a whole answer"])

    assert ask(asked, text_question) == "a whole answer"

    first, second = asked.waits
    assert 0 <= first <= 0.5
    assert 0 <= second <= 1.0
    asked.mock.assert_all_used()


def test_the_last_failure_is_raised_when_no_attempt_is_left(ask, text_question) -> None:
    last = ServerError("last")
    asked = Asked([PASSING, last, "never"], attempts=2)

    with pytest.raises(ServerError) as caught:
        ask(asked, text_question)

    assert caught.value is last
    assert len(asked.waits) == 1


@pytest.mark.parametrize(
    "error",
    [
        Unauthorized("no"),
        Unauthorized("no", retryable=True),
        QuotaExhausted("no money", retryable=True),
        RequestRejected("wrong", retryable=True),
        SchemaRejected("too deep", retryable=True),
        ContextOverflow("too long", retryable=True),
        ModelNotFound("who", retryable=True),
        StreamInterrupted("cut", partial="a"),
        ServerError("final", retryable=False),
        RateLimited("much later", retry_after_s=31),
    ],
)
def test_a_failure_that_does_not_pass_is_final(ask, text_question, error) -> None:
    asked = Asked([error, "never"])

    with pytest.raises(type(error)):
        ask(asked, text_question)

    assert asked.waits == []
    assert len(asked.mock.requests) == 1


def test_the_servers_wish_to_wait_is_honoured(ask, text_question) -> None:
    asked = Asked([RateLimited("later", retry_after_s=7.5), "yes"])

    assert ask(asked, text_question) == "yes"
    assert asked.waits == [7.5]


def test_a_wait_past_the_deadline_is_not_begun(ask, text_question) -> None:
    asked = Asked([RateLimited("later", retry_after_s=20), "never"])

    with pytest.raises(RateLimited):
        ask(asked, text_question, asked.time.at + 10)

    assert asked.waits == []


def test_the_answer_tells_of_each_failure_and_of_what_it_took(ask, text_question) -> None:
    spent = Usage(input_tokens=9, output_tokens=1, estimated=True)
    own = Usage(input_tokens=9, output_tokens=4)
    answer = Completion(text="yes", finish_reason="stop", model="m", usage=own)
    asked = Asked([ServerError("boom", usage=spent), RateLimited("later", retry_after_s=7.5), answer])

    completion = ask.way(asked.backend, text_question, None)

    first, second = completion.detours
    assert first == Detour(
        layer="retry", backend="mock", reason="ServerError: boom", waited_s=asked.waits[0], usage=spent
    )
    assert (second.reason, second.waited_s) == ("RateLimited: later", 7.5)
    assert completion.usage == own
    assert completion.spent == Usage(input_tokens=18, output_tokens=5, estimated=True)


def test_the_last_failure_tells_of_those_before_it(ask, text_question) -> None:
    spent = Usage(input_tokens=9, output_tokens=1)
    asked = Asked([ServerError("one", usage=spent), ServerError("two", usage=spent)], attempts=2)

    with pytest.raises(ServerError, match="two") as caught:
        ask(asked, text_question)

    assert [detour.reason for detour in caught.value.detours] == ["ServerError: one"]
    assert caught.value.usage == spent
    assert caught.value.spent == spent + spent


def test_tenacitys_strategies_may_be_given(ask, text_question) -> None:
    asked = Asked([PASSING] * 9, stop=stop_after_delay(10), wait=wait_fixed(4))

    with pytest.raises(ServerError):
        ask(asked, text_question)

    assert asked.waits == [4, 4, 4]


def test_waits_are_drawn_over_all_of_their_range(text_question) -> None:
    asked = Asked([PASSING] * 200 + ["yes"], attempts=201, max_wait_s=0.5)

    asked.backend.complete(text_question)

    assert min(asked.waits) < 0.05
    assert max(asked.waits) > 0.45


def test_an_answer_that_is_asked_for_at_once_has_no_detours(ask, text_question) -> None:
    assert ask.way(Asked(["yes"]).backend, text_question, None).detours == ()


def test_waits_stay_below_their_bound(text_question) -> None:
    asked = Asked([PASSING] * 12 + ["yes"], attempts=13, max_wait_s=2)

    asked.backend.complete(text_question)

    assert len(asked.waits) == 12
    assert max(asked.waits) <= 2


@pytest.mark.parametrize("way", WAYS[2:])
def test_nothing_is_asked_again_after_the_first_piece(way, text_question) -> None:
    asked = Asked([Paced(pieces=("half", PASSING)), "never"])

    with pytest.raises(ServerError):
        way(asked.backend, text_question, None)

    assert asked.waits == []
    assert len(asked.mock.requests) == 1


def test_errors_of_the_caller_inside_a_stream_pass_untouched(text_question) -> None:
    asked = Asked(["text", "never"])

    with pytest.raises(ServerError, match="mine"), asked.backend.stream(text_question) as events:
        next(events)
        raise ServerError("mine")

    assert len(asked.mock.requests) == 1


def test_cancel_ends_the_wait(text_question) -> None:
    cancel = threading.Event()
    mock = MockBackend([RateLimited("later", retry_after_s=25)])
    backend = layers.retry(mock)
    threading.Timer(0.05, cancel.set).start()

    completion = backend.complete(text_question, cancel=cancel)

    assert completion.finish_reason == "cancelled"


def test_without_an_injected_sleep_it_sleeps(text_question) -> None:
    backend = layers.retry(MockBackend([RateLimited("now", retry_after_s=0), "yes"]), max_wait_s=0)

    assert backend.complete(text_question).text == "yes"


class SyncOnly:
    """The half of a backend that has no async calls."""

    name = "half"

    def __init__(self) -> None:
        inner = MockBackend(["text"])
        self.capabilities, self.plan, self.count_tokens = inner.capabilities, inner.plan, inner.count_tokens
        self.complete, self.stream, self.close = inner.complete, inner.stream, inner.close


class AsyncOnly:
    """The half of a backend that has no sync calls."""

    name = "half"

    def __init__(self) -> None:
        inner = MockBackend([PASSING, "text"])
        self.capabilities, self.plan = inner.capabilities, inner.plan
        self.acomplete, self.astream, self.aclose = inner.acomplete, inner.astream, inner.aclose


def test_the_wrapper_is_the_kind_of_backend_that_it_wraps(text_question) -> None:
    both, sync, asynchronous = (layers.retry(it) for it in (MockBackend(["text"]), SyncOnly(), AsyncOnly()))

    assert isinstance(both, Backend)
    assert isinstance(both, AsyncBackend)
    assert isinstance(sync, Backend)
    assert not isinstance(sync, AsyncBackend)
    assert isinstance(asynchronous, AsyncBackend)
    assert not isinstance(asynchronous, Backend)
    assert sync.complete(text_question).text == "text"


def test_everything_but_the_calls_is_the_wrapped_backends(text_question) -> None:
    mock = MockBackend(["text"], name="mock:x")
    backend = layers.retry(mock)

    assert backend.name == "mock:x"
    assert repr(backend) == f"retry({mock!r})"
    assert backend.capabilities() == mock.capabilities()
    assert backend.count_tokens(text_question.messages) == mock.count_tokens(text_question.messages)
    assert backend.plan(text_question.output, GenerationConfig()) == mock.plan(
        text_question.output, GenerationConfig()
    )
    backend.close()
    asyncio.run(backend.aclose())


@pytest.mark.parametrize("options", [{"attempts": 0}, {"max_wait_s": -1}])
def test_options_out_of_range_are_refused(options) -> None:
    with pytest.raises(ValueError, match="must be"):
        layers.retry(MockBackend([]), **options)


def test_the_room_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'hedge'"):
        layers.hedge  # noqa: B018
    assert "retry" in dir(layers)
    assert issubclass(ServerError, BackendError)
