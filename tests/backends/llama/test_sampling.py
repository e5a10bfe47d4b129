from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterable
from typing import Any

import llama_cpp
import numpy as np
import pytest

from promptkit.backends.llama.sampling import Sampler
from promptkit.errors import GrammarInvalid, LocalBackendError
from promptkit.requests import GenerationConfig

SCORES = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))
MANY = np.random.default_rng(5).normal(0, 2, 500).astype(np.float32)


def draws(count=4000, allowed=None, scores=SCORES, written=(), **generation):
    sampler = Sampler(GenerationConfig(**generation))
    for token in written:
        sampler.wrote(token)
    return Counter(sampler.choose(scores, allowed) for _ in range(count))


@pytest.mark.parametrize(
    "generation",
    [{}, {"temperature": 0}, {"top_p": 0.1, "seed": 3}, {"temperature": 0.001}, {"top_k": 3, "min_p": 0.1}],
)
def test_without_a_temperature_the_best_token_is_taken(generation):
    assert draws(50, **generation) == {0: 50}


def test_the_best_of_the_allowed_tokens_is_taken():
    assert draws(5, allowed=np.array([False, False, True, True])) == {2: 5}


@pytest.mark.parametrize("temperature", [0, 0.001])
@pytest.mark.parametrize("allowed", [[0], [7], [7, 300, 480], range(1, 500, 2), range(500)])
def test_few_and_many_allowed_tokens_give_the_same_best_one(temperature, allowed):
    mask = np.zeros(500, dtype=bool)
    mask[list(allowed)] = True

    assert draws(3, mask, MANY, temperature=temperature) == {max(allowed, key=lambda token: MANY[token]): 3}


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


@pytest.mark.parametrize(
    ("top_k", "tokens"), [(1, {0}), (2, {0, 1}), (4, {0, 1, 2, 3}), (9, {0, 1, 2, 3}), (0, {0, 1, 2, 3})]
)
def test_top_k_keeps_so_many_of_the_best_tokens_and_0_keeps_all(top_k, tokens):
    assert set(draws(temperature=1, seed=1, top_k=top_k)) == tokens


@pytest.mark.parametrize(
    ("min_p", "tokens"),
    [(1, {0}), (0.55, {0, 1}), (0.25, {0, 1, 2}), (0.05, {0, 1, 2, 3}), (0, {0, 1, 2, 3})],
)
def test_min_p_keeps_the_tokens_that_are_so_many_times_as_likely_as_the_best(min_p, tokens):
    assert set(draws(temperature=1, seed=1, min_p=min_p)) == tokens


@pytest.mark.parametrize("setting", [{"top_p": 0.6}, {"min_p": 0.55}])
def test_a_high_temperature_lets_no_more_tokens_through(setting):
    assert set(draws(temperature=50, seed=1, **setting)) == {0, 1}


def test_top_p_counts_what_top_k_has_left():
    assert set(draws(temperature=1, seed=1, top_k=2, top_p=0.6)) == {0}  # 0.5 of 0.8 is enough


def test_forbidden_tokens_are_never_drawn():
    assert set(draws(temperature=5, seed=1, allowed=np.array([False, True, False, True]))) == {1, 3}
    assert set(draws(temperature=5, seed=1, top_k=3, allowed=np.array([False, True, False, True]))) == {1, 3}


@pytest.mark.parametrize(
    ("settings", "allowed"), [({"top_k": 2}, {1, 2}), ({"top_p": 0.55}, {1}), ({"min_p": 0.6}, {1})]
)
def test_filters_count_allowed_tokens_only(settings, allowed):
    mask = np.array([False, True, True, True])

    assert set(draws(temperature=1, seed=1, allowed=mask, **settings)) == allowed


def test_the_same_seed_draws_the_same_tokens():
    first, second = (Sampler(GenerationConfig(temperature=1, seed=9)) for _ in range(2))

    assert [first.choose(SCORES, None) for _ in range(20)] == [second.choose(SCORES, None) for _ in range(20)]


@pytest.mark.parametrize("temperature", [0, 0.001])
def test_a_token_that_was_written_gives_way_to_the_next_best(temperature):
    scores = np.array([3.0, 2.5, -1.0], dtype=np.float32)

    assert draws(5, scores=scores, written=[0], temperature=temperature, repetition_penalty=1.3) == {1: 5}
    assert draws(5, scores=scores, written=[0], temperature=temperature, repetition_penalty=1.1) == {0: 5}
    assert draws(5, scores=scores, written=[1], temperature=temperature, repetition_penalty=0.5) == {1: 5}


def test_a_token_is_penalised_once_however_often_it_was_written():
    scores = np.array([3.0, 2.5], dtype=np.float32)

    assert draws(5, scores=scores, written=[0] * 9, repetition_penalty=1.1) == {0: 5}


def test_a_negative_score_is_made_worse_as_well():
    scores = np.array([-1.0, -1.2], dtype=np.float32)

    assert draws(5, scores=scores, written=[0], repetition_penalty=1.5) == {1: 5}


def test_a_token_from_more_than_64_tokens_ago_is_forgotten():
    scores = np.array([3.0, 2.5, -9.0], dtype=np.float32)

    assert draws(5, scores=scores, written=[0, *[2] * 63], repetition_penalty=2) == {1: 5}
    assert draws(5, scores=scores, written=[0, *[2] * 64], repetition_penalty=2) == {0: 5}


@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("allowed", [None, [False, True, True, True], [True] * 4])
def test_the_models_scores_are_never_written_to(temperature, allowed):
    scores = SCORES.copy()
    scores.flags.writeable = False
    mask = None if allowed is None else np.array(allowed)
    settings = {"top_k": 3, "top_p": 0.9, "min_p": 0.01, "repetition_penalty": 2, "seed": 1}

    draws(20, mask, scores, written=[0, 1], temperature=temperature, **settings)

    assert np.array_equal(scores, SCORES)


def kept_by_llama_cpp(scores: Any, written: Iterable[int], **settings: Any) -> dict[int, float]:
    """The tokens that llama.cpp's own chain keeps, with their probabilities after its temperature."""
    penalties = (64, settings["repetition_penalty"], 0.0, 0.0)
    if len(llama_cpp.llama_sampler_init_penalties.argtypes) == 5:  # newer ones want to know the vocabulary
        penalties = (len(scores), *penalties)
    chain = [
        llama_cpp.llama_sampler_init_penalties(*penalties),
        llama_cpp.llama_sampler_init_top_k(settings["top_k"]),
        llama_cpp.llama_sampler_init_top_p(settings["top_p"], 0),
        llama_cpp.llama_sampler_init_min_p(settings["min_p"], 0),
        llama_cpp.llama_sampler_init_temp(settings["temperature"]),
    ]
    entries = (llama_cpp.llama_token_data * len(scores))(
        *(llama_cpp.llama_token_data(token, float(score), 0.0) for token, score in enumerate(scores))
    )
    tokens = llama_cpp.llama_token_data_array(entries, len(scores), -1, False)
    for token in written:
        llama_cpp.llama_sampler_accept(chain[0], token)
    for step in chain:
        llama_cpp.llama_sampler_apply(step, ctypes.byref(tokens))
        llama_cpp.llama_sampler_free(step)
    logits = {tokens.data[place].id: tokens.data[place].logit for place in range(tokens.size)}
    weights = {token: np.exp(logit - max(logits.values())) for token, logit in logits.items()}
    return {token: float(weight / sum(weights.values())) for token, weight in weights.items()}


@pytest.mark.parametrize(
    "settings",
    [
        {"top_k": 7},
        {"top_p": 0.8},
        {"min_p": 0.2},
        {"repetition_penalty": 1.7, "top_k": 12},
        {"top_k": 40, "top_p": 0.95, "min_p": 0.05, "temperature": 0.8, "repetition_penalty": 1.1},
        {"top_k": 25, "top_p": 0.5, "min_p": 0.3, "temperature": 2.0, "repetition_penalty": 0.8},
    ],
    ids=str,
)
def test_the_filters_keep_what_llama_cpps_own_keep_with_the_same_probabilities(settings):
    neutral = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "temperature": 1.0, "repetition_penalty": 1.0}
    written = [int(token) for token in np.argsort(-MANY)[:200:3]]
    theirs = kept_by_llama_cpp(MANY, written, **neutral | settings)

    ours = draws(20_000, None, MANY, written, seed=1, **{"temperature": 1.0} | settings)

    assert set(ours) == set(theirs)
    assert {token: ours[token] / 20_000 for token in theirs} == pytest.approx(theirs, abs=0.015)


@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("allowed", [None, [True, True, False], [True] * 3])
def test_scores_that_are_no_numbers_are_an_error(temperature, allowed):
    scores = np.array([1.0, np.nan, 2.0], dtype=np.float32)
    mask = None if allowed is None else np.array(allowed)

    with pytest.raises(LocalBackendError, match="scores are not numbers"):
        Sampler(GenerationConfig(temperature=temperature)).choose(scores, mask)


@pytest.mark.parametrize("temperature", [0, 1])
def test_a_forbidden_token_whose_score_is_no_number_does_no_harm(temperature):
    scores = np.array([np.nan, 1.0, -40.0], dtype=np.float32)

    assert draws(5, np.array([False, True, True]), scores, temperature=temperature) == {1: 5}


@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("count", [4, 100])
def test_a_mask_that_allows_nothing_is_an_error(temperature, count):
    with pytest.raises(GrammarInvalid, match="allows no token"):
        Sampler(GenerationConfig(temperature=temperature)).choose(MANY[:count], np.zeros(count, dtype=bool))


def test_allowed_tokens_that_the_model_rules_out_are_an_error():
    scores = np.array([1.0, -np.inf], dtype=np.float32)

    with pytest.raises(GrammarInvalid, match="allows no token"):
        Sampler(GenerationConfig()).choose(scores, np.array([False, True]))
