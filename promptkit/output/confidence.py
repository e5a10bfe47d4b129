"""How sure a model was of a field with few possible values, by the log-probabilities of the answer's tokens."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, islice

from promptkit.completions import Completion, TokenLogprob
from promptkit.output.beginnings import Beginning
from promptkit.requests import OutputSpec
from promptkit.schemas import path_text
from promptkit.schemas.closed_values import closed_values, pattern_of, scalars
from promptkit.schemas.strict_json import NotJson, parse_json

__all__ = ["with_confidence"]

_ENDS = (" ", ",", "]", "}", "\n", "\r", "\t")


def with_confidence(completion: Completion, spec: OutputSpec) -> Completion:
    """The completion with its confidence by field, where its backend gives log-probabilities and no more.

    Of an enum, a boolean or a constant, it estimates the share of the value among all that are possible. At each of
    the tokens that write the value, its probability and that of the alternatives which can only go on with the same
    value are divided by those of all that go on with any possible value; the product of these is the share. What is
    not among the alternatives is not seen: with few of them the share is too high. Without any it is the probability
    of the tokens, which is too low, as other spellings of the same value count against it.

    Args:
        completion: The answer, without thoughts; its log-probabilities may have them.
        spec: What it must be.
    """
    tokens = completion.logprobs
    if completion.confidence is not None or not tokens or spec.mode == "text":
        return completion
    text, written = _value_in(completion.text), "".join(token.text for token in tokens)
    start = written.rfind(completion.text) + completion.text.find(text)
    if not text or completion.text not in written:
        return completion  # tokens that are parts of characters: where they stand cannot be told
    values, shares = closed_values(spec.json_schema), dict[str, float]()
    ends = list(accumulate(len(token.text) for token in tokens))
    for place, first, last in scalars(text):
        possible, value = values.get(pattern_of(place), ()), text[first:last]
        if value in possible:
            begin = bisect_right(ends, start + first)
            token = tokens[begin].text
            before = token[: start + first - (ends[begin] - len(token))]
            share = _share(islice(tokens, begin, None), before, value, possible)
            if share is not None:
                shares[path_text(place)] = share
    return replace(completion, confidence=shares)


def _value_in(text: str) -> str:
    """The JSON of an answer, a fence around it left out; empty where it is none."""
    begun = Beginning(reasoning=False).feed(text)
    value = (begun or "").rstrip().removesuffix("```").rstrip()
    try:
        parse_json(value)
    except NotJson:
        return ""
    return value


def _share(tokens: Iterable[TokenLogprob], before: str, value: str, possible: Sequence[str]) -> float | None:
    """The share of a value that the tokens begin with, behind some text; None where nothing can be divided by."""
    texts, wanted = [before + other for other in possible], before + value
    share, written = 1.0, ""
    for token in tokens:
        alternatives = dict(token.top) | {token.text: token.logprob}
        own, total = 0.0, 0.0 if token.top else 1.0
        for text, p in _weighed(alternatives):
            meant = [other for other in texts if _fits(written + text, other)]
            total += p if meant and token.top else 0.0
            own += p if text == token.text or meant == [wanted] else 0.0
        if not total:
            return None
        share *= own / total
        written += token.text
        if len(written) >= len(wanted):
            break
    return share


def _weighed(alternatives: dict[str, float]) -> Iterator[tuple[str, float]]:
    for text, logprob in alternatives.items():
        yield text, math.exp(logprob)


def _fits(written: str, value: str) -> bool:
    """True when a text begins the value, or has it whole with what may stand behind one."""
    if len(written) < len(value):
        return value.startswith(written)
    behind = written[len(value) :]
    return written.startswith(value) and (value.endswith('"') or not behind or behind.startswith(_ENDS))
