"""All that a conversation starts from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from promptkit.messages import Message
from promptkit.records import PromptInfo
from promptkit.requests import OutputSpec, Plan, Request

__all__ = ["Call", "Clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Where times and ids come from; tests give their own.

    Attributes:
        now: Seconds since the epoch.
        monotonic: Seconds of a clock that never jumps.
        random_bytes: Random bytes for ids.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.perf_counter
    random_bytes: Callable[[int], bytes] = os.urandom


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """All that a conversation starts from.

    Attributes:
        request: The first question.
        inputs: The validated inputs, for constraints that compare with them.
        prompt: What the record will say of the prompt.
        plan: What the backend will do with the output specification.
        turns: Those of the request's messages that the next call's history continues.
        attempts: How many questions are allowed in all.
        continuations: How often in all an answer that was cut may be gone on with.
        aborts: True to stop an answer that is streamed at its first field that breaks the contract.
        replan: What the backend will do with the output specification of some fields alone, pure and offline;
            None has the whole answer asked for again each time.
        environment: Versions that the record keeps.
        clock: Where times and ids come from.
    """

    request: Request
    inputs: Mapping[str, Any]
    prompt: PromptInfo
    plan: Plan
    turns: tuple[Message, ...]
    attempts: int = 1
    continuations: int = 0
    aborts: bool = False
    replan: Callable[[OutputSpec], Plan] | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    clock: Clock = Clock()
