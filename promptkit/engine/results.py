"""What a caller gets: the result whole, or events of a stream with the result last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeAlias, TypeVar

from promptkit.completions import Attempt, Repair, TextDelta, Usage, Verdict
from promptkit.engine.late_record import LateRecord
from promptkit.messages import Message, ToolCallPart
from promptkit.output import FieldDelta, FieldDone, FieldStarted
from promptkit.records import CallRecord

__all__ = ["Finished", "Restarted", "Result", "StreamEvent"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Generic[T]):
    """A validated value and how it came about.

    Attributes:
        value: The output, valid by its schema and its constraints of severity must.
        verdicts: What became of each constraint.
        repairs: What was mended to take the value; strict reading mends nothing.
        messages: The turns of this conversation so far, the whole answer last: the next call's history. System
            messages, examples and re-asks are no part of it; ``record`` has them all.
        usage: Tokens of all attempts; None when the backend counts none.
        cost: Money spent on all attempts, as the backend reports it; None when it does not.
        attempts: Each question to the model.
        kept: The call as data, not yet worked out; see ``record``.
        confidence: How sure the model was of each field, from 0 to 1, by its path in the output; of a field that
            was asked for again, by the last answer. An estimate where it follows from log-probabilities of tokens;
            None where the backend does not tell.
        tool_calls: The tools that the model asks to be called; ``value`` is None then, and ``messages`` end with
            the calls. Answer them with a message of the role ``tool``, and call again with all of these as history.
    """

    value: T
    verdicts: tuple[Verdict, ...]
    repairs: tuple[Repair, ...]
    messages: tuple[Message, ...] = field(repr=False)
    usage: Usage | None
    cost: Decimal | None
    attempts: tuple[Attempt, ...] = field(repr=False)
    kept: LateRecord = field(repr=False)
    confidence: Mapping[str, float] | None = field(default=None, repr=False)
    tool_calls: tuple[ToolCallPart, ...] = ()

    @property
    def record(self) -> CallRecord:
        """The call as data."""
        return self.kept.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """What was told so far holds no longer: of the fields in ``paths`` and what they stand in, or of all.

    The TextDeltas after it are the text of the answer that is asked for now: where ``paths`` names fields,
    one JSON object with these alone. ``Finished.result`` holds the whole that they were put into.

    Where it comes right before Finished, nothing was asked again: what had been told of the answer differs from
    the value that was taken of it.

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


StreamEvent: TypeAlias = TextDelta | FieldStarted | FieldDelta | FieldDone | Restarted | Finished[T]
