"""Constraints in Python: one function for each kind of rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint, Enforce, OnFail, Severity
from promptkit.constraints.lengths import MaxWords
from promptkit.constraints.matching import Matches
from promptkit.constraints.numbers import Between
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom

__all__ = ["Options", "between", "expr", "matches", "max_words", "never_says", "one_of", "quoted_from"]


class Options(TypedDict, total=False):
    """What every constraint takes besides its rule; see Constraint."""

    id: str
    severity: Severity
    on_fail: OnFail
    say: str | None
    enforce: Enforce


def between(path: str, low: float, high: float, **options: Unpack[Options]) -> Constraint:
    """A number from ``low`` to ``high``, both included."""
    return Constraint(path=path, rule=Between(low, high), **options)


def one_of(
    path: str, values: Iterable[str | int | float | bool | None], **options: Unpack[Options]
) -> Constraint:
    """One of some plain values."""
    return Constraint(path=path, rule=OneOf(tuple(values)), **options)


def max_words(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at most ``limit`` words; the path is empty for a text output. See MaxWords for what a word is."""
    return Constraint(path=path, rule=MaxWords(limit), **options)


def matches(path: str, pattern: str, **options: Unpack[Options]) -> Constraint:
    """A text that a regular expression matches as a whole; see Matches for its syntax."""
    return Constraint(path=path, rule=Matches(pattern), **options)


def never_says(path: str, phrases: Sequence[str], **options: Unpack[Options]) -> Constraint:
    """Texts in which none of the phrases occurs, whatever their case and blanks."""
    return Constraint(path=path, rule=NeverSays(phrases), **options)


def quoted_from(path: str, source: str, **options: Unpack[Options]) -> Constraint:
    """A text that stands word for word in the input at ``source``."""
    return Constraint(path=path, rule=QuotedFrom(source), **options)


def expr(expression: str, **options: Unpack[Options]) -> Constraint:
    """A condition across fields, for example ``output.category != "security" or output.escalate``."""
    return Constraint(path="", rule=Expr(expression), **options)
