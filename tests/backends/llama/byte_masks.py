"""Masks over bytes, as the local backend makes them, so that no model is needed; and values spelled under them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from llguidance import LLMatcher, LLTokenizer

from promptkit.backends.llama.grammars import Grammar
from promptkit.backends.llama.masks import MaskMaker, Masks
from promptkit.backends.llama.vocabulary import Vocabulary

__all__ = ["ByteMaskMaker", "Spelled", "spell", "walk"]

TRIES = 20_000  # steps of the search for an order; real instances mostly need as many as they have values


class ByteMaskMaker(MaskMaker):
    """The backend's own maker of masks on a vocabulary whose tokens are the 256 bytes and one that ends.

    Args:
        tells_scores: False when the masks are never told what the model wants, so that properties which a schema
            does not name are never begun.
    """

    def __init__(self, *, tells_scores: bool = True) -> None:
        self.tells_scores = tells_scores
        self._bytes: Any = LLTokenizer("byte")
        self.end = int(self._bytes.eos_token)
        self.size = int(self._bytes.vocab_size)
        self.pieces = tuple(bytes([token]) if token < 256 else b"" for token in range(self.size))
        vocabulary = SimpleNamespace(
            size=self.size, pieces=self.pieces, ends=(self.end,), markers={}, pointer=None
        )
        super().__init__(cast("Vocabulary", vocabulary))

    @property
    def _tokenizer(self) -> Any:  # type: ignore[override]
        return self._bytes

    def matcher(self, grammar: Grammar) -> LLMatcher:
        """A matcher that can go back, which the backend's masks do not need, under the same limits."""
        text = (self.tells_scores and grammar.open_text) or grammar.text
        made: LLMatcher = self._matcher(text, is_fleeting=grammar.is_fleeting)
        return made


def walk(maker: ByteMaskMaker, masks: Masks, text: str) -> int | None:
    """Where the masks stop a model that wants to write just this text, in bytes.

    None when it may be written to its end and end there.
    """
    scores = np.zeros(maker.size, dtype=np.float32)

    def is_allowed(token: int) -> bool:
        scores[:] = 0
        scores[token] = 1
        return bool(masks.allowed(scores if maker.tells_scores else None)[token])

    data = text.encode()
    for at, byte in enumerate(data):
        if masks.finished or not is_allowed(byte):
            return at
        masks.consume(byte, bytes([byte]))
    return None if masks.finished or is_allowed(maker.end) else len(data)


@dataclass(frozen=True, slots=True)
class Spelled:
    """A value as JSON.

    Attributes:
        text: The text, or the longest beginning of it that the grammar takes.
        is_whole: True when the grammar takes it to its end.
    """

    text: str
    is_whole: bool


# What is still to be written, the next first: bytes, a value, or the pairs of an object that is open.
@dataclass(frozen=True, slots=True)
class _Value:
    value: Any


@dataclass(frozen=True, slots=True)
class _Pairs:
    left: tuple[tuple[str, Any], ...]
    is_first: bool


_Todo = tuple[Any, Any] | None


def spell(matcher: LLMatcher, value: Any, tries: int = TRIES) -> Spelled:
    """The value as compact JSON with the keys of its objects in an order that the grammar takes.

    A grammar wants keys in the order of its schema, and JSON does not count their order as a difference. Every
    order is tried, the value's own first, until one is taken or so many steps are used up.
    """
    written: list[bytes] = []
    longest = b""
    todo: _Todo = (_Value(value), None)
    choices: list[tuple[int, Iterator[_Todo]]] = []
    for _ in range(tries):
        if todo is None:
            if matcher.is_accepting():
                return Spelled(b"".join(written).decode(), is_whole=True)
            taken = False
        else:
            first, rest = todo
            if isinstance(first, bytes):
                taken, todo = _consume(matcher, first), rest
                if taken:
                    written.append(first)
                    longest = max(longest, b"".join(written), key=len)
            elif isinstance(first, _Pairs) and first.left:
                choices.append((len(written), _orders(first, rest)))
                taken = False
            else:
                taken, todo = True, _opened(first, rest)
        if not taken:
            chosen = _next_choice(matcher, choices, written)
            if chosen is None:
                break
            todo = chosen
    return Spelled(longest.decode(errors="replace"), is_whole=False)


def _consume(matcher: LLMatcher, data: bytes) -> bool:
    for count, byte in enumerate(data):
        if count % 8 == 0:
            matcher.compute_bitmask()  # the engine's limit of work counts from mask to mask
        if not matcher.try_consume_tokens([byte]):
            matcher.rollback(count)
            return False
    return True


def _opened(first: Any, rest: _Todo) -> _Todo:
    """The todo with its first entry taken apart."""
    if isinstance(first, _Pairs):
        return (b"}", rest)
    value = first.value
    if isinstance(value, dict):
        return (b"{", (_Pairs(tuple(value.items()), is_first=True), rest))
    if isinstance(value, list):
        rest = (b"]", rest)
        for number, item in reversed(list(enumerate(value))):
            rest = (_Value(item), rest)
            if number:
                rest = (b",", rest)
        return (b"[", rest)
    return (json.dumps(value, ensure_ascii=False).encode(), rest)


def _orders(pairs: _Pairs, rest: _Todo) -> Iterator[_Todo]:
    for number, (name, value) in enumerate(pairs.left):
        others = pairs.left[:number] + pairs.left[number + 1 :]
        key = ("" if pairs.is_first else ",") + json.dumps(name, ensure_ascii=False) + ":"
        yield (key.encode(), (_Value(value), (_Pairs(others, is_first=False), rest)))


def _next_choice(
    matcher: LLMatcher, choices: list[tuple[int, Iterator[_Todo]]], written: list[bytes]
) -> _Todo:
    """The next way to go on from the last choice that has one; None when all were tried."""
    while choices:
        count, ways = choices[-1]
        matcher.rollback(sum(map(len, written[count:])))
        del written[count:]
        chosen = next(ways, None)
        if chosen is not None:
            return chosen
        choices.pop()
    return None
