"""Thoughts that a model wrote into its text: taken apart from the answer before this is read."""

from __future__ import annotations

import re
from dataclasses import replace

from promptkit.completions import Completion
from promptkit.requests import ANSWER_LINE

__all__ = ["ANSWER_LINE_PATTERN", "THOUGHTS_CLOSED", "THOUGHTS_OPENED", "without_thoughts"]

ANSWER_LINE_PATTERN = re.compile(
    rf"^[ \t]*(?:\*\*|#+ )?{re.escape(ANSWER_LINE)}(?:\*\*)?[ \t]*$\s*", re.MULTILINE
)
THOUGHTS_OPENED, THOUGHTS_CLOSED = "<think>", "</think>"


def without_thoughts(completion: Completion) -> Completion:
    """The completion with its answer alone as text, and what stood before it as reasoning.

    For outputs with reasoning. Servers that know of reasoning give it apart; any other model writes it into its
    text, where it ends with the line that the prompt asks for or with ``</think>``. A text that has neither stays
    as it is: a model may answer at once.
    """
    thoughts, rest = _thought(completion.text) if completion.reasoning is None else ("", completion.text)
    unsplit = completion.reasoning is None and not thoughts
    line = ANSWER_LINE_PATTERN.search(rest) if unsplit else ANSWER_LINE_PATTERN.match(rest)
    if line is not None:
        thoughts, rest = f"{thoughts}\n{rest[: line.start()]}", rest[line.end() :]
    if rest == completion.text:
        return completion
    return replace(completion, text=rest, reasoning=completion.reasoning or thoughts.strip() or None)


def _thought(text: str) -> tuple[str, str]:
    """What stands before ``</think>``, and what behind; nothing is thought where it does not stand."""
    before, closed, after = text.partition(THOUGHTS_CLOSED)
    if not closed or text.lstrip()[:1] in ("{", "["):
        return "", text  # a tag behind the beginning of JSON stands in the answer itself
    return before.strip().removeprefix(THOUGHTS_OPENED), after.lstrip()
