"""The conversation with a backend as a generator of effects: it decides and does no I/O."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from promptkit.completions import Completion
from promptkit.engine.call import Call
from promptkit.engine.effects import Keep, Send
from promptkit.engine.late_record import LateRecord
from promptkit.engine.ledger import Ledger
from promptkit.engine.narration import Narrator
from promptkit.engine.questions import Question, continuation, first_question, next_question
from promptkit.engine.readings import Readings
from promptkit.engine.results import Result
from promptkit.errors import (
    Ambiguous,
    AttemptsExhausted,
    ConstraintViolated,
    Echoed,
    Empty,
    LossyRepair,
    OutputError,
    PromptKitError,
    Refused,
    Truncated,
    Unparseable,
)
from promptkit.messages import Message, TextPart
from promptkit.output import Accepted, Rejected, Unusable, without_thoughts

__all__ = ["converse"]

_OF_FORM = (Unparseable, Empty, Ambiguous, Echoed, LossyRepair)
_OF_END = (Truncated, Refused)


def converse(call: Call) -> Generator[Send | Keep, Completion | None, Result[Any]]:
    """Ask until an answer keeps the contract or the attempts are used up.

    Yields:
        Send for each question and one Keep at the end, whether the call succeeded or not.

    Raises:
        OutputError: When the only attempt that was allowed broke the contract.
        AttemptsExhausted: When several were allowed and all broke it.
        BackendError: Whatever the backend raised.
    """
    ledger, narrator = Ledger(call), Narrator(call)
    try:
        accepted = yield from _ask(call, ledger, narrator)
    except BaseException as error:  # recorded, be it Ctrl-C, then raised untouched
        yield Keep(kept=ledger.failed(error))
        raise
    if isinstance(accepted, Completion):
        return (yield from _called(call, ledger, accepted))
    narrator.settle(accepted.data)
    output = call.request.output.schema.dump(accepted.value)
    done = ledger.close(status="ok", output=output, verdicts=accepted.verdicts, repairs=accepted.repairs)
    yield Keep(kept=done)
    return _result(
        call,
        ledger,
        done,
        Message(role="assistant", content=accepted.text),
        value=accepted.value,
        verdicts=accepted.verdicts,
        repairs=accepted.repairs,
        confidence=accepted.confidence,
    )


def _ask(
    call: Call, ledger: Ledger, narrator: Narrator
) -> Generator[Send | Keep, Completion | None, Accepted[Any] | Completion]:
    """The answer that keeps the contract, or one that asks for tools in place of it."""
    question = first_question(call)
    readings = Readings(call, narrator)
    left = call.continuations
    for number in range(1, call.attempts + 1):
        completion = yield from _send(question, number, ledger, readings)
        while left > 0 and completion.unfinished is not None and completion.finish_reason == "length":
            left -= 1
            ledger.add(question, completion)
            question = continuation(question, completion)
            completion = yield from _send(question, number, ledger, readings)
        if call.request.tools and completion.finish_reason == "tool" and completion.tool_calls:
            ledger.add(question, completion)
            return completion
        if call.request.output.reasoning:
            completion = without_thoughts(completion)
        outcome = readings.read(question, completion)
        if isinstance(outcome, Accepted):
            ledger.add(question, completion, verdicts=outcome.verdicts)
            return outcome
        verdicts = outcome.verdicts if isinstance(outcome, Rejected) else ()
        ledger.add(question, completion, error=outcome.error, verdicts=verdicts)
        if number == call.attempts or not _mendable(outcome, completion):
            raise _final_error(outcome.error, ledger, call.attempts)
        question = next_question(call, question, outcome)
    raise AssertionError("a prompt allows at least one attempt")  # pragma: no cover


def _called(
    call: Call, ledger: Ledger, completion: Completion
) -> Generator[Keep, Completion | None, Result[Any]]:
    """What a caller gets when the model asks for tools: no value yet, and the calls."""
    done = ledger.close(status="ok", output=None, verdicts=())
    yield Keep(kept=done)
    said = (TextPart(text=completion.text),) if completion.text else ()
    turn = Message(role="assistant", content=(*said, *completion.tool_calls))
    return _result(
        call, ledger, done, turn, value=None, verdicts=(), repairs=(), tool_calls=completion.tool_calls
    )


def _result(call: Call, ledger: Ledger, kept: LateRecord, turn: Message, **found: Any) -> Result[Any]:
    """What a caller gets: what was found, the turn that ends the conversation, and what it took."""
    usage = ledger.usage
    return Result(
        messages=(*call.turns, turn),
        usage=usage,
        cost=usage.cost if usage is not None else None,
        attempts=ledger.attempts,
        kept=kept,
        **found,
    )


def _send(
    question: Question, number: int, ledger: Ledger, readings: Readings
) -> Generator[Send, Completion | None, Completion]:
    ledger.ask()
    readings.narrator.ask(question, number)
    try:
        completion = yield Send(request=readings.request_of(question), narrator=readings.narrator)
    except BaseException as error:  # recorded as it is, then raised untouched
        ledger.add(question, None, error=error)
        raise
    assert completion is not None
    return completion


def _mendable(outcome: Rejected | Unusable, completion: Completion) -> bool:
    """A re-ask can mend a wrong form, a broken rule or an empty answer; one that was cut or refused it cannot.

    That is what the backend says: words that decline, or a value without an end in an answer that the model
    ended itself, may well be other ones next time. A cut answer for some fields is another matter too: the
    question that follows it is another one.
    """
    error = outcome.error
    if (
        isinstance(outcome, Unusable)
        and isinstance(error, Truncated)
        and completion.finish_reason == "length"
    ):
        return True
    verdicts = error.verdicts if isinstance(error, ConstraintViolated) else ()
    broken = [it for it in verdicts if it.outcome == "violated" and it.severity == "must"]
    stop = any(verdict.on_fail == "error" for verdict in broken)
    own_end = completion.finish_reason in ("stop", "tool") and isinstance(error, _OF_END)
    return (own_end or isinstance(error, (*_OF_FORM, ConstraintViolated))) and not stop


def _final_error(error: OutputError, ledger: Ledger, allowed: int) -> PromptKitError:
    history = ledger.attempts
    if allowed == 1 or len(history) < allowed:
        return error
    exhausted = AttemptsExhausted(
        f"all {allowed} attempts broke the contract; the last: {error}", attempts=history, last=error
    )
    exhausted.__cause__ = error
    return exhausted
