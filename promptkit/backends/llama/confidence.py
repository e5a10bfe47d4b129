"""How sure a model was of a field with few possible values: the share of the value that it chose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from promptkit.backends.llama.bindings import Array
from promptkit.backends.llama.scores import logprob
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.schemas.closed_values import pattern_of, scalars
from promptkit.schemas.places import path_text

__all__ = ["Candidate", "Prober"]

_MOST_TOKENS = 64  # of one value; longer ones are no labels


class Candidate(NamedTuple):
    """A value that could stand at a place of the answer.

    Attributes:
        path: The place, for example ``items[2].kind``.
        value: The value as JSON.
        position: How many tokens of the answer stand before it.
        tokens: The tokens that would write it there.
    """

    path: str
    value: str
    position: int
    tokens: tuple[int, ...]


@dataclass(slots=True)
class Prober:
    """Asks the model, once an answer is written, how likely each possible value was in its place.

    A value's share is the product of the probabilities of all tokens that write it, by the model's own scores
    without any mask, divided by the sum of those of all values of the field.

    Args:
        values: By path, the possible values; see ``closed_values``.
        vocabulary: The model's tokens.
    """

    values: Mapping[str, Sequence[str]]
    vocabulary: Vocabulary
    _skipped: int = field(default=0, init=False)
    _todo: list[Candidate] = field(default_factory=list[Candidate], init=False)
    _all: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]], init=False)
    _chosen: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _logs: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]], init=False)

    def begin(self, text: str, tokens: Sequence[int], skipped: int = 0) -> None:
        """Take the finished answer: its text, all tokens that were written, and how many came before the answer."""
        self._skipped = skipped
        ends = [0]
        for token in tokens[skipped:]:
            ends.append(ends[-1] + len(self.vocabulary.pieces[token]))
        try:
            places = list(scalars(text))
        except (ValueError, IndexError):
            return  # a text that is no JSON has no fields
        for place, start, end in places:
            values = self.values.get(pattern_of(place), ())
            if text[start:end] in values:
                path = path_text(place)
                self._all[path] = values
                self._add(path, values, text, (start, end), ends)
        # The last first: what comes before a place is needed longest.
        self._todo.sort(key=lambda it: it.position)

    def _add(
        self, path: str, values: Sequence[str], text: str, place: tuple[int, int], ends: Sequence[int]
    ) -> None:
        start, end = (len(text[:at].encode()) for at in place)
        data = text.encode()
        position = max(index for index, at in enumerate(ends) if at <= start)
        behind = next((at for at in ends if at >= end), len(data))
        candidates: list[Candidate] = []
        for value in values:
            # What the value's first and last tokens also hold is the same for every value.
            whole = data[ends[position] : start] + value.encode() + data[end:behind]
            tokens = self._spelled(whole)
            if not 0 < len(tokens) <= _MOST_TOKENS:
                return
            candidates.append(Candidate(path, value, position + self._skipped, tuple(tokens)))
        self._chosen[path] = text[place[0] : place[1]]
        self._todo += candidates

    def _spelled(self, data: bytes) -> list[int]:
        text = data.decode("utf-8", "replace")
        if not self.vocabulary.adds_blank:
            return self.vocabulary.tokenize(text)
        # The blank that is put before every text then stands before a line break, which merges with nothing.
        before = self.vocabulary.tokenize("\n")
        return self.vocabulary.tokenize("\n" + text)[len(before) :]

    def next(self) -> Candidate | None:
        """What is to be decoded next; None when all is known."""
        return self._todo[-1] if self._todo else None

    def note(self, candidate: Candidate, rows: Sequence[Array]) -> None:
        """Take the scores before each of the candidate's tokens."""
        self._todo.remove(candidate)
        total = sum(logprob(row, token) for row, token in zip(rows, candidate.tokens, strict=True))
        self._logs.setdefault(candidate.path, {})[candidate.value] = total

    def skip(self, candidate: Candidate) -> None:
        """Leave the candidate's field out: it cannot be decoded here."""
        self._todo = [other for other in self._todo if other.path != candidate.path]

    def shares(self) -> dict[str, float]:
        """By path, the share of the value that stands there."""
        found: dict[str, float] = {}
        for path, logs in self._logs.items():
            if len(logs) == len(self._all[path]):
                best = max(logs.values())
                weights = {value: math.exp(log - best) for value, log in logs.items()}
                found[path] = weights[self._chosen[path]] / sum(weights.values())
        return dict(sorted(found.items()))
