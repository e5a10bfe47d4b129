"""Constraints in Python: one function for each kind of rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict, Unpack, overload

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.choices import OneOf, OneOfInput
from promptkit.constraints.conditions import Expr
from promptkit.constraints.confidence import MinConfidence
from promptkit.constraints.constraint import Constraint, Enforce, OnFail, Severity
from promptkit.constraints.dates import NotAfter, NotBefore, at_least_of, at_most_of, between_of
from promptkit.constraints.formats import Format
from promptkit.constraints.invention import NoInvented
from promptkit.constraints.judged import Judged, Tone, When
from promptkit.constraints.languages import Language
from promptkit.constraints.lark import Grammar
from promptkit.constraints.lengths import Length
from promptkit.constraints.lists import Order, Sorted, Unique
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom

__all__ = [
    "Options",
    "at_least",
    "at_most",
    "between",
    "characters",
    "contains",
    "ends_with",
    "expr",
    "format_of",
    "grammar",
    "item_count",
    "judged",
    "language",
    "lines",
    "matches",
    "max_characters",
    "max_items",
    "max_lines",
    "max_sentences",
    "max_words",
    "min_characters",
    "min_confidence",
    "min_items",
    "min_lines",
    "min_sentences",
    "min_words",
    "must_mention",
    "never_says",
    "no_invented",
    "not_after",
    "not_before",
    "one_of",
    "one_of_input",
    "quoted_from",
    "sentences",
    "sorted_by",
    "starts_with",
    "tone",
    "unique",
    "words",
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


def min_characters(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at least ``limit`` characters, as JSON Schema counts them."""
    return Constraint(path=path, rule=Length("characters", least=limit), **options)


def max_characters(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at most ``limit`` characters, as JSON Schema counts them."""
    return Constraint(path=path, rule=Length("characters", most=limit), **options)


def characters(path: str, least: int, most: int, **options: Unpack[Options]) -> Constraint:
    """A text of ``least`` to ``most`` characters, as JSON Schema counts them."""
    return Constraint(path=path, rule=Length("characters", least, most), **options)


def min_words(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at least ``limit`` words; a word is what stands between blanks."""
    return Constraint(path=path, rule=Length("words", least=limit), **options)


def max_words(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at most ``limit`` words; a word is what stands between blanks."""
    return Constraint(path=path, rule=Length("words", most=limit), **options)


def words(path: str, least: int, most: int, **options: Unpack[Options]) -> Constraint:
    """A text of ``least`` to ``most`` words; a word is what stands between blanks."""
    return Constraint(path=path, rule=Length("words", least, most), **options)


def min_sentences(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at least ``limit`` sentences; see ``sentence_ends`` for what a sentence is."""
    return Constraint(path=path, rule=Length("sentences", least=limit), **options)


def max_sentences(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at most ``limit`` sentences; see ``sentence_ends`` for what a sentence is."""
    return Constraint(path=path, rule=Length("sentences", most=limit), **options)


def sentences(path: str, least: int, most: int, **options: Unpack[Options]) -> Constraint:
    """A text of ``least`` to ``most`` sentences; see ``sentence_ends`` for what a sentence is."""
    return Constraint(path=path, rule=Length("sentences", least, most), **options)


def min_lines(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at least ``limit`` lines, empty ones too."""
    return Constraint(path=path, rule=Length("lines", least=limit), **options)


def max_lines(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A text of at most ``limit`` lines, empty ones too."""
    return Constraint(path=path, rule=Length("lines", most=limit), **options)


def lines(path: str, least: int, most: int, **options: Unpack[Options]) -> Constraint:
    """A text of ``least`` to ``most`` lines, empty ones too."""
    return Constraint(path=path, rule=Length("lines", least, most), **options)


def min_items(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A list of at least ``limit`` items."""
    return Constraint(path=path, rule=Length("items", least=limit), **options)


def max_items(path: str, limit: int, **options: Unpack[Options]) -> Constraint:
    """A list of at most ``limit`` items."""
    return Constraint(path=path, rule=Length("items", most=limit), **options)


def item_count(path: str, least: int, most: int, **options: Unpack[Options]) -> Constraint:
    """A list of ``least`` to ``most`` items."""
    return Constraint(path=path, rule=Length("items", least, most), **options)


def grammar(path: str, text: str, **options: Unpack[Options]) -> Constraint:
    """A text that a grammar in Lark's notation derives; see Grammar."""
    return Constraint(path=path, rule=Grammar(text), **options)


def matches(path: str, pattern: str, **options: Unpack[Options]) -> Constraint:
    """A text that a regular expression matches as a whole; see Matches for its syntax."""
    return Constraint(path=path, rule=Matches(pattern), **options)


def never_says(path: str, phrases: Sequence[str], **options: Unpack[Options]) -> Constraint:
    """Texts in which none of the phrases occurs, whatever their case and blanks."""
    return Constraint(path=path, rule=NeverSays(phrases), **options)


def must_mention(path: str, phrases: Sequence[str | Sequence[str]], **options: Unpack[Options]) -> Constraint:
    """Texts in which all phrases occur, whatever their case and blanks; of a list within the list, one is enough."""
    return Constraint(path=path, rule=MustMention(phrases), **options)


def starts_with(path: str, texts: str | Sequence[str], **options: Unpack[Options]) -> Constraint:
    """A text that starts with a text, or with one of several, letter for letter."""
    return Constraint(path=path, rule=StartsWith.from_argument(texts), **options)


def ends_with(path: str, texts: str | Sequence[str], **options: Unpack[Options]) -> Constraint:
    """A text that ends with a text, or with one of several, letter for letter."""
    return Constraint(path=path, rule=EndsWith.from_argument(texts), **options)


def contains(path: str, texts: str | Sequence[str], **options: Unpack[Options]) -> Constraint:
    """A text in which a text, or each of several, occurs letter for letter."""
    return Constraint(path=path, rule=Contains.from_argument(texts), **options)


def language(path: str, codes: str | Sequence[str], **options: Unpack[Options]) -> Constraint:
    """A text written in a language, or in one of several, by ISO 639-1 codes; needs the extra ``language``."""
    return Constraint(path=path, rule=Language.from_argument(codes), **options)


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


def min_confidence(path: str, share: float, **options: Unpack[Options]) -> Constraint:
    """How sure the model must have been of an enum, a boolean or a constant: above 0, at most 1.

    Judged by what the backend tells of the finished answer; ``unchecked`` where it does not tell.
    """
    return Constraint(path=path, rule=MinConfidence(share), **options)


def expr(expression: str, **options: Unpack[Options]) -> Constraint:
    """A condition across fields, for example ``output.category != "security" or output.escalate``."""
    return Constraint(path="", rule=Expr(expression), **options)
