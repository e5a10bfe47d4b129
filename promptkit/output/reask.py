"""The re-ask: the model's own answer back to it, and what is wrong with it."""

from __future__ import annotations

from promptkit.completions import Completion, Verdict
from promptkit.messages import Message
from promptkit.output.reading import Rejected
from promptkit.schemas import Problem

__all__ = ["reask_messages"]

_MAX_ITEMS = 20

_INTRO = "That answer cannot be used. What is wrong with it:"
_EMPTY = "The answer was empty."
_END = "Answer again with the complete corrected answer, in the form asked for at first, and nothing else."


def reask_messages(completion: Completion, rejected: Rejected) -> tuple[Message, Message]:
    """Two messages to append: what the model wrote, and the list of violations with what was expected.

    The wording is frozen as ``promptkit/1``. The model's text stands whole in the assistant message alone;
    the list holds at most short excerpts of it, written as JSON strings, so that they stay data.
    """
    assistant = Message(role="assistant", content=completion.text or "(no answer)")
    items = [_problem_line(problem) for problem in rejected.problems]
    items += [_verdict_line(verdict) for verdict in rejected.verdicts if _is_broken(verdict)]
    if not items:
        return assistant, Message(role="user", content=f"{_EMPTY}\n{_END}")
    more = [f"- and {len(items) - _MAX_ITEMS} more of the same kinds"] if len(items) > _MAX_ITEMS else []
    return assistant, Message(role="user", content="\n".join([_INTRO, *items[:_MAX_ITEMS], *more, _END]))


def _is_broken(verdict: Verdict) -> bool:
    return verdict.outcome == "violated" and verdict.severity == "must" and verdict.on_fail != "warn"


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
