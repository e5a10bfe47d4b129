"""The forms are those of https://platform.openai.com/docs/guides/rate-limits and https://docs.anthropic.com/en/api/rate-limits."""

from __future__ import annotations

import pytest

from promptkit.backends.rate_headers import rate_limits_of
from promptkit.completions import Allowance, RateLimits


def test_openai_headers_name_requests_and_tokens() -> None:
    headers = {
        "content-type": "application/json",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "6m0s",
    }

    assert rate_limits_of(headers) == RateLimits(
        requests=Allowance(limit=60, left=59, reset_s=1.0),
        tokens=Allowance(limit=150000, left=149984, reset_s=360.0),
    )


def test_anthropic_headers_name_input_and_output_tokens_and_dates() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "1000",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-29T12:00:30Z",
        "anthropic-ratelimit-input-tokens-limit": "80000",
        "anthropic-ratelimit-output-tokens-remaining": "16000",
    }

    limits = rate_limits_of(headers, now=lambda: 1795953600.0)

    assert limits == RateLimits(
        requests=Allowance(limit=1000, left=0, reset_s=30.0),
        input_tokens=Allowance(limit=80000),
        output_tokens=Allowance(left=16000),
    )


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("12ms", 0.012),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("7.66", 7.66),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("3s later", None),
        ("2026-11-29T12:00:30", None),
        ("2026-11-29T11:00:00+00:00", 0.0),
    ],
)
def test_a_reset_is_read_as_seconds_or_not_at_all(reset, seconds) -> None:
    limits = rate_limits_of(
        {"x-ratelimit-limit-requests": "5", "x-ratelimit-reset-requests": reset}, now=lambda: 1795953600.0
    )

    assert limits is not None
    assert limits.requests is not None
    assert limits.requests.reset_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    "headers", [{}, {"content-length": "3"}, {"x-ratelimit-limit-requests": "many"}, {"x-ratelimit-x": "1"}]
)
def test_headers_that_say_nothing_give_nothing(headers) -> None:
    assert rate_limits_of(headers) is None
