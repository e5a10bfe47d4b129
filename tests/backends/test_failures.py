from __future__ import annotations

import json

import pytest

from promptkit.backends.failures import excerpt, failure_of, retry_after_s
from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.errors import Overloaded, RequestRejected, ServerError

ENDPOINT = Endpoint(name="openai:m", url="https://host/v1/chat/completions", model="m", key_env="KEY")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Someday, 99 Nov"}, None),
    ],
)
def test_the_wait_is_read_from_numbers_and_dates(headers: dict[str, str], seconds: float | None) -> None:
    now = 1795248000.0  # Sat, 21 Nov 2026 08:00:00 GMT

    assert retry_after_s(headers, now=lambda: now) == seconds


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(200, ServerError, False), (404, ServerError, False), (503, Overloaded, True)],
)
def test_a_page_of_html_is_worth_another_try_only_when_the_server_says_it_fails(
    status, kind, retryable
) -> None:
    error = failure_of(HttpReply(status=status, headers={}, body=b" <html>" + b"x" * 999), ENDPOINT)

    assert type(error) is kind
    assert error.retryable is retryable
    assert len(str(error)) < 450


def test_an_error_keeps_the_servers_code_and_id() -> None:
    body = json.dumps({"error": {"message": "no", "type": "odd_thing", "code": None}}).encode()

    error = failure_of(HttpReply(status=418, headers={"x-request-id": "r1"}, body=body), ENDPOINT)

    assert type(error) is RequestRejected
    assert (error.status, error.code, error.request_id) == (418, "odd_thing", "r1")


def test_an_excerpt_is_one_line_of_200_characters() -> None:
    assert excerpt(b" a\n  b\xff ") == "a b\ufffd"
    assert excerpt(("ä" * 500).encode()) == "ä" * 200 + "…"
