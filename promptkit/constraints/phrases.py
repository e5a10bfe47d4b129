"""What a text says and what it must not say."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import as_phrases
from promptkit.constraints.folding import folded, texts_of
from promptkit.constraints.rules import Scope, joined
from promptkit.schemas.places import shown

__all__ = ["NeverSays"]


@dataclass(frozen=True, slots=True)
class NeverSays:
    """Phrases that occur nowhere in the value's texts, as whole words.

    Case, blanks and Unicode forms are folded, and characters that nobody sees, such as soft hyphens, left out.
    """

    kind = "never_says"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    phrases: Sequence[str]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a phrase or a list of phrases."""
        return cls(as_phrases("never_says", "never_says: [refund guaranteed, we promise]", argument))

    def __post_init__(self) -> None:
        phrases: Any = self.phrases
        if isinstance(phrases, str) or not all(isinstance(phrase, str) for phrase in phrases):
            raise ValueError("never_says takes a list of phrases, as in never_says: [we promise, guaranteed]")
        object.__setattr__(self, "phrases", tuple(phrases))
        if not self.phrases or not all(folded(phrase) for phrase in self.phrases):
            raise ValueError(
                "never_says takes at least one phrase, none of them empty, as in never_says: [we promise]"
            )

    def sentence(self, subject: str) -> str:
        """Said with every phrase."""
        return f"{subject} never says {joined([shown(phrase) for phrase in self.phrases])}."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first phrase that occurs."""
        found = self._found(value)
        return None if found is None else shown(found, 100)

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the phrase to be left out."""
        return f"Leave out {shown(self._found(value))} and say it in another way, or not at all."

    def _found(self, value: Any) -> str | None:
        for text in texts_of(value):
            # A zero-width space may stand inside a word, or between the words of Thai and Khmer.
            for seen in dict.fromkeys((folded(text), folded(text.replace("\u200b", " ")))):
                match = _phrases_pattern(tuple(self.phrases)).search(seen)
                if match is not None:
                    return next(phrase for phrase in self.phrases if folded(phrase) == match.group())
        return None


@lru_cache(maxsize=256)
def _phrases_pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the phrases, longest first, where no letter or digit runs on at either end."""
    ordered = sorted((folded(phrase) for phrase in phrases), key=len, reverse=True)
    return re.compile("|".join(_bounded(phrase) for phrase in ordered))


def _bounded(phrase: str) -> str:
    """A phrase that ends in a mark, such as ``!``, has no word boundary to hold at that end."""
    before = r"(?<!\w)" if re.match(r"\w", phrase) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", phrase) else ""
    return f"{before}{re.escape(phrase)}{after}"
