"""What a server's headers say of its rate limits; pure."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from promptkit.completions import Allowance, RateLimits

__all__ = ["rate_limits_of"]

# Forms of the three headers of one allowance. The first is OpenAI's and of those who follow it, the second Anthropic's:
# https://platform.openai.com/docs/guides/rate-limits and https://docs.anthropic.com/en/api/rate-limits
_FORMS = ("x-ratelimit-{part}-{thing}", "anthropic-ratelimit-{thing}-{part}")
_THINGS = {
    "requests": "requests",
    "tokens": "tokens",
    "input_tokens": "input-tokens",
    "output_tokens": "output-tokens",
}
_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def rate_limits_of(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> RateLimits | None:
    """The allowances that the headers of an answer name; None where they name none.

    Args:
        headers: By lower-case name.
        now: Seconds since the epoch, for resets that are given as a date.
    """
    if not any(name.startswith(_PREFIXES) for name in headers):
        return None
    found = {ours: _allowance(headers, theirs, now) for ours, theirs in _THINGS.items()}
    said = {name: allowance for name, allowance in found.items() if allowance is not None}
    return RateLimits(**said) if said else None


def _allowance(headers: Mapping[str, str], thing: str, now: Callable[[], float]) -> Allowance | None:
    for form in _FORMS:
        limit, left, reset = (
            headers.get(form.format(part=part, thing=thing), "").strip()
            for part in ("limit", "remaining", "reset")
        )
        allowance = Allowance(limit=_count(limit), left=_count(left), reset_s=_seconds(reset, now))
        if allowance != Allowance():
            return allowance
    return None


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() else None


def _seconds(text: str, now: Callable[[], float]) -> float | None:
    """Seconds from ``6m0s``, ``120ms``, a plain number or a date of RFC 3339; None for anything else."""
    pieces = _DURATION.findall(text)
    if pieces and "".join(number + unit for number, unit in pieces) == text:
        return sum(float(number) * _UNIT_S[unit] for number, unit in pieces)
    try:
        number = float(text)
    except ValueError:
        return _until(text, now)
    return max(0.0, number) if math.isfinite(number) else None


def _until(text: str, now: Callable[[], float]) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else max(0.0, moment.timestamp() - now())
