"""What is asked next: the first question, some fields again, or the whole again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptkit.completions import Completion, Enforcement
from promptkit.engine.call import Call
from promptkit.errors import PlanError
from promptkit.messages import Message
from promptkit.output import (
    AnswerReader,
    Outcome,
    Rejected,
    Subquestion,
    Unusable,
    read,
    read_part,
    reask_messages,
    subquestion,
    with_confidence,
)
from promptkit.requests import Plan, Request

__all__ = ["Question", "continuation", "first_question", "next_question"]

_MAX_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to the backend.

    Attributes:
        request: What is sent.
        plan: What the backend will do with it.
        cause: Why it is asked, for the ledger.
        rejected: The whole answer that it is about; None for the first question.
        part: The fields that it asks for; None for the whole.
        added: The messages after those of the first question.
    """

    request: Request
    plan: Plan
    cause: str = "first"
    rejected: Rejected | None = None
    part: Subquestion | None = None
    added: tuple[Message, ...] = ()

    @property
    def invalid_paths(self) -> tuple[str, ...]:
        """The places that were wrong."""
        return self.rejected.invalid_paths if self.rejected is not None else ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The places that are asked for; empty for the whole."""
        return self.part.paths if self.part is not None else ()

    def read(
        self, completion: Completion, whole: Request, inputs: Mapping[str, Any], reader: AnswerReader | None
    ) -> Outcome | Unusable:
        """Judge the answer: that to some fields as the whole with them in it.

        Args:
            completion: The raw answer.
            whole: The first question, whose output specification binds the value.
            inputs: The validated inputs.
            reader: What read the answer while it came; what it judged is not judged again.
        """
        spec = whole.output if self.part is None else self.part.spec
        completion = with_confidence(completion, spec)
        outcome = reader.outcome(completion, self.plan) if reader is not None else None
        if outcome is not None:
            return outcome
        if self.part is None:
            return read(completion, whole.output, inputs, self.plan, shown=whole.shown)
        return read_part(completion, whole.output, inputs, self.part, self.plan, shown=whole.shown)


def continuation(asked: Question, cut: Completion) -> Question:
    """The same question once more, to go on with an answer that was cut."""
    return replace(
        asked, request=replace(asked.request, resumes=cut), cause="continuation: the answer was cut", added=()
    )


def first_question(call: Call) -> Question:
    """The question that a call begins with."""
    return Question(request=call.request, plan=call.plan)


def next_question(call: Call, asked: Question, outcome: Rejected | Unusable) -> Question:
    """The re-ask.

    The failing fields are asked for alone where that is sound and the backend can plan it. After an answer to
    some fields that was of no use the whole is asked for, about the answer before.

    Args:
        call: What the conversation started from.
        asked: The question before.
        outcome: What came of it.
    """
    if isinstance(outcome, Unusable):
        assert asked.rejected is not None, "only a question about an answer asks for a part"
        return _about(call, asked.rejected, None, "; the fields alone were of no use")
    return _about(call, outcome, _part(call, outcome))


def _about(
    call: Call, rejected: Rejected, part: tuple[Subquestion, Plan] | None, remark: str = ""
) -> Question:
    fields, plan = part or (None, call.plan)
    added = reask_messages(rejected, fields, call.request.output.wording)
    request = replace(call.request, messages=(*call.request.messages, *added))
    return Question(
        request=request if fields is None else replace(request, output=fields.spec),
        plan=plan,
        cause=f"re-ask: {_reasons(rejected)}{remark}",
        rejected=rejected,
        part=fields,
        added=added,
    )


def _part(call: Call, rejected: Rejected) -> tuple[Subquestion, Plan] | None:
    part = subquestion(call.request.output, rejected)
    if part is None or call.replan is None:
        return None
    try:
        plan = call.replan(part.spec)
    except PlanError:  # what this backend cannot be asked for alone is asked for as a whole
        return None
    possible = all(placement.where is not Enforcement.IMPOSSIBLE for placement in plan.placements)
    return (part, plan) if possible else None


def _reasons(rejected: Rejected) -> str:
    reasons = list(dict.fromkeys(_each_reason(rejected))) or ["empty answer"]
    more = f" and {len(reasons) - _MAX_REASONS} more" if len(reasons) > _MAX_REASONS else ""
    return ", ".join(reasons[:_MAX_REASONS]) + more


def _each_reason(rejected: Rejected) -> Iterator[str]:
    for problem in rejected.problems:
        yield f"{problem.path}: {problem.rule}" if problem.path else problem.rule
    for verdict in rejected.verdicts:
        if verdict.fails:
            yield verdict.constraint
