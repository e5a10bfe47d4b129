"""The re-ask: the model's own answer back to it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from promptkit.completions import Verdict
from promptkit.errors import Ambiguous, Echoed, OutputError, Truncated
from promptkit.messages import Message
from promptkit.output.reading import Rejected
from promptkit.output.subquestions import Subquestion
from promptkit.requests import THINK_FIRST
from promptkit.schemas import Problem, describe

__all__ = ["reask_messages"]

_MAX_ITEMS = 20

_INTRO = "That answer cannot be used. What is wrong with it:"
_EMPTY = "The answer was empty."
_END = "Answer again with the complete corrected answer, in the form asked for at first, and nothing else."
_PART = "Correct these fields alone: the rest of the answer is kept as it is."
_PATHS = "Their names are places in that answer; write them exactly as they stand here."


def reask_messages(rejected: Rejected, part: Subquestion | None = None) -> tuple[Message, Message]:
    """Two messages to append: what the model wrote, and the list of violations with what was expected.

    The wording is frozen as ``promptkit/1``. The model's text stands whole in the assistant message alone;
    the list holds at most short excerpts of it, written as JSON strings, so that they stay data.

    Args:
        rejected: The answer, whole, and what is wrong with it.
        part: The fields to ask for; None asks for the complete answer.
    """
    assistant = Message(role="assistant", content=rejected.text or "(no answer)")
    items = [_problem_line(problem) for problem in rejected.problems]
    items += [_verdict_line(verdict) for verdict in rejected.verdicts if verdict.fails]
    items += [_error_line(rejected.error)] if type(rejected.error) in _SAID else []
    more = [f"- and {len(items) - _MAX_ITEMS} more of the same kinds"] if len(items) > _MAX_ITEMS else []
    wrong = [_INTRO, *items[:_MAX_ITEMS], *more] if items else [_EMPTY]
    asked = [_END] if part is None else _asked(part)
    return assistant, Message(role="user", content="\n".join([*wrong, *asked]))


def _asked(part: Subquestion) -> list[str]:
    names = [_PATHS] if any(len(place) > 1 for place in part.places) else []
    first = [THINK_FIRST] if part.spec.reasoning else []
    return [_PART, *first, describe(part.spec.schema, part.spec.spoken()), *names]


_SAID: Mapping[type[OutputError], str] = {
    Ambiguous: "it holds several values that differ; one is expected",
    Echoed: "its value is copied from the given texts; an answer of your own is expected",
    Truncated: "it ends before its value does",
}


def _error_line(error: OutputError) -> str:
    return f"- the answer: {_SAID[type(error)]}."


def _problem_line(problem: Problem) -> str:
    place = f"`{problem.path}`" if problem.path else "the answer"
    if problem.rule == "json":
        return f"- the answer is no valid JSON: {problem.message}."
    return f"- {place}: {problem.message}."


def _verdict_line(verdict: Verdict) -> str:
    place = f"`{verdict.path}`" if verdict.path else "the answer"
    got = f" Got: {verdict.got}." if verdict.got else ""
    hint = f" {verdict.hint}" if verdict.hint else ""
    return f"- {place} ({verdict.rule}): {verdict.expected}{got}{hint}"
