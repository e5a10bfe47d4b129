"""The conversation with a backend as a generator of effects: it decides and does no I/O."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from promptkit.completions import Attempt, Completion, Repair, TextDelta, Usage, Verdict
from promptkit.errors import (
    AttemptsExhausted,
    ConstraintViolated,
    Empty,
    OutputError,
    PromptKitError,
    Unparseable,
)
from promptkit.messages import Message
from promptkit.output import Accepted, Rejected, read, reask_messages
from promptkit.records import CallRecord, ErrorInfo, PromptInfo, RequestInfo, call_key
from promptkit.requests import Plan, Request

__all__ = [
    "Call",
    "Clock",
    "Conversation",
    "Finished",
    "Keep",
    "Restarted",
    "Result",
    "Send",
    "StreamEvent",
    "converse",
]

T = TypeVar("T")


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
class Result(Generic[T]):
    """A validated value and how it came about.

    Attributes:
        value: The output, valid by its schema and its constraints of severity must.
        verdicts: What became of each constraint.
        repairs: What was mended to take the value; strict reading mends nothing.
        messages: The turns of this conversation so far, the answer last: the next call's history. System
            messages, examples and re-asks are no part of it; ``record`` has them all.
        usage: Tokens of all attempts; None when the backend counts none.
        cost: Money spent; None when the price is not known.
        attempts: Each question to the model.
        record: The call as data.
    """

    value: T
    verdicts: tuple[Verdict, ...]
    repairs: tuple[Repair, ...]
    messages: tuple[Message, ...] = field(repr=False)
    usage: Usage | None
    cost: Decimal | None
    attempts: tuple[Attempt, ...] = field(repr=False)
    record: CallRecord = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """A stream begins again, because the answer so far broke the contract.

    Attributes:
        attempt: The number of the attempt that begins now.
        invalid_paths: The fields that were wrong; empty when the whole answer was.
    """

    attempt: int
    invalid_paths: tuple[str, ...]


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
    """

    request: Request
    attempt: int
    invalid_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The effect "tell the observers"; it is answered with None.

    Attributes:
        record: The finished call.
    """

    record: CallRecord


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
        environment: Versions that the record keeps.
        clock: Where times and ids come from.
    """

    request: Request
    inputs: Mapping[str, Any]
    prompt: PromptInfo
    plan: Plan
    turns: tuple[Message, ...]
    attempts: int = 1
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    clock: Clock = Clock()


Conversation: TypeAlias = Generator[Send | Keep, Completion | None, Result[T]]


def converse(call: Call) -> Generator[Send | Keep, Completion | None, Result[Any]]:
    """Ask until an answer keeps the contract or the attempts are used up.

    Yields:
        Send for each question and one Keep at the end, whether the call succeeded or not.

    Raises:
        OutputError: When the only attempt that was allowed broke the contract.
        AttemptsExhausted: When several were allowed and all broke it.
        BackendError: Whatever the backend raised.
    """
    history: list[Attempt] = []
    started_at, started = call.clock.now(), call.clock.monotonic()

    def record(**parts: Any) -> CallRecord:
        elapsed_s = call.clock.monotonic() - started
        return _record(call, tuple(history), started_at=started_at, elapsed_s=elapsed_s, **parts)

    try:
        accepted, answer = yield from _ask(call, history)
    except BaseException as error:  # recorded, be it Ctrl-C, then raised untouched
        failed = record(
            status="failed",
            verdicts=history[-1].verdicts if history else (),
            error=ErrorInfo(type=type(error).__name__, message=str(error) or _ENDED),
        )
        if isinstance(error, PromptKitError):
            _attach_evidence(error, tuple(history), failed)
        yield Keep(record=failed)
        raise
    output = call.request.output.schema.dump(accepted.value)
    done = record(status="ok", output=output, verdicts=accepted.verdicts)
    yield Keep(record=done)
    return Result(
        value=accepted.value,
        verdicts=accepted.verdicts,
        repairs=(),
        messages=(*call.turns, Message(role="assistant", content=answer.text)),
        usage=_total_usage(history),
        cost=None,
        attempts=tuple(history),
        record=done,
    )


_ENDED = "the call was ended from outside before it was done"


def _attach_evidence(error: PromptKitError, history: tuple[Attempt, ...], failed: CallRecord) -> None:
    error.attempts = history
    error.record = failed
    for carrier in (error, error.__cause__):
        if isinstance(carrier, OutputError):
            carrier.usage = _total_usage(history)


def _ask(
    call: Call, history: list[Attempt]
) -> Generator[Send | Keep, Completion | None, tuple[Accepted[Any], Completion]]:
    request = call.request
    invalid_paths: tuple[str, ...] = ()
    shown = tuple(message.text for message in call.request.messages if message.role != "assistant")
    for number in range(1, call.attempts + 1):
        started_at, started = call.clock.now(), call.clock.monotonic()
        try:
            completion = yield Send(request=request, attempt=number, invalid_paths=invalid_paths)
        except BaseException as error:  # recorded as it is, then raised untouched
            history.append(_attempt(call, number, None, error=error, started=(started_at, started)))
            raise
        assert completion is not None
        outcome = read(completion, request.output, call.inputs, call.plan, shown=shown)
        if isinstance(outcome, Accepted):
            history.append(
                _attempt(call, number, completion, verdicts=outcome.verdicts, started=(started_at, started))
            )
            return outcome, completion
        history.append(
            _attempt(
                call,
                number,
                completion,
                error=outcome.error,
                verdicts=outcome.verdicts,
                started=(started_at, started),
            )
        )
        if number == call.attempts or not _mendable(outcome):
            raise _final_error(outcome.error, history, call.attempts)
        invalid_paths = outcome.invalid_paths
        request = replace(
            call.request, messages=(*call.request.messages, *reask_messages(completion, outcome))
        )
    raise AssertionError("a prompt allows at least one attempt")  # pragma: no cover


def _mendable(outcome: Rejected) -> bool:
    """A re-ask can mend a wrong form, a broken rule or an empty answer; a cut or refused one it cannot."""
    broken = [v for v in outcome.verdicts if v.outcome == "violated" and v.severity == "must"]
    stop = any(verdict.on_fail == "error" for verdict in broken)
    return isinstance(outcome.error, Unparseable | ConstraintViolated | Empty) and not stop


def _final_error(error: OutputError, history: Sequence[Attempt], allowed: int) -> PromptKitError:
    if allowed == 1 or len(history) < allowed:
        return error
    exhausted = AttemptsExhausted(
        f"all {allowed} attempts broke the contract; the last: {error}", attempts=history, last=error
    )
    exhausted.__cause__ = error
    return exhausted


def _attempt(
    call: Call,
    number: int,
    completion: Completion | None,
    *,
    started: tuple[float, float],
    error: BaseException | None = None,
    verdicts: tuple[Verdict, ...] = (),
) -> Attempt:
    return Attempt(
        number=number,
        completion=completion,
        error=None if error is None else f"{type(error).__name__}: {str(error) or _ENDED}",
        verdicts=verdicts,
        started_at=started[0],
        elapsed_s=call.clock.monotonic() - started[1],
    )


def _total_usage(history: Sequence[Attempt]) -> Usage | None:
    usages = [
        attempt.completion.usage
        for attempt in history
        if attempt.completion is not None and attempt.completion.usage is not None
    ]
    return sum(usages[1:], usages[0]) if usages else None


def _record(call: Call, history: tuple[Attempt, ...], **parts: Any) -> CallRecord:
    request = call.request
    fingerprint = request.fingerprint()
    return CallRecord(
        id=call.clock.random_bytes(8).hex(),
        trace_id=call.clock.random_bytes(16).hex(),
        key=call_key(fingerprint, call.plan.backend),
        prompt=call.prompt,
        request=RequestInfo(
            backend=call.plan.backend,
            generation=request.generation.to_dict(),
            messages=tuple(message.to_dict() for message in request.messages),
            output_schema=request.output.json_schema if request.output.mode == "json" else None,
            fingerprint=fingerprint,
        ),
        plan=call.plan.placements,
        attempts=history,
        usage=_total_usage(history),
        tags=request.tags,
        environment=call.environment,
        **parts,
    )
