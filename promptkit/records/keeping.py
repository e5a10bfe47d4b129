"""What of a record is kept: all of it, what a hook leaves, or no content at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from promptkit.completions import Attempt, Completion, Detour, Verdict
from promptkit.errors import ConfigurationError
from promptkit.records.call_record import CallRecord, ErrorInfo

__all__ = ["Redact", "kept_part", "without_content"]

Redact: TypeAlias = "Callable[[CallRecord], CallRecord | None]"


def kept_part(record: CallRecord, *, content: bool, redact: Redact | None) -> CallRecord | None:
    """What a store keeps of a record; None to keep nothing.

    Args:
        record: The record as the engine made it.
        content: False to leave content out, see :func:`without_content`.
        redact: Changes what is left, last.

    Raises:
        ConfigurationError: When ``redact`` gives back anything but a record or None.
    """
    left = record if content else without_content(record)
    if redact is None:
        return left
    changed = redact(left)
    if changed is None or isinstance(changed, CallRecord):  # pyright: ignore[reportUnnecessaryIsInstance] - a user's
        return changed
    raise ConfigurationError(
        f"redact gave {type(changed).__name__} for the record of {record.prompt.name}, so nothing was kept; return the "
        f"record, dataclasses.replace(record, ...) or None to keep none"
    )


def without_content(record: CallRecord) -> CallRecord:
    """The record without inputs, messages, answers and all that may quote them.

    Names, versions, settings, schemas, tokens, costs, times, outcomes of rules, classes of errors, tags and hashes
    stay.
    """
    return replace(
        record,
        prompt=replace(record.prompt, inputs={}),
        request=replace(record.request, messages=()),
        attempts=tuple(_attempt(attempt) for attempt in record.attempts),
        output=None,
        verdicts=_verdicts(record.verdicts),
        repairs=tuple(replace(repair, before=None, after=None) for repair in record.repairs),
        error=None if record.error is None else ErrorInfo(type=record.error.type, message=""),
    )


def _attempt(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        messages=(),
        completion=None if attempt.completion is None else _completion(attempt.completion),
        error=None if attempt.error is None else _class_of(attempt.error),
        verdicts=_verdicts(attempt.verdicts),
        detours=_detours(attempt.detours),
    )


def _completion(completion: Completion) -> Completion:
    return replace(
        completion,
        text="",
        refusal=None if completion.refusal is None else "",
        reasoning=None if completion.reasoning is None else "",
        logprobs=None,
        tool_calls=(),
        unfinished=None,
        detours=_detours(completion.detours),
    )


def _verdicts(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    return tuple(
        replace(verdict, expected="", got=None, hint=None, places=(), quotations=()) for verdict in verdicts
    )


def _detours(detours: Sequence[Detour]) -> tuple[Detour, ...]:
    return tuple(replace(detour, reason=_class_of(detour.reason)) for detour in detours)


def _class_of(error: str) -> str:
    """``TimedOut`` of ``TimedOut: no answer in 3 s``: a message may quote what was written."""
    return error.partition(":")[0]
