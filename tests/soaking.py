"""Many calls at once against a server of which one answer in twenty fails: what it says, and what must come of it."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from loopback import Seen, Step, answer, chunk, chunked_head, event

import promptkit as pk
from promptkit import errors

__all__ = ["asked", "expected", "failures", "script", "soak", "soak_each", "soak_in_threads"]

EVERY = 40
"""One call in so many that are streamed fails, and one in so many that are not: 5 % of all."""
_NUMBER = re.compile(rb"number (\d+)")
_REFUSED = {"error": {"message": "no"}}
_TEXT = chunk("gr\u00fcn".encode()[:3])  # ends inside a letter

WHOLE: tuple[tuple[tuple[Step, ...], type[Exception]], ...] = (
    ((answer(_REFUSED, 429),), errors.RateLimited),
    ((answer(_REFUSED, 500),), errors.ServerError),
    ((answer(_REFUSED, 503),), errors.Overloaded),
    (("reset",), errors.ConnectionFailed),
    ((answer(b'{"choices": [', content_length="500"), "reset"), errors.ConnectionFailed),
    ((answer(b"<html>Bad Gateway", 502),), errors.ServerError),
    ((answer(b'{"choices": [{"mess'),), errors.ServerError),
    ((answer(b"no gzip", content_encoding="gzip"),), errors.ServerError),
    ((answer(gzip.compress(b" " * 999)[:-8], content_encoding="gzip"),), errors.ServerError),
    ((chunked_head("application/json"), b"5\r\n{", "close"), errors.ConnectionFailed),
)
"""Answers to calls that are not streamed, each with the error that it must become."""

STREAMED: tuple[tuple[tuple[Step, ...], type[Exception]], ...] = (
    ((answer(_REFUSED, 429),), errors.RateLimited),
    (("reset",), errors.ConnectionFailed),
    ((chunked_head("text/event-stream"), "reset"), errors.ConnectionFailed),
    ((chunked_head("text/event-stream"), chunk(event({"error": {"code": 503}}))), errors.Overloaded),
    ((chunked_head("text/event-stream"), chunk(event("{no"))), errors.ServerError),
    ((chunked_head("text/event-stream"), b"9\r\ndata", "close"), errors.ConnectionFailed),
    ((chunked_head("text/event-stream"), _TEXT, "reset"), errors.ConnectionFailed),
)


def _number(seen: Seen) -> int:
    found = _NUMBER.search(seen.body)
    assert found is not None, "each question says its number"
    return int(found[1])


def _fault(number: int) -> tuple[tuple[Step, ...], type[Exception]] | None:
    if number % EVERY not in (0, EVERY - 1):
        return None
    faults = STREAMED if number % 2 else WHOLE
    return faults[number // EVERY % len(faults)]


def expected(number: int) -> str:
    """What must come of a call: its answer's text, or the name of an error."""
    fault = _fault(number)
    return f"This is {number}." if fault is None else fault[1].__name__


def script(seen: Seen) -> tuple[Step, ...]:
    """What the server does with a question."""
    number = _number(seen)
    fault = _fault(number)
    if fault is not None:
        return fault[0]
    text = f"This is {number}."
    if not number % 2:
        return (answer({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}),)
    deltas = [{"choices": [{"delta": {"content": piece}}]} for piece in (text[:6], text[6:])]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    events = [chunk(event(each)) for each in (*deltas, end, "[DONE]")]
    return (chunked_head("text/event-stream"), *events, b"0\r\n\r\n")


def _prompt(url: str) -> pk.Prompt[str]:
    return pk.Prompt(template="{% user %}Say number {{ n }}.{% enduser %}").using(f"openai+{url}:m")


def _value(last: Any) -> str:
    value: str = last.result.value
    return value


async def _ask(prompt: pk.Prompt[str], number: int) -> str:
    try:
        if not number % 2:
            value = (await prompt.arun(n=str(number))).value
        else:
            *_, last = [each async for each in prompt.astream(n=str(number))]
            value = _value(last)
    except errors.PromptKitError as error:
        return type(error).__name__
    return value


async def soak(url: str, numbers: Iterable[int], concurrency: int) -> dict[int, list[str]]:
    """Ask for each number once, so many at a time; what came of each."""
    outcomes: dict[int, list[str]] = {}
    await soak_each(
        url, numbers, concurrency, lambda number, outcome: outcomes.setdefault(number, []).append(outcome)
    )
    return outcomes


async def soak_each(
    url: str, numbers: Iterable[int], concurrency: int, tell: Callable[[int, str], None]
) -> None:
    """As :func:`soak`; what came of each is told at once and not kept."""
    prompt, waiting = _prompt(url), iter(numbers)

    async def worker() -> None:
        for number in waiting:
            tell(number, await _ask(prompt, number))

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def soak_in_threads(url: str, numbers: Iterable[int], concurrency: int) -> dict[int, list[str]]:
    """As :func:`soak`, by synchronous calls."""
    from concurrent.futures import ThreadPoolExecutor

    prompt = _prompt(url)

    def ask(number: int) -> tuple[int, str]:
        try:
            if not number % 2:
                value = prompt.run(n=str(number)).value
            else:
                *_, last = prompt.stream(n=str(number))
                value = _value(last)
        except errors.PromptKitError as error:
            return number, type(error).__name__
        return number, value

    outcomes: dict[int, list[str]] = {}
    with ThreadPoolExecutor(concurrency) as threads:
        for number, outcome in threads.map(ask, numbers):
            outcomes.setdefault(number, []).append(outcome)
    return outcomes


def asked(seen: Iterable[Seen]) -> Counter[int]:
    """How often the server was asked for each number."""
    return Counter(map(_number, seen))


def failures(
    numbers: Iterable[int], outcomes: Mapping[int, list[str]], times: Mapping[int, int]
) -> list[str]:
    """What went wrong: numbers that were lost, asked or answered twice, and outcomes that are not the right ones."""
    return [
        f"{number}: asked {times.get(number, 0)} times, outcomes {outcomes.get(number)}, expected {expected(number)}"
        for number in numbers
        if times.get(number) != 1 or outcomes.get(number) != [expected(number)]
    ]
