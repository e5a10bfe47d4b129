"""Constraints in Python: one function for each kind of rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint, Enforce, OnFail, Severity
from promptkit.constraints.languages import Language
from promptkit.constraints.lengths import Length
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
from promptkit.constraints.numbers import Between
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom

__all__ = [
    "Options",
    "between",
    "characters",
    "contains",
    "ends_with",
    "expr",
    "item_count",
    "language",
    "lines",
    "matches",
    "max_characters",
    "max_items",
    "max_lines",
    "max_sentences",
    "max_words",
    "min_characters",
    "min_items",
    "min_lines",
    "min_sentences",
    "min_words",
    "must_mention",
    "never_says",
    "one_of",
    "quoted_from",
    "sentences",
    "starts_with",
    "words",
]


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


def expr(expression: str, **options: Unpack[Options]) -> Constraint:
    """A condition across fields, for example ``output.category != "security" or output.escalate``."""
    return Constraint(path="", rule=Expr(expression), **options)
