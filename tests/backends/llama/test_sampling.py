from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from promptkit.backends.llama.sampling import Sampler
from promptkit.errors import GrammarInvalid, LocalBackendError
from promptkit.requests import GenerationConfig

SCORES = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))


def draws(count=4000, allowed=None, **generation):
    sampler = Sampler(GenerationConfig(**generation))
    return Counter(sampler.choose(SCORES, allowed) for _ in range(count))


@pytest.mark.parametrize(
    "generation", [{}, {"temperature": 0}, {"top_p": 0.1, "seed": 3}, {"temperature": 0.001}]
)
def test_without_a_temperature_the_best_token_is_taken(generation):
    assert draws(50, **generation) == {0: 50}


def test_the_best_of_the_allowed_tokens_is_taken():
    assert draws(5, allowed=np.array([False, False, True, True])) == {2: 5}


def test_tokens_are_drawn_as_often_as_their_probabilities_say():
    found = draws(temperature=1, seed=1)

    assert [round(found[token] / 4000, 1) for token in range(4)] == [0.5, 0.3, 0.1, 0.1] or [
        abs(found[token] / 4000 - share) < 0.03 for token, share in enumerate([0.5, 0.3, 0.15, 0.05])
    ] == [True] * 4


def test_a_high_temperature_evens_tokens_out_and_a_low_one_sharpens_them():
    assert draws(temperature=100, seed=1)[3] > 800
    assert draws(temperature=0.2, seed=1)[0] > 3500


@pytest.mark.parametrize(
    ("top_p", "tokens"), [(0.4, {0}), (0.6, {0, 1}), (0.9, {0, 1, 2}), (1.0, {0, 1, 2, 3})]
)
def test_top_p_keeps_the_fewest_tokens_that_reach_it(top_p, tokens):
    assert set(draws(temperature=1, seed=1, top_p=top_p)) == tokens


def test_forbidden_tokens_are_never_drawn():
    assert set(draws(temperature=5, seed=1, allowed=np.array([False, True, False, True]))) == {1, 3}


def test_the_same_seed_draws_the_same_tokens():
    first, second = (Sampler(GenerationConfig(temperature=1, seed=9)) for _ in range(2))

    assert [first.choose(SCORES, None) for _ in range(20)] == [second.choose(SCORES, None) for _ in range(20)]


@pytest.mark.parametrize("temperature", [0, 1])
def test_scores_that_are_no_numbers_are_an_error(temperature):
    scores = np.array([1.0, np.nan, 2.0], dtype=np.float32)

    with pytest.raises(LocalBackendError, match="scores are not numbers"):
        Sampler(GenerationConfig(temperature=temperature)).choose(scores, None)


def test_a_mask_that_allows_nothing_is_an_error():
    with pytest.raises(GrammarInvalid, match="allows no token"):
        Sampler(GenerationConfig()).choose(SCORES, np.zeros(4, dtype=bool))
