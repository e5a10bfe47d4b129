"""The two outcomes of a check, and one thing that was found wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Invalid", "Problem", "Valid"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a value.

    Attributes:
        path: Where in the value, for example ``items[0].name``; empty for the whole value.
        rule: The name of the rule that is broken, for example ``maximum`` or ``json``.
        message: What is wrong, without the path, for example ``9 is above 5``.
        got: What was found, shortened for people; None when nothing was there.
        expected: What the rule asks for; None when the message says it all.
    """

    path: str
    rule: str
    message: str
    got: str | None = None
    expected: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid(Generic[T]):
    """A value that fits.

    Attributes:
        value: The typed value.
        data: The plain JSON data it was made from, as it was written.
    """

    value: T
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A value that does not fit.

    Attributes:
        problems: Everything that was found wrong, at least one.
    """

    problems: tuple[Problem, ...]
