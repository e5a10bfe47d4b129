"""The re-ask: the model's own answer back to it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.completions import Verdict
from promptkit.errors import Ambiguous, Echoed, OutputError, Truncated
from promptkit.messages import Message
from promptkit.output.reading import Rejected
from promptkit.output.subquestions import Subquestion
from promptkit.requests import think_first
from promptkit.schemas import Problem, describe
from promptkit.wordings import ENGLISH, Wording

__all__ = ["reask_messages"]

_MAX_ITEMS = 20


def reask_messages(
    rejected: Rejected, part: Subquestion | None = None, wording: Wording | None = None
) -> tuple[Message, Message]:
    """Two messages to append: what the model wrote, and the list of violations with what was expected.

    The wording is frozen as ``promptkit/1``. The model's text stands whole in the assistant message alone;
    the list holds at most short excerpts of it, written as JSON strings, so that they stay data. What a check found
    and its hint are English in every language.

    Args:
        rejected: The answer, whole, and what is wrong with it.
        part: The fields to ask for; None asks for the complete answer.
        wording: The language of the prompt; None for English.
    """
    told = _Told(wording or ENGLISH)
    assistant = Message(role="assistant", content=rejected.text or told.say("none"))
    items = [told.problem(problem) for problem in rejected.problems]
    items += [told.verdict(verdict) for verdict in rejected.verdicts if verdict.fails]
    items += told.error(rejected.error)
    more = [told.say("more", number=len(items) - _MAX_ITEMS)] if len(items) > _MAX_ITEMS else []
    listed = [f"- {item}" for item in (*items[:_MAX_ITEMS], *more)]
    wrong = [told.say("wrong"), *listed] if items else [told.say("empty")]
    asked = [told.say("whole")] if part is None else told.fields(part)
    return assistant, Message(role="user", content="\n".join([*wrong, *asked]))


_ERRORS: Mapping[type[OutputError], str] = {
    Ambiguous: "ambiguous",
    Echoed: "echoed",
    Truncated: "truncated",
}


class _Told:
    """What is wrong, in one language."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self.answer = wording.say("subject.answer")

    def say(self, key: str, **values: str | int) -> str:
        return self.wording.say(f"reask.{key}", **values)

    def problem(self, problem: Problem) -> str:
        if problem.rule == "json":
            return self.say("no_json", answer=self.answer, reason=problem.message)
        return f"{self._place(problem.path)}: {problem.message}."

    def verdict(self, verdict: Verdict) -> str:
        got = f" {self.say('got', got=verdict.got)}" if verdict.got else ""
        hint = f" {verdict.hint}" if verdict.hint else ""
        return f"{self._place(verdict.path)} ({verdict.rule}): {verdict.expected}{got}{hint}"

    def error(self, error: OutputError) -> list[str]:
        key = _ERRORS.get(type(error))
        return [] if key is None else [f"{self.answer}: {self.say(key)}."]

    def fields(self, part: Subquestion) -> list[str]:
        names = [self.say("places")] if any(len(place) > 1 for place in part.places) else []
        first = [think_first(self.wording)] if part.spec.reasoning else []
        form = describe(part.spec.schema, part.spec.spoken(), self.wording)
        return [self.say("fields"), *first, form, *names]

    def _place(self, path: str) -> str:
        return f"`{path}`" if path else self.answer
