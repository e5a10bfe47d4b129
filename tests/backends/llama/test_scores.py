"""Log-probabilities of tokens, from the model's own scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from promptkit.backends.llama.scores import logprob, top
from promptkit.completions import LEAST_LOGPROB

# Probabilities 0.5, 0.3, 0.15 and 0.05; scores are known up to a number that is added to all.
SCORES = np.log(np.array([0.3, 0.5, 0.05, 0.15], dtype=np.float32)) + np.float32(7)


def test_a_logprob_is_the_logarithm_of_the_softmax():
    assert [logprob(SCORES, token) for token in range(4)] == pytest.approx(
        [math.log(share) for share in (0.3, 0.5, 0.05, 0.15)], abs=1e-6
    )


def test_the_likeliest_tokens_come_best_first():
    assert top(SCORES, 2) == [(1, logprob(SCORES, 1)), (0, logprob(SCORES, 0))]
    assert [token for token, _ in top(SCORES, 9)] == [1, 0, 3, 2]
    assert top(SCORES, 0) == []


def test_of_equal_tokens_the_lower_numbers_come_first():
    scores = np.zeros(300, dtype=np.float32)
    scores[[250, 40]] = 1

    assert [token for token, _ in top(scores, 5)] == [40, 250, 0, 1, 2]


@pytest.mark.parametrize("shift", [-3e4, 3e4])
def test_large_scores_do_not_overflow(shift):
    scores = np.array([0, 1], dtype=np.float32) + np.float32(shift)

    assert logprob(scores, 1) == pytest.approx(-math.log1p(math.exp(-1)), abs=1e-6)


def test_a_token_of_probability_0_has_the_least_logprob_and_a_sure_one_has_0():
    scores = np.array([80.0, -np.inf, -2e4], dtype=np.float32)

    assert [logprob(scores, token) for token in range(3)] == [0.0, LEAST_LOGPROB, LEAST_LOGPROB]
    assert top(scores, 3) == [(0, 0.0), (2, LEAST_LOGPROB), (1, LEAST_LOGPROB)]


def test_the_models_scores_are_never_written_to():
    scores = SCORES.copy()
    scores.flags.writeable = False

    logprob(scores, 0)
    top(scores, 3)

    assert np.array_equal(scores, SCORES)
