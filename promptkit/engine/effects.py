"""What a conversation asks of its driver, and what a caller gets: the result whole, or events of a stream."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeAlias, TypeVar

from promptkit.completions import Attempt, Completion, Repair, TextDelta, Usage, Verdict
from promptkit.messages import Message
from promptkit.records import CallRecord
from promptkit.requests import Request

__all__ = ["Conversation", "Finished", "Keep", "Restarted", "Result", "Send", "StreamEvent"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Generic[T]):
    """A validated value and how it came about.

    Attributes:
        value: The output, valid by its schema and its constraints of severity must.
        verdicts: What became of each constraint.
        repairs: What was changed to take the value, each with its place; empty when it was strict JSON.
        messages: The turns of this conversation so far, the whole answer last: the next call's history. System
            messages, examples and re-asks are no part of it; ``record`` has them all.
        usage: Tokens of all attempts; None when the backend counts none.
        cost: Money spent on all attempts, as the backend reports it; None when it does not.
        attempts: Each question to the model.
        record: The call as data.
        confidence: How sure the model was of each field, from 0 to 1, by its path in the output; of a field that
            was asked for again, by the last answer. None where the backend does not tell.
    """

    value: T
    verdicts: tuple[Verdict, ...]
    repairs: tuple[Repair, ...]
    messages: tuple[Message, ...] = field(repr=False)
    usage: Usage | None
    cost: Decimal | None
    attempts: tuple[Attempt, ...] = field(repr=False)
    record: CallRecord = field(repr=False)
    confidence: Mapping[str, float] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """A stream begins again, because the answer so far broke the contract.

    The TextDeltas after it are the text of the answer that is asked for now: where ``paths`` names fields,
    one JSON object with these alone. ``Finished.result`` holds the whole that they were put into.

    Attributes:
        attempt: The number of the attempt that begins now.
        invalid_paths: The fields that were wrong; empty when the whole answer was.
        paths: The fields that are asked for again; empty for the whole answer.
    """

    attempt: int
    invalid_paths: tuple[str, ...]
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Generic[T]):
    """The last event of a stream.

    Attributes:
        result: What ``run`` would have returned.
    """

    result: Result[T]


StreamEvent: TypeAlias = TextDelta | Restarted | Finished[T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The effect "ask the backend"; it is answered with a Completion or a thrown BackendError.

    Attributes:
        request: What to ask.
        attempt: 1 for the first question.
        invalid_paths: What was wrong with the attempt before.
        paths: The fields that are asked for; empty for the whole answer.
    """

    request: Request
    attempt: int
    invalid_paths: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The effect "tell the observers"; it is answered with None.

    Attributes:
        record: The finished call.
    """

    record: CallRecord


Conversation: TypeAlias = Generator[Send | Keep, Completion | None, Result[T]]
