"""Log-probabilities of tokens by the model's own scores, before any mask, penalty or temperature."""

from __future__ import annotations

import math

from promptkit.backends.llama.bindings import Array, numpy
from promptkit.completions import LEAST_LOGPROB

__all__ = ["logprob", "top"]


def logprob(scores: Array, token: int) -> float:
    """The natural logarithm of the probability that the model gives the token.

    Args:
        scores: The model's logits by token, unmasked; only read.
        token: The token's number.

    Returns:
        From LEAST_LOGPROB, which also stands for a probability of 0, to 0.
    """
    return _bounded(float(scores[token]) - _normaliser(scores))


def top(scores: Array, n: int) -> list[tuple[int, float]]:
    """The ``n`` likeliest tokens with their log-probabilities, best first, equal ones by their number.

    Args:
        scores: The model's logits by token, unmasked; only read.
        n: How many; all where there are fewer.
    """
    if n < 1:
        return []
    np = numpy()
    # Not argpartition alone: of equal scores at the end it would keep any.
    least = np.partition(scores, -n)[-n] if n < len(scores) else -np.inf
    likely = np.flatnonzero(scores >= least)
    best = likely[np.argsort(-scores[likely], kind="stable")][:n]
    normaliser = _normaliser(scores)
    return [(int(token), _bounded(float(scores[token]) - normaliser)) for token in best]


def _normaliser(scores: Array) -> float:
    """log(sum(exp(scores))), computed from the greatest so that nothing overflows."""
    np = numpy()
    greatest = float(scores.max())
    return greatest + math.log(float(np.exp(scores - greatest).sum(dtype=np.float64)))


def _bounded(value: float) -> float:
    return min(0.0, max(LEAST_LOGPROB, value))
