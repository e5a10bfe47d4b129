"""Lengths that are kept while an answer is written: counted beside the grammar, ended at a sentence or a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptkit.backends.llama.bindings import Array
from promptkit.backends.llama.cursors import JsonCursor, TextCursor
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.constraints import Constraint, Length, parse, sentence_ends
from promptkit.constraints.paths import EACH, Step, Where
from promptkit.constraints.units import UNITS
from promptkit.requests import OutputSpec

__all__ = ["LengthLimit", "LengthWatch", "limits_of", "why_not_counted"]

# A word that begins closer to a limit of characters would be cut: few words of European languages are longer.
_LONG_WORD = 20
_NEXT = "X"  # stands for what a text goes on with


@dataclass(frozen=True, slots=True)
class LengthLimit:
    """The most that a text may have of a unit.

    Attributes:
        steps: Where the text stands; empty for the whole answer.
        rule: The limit.
    """

    steps: tuple[Step, ...]
    rule: Length

    def concerns(self, path: tuple[str | int, ...]) -> bool:
        """True for the text at a path."""
        return len(path) == len(self.steps) and all(
            isinstance(place, int) if step is EACH else step == place
            for step, place in zip(self.steps, path, strict=True)
        )

    def count(self, text: str) -> int:
        """How much of the unit a text has."""
        return UNITS[self.rule.unit].count(text)

    @property
    def most(self) -> int:
        """The most that it may have."""
        assert self.rule.most is not None
        return self.rule.most

    def is_reached(self, text: str, longer: str) -> bool:
        """True where a text must end rather than become the longer one.

        It ends before it would pass the limit. It also ends where a sentence has ended and another one of the
        average length so far would not fit, and between two words where few characters are left.
        """
        more = f"{longer}{_NEXT}" if longer[-1:].isspace() else longer
        if self.count(more) > self.most:
            return True
        if not (longer[len(text) : len(text) + 1].isspace() or text[-1:].isspace()) or not text.strip():
            return False
        left = self.most - self.count(text)
        if self.rule.unit == "characters" and left < _LONG_WORD:
            return True
        if self.rule.unit not in ("characters", "words"):
            return False
        sentences = len(sentence_ends(text))
        has_ended = len(sentence_ends(f"{text.rstrip()} {_NEXT}")) > sentences
        return has_ended and left < self.count(text) / sentences


class LengthWatch:
    """Ends the texts of one answer before they pass their limits.

    Args:
        limits: The limits.
        vocabulary: The model's tokens.
        is_json: True when the answer is JSON, in whose strings the texts stand.
    """

    def __init__(self, limits: Sequence[LengthLimit], vocabulary: Vocabulary, *, is_json: bool) -> None:
        self._limits = tuple(limits)
        self._vocabulary = vocabulary
        self._is_json = is_json
        self._cursor = JsonCursor() if is_json else TextCursor()

    def follow(self, piece: bytes) -> None:
        """Go on by the bytes of one token."""
        self._cursor.follow(piece)

    def narrowed(self, allowed: Array) -> Array:
        """The allowed tokens; near a limit a character that is begun is ended by tokens of one byte only.

        Else the token that ends it could also pass the limit, where the text cannot end before it.
        """
        text, begun = self._cursor.passage[:2]
        if not begun or all(
            limit.most - limit.count(text) > self._vocabulary.longest for limit in self._here()
        ):
            return allowed
        single = allowed & self._vocabulary.single_bytes
        return single if single.any() else allowed

    def settled(self, token: int, allowed: Array) -> int:
        """The token that is written where the model chose ``token``: another one where the text must end instead.

        Where the grammar does not let the text end, it goes on; the check of the finished answer tells.

        Args:
            token: An allowed token.
            allowed: For each token, whether it may come next.
        """
        text, begun = self._cursor.passage[:2]
        if begun or token in self._vocabulary.ends:
            return token
        limits = list(self._here())
        if not limits:
            return token
        longer = self._cursor.longer(self._vocabulary.pieces[token])
        written = f"{longer.text}{_NEXT}" if longer.begun else longer.text
        if written == text or not any(limit.is_reached(text, written) for limit in limits):
            return token
        return next((end for end in self._endings() if allowed[end]), token)

    def _here(self) -> Iterator[LengthLimit]:
        """The limits of the text that is being written."""
        path = self._cursor.path
        if path is not None:
            yield from (limit for limit in self._limits if limit.concerns(path))

    def _endings(self) -> Sequence[int]:
        return self._vocabulary.quotes if self._is_json else self._vocabulary.ends


def limits_of(spec: OutputSpec) -> tuple[LengthLimit, ...]:
    """The limits that are kept while an answer of ``spec`` is written; none where enforce is off."""
    if spec.enforce == "off":
        return ()
    return tuple(
        LengthLimit(parse(constraint.path).steps, constraint.rule)
        for constraint in spec.constraints
        if isinstance(constraint.rule, Length) and why_not_counted(constraint) is None
    )


def why_not_counted(constraint: Constraint) -> str | None:
    """Why a length is not kept while the answer is written; None when it is."""
    if not constraint.stops:
        return "no grammar can say it"
    if any(isinstance(step, Where) for step in parse(constraint.path).steps):
        return "its path picks out items by what may be written after them"
    return None
