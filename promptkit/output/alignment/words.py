"""Single words as values: true and false, null, one of the allowed values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["NOT_A_NUMBER", "choice_inside", "choice_of", "is_null", "says_null", "strip_marks", "truth_of"]

_TRUE = frozenset({"true", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "no", "n", "off", "0"})
_NULLS = frozenset({"null", "none", "nil", "undefined"})
_NO_VALUE = frozenset({"n/a", "na", "not available", "not applicable"})
NOT_A_NUMBER = re.compile(r"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
"""What is no number though some parsers write it where one should stand."""

_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|without|isn'?t|n't|or|except|unless|if)\b|n't\b", re.IGNORECASE
)
_NOT_WORDS = re.compile(r"\W+")
_SPELLING = re.compile(r"[\s_\-]+")


def strip_marks(text: str) -> str:
    """The text without blanks, quotation marks and emphasis around it, and without a full stop behind it."""
    return text.strip().strip("*_`'\"“”‘’").strip().removesuffix(".").strip().strip("*_`'\"“”‘’").strip()


def truth_of(text: str) -> bool | None:
    """What a word says of true or false; None when it says neither."""
    word = strip_marks(text).rstrip("!").casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def is_null(text: str, *, loosely: bool = False) -> bool:
    """True for a word that means null; ``loosely`` also for one that means that there is no value."""
    word = text.strip().casefold()
    return word in _NULLS or (loosely and (not word or word in _NO_VALUE))


def says_null(text: str) -> bool:
    """True for the word null itself. "None" is a value of its own in many a schema, and stays a text."""
    return text.strip().casefold() == "null"


def choice_of(text: str, choices: Iterable[Any]) -> list[Any]:
    """The allowed values that the text spells, letter for letter or otherwise."""
    listed = list(choices)
    exact = [choice for choice in listed if choice == text and isinstance(choice, str)]
    if exact:
        return exact[:1]
    wanted = _spelled(strip_marks(text))
    return [choice for choice in listed if isinstance(choice, str) and _spelled(choice) == wanted]


def _spelled(text: str) -> str:
    return _SPELLING.sub(" ", text).strip().casefold()


def choice_inside(text: str, choices: Sequence[Any]) -> list[Any]:
    """The allowed values that occur in the text as words; empty where it denies or puts one against another."""
    if _DENIED.search(text):
        return []
    spelled = f" {_NOT_WORDS.sub(' ', _spelled(text))} "
    return [
        choice
        for choice in choices
        if isinstance(choice, str) and choice and f" {_spelled(choice)} " in spelled
    ]
