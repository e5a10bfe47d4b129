"""How long a text or a list is."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.rules import Scope
from promptkit.schemas.places import type_phrase

__all__ = ["MaxWords"]


@dataclass(frozen=True, slots=True)
class MaxWords:
    """A text of at most ``limit`` words; a word is what stands between blanks.

    Chinese, Japanese, Thai and other texts without blanks count as one word: limit these by ``maxLength``.
    """

    kind = "max_words"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    limit: int

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a number."""
        return cls(argument)

    def __post_init__(self) -> None:
        limit: Any = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ValueError(f"max_words takes a whole number from 1, as in max_words: 120; got {limit!r}")

    def sentence(self, subject: str) -> str:
        """Said as a number of words."""
        return f"{subject} has at most {_words(self.limit)}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text of more words, or no text."""
        if not isinstance(value, str):
            return type_phrase(value)
        count = len(value.split())
        return None if count <= self.limit else _words(count)

    def hint(self, value: Any, scope: Scope) -> str:
        """Says how many words are too many."""
        if not isinstance(value, str):
            return f"Write a text of at most {_words(self.limit)}."
        return f"Shorten it by {_words(len(value.split()) - self.limit)}."


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"
