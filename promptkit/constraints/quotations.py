"""Texts that stand word for word in an input."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.cleaning import Cleaned
from promptkit.completions import Quotation
from promptkit.constraints.alignment import aligned
from promptkit.constraints.arguments import as_string
from promptkit.constraints.forms import Excerpt
from promptkit.constraints.paths import Path, Where, parse, spoken
from promptkit.constraints.rules import Boundary, Scope
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import below, shown, type_phrase

__all__ = ["QuotedFrom"]

_PASSAGE_WORDS = 12


@dataclass(frozen=True, slots=True)
class QuotedFrom:
    """A text that stands word for word in an input; ``source`` is the path of that input.

    It is looked for letter for letter first, then with blanks, compatibility forms of Unicode and typographic
    quotation marks, dashes and ellipses folded, and without the characters that nobody sees. Case counts. Where
    the texts that the model was shown are known, the passage must stand in what it was shown of the source.
    """

    kind = "quoted_from"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    source: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the path of an input."""
        return cls(as_string("quoted_from", "the path of an input", "quoted_from: ticket.body", argument))

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("quoted_from takes the path of an input, as in quoted_from: ticket.body")
        parse(self.source)

    def sentence(self, subject: str) -> str:
        """Said as a quotation."""
        return f"{subject} is quoted word for word from {spoken(parse(self.source))}."

    def reads(self) -> tuple[Path, ...]:
        """The source."""
        return (parse(self.source),)

    def form(self, inputs: Mapping[str, Any] | None) -> Excerpt | None:
        """A passage of the source; none where the source depends on the output or has no text."""
        if any(isinstance(step, Where) and step.relative for step in parse(self.source).steps):
            return None
        if inputs is None:
            return Excerpt(None)
        texts = tuple(text for _, text in self._texts(Scope(output=None, inputs=inputs)) if text.strip())
        return Excerpt(texts) if texts else None

    def fault(self, value: Any, scope: Scope) -> str | None:
        """An empty quote, one that does not occur in the source, or one in what the model was not shown."""
        if not isinstance(value, str):
            return type_phrase(value)
        if not aligned(value).folded:
            return "an empty quote"
        if self.quotations(value, scope):
            return None
        if scope.shown is None or self._found(value, scope, None) is None:
            return shown(value)
        return f"{shown(value, 50)}, which stands in a part of the input that the model was not shown"

    def hint(self, value: Any, scope: Scope) -> str:
        """Asks for a copy."""
        return f"Copy a passage of {spoken(parse(self.source))} exactly as it is written there."

    def quotations(self, value: Any, scope: Scope) -> tuple[Quotation, ...]:
        """The first place where the quote stands letter for letter, else the first where it stands folded."""
        found = self._found(value, scope, scope.shown) if isinstance(value, str) else None
        return () if found is None else (found,)

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """A passage of the source, and the same with its last word changed."""
        types = types_of(fragment)
        if types and "string" not in types:
            return Boundary()
        most = fragment.get("maxLength")
        passage = self._passage(scope, _PASSAGE_WORDS, most if isinstance(most, int) else None)
        if passage is None:
            return Boundary()
        last = re.split(r"\s", passage)[-1]
        changed = (passage.removesuffix(last) + last[::-1] + tail for tail in ("", "x", "xx"))
        outside = next((text for text in changed if self.fault(text, scope) is not None), None)
        return Boundary((passage,), () if outside is None else (outside,))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """A passage of the source that is about as long."""
        if not isinstance(value, str) or self.fault(value, scope) is None:
            return value
        passage = self._passage(scope, max(1, len(value.split())), None)
        return value if passage is None else passage

    def _texts(self, scope: Scope) -> Iterator[tuple[str, str]]:
        for path, found in scope.inputs_at(parse(self.source)):
            yield from _texts_at(path, found)

    def _found(self, quote: str, scope: Scope, seen: Sequence[str] | None) -> Quotation | None:
        """Where the quote stands in the source, exactly before folded, as far as ``seen`` shows it."""
        texts = list(self._texts(scope))
        visible = seen is None or _is_visible(quote, seen)
        for path, text in texts:
            start = text.find(quote) if quote.strip() else -1
            if start >= 0 and (visible or _is_whole(text, seen)):
                return _quotation(path, text, start, start + len(quote), exact=True)
        folded = aligned(quote).folded
        for path, text in texts:
            place = aligned(text).find(folded) if folded else None
            if place is not None and (visible or _is_whole(text, seen)):
                return _quotation(path, text, *place, exact=False)
        return None

    def _passage(self, scope: Scope, words: int, most: int | None) -> str | None:
        """The first words of a text of the source that hold the rule, on one line where they can."""
        for _, text in self._texts(scope):
            for line in (*text.splitlines()[:_PASSAGE_WORDS], text):
                found = re.match(rf"\s*((?:\S+\s+){{0,{min(words, 1000) - 1}}}\S+)", line)
                passage = "" if found is None else found.group(1)[:most].rstrip()
                if passage and self.fault(passage, scope) is None:
                    return passage
        return None


def _quotation(path: str, text: str, start: int, end: int, *, exact: bool) -> Quotation:
    """The passage in what the caller gave, which a cleaned text leads back to."""
    if not isinstance(text, Cleaned):
        return Quotation(path="", source=path, start=start, end=end, exact=exact)
    first, last = text.span(start, end)
    same = exact and text.original[first:last] == text[start:end]
    return Quotation(path="", source=path, start=first, end=last, exact=same)


def _texts_at(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every string inside plain data with its path."""
    if isinstance(value, str):
        yield path, value
    elif is_object(value):
        for name, part in value.items():
            yield from _texts_at(below(path, name), part)
    elif is_list(value):
        for index, part in enumerate(value):
            yield from _texts_at(f"{path}[{index}]", part)


def _is_whole(text: str, seen: Sequence[str] | None) -> bool:
    """Whether a whole source was shown, as it is or as JSON."""
    return seen is not None and any(form in other for form in _written(text) for other in seen)


def _is_visible(quote: str, seen: Sequence[str]) -> bool:
    if any(form in text for form in _written(quote) for text in seen):
        return True
    folded = [aligned(form).folded for form in _written(quote)]
    return any(form in aligned(text).folded for text in seen for form in folded)


def _written(text: str) -> tuple[str, ...]:
    """A text as a prompt may show it: as it is, or inside JSON, with or without escapes of what is not ASCII."""
    escaped = (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
    return tuple(dict.fromkeys((text, *escaped)))
