"""What alignment gives: the value with its receipts, and each candidate that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from promptkit.completions import Repair

__all__ = ["Aligned", "Candidate"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A value that was found in an answer.

    Attributes:
        text: What was written, at most 200 characters of it.
        start: Offset of its first character in the answer.
        end: The character behind it.
        data: The value as plain JSON data in the form of the schema; None where it has none.
        problem: Why it was not taken; None for the one that was.
    """

    text: str
    start: int
    end: int
    data: Any = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned(Generic[T]):
    """A value that was taken from an answer.

    Attributes:
        value: The typed value.
        data: The same as plain JSON data.
        repairs: Everything that was changed, in the order of the answer; empty when it was strict JSON.
        candidates: The values that were found in it.
    """

    value: T
    data: Any
    repairs: tuple[Repair, ...] = ()
    candidates: tuple[Candidate, ...] = ()
