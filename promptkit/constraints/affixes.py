"""Texts that start with, end with or contain a text, letter for letter."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.edges import edge
from promptkit.constraints.forms import Form, Whole
from promptkit.constraints.portable import escaped, is_sayable
from promptkit.constraints.rules import Boundary, Scope, joined
from promptkit.schemas.json_types import is_listed
from promptkit.schemas.places import shorten, shown, type_phrase

__all__ = ["Contains", "EndsWith", "StartsWith"]

_ANYTHING = r"[\s\S]*"
_SHOWN_PART = 60
_SHOWN = 100
_MAX_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class _Affix:
    """What a beginning and an end share."""

    kind: ClassVar[str]
    verb: ClassVar[str]
    order: ClassVar[str]
    example: ClassVar[str]
    # The pattern that narrows and the one that is followed, with {} for the texts.
    found: ClassVar[str]
    whole: ClassVar[str]
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    texts: Sequence[str]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a text or a list of texts, one of which it is."""
        return cls(argument)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", _texts(self.kind, f"{self.kind}: {self.example}", self.texts))

    @property
    def shortest(self) -> int:
        """The fewest characters that a text which holds it can have."""
        return min(map(len, self.texts))

    def sentence(self, subject: str) -> str:
        """Said with every text."""
        return f"{subject} {self.verb} {_said(self.texts, 'or')}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As a pattern, where the field has none yet."""
        return _with_pattern(fragment, self.texts, self.found)

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """Any of the texts, and anything before or behind it."""
        return _whole(self.texts, self.whole)

    def hint(self, value: Any, scope: Scope) -> str:
        """Quotes the texts."""
        return f"{self.order} {_said(self.texts, 'or')}, letter for letter."


@dataclass(frozen=True, slots=True)
class StartsWith(_Affix):
    """A text that starts with a text or with one of several, letter for letter; case counts."""

    kind = "starts_with"
    verb = "starts with"
    order = "Begin it with"
    example = "'Dear '"
    found = "^(?:{})"
    whole = f"(?:{{}}){_ANYTHING}"

    def fault(self, value: Any, scope: Scope) -> str | None:
        """How the text starts instead."""
        if not isinstance(value, str):
            return type_phrase(value)
        if value.startswith(tuple(self.texts)):
            return None
        return f"it starts with {shown(shorten(value, _SHOWN_PART), _SHOWN)}" if value else "an empty text"

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Each text, alone and with more behind it; it in other case, behind a blank, and cut short."""
        inside = [value for text in self.texts for value in (text, f"{text} and more")]
        outside = [value for text in self.texts for value in (text.swapcase(), f" {text}", text[:-1])]
        return edge(self, fragment, scope, inside, outside)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The first of the texts put before it."""
        if not isinstance(value, str) or self.fault(value, scope) is None:
            return value
        return _side_by_side(self.texts[0], value)


@dataclass(frozen=True, slots=True)
class EndsWith(_Affix):
    """A text that ends with a text or with one of several, letter for letter; case and blanks count."""

    kind = "ends_with"
    verb = "ends with"
    order = "End it with"
    example = "['.', '!']"
    found = "(?:{})$"
    whole = f"{_ANYTHING}(?:{{}})"

    def fault(self, value: Any, scope: Scope) -> str | None:
        """How the text ends instead."""
        if not isinstance(value, str):
            return type_phrase(value)
        if value.endswith(tuple(self.texts)):
            return None
        end = value if len(value) <= _SHOWN_PART else f"…{value[1 - _SHOWN_PART :]}"
        return f"it ends with {shown(end, _SHOWN)}" if value else "an empty text"

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Each text, alone and with more before it; it in other case, before a blank, and cut short."""
        inside = [value for text in self.texts for value in (text, f"and more {text}")]
        outside = [value for text in self.texts for value in (text.swapcase(), f"{text} ", text[1:])]
        return edge(self, fragment, scope, inside, outside)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The first of the texts put behind it."""
        if not isinstance(value, str) or self.fault(value, scope) is None:
            return value
        return _side_by_side(value, self.texts[0])


@dataclass(frozen=True, slots=True)
class Contains:
    """A text in which a text, or each of several, occurs letter for letter; case and blanks count."""

    kind = "contains"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    texts: Sequence[str]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a text or a list of texts, all of which occur."""
        return cls(argument)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", _texts("contains", "contains: '{name}'", self.texts))

    @property
    def shortest(self) -> int:
        """The fewest characters that a text which holds it can have."""
        return max(map(len, self.texts))

    def sentence(self, subject: str) -> str:
        """Said with every text."""
        return f"{subject} contains {_said(self.texts, 'and')}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """One text as a pattern, where the field has none yet; several in any order are none."""
        return fragment if len(self.texts) > 1 else _with_pattern(fragment, self.texts, "{}")

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """Anything around one text; None for several in any order."""
        return None if len(self.texts) > 1 else _whole(self.texts, f"{_ANYTHING}{{}}{_ANYTHING}")

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Which text does not occur."""
        if not isinstance(value, str):
            return type_phrase(value)
        missing = self._missing(value)
        return f"no {shown(missing[0], 100)}" if missing else None

    def hint(self, value: Any, scope: Scope) -> str:
        """Quotes the texts that are missing."""
        missing = self._missing(value) if isinstance(value, str) else self.texts
        return f"Write {_said(missing, 'and')} in it, letter for letter."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """All of the texts, alone and inside more; without one of them, and in other case."""
        texts = list(self.texts)
        whole = " ".join(texts)
        outside = [" ".join(other for other in texts if other is not text) for text in texts]
        cut = [text[:-1] for text in texts] if len(texts) == 1 else []
        return edge(
            self, fragment, scope, [whole, f"before {whole} after"], [whole.swapcase(), *outside, *cut]
        )

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The missing texts put behind it."""
        if not isinstance(value, str):
            return value
        for text in self.texts:
            value = value if text in value else _side_by_side(value, text)
        return value

    def _missing(self, value: str) -> list[str]:
        return [text for text in self.texts if text not in value]


def _texts(kind: str, example: str, argument: Any) -> tuple[str, ...]:
    texts: Any = [argument] if isinstance(argument, str) else argument
    if not is_listed(texts) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise wrong_shape(kind, "a text or a list of texts, none of them empty", example, argument)
    return tuple(dict.fromkeys(texts))


def _said(texts: Sequence[str], word: str) -> str:
    return joined([shown(text) for text in texts], word)


def _side_by_side(before: str, after: str) -> str:
    blank = " " if before[-1:].isalnum() and after[:1].isalnum() else ""
    return f"{before}{blank}{after}"


def _with_pattern(fragment: Mapping[str, Any], texts: Sequence[str], frame: str) -> Mapping[str, Any]:
    pattern = _framed(texts, frame)
    return fragment if pattern is None or "pattern" in fragment else {**fragment, "pattern": pattern}


def _whole(texts: Sequence[str], frame: str) -> Form | None:
    pattern = _framed(texts, frame)
    return None if pattern is None else Whole(pattern)


def _framed(texts: Sequence[str], frame: str) -> str | None:
    """None when the pattern would be too long, or holds half of a surrogate pair."""
    pattern = frame.format("|".join(escaped(text) for text in texts))
    return pattern if len(pattern) <= _MAX_PATTERN and is_sayable(pattern) else None
