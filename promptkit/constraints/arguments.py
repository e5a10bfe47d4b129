"""Arguments of rules as files write them: the error for a wrong shape, with an example."""

from __future__ import annotations

from typing import Any

from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["as_phrases", "as_string", "wrong_shape"]


def wrong_shape(kind: str, wanted: str, example: str, argument: Any) -> ValueError:
    """The error for an argument of the wrong shape.

    Args:
        kind: The rule's kind.
        wanted: What it takes, for example ``a list of two numbers``.
        example: A line of a file, for example ``between: [1, 5]``.
        argument: What was given.
    """
    return ValueError(f"{kind} takes {wanted}, as in {example}; got {shown(argument, 60)}")


def as_string(kind: str, wanted: str, example: str, argument: Any) -> str:
    """The argument, which must be a string."""
    if not isinstance(argument, str):
        raise wrong_shape(kind, wanted, example, argument)
    return argument


def as_phrases(kind: str, example: str, argument: Any) -> tuple[str, ...]:
    """The argument, which must be a phrase or a list of phrases."""
    phrases = [argument] if isinstance(argument, str) else argument
    if not is_list(phrases) or not all(isinstance(phrase, str) for phrase in phrases):
        raise wrong_shape(kind, "a list of phrases", example, argument)
    return tuple(phrases)
