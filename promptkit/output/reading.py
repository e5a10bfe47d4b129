"""From a completion to a value: what stopped it, what it says, whether it holds the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from promptkit.completions import Completion, Enforcement, Repair, Verdict
from promptkit.errors import (
    ConstraintViolated,
    Empty,
    Filtered,
    LossyRepair,
    OutputError,
    Refused,
    Truncated,
    Unparseable,
)
from promptkit.output.alignment import LOSSY_RULES, Aligned, aligned
from promptkit.requests import OutputSpec, Plan
from promptkit.schemas import Invalid, Problem, Valid
from promptkit.schemas.strict_json import NotJson, parse_json

__all__ = [
    "Accepted",
    "NotTaken",
    "Outcome",
    "Rejected",
    "judged",
    "read",
    "ruled",
    "taken",
    "unfinished",
    "unreadable",
    "violated",
]

T = TypeVar("T")

_SHOWN_TEXT = 200
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Generic[T]):
    """An answer that holds the contract.

    Attributes:
        value: The typed value.
        data: The same as plain JSON data; the text itself for text outputs.
        text: The whole answer as text.
        verdicts: One for each constraint, in their order; those of severity ``should`` may be violated.
        confidence: How sure the model was of each field, by its path; None where the backend does not tell.
        repairs: What was changed to take the value; empty when it was strict JSON.
    """

    value: T
    data: Any
    text: str
    verdicts: tuple[Verdict, ...]
    confidence: Mapping[str, float] | None = None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An answer that breaks the contract.

    Attributes:
        error: What is raised if no attempt is left.
        text: The whole answer as text.
        data: The same as plain JSON data; None where it is no one JSON value.
        invalid_paths: The places that are wrong, each once; empty when the answer as a whole is.
        verdicts: One for each constraint where there was a value, else empty.
        problems: What the schema found, empty when it holds.
        enforced: Where each constraint was enforced, in their order; empty where there was no text to judge.
        confidence: How sure the model was of each field, by its path; None where the backend does not tell.
    """

    error: OutputError
    text: str
    data: Any = None
    invalid_paths: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    problems: tuple[Problem, ...] = ()
    enforced: tuple[Enforcement, ...] = ()
    confidence: Mapping[str, float] | None = None


Outcome: TypeAlias = Accepted[Any] | Rejected


def read(
    completion: Completion,
    spec: OutputSpec,
    inputs: Mapping[str, Any],
    plan: Plan,
    *,
    shown: tuple[str, ...] | None = None,
) -> Outcome:
    """Judge one answer.

    The order is: why the model stopped, whether there is text, strict JSON and the schema, or else what can be
    mended as far as ``spec.repair`` allows, the constraints. A cut answer is never taken as whole, even where it
    happens to be valid.

    Args:
        completion: The raw answer.
        spec: What it must be.
        inputs: The validated inputs, for rules such as ``quoted_from``.
        plan: Where each rule is enforced, for the verdicts.
        shown: The texts that the model was shown, for rules on quotations; None when they are not known.
    """
    error = unfinished(completion)
    if error is not None:
        return Rejected(error=error, text=completion.text)
    enforced = [plan.where(constraint.path, constraint.rule.kind) for constraint in spec.constraints]
    return judged(completion, spec, inputs, enforced, shown=shown)


def unfinished(completion: Completion) -> OutputError | None:
    """Why there is nothing to read: the model stopped early or wrote nothing; None when it may be read."""
    error = _stopped(completion)
    if error is None and not completion.text.strip():
        return Empty(
            "the model wrote nothing; ask again, or check that the prompt asks for an answer",
            text=completion.text,
            usage=completion.usage,
        )
    return error


def judged(
    completion: Completion,
    spec: OutputSpec,
    inputs: Mapping[str, Any],
    enforced: Sequence[Enforcement],
    *,
    shown: tuple[str, ...] | None,
) -> Outcome:
    """The whole answer, held to its schema and its constraints.

    Args:
        completion: The answer, its text and its confidence those of the whole.
        spec: What it must be.
        inputs: The validated inputs.
        enforced: Where each constraint was enforced, in their order.
        shown: The texts that the model was shown; None when they are not known.
    """
    outcome = taken(completion, spec, inputs)
    if isinstance(outcome, NotTaken):
        problems = outcome.problems
        return Rejected(
            error=outcome.error,
            text=completion.text,
            data=outcome.data,
            invalid_paths=tuple(dict.fromkeys(problem.path for problem in problems if problem.path)),
            problems=problems,
            enforced=tuple(enforced),
            confidence=completion.confidence,
        )
    verdicts = tuple(
        constraint.check(outcome.data, inputs, shown=shown, enforced=where, confidence=completion.confidence)
        for constraint, where in zip(spec.constraints, enforced, strict=True)
    )
    valid: Valid[Any] = Valid(value=outcome.value, data=outcome.data)
    return ruled(completion, valid, verdicts, enforced, repairs=outcome.repairs)


def ruled(
    completion: Completion,
    valid: Valid[Any],
    verdicts: tuple[Verdict, ...],
    enforced: Sequence[Enforcement],
    *,
    repairs: tuple[Repair, ...] = (),
) -> Outcome:
    """The whole answer, once its value and the verdicts on it are known.

    Args:
        completion: The answer, its text and its confidence those of the whole.
        valid: Its value.
        verdicts: One for each constraint, in their order.
        enforced: Where each was enforced.
        repairs: What was changed to take the value.
    """
    broken = tuple(verdict for verdict in verdicts if verdict.fails)
    if not broken:
        return Accepted(
            value=valid.value,
            data=valid.data,
            text=completion.text,
            verdicts=verdicts,
            confidence=completion.confidence,
            repairs=repairs,
        )
    return Rejected(
        error=violated(completion, verdicts, broken, candidates=(valid.value,)),
        text=completion.text,
        data=valid.data,
        invalid_paths=tuple(dict.fromkeys(verdict.path for verdict in broken if verdict.path)),
        verdicts=verdicts,
        enforced=tuple(enforced),
        confidence=completion.confidence,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """A text from which no value was taken.

    Attributes:
        error: Why.
        problems: What strict reading finds wrong with it, or with the only value in it; empty where it finds nothing.
        data: The text, or the only value in it, as plain data; None where it is no JSON.
    """

    error: OutputError
    problems: tuple[Problem, ...]
    data: Any = None


def taken(completion: Completion, spec: OutputSpec, inputs: Mapping[str, Any]) -> Aligned[Any] | NotTaken:
    """The value that a text is: strict JSON, or else what can be mended as far as ``spec.repair`` allows.

    Args:
        completion: The answer.
        spec: What it must be.
        inputs: The validated inputs: JSON that stands inside a text of them is no answer.
    """
    strict = spec.schema.read_json(completion.text, closed=spec.repair != "off")
    if spec.repair == "off" or spec.mode == "text":
        if isinstance(strict, Invalid):
            error = unreadable(completion, strict.problems)
            return NotTaken(error=error, problems=strict.problems, data=_data_of(completion.text))
        return Aligned(value=strict.value, data=strict.data)
    allowed = LOSSY_RULES if spec.repair == "lenient" else frozenset[str]()
    try:
        return aligned(completion.text, spec.schema, inputs, allowed, strict=strict)
    except OutputError as error:
        text = _only_value(completion.text, spec, error)
        found = spec.schema.read_json(text, closed=True)
        problems = found.problems if isinstance(found, Invalid) else ()
        if type(error) is Unparseable and problems:
            plain = unreadable(completion, problems, why=_why(error))
            plain.candidates, plain.repairs = error.candidates, error.repairs
            return NotTaken(error=plain, problems=problems, data=_data_of(text))
        error.usage = completion.usage
        return NotTaken(error=error, problems=problems, data=_data_of(text))


def _only_value(text: str, spec: OutputSpec, error: OutputError) -> str:
    """The only value in an answer as it is written where that is JSON, else the answer."""
    if len(error.candidates) != 1 or not isinstance(error, Unparseable | LossyRepair):
        return text
    (candidate,) = error.candidates
    inner = text[candidate.start : candidate.end]
    found = spec.schema.read_json(inner, closed=True)
    return inner if isinstance(found, Invalid) and _data_of(inner) else text


def _why(error: OutputError) -> str:
    """Why no value was taken from a text that is no JSON."""
    reasons = dict.fromkeys(candidate.problem for candidate in error.candidates[-3:])
    return f"; nor can a value be taken from it: {'; '.join(map(str, reasons))}" if reasons else ""


def _data_of(text: str) -> Any:
    try:
        return parse_json(text)
    except NotJson:
        return None


def _stopped(completion: Completion) -> OutputError | None:
    text, usage = completion.text, completion.usage
    match completion.finish_reason:
        case "length":
            spent = f" after {usage.output_tokens} tokens" if usage is not None else ""
            return Truncated(
                f"the answer was cut{spent}, at max_tokens or where the model's context was full, and is not "
                f"taken as whole; raise generation.max_tokens, use a larger context, or ask for less{_quoted(text)}",
                text=text,
                usage=usage,
            )
        case "cancelled":
            return Truncated(
                f"the request was cancelled before the answer was whole; run it again{_quoted(text)}",
                text=text,
                usage=usage,
            )
        case "refusal":
            return Refused(
                "the model declined to answer; change the prompt or its inputs"
                f"{_quoted(completion.refusal or text)}",
                text=completion.refusal or text,
                usage=usage,
            )
        case "filter":
            return Filtered(
                "the backend's filter withheld the answer; change the prompt or its inputs, "
                "or use another backend",
                text=text,
                usage=usage,
            )
        case "stop" | "tool":
            return None


def unreadable(
    completion: Completion, problems: tuple[Problem, ...], *, what: str = "the answer", why: str = ""
) -> Unparseable:
    """The error about a text that is no JSON or does not fit its schema.

    Args:
        completion: The answer.
        problems: What the schema found, at least one.
        what: What the answer is called.
        why: Why nothing was taken from it, where it is no JSON.
    """
    listed = "; ".join(str(problem) for problem in problems[:_SHOWN_PROBLEMS])
    more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
    no_json = problems[0].rule == "json"
    more += why if no_json else ""
    fault = f"{what} is no JSON" if no_json else f"{what} does not fit the schema"
    mend = (
        "; a backend that enforces the schema, or one more attempt, mends this most often"
        if no_json
        else "; one more attempt lets the model correct itself"
    )
    return Unparseable(
        f"{fault}: {listed}{more}{mend}{_quoted(completion.text)}",
        text=completion.text,
        usage=completion.usage,
    )


def violated(
    completion: Completion,
    verdicts: tuple[Verdict, ...],
    broken: tuple[Verdict, ...],
    *,
    candidates: tuple[Any, ...] = (),
    what: str = "the answer",
) -> ConstraintViolated:
    """The error about an answer that breaks constraints.

    Args:
        completion: The answer.
        verdicts: All verdicts on it.
        broken: Those that fail it, at least one.
        candidates: The value, where there is a whole one.
        what: What the answer is called.
    """
    listed = "; ".join(f"{verdict.constraint}: {verdict.expected} Got {verdict.got}" for verdict in broken)
    count = "a constraint" if len(broken) == 1 else f"{len(broken)} constraints"
    return ConstraintViolated(
        f"{what} breaks {count}: {listed}. Allow more attempts, or relax the rule",
        text=completion.text,
        candidates=candidates,
        usage=completion.usage,
        verdicts=verdicts,
    )


def _quoted(text: str) -> str:
    if not text.strip():
        return ""
    start = text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}…"
    return f". It wrote: {start}"
