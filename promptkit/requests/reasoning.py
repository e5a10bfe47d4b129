"""Thoughts before the answer: how many, how a prompt asks for them, and where they end."""

from __future__ import annotations

from typing import Any

from promptkit.wordings import ENGLISH, Wording

__all__ = ["ANSWER_LINE", "USUAL_THOUGHTS", "reasoning_of", "think_first", "thinking_aloud"]

ANSWER_LINE = "Answer:"
"""The line behind which the answer stands, in prompts and in what models write; part of ``promptkit/1``."""

USUAL_THOUGHTS = 512
"""The tokens that ``reasoning: true`` allows."""


def reasoning_of(given: Any) -> int:
    """How many tokens of thought a prompt allows by what it says of ``reasoning``; 0 for none.

    Args:
        given: True for the usual bound, False for none, a whole number from 1 for a bound of one's own.

    Raises:
        ValueError: When it is none of these; a full sentence.
    """
    if isinstance(given, bool):
        return USUAL_THOUGHTS if given else 0
    if isinstance(given, int) and given >= 1:
        return given
    raise ValueError(
        f"reasoning is {given!r}; it is true, false, or the most tokens that the thoughts may take, such as 300"
    )


def think_first(wording: Wording | None = None) -> str:
    """What a prompt says before the output's form where the output has reasoning; part of ``promptkit/1``.

    Args:
        wording: The language of the prompt; None for English.
    """
    return (wording or ENGLISH).say("think", line=ANSWER_LINE)


def thinking_aloud(thoughts: str | None, answer: str) -> str:
    """An example's answer as a model is to write it where it thinks first."""
    return "\n\n".join(part for part in (thoughts, f"{ANSWER_LINE}\n{answer}") if part)
