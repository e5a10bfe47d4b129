"""The ledger of a call: each attempt with cause, answer, usage and cost, and the record made of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from promptkit.completions import Attempt, Completion, Usage, Verdict, usage_of
from promptkit.engine.call import Call
from promptkit.engine.late_record import LateRecord
from promptkit.engine.questions import Question
from promptkit.errors import BackendError, OutputError, PromptKitError
from promptkit.records import CallRecord, ErrorInfo, RequestInfo, call_key

__all__ = ["Ledger"]

_ENDED = "the call was ended from outside before it was done"


class Ledger:
    """What was asked and what came of it, in order.

    Args:
        call: What the conversation started from.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._attempts: list[Attempt] = []
        self._begun = self._moment()
        self._asked_at = self._begun

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Each question so far."""
        return tuple(self._attempts)

    @property
    def usage(self) -> Usage | None:
        """Tokens and money of all attempts, failed ones included; None when nothing is known."""
        return usage_of(attempt.usage for attempt in self._attempts)

    def ask(self) -> None:
        """Note that the next question is sent now."""
        self._asked_at = self._moment()

    def add(
        self,
        question: Question,
        completion: Completion | None,
        *,
        error: BaseException | None = None,
        verdicts: tuple[Verdict, ...] = (),
    ) -> None:
        """Enter what came of the question that was sent last.

        Args:
            question: What was asked.
            completion: The raw answer; None when there is none.
            error: What it failed by.
            verdicts: The verdicts on the whole value.
        """
        usage = completion.spent if completion is not None else None
        detours = completion.detours if completion is not None else ()
        if isinstance(error, BackendError):
            usage, detours = error.spent, error.detours
        started_at, started = self._asked_at
        self._attempts.append(
            Attempt(
                number=len(self._attempts) + 1,
                cause=question.cause,
                asked=question.paths,
                messages=tuple(message.to_dict() for message in question.added),
                completion=completion,
                error=None if error is None else f"{type(error).__name__}: {str(error) or _ENDED}",
                verdicts=verdicts,
                usage=usage,
                cost=_money(usage),
                started_at=started_at,
                elapsed_s=self._call.clock.monotonic() - started,
                detours=detours,
            )
        )

    def failed(self, error: BaseException) -> LateRecord:
        """The record of a call that ended by ``error``, which gets it and the attempts as evidence."""
        kept = self.close(
            status="failed",
            verdicts=self._attempts[-1].verdicts if self._attempts else (),
            error=ErrorInfo(type=type(error).__name__, message=str(error) or _ENDED),
        )
        if isinstance(error, PromptKitError):
            error.attempts, error.record = self.attempts, kept.record
            for carrier in (error, error.__cause__):
                if isinstance(carrier, OutputError):
                    carrier.usage = self.usage
        return kept

    def close(self, **parts: Any) -> LateRecord:
        """The call as data, as it stands now."""
        call, clock = self._call, self._call.clock
        return LateRecord(
            partial(
                _record,
                call,
                self.usage,
                id=clock.random_bytes(8).hex(),
                trace_id=clock.random_bytes(16).hex(),
                started_at=self._begun[0],
                elapsed_s=clock.monotonic() - self._begun[1],
                attempts=self.attempts,
                **parts,
            )
        )

    def _moment(self) -> tuple[float, float]:
        return self._call.clock.now(), self._call.clock.monotonic()


def _record(call: Call, usage: Usage | None, **parts: Any) -> CallRecord:
    request = call.request
    fingerprint = request.fingerprint()
    return CallRecord(
        key=call_key(fingerprint, call.plan.backend),
        prompt=call.prompt,
        request=RequestInfo(
            backend=call.plan.backend,
            generation=request.generation.to_dict(),
            messages=tuple(message.to_dict() for message in request.messages),
            output_schema=request.output.json_schema if request.output.mode == "json" else None,
            fingerprint=fingerprint,
            tools=tuple(tool.to_dict() for tool in request.tools),
        ),
        plan=call.plan.placements,
        usage=usage,
        cost=_money(usage),
        tags=request.tags,
        environment=call.environment,
        **parts,
    )


def _money(usage: Usage | None) -> str | None:
    return None if usage is None or usage.cost is None else str(usage.cost)
