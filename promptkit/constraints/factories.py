"""Constraints in Python: one function for each kind of rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict, Unpack, overload

from promptkit.constraints.choices import OneOf, OneOfInput
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint, Enforce, OnFail, Severity
from promptkit.constraints.dates import NotAfter, NotBefore, at_least_of, at_most_of, between_of
from promptkit.constraints.formats import Format
from promptkit.constraints.invention import NoInvented
from promptkit.constraints.judged import Judged, Tone, When
from promptkit.constraints.lengths import MaxWords
from promptkit.constraints.lists import Order, Sorted, Unique
from promptkit.constraints.matching import Matches
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom

__all__ = [
    "Options",
    "at_least",
    "at_most",
    "between",
    "expr",
    "format_of",
    "judged",
    "matches",
    "max_words",
    "never_says",
    "no_invented",
    "not_after",
    "not_before",
    "one_of",
    "one_of_input",
    "quoted_from",
    "sorted_by",
    "tone",
    "unique",
]


class Options(TypedDict, total=False):
    """What every constraint takes besides its rule; see Constraint."""

    id: str
    severity: Severity
    on_fail: OnFail
    say: str | None
    enforce: Enforce


@overload
def between(path: str, low: float, high: float, **options: Unpack[Options]) -> Constraint: ...
@overload
def between(path: str, low: str, high: str, **options: Unpack[Options]) -> Constraint: ...
def between(path: str, low: Any, high: Any, **options: Unpack[Options]) -> Constraint:
    """A number from ``low`` to ``high``, both included, or a date or time when both are ISO texts."""
    return Constraint(path=path, rule=between_of([low, high]), **options)


def at_least(path: str, limit: float | str, **options: Unpack[Options]) -> Constraint:
    """A number of at least ``limit``, or a date or time that is not before it when it is an ISO text."""
    return Constraint(path=path, rule=at_least_of(limit), **options)


def at_most(path: str, limit: float | str, **options: Unpack[Options]) -> Constraint:
    """A number of at most ``limit``, or a date or time that is not after it when it is an ISO text."""
    return Constraint(path=path, rule=at_most_of(limit), **options)


def not_before(path: str, limit: str, **options: Unpack[Options]) -> Constraint:
    """A date, a time or both that is not before ``limit``; see DateBetween for how they compare."""
    return Constraint(path=path, rule=NotBefore(limit), **options)


def not_after(path: str, limit: str, **options: Unpack[Options]) -> Constraint:
    """A date, a time or both that is not after ``limit``; see DateBetween for how they compare."""
    return Constraint(path=path, rule=NotAfter(limit), **options)


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


def one_of_input(path: str, source: str, *, names: bool = False, **options: Unpack[Options]) -> Constraint:
    """One of the items of the list in the input at ``source``, or one of the names of the object there."""
    return Constraint(path=path, rule=OneOfInput(source, names), **options)


def unique(path: str, *by: str, **options: Unpack[Options]) -> Constraint:
    """A list in which nothing occurs twice; with ``by``, no two items that are alike in these fields."""
    return Constraint(path=path, rule=Unique(by), **options)


def sorted_by(
    path: str, by: str = "", *, order: Order = "ascending", **options: Unpack[Options]
) -> Constraint:
    """A list in order: of its items, or of a field of them."""
    return Constraint(path=path, rule=Sorted(order, by), **options)


def format_of(path: str, name: str, **options: Unpack[Options]) -> Constraint:
    """A text of a known format, for example ``email``, ``date`` or ``url``."""
    return Constraint(path=path, rule=Format(name), **options)


def no_invented(
    path: str,
    of: Sequence[str] = ("numbers", "urls", "emails", "quotes"),
    *,
    sources: Sequence[str] = (),
    **options: Unpack[Options],
) -> Constraint:
    """A value in which every number, URL, e-mail address and quotation stands in the inputs; see NoInvented."""
    return Constraint(path=path, rule=NoInvented(tuple(of), tuple(sources)), **options)


def judged(
    path: str, text: str, *, judge: str = "", when: When = "eval", **options: Unpack[Options]
) -> Constraint:
    """What a judge's prompt decides: a predicate such as ``is polite and gives no medical advice``."""
    return Constraint(path=path, rule=Judged(text, judge, when), **options)


def tone(
    path: str, words: str, *, judge: str = "", when: When = "eval", **options: Unpack[Options]
) -> Constraint:
    """A tone such as ``calm``, which a judge's prompt decides."""
    return Constraint(path=path, rule=Tone(words, judge, when), **options)


def expr(expression: str, **options: Unpack[Options]) -> Constraint:
    """A condition across fields, for example ``output.category != "security" or output.escalate``."""
    return Constraint(path="", rule=Expr(expression), **options)
