"""The rules on texts: how long they are, what they match, say or quote."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from promptkit.constraints.paths import parse
from promptkit.constraints.patterns import check_pattern, matches_whole
from promptkit.constraints.rules import Scope, joined
from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import shown, type_phrase

__all__ = ["Matches", "MaxWords", "NeverSays", "QuotedFrom"]

MAX_MATCHED = 100_000


@dataclass(frozen=True, slots=True)
class MaxWords:
    """A text of at most ``limit`` words; a word is what stands between blanks.

    Chinese, Japanese, Thai and other texts without blanks count as one word: limit these by ``maxLength``.
    """

    kind: ClassVar[str] = "max_words"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    limit: int

    def __post_init__(self) -> None:
        limit: Any = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ValueError(f"max_words takes a whole number from 1, as in max_words: 120; got {limit!r}")

    def sentence(self, subject: str) -> str:
        """Said as a number of words."""
        return f"{subject} has at most {_words(self.limit)}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """JSON Schema counts characters, not words: unchanged."""
        return fragment

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


@dataclass(frozen=True, slots=True)
class Matches:
    r"""A text that a regular expression matches as a whole, in time linear in the text.

    The syntax is Rust's ``regex`` with ECMA's classes, near to Python's ``re`` but without look-around and
    back-references: ``\d``, ``\w`` and ``\b`` know ASCII alone, ``\p{L}`` is a letter of any language.
    """

    kind: ClassVar[str] = "matches"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    pattern: str

    def __post_init__(self) -> None:
        check_pattern(self.pattern)

    def sentence(self, subject: str) -> str:
        """Said with the pattern as it is."""
        return f"{subject} matches the regular expression `{self.pattern}` as a whole."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """JSON Schema's expressions are ECMA's, not these: unchanged."""
        return fragment

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text that does not match from end to end, or is longer than 100,000 characters."""
        if not isinstance(value, str):
            return type_phrase(value)
        if len(value) > MAX_MATCHED:
            return f"a text of {len(value)} characters, more than the {MAX_MATCHED} that are checked"
        return None if matches_whole(self.pattern, value) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the pattern."""
        return f"Write a text that the whole of `{self.pattern}` matches."


@dataclass(frozen=True, slots=True)
class NeverSays:
    """Phrases that occur nowhere in the value's texts, as whole words.

    Case, blanks and Unicode forms are folded, and characters that nobody sees, such as soft hyphens, left out.
    """

    kind: ClassVar[str] = "never_says"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    phrases: Sequence[str]

    def __post_init__(self) -> None:
        phrases: Any = self.phrases
        if isinstance(phrases, str) or not all(isinstance(phrase, str) for phrase in phrases):
            raise ValueError("never_says takes a list of phrases, as in never_says: [we promise, guaranteed]")
        object.__setattr__(self, "phrases", tuple(phrases))
        if not self.phrases or not all(_folded(phrase) for phrase in self.phrases):
            raise ValueError(
                "never_says takes at least one phrase, none of them empty, as in never_says: [we promise]"
            )

    def sentence(self, subject: str) -> str:
        """Said with every phrase."""
        return f"{subject} never says {joined([shown(phrase) for phrase in self.phrases])}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """JSON Schema has no such keyword: unchanged."""
        return fragment

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first phrase that occurs."""
        found = self._found(value)
        return None if found is None else shown(found, 100)

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the phrase to be left out."""
        return f"Leave out {shown(self._found(value))} and say it in another way, or not at all."

    def _found(self, value: Any) -> str | None:
        for text in _texts_of(value):
            # A zero-width space may stand inside a word, or between the words of Thai and Khmer.
            for seen in dict.fromkeys((_folded(text), _folded(text.replace("\u200b", " ")))):
                match = _phrases_pattern(tuple(self.phrases)).search(seen)
                if match is not None:
                    return next(phrase for phrase in self.phrases if _folded(phrase) == match.group())
        return None


@dataclass(frozen=True, slots=True)
class QuotedFrom:
    """A text that stands word for word in an input; ``source`` is the path of that input."""

    kind: ClassVar[str] = "quoted_from"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    source: str

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("quoted_from takes the path of an input, as in quoted_from: ticket.body")
        parse(self.source)

    def sentence(self, subject: str) -> str:
        """Said as a quotation."""
        return f"{subject} is quoted word for word from `{self.source}`."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The source is known only at run time: unchanged."""
        return fragment

    def fault(self, value: Any, scope: Scope) -> str | None:
        """An empty quote, or one that occurs in the source neither exactly nor with blanks folded."""
        if not isinstance(value, str):
            return type_phrase(value)
        quote = " ".join(value.split())
        if not quote:
            return "an empty quote"
        for _, source in parse(self.source).values(scope.inputs):
            for text in _texts_of(source):
                if value in text or quote in " ".join(text.split()):
                    return None
        return shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Asks for a copy."""
        return f"Copy a passage of `{self.source}` exactly as it is written there."


# Default_Ignorable_Code_Point of Unicode 16, DerivedCoreProperties.txt.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _texts_of(value: Any) -> Iterator[str]:
    """All strings inside plain data, names of fields left out."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for part in value.values():
            yield from _texts_of(part)
    elif is_list(value):
        for part in value:
            yield from _texts_of(part)


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"


def _folded(text: str) -> str:
    """Compatibility forms and case folded (Unicode, caseless matching), blanks single, the invisible left out."""
    text = _INVISIBLE.sub("", text)
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


@lru_cache(maxsize=256)
def _phrases_pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the phrases, longest first, where no letter or digit runs on at either end."""
    folded = sorted((_folded(phrase) for phrase in phrases), key=len, reverse=True)
    return re.compile("|".join(_bounded(phrase) for phrase in folded))


def _bounded(phrase: str) -> str:
    """A phrase that ends in a mark, such as ``!``, has no word boundary to hold at that end."""
    before = r"(?<!\w)" if re.match(r"\w", phrase) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", phrase) else ""
    return f"{before}{re.escape(phrase)}{after}"
