"""Answers read for the conversation, and for layers that ask whether one holds the contract: once for both."""

from __future__ import annotations

from dataclasses import replace

from promptkit.completions import Completion
from promptkit.engine.call import Call
from promptkit.engine.narration import Narrator
from promptkit.engine.questions import Question
from promptkit.errors import OutputError
from promptkit.output import Accepted, Outcome, Unusable, without_thoughts
from promptkit.requests import Request

__all__ = ["Readings"]


class Readings:
    """Reads the answers of one call; one that was read just now is not read again.

    Args:
        call: What the conversation started from.
        narrator: Who read the answer while it came; what was judged then is not judged again.
    """

    def __init__(self, call: Call, narrator: Narrator) -> None:
        self.narrator = narrator
        self._call = call
        self._last: tuple[Question, Completion, Outcome | Unusable] | None = None

    def read(self, question: Question, completion: Completion) -> Outcome | Unusable:
        """Judge the answer to a question, its thoughts taken out already."""
        if self._last is not None:
            asked, known, outcome = self._last
            if asked is question and _reads_alike(known, completion):
                return outcome
        outcome = question.read(completion, self._call.request, self._call.inputs, self.narrator.reader)
        self._last = (question, completion, outcome)
        return outcome

    def request_of(self, question: Question) -> Request:
        """What is sent for a question, with the judge of its answers."""

        def judge(completion: Completion) -> OutputError | None:
            thinks = self._call.request.output.reasoning
            outcome = self.read(question, without_thoughts(completion) if thinks else completion)
            return None if isinstance(outcome, Accepted) else outcome.error

        return replace(question.request, judge=judge)


def _reads_alike(one: Completion, other: Completion) -> bool:
    return (one.text, one.finish_reason, one.refusal, one.confidence, one.unfinished) == (
        other.text,
        other.finish_reason,
        other.refusal,
        other.confidence,
        other.unfinished,
    )
