"""Two rules on texts that can be fitted, and one that cannot: enough to contradict one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from promptkit.constraints import Boundary


@dataclass(frozen=True)
class AtMost:
    """A text of at most so many words."""

    words: int
    kind = "at_most_words"

    def sentence(self, subject: str) -> str:
        return f"{subject} has at most {self.words} words."

    def fault(self, value: Any, scope: Any) -> str | None:
        count = len(value.split())
        return None if count <= self.words else f"{count} words"

    def fitted(self, value: Any, scope: Any) -> Any:
        return " ".join(value.split()[: self.words])

    def boundary(self, fragment: Any, scope: Any) -> Boundary:
        return Boundary(inside=("w " * self.words,), outside=("w " * (self.words + 1),))


@dataclass(frozen=True)
class Says:
    """A text that holds a phrase."""

    phrase: str
    kind = "says"

    def sentence(self, subject: str) -> str:
        return f"{subject} says {self.phrase}."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None if self.phrase in value else f"no {self.phrase}"

    def fitted(self, value: Any, scope: Any) -> Any:
        return f"{value} {self.phrase}"


@dataclass(frozen=True)
class Palindrome:
    """A text that reads the same both ways; nothing fits a value to it."""

    kind = "palindrome"

    def sentence(self, subject: str) -> str:
        return f"{subject} reads the same backwards."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None if value == value[::-1] and len(value) > 1 else value[::-1]
