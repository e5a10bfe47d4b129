"""How sure a model was of a field with few possible values: the share of the value that it chose."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import decoder
from typing import Any, NamedTuple

from promptkit.backends.llama.bindings import Array
from promptkit.backends.llama.scores import logprob
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.schemas.keywords import keywords

__all__ = ["Candidate", "Prober", "closed_values"]

_MOST_VALUES = 64
_MOST_TOKENS = 64  # of one value; longer ones are no labels
_FEW: Mapping[str, tuple[Any, ...]] = {"boolean": (True, False), "null": (None,)}
_INDEX = re.compile(r"\[\d+\]")
# Documented nowhere, and typed as unknown.
_read_string: Callable[[str, int], tuple[str, int]] = vars(decoder)["scanstring"]
_SCALAR = re.compile(r"[^\s,\]}]+")


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


def closed_values(schema: Mapping[str, Any]) -> dict[str, list[str]]:
    """By path, the values of fields that have few: enums, constants and booleans, each as JSON.

    Paths are those of ``keywords``: ``items[].kind`` is that of every item. Fields that also have other values
    are left out.
    """
    found: dict[str, list[str]] = {}
    open_paths: set[str] = set()
    for path, keyword, value in keywords(schema):
        values: list[Any] = []
        if keyword == "enum":
            values = list(value)
        elif keyword == "const":
            values = [value]
        elif keyword == "type":
            kinds = [value] if isinstance(value, str) else list(value)
            values = [it for kind in kinds for it in _FEW.get(kind, ())]
            if {"number", "integer", "array", "object"} & set(kinds) or kinds == ["string"]:
                open_paths.add(path)
        texts = found.setdefault(path, [])
        texts += [text for text in map(_as_json, values) if text not in texts]
    enumerated = {path for path, keyword, _ in keywords(schema) if keyword in ("enum", "const")}
    return {
        path: texts
        for path, texts in found.items()
        if 1 < len(texts) <= _MOST_VALUES and (path in enumerated or path not in open_paths)
    }


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def scalars(text: str) -> Iterator[tuple[str, int, int]]:
    """Path, start and end of every scalar of a valid JSON text."""
    yield from _Scan(text).value(0, "")


@dataclass(slots=True)
class _Scan:
    text: str
    end: int = 0

    def value(self, at: int, path: str) -> Iterator[tuple[str, int, int]]:
        """The scalars of the value at a place; ``end`` is behind it afterwards."""
        at = self._skipped(at)
        if self.text[at] == "{":
            yield from self._members(at + 1, path)
        elif self.text[at] == "[":
            yield from self._items(at + 1, path)
        else:
            if self.text[at] == '"':
                self.end = _read_string(self.text, at + 1)[1]
            else:
                found = _SCALAR.match(self.text, at)
                self.end = found.end() if found else at + 1
            yield path, at, self.end

    def _members(self, at: int, path: str) -> Iterator[tuple[str, int, int]]:
        at = self._skipped(at)
        while self.text[at] != "}":
            key, at = _read_string(self.text, self._skipped(at) + 1)
            yield from self.value(self._skipped(at) + 1, f"{path}.{key}" if path else key)
            at = self._after_comma(self.end)
        self.end = at + 1

    def _items(self, at: int, path: str) -> Iterator[tuple[str, int, int]]:
        at, index = self._skipped(at), 0
        while self.text[at] != "]":
            yield from self.value(at, f"{path}[{index}]")
            at, index = self._after_comma(self.end), index + 1
        self.end = at + 1

    def _after_comma(self, at: int) -> int:
        at = self._skipped(at)
        return self._skipped(at + 1) if self.text[at] == "," else at

    def _skipped(self, at: int) -> int:
        while self.text[at] in " \t\r\n":
            at += 1
        return at


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
        for path, start, end in places:
            values = self.values.get(_INDEX.sub("[]", path), ())
            if text[start:end] in values:
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
            if len(logs) == len(self.values[_INDEX.sub("[]", path)]):
                best = max(logs.values())
                weights = {value: math.exp(log - best) for value, log in logs.items()}
                found[path] = weights[self._chosen[path]] / sum(weights.values())
        return dict(sorted(found.items()))
