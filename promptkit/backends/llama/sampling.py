"""Which token comes next: the best one, or one drawn by chance."""

from __future__ import annotations

import math
from collections import deque

from promptkit.backends.llama.bindings import Array, numpy
from promptkit.errors import GrammarInvalid, LocalBackendError
from promptkit.requests import GenerationConfig

__all__ = ["Sampler"]

_REMEMBERED = 64  # tokens that the repetition penalty looks back on; llama.cpp's default of repeat_last_n
_FEW = 16  # below one allowed token in 16, gathering their scores is faster than masking all the others


class Sampler:
    """Chooses the tokens of one answer; made for one request and used by one thread at a time.

    Without a temperature, or with 0, the best token is taken, so that the same request gives the same
    answer; ``top_k``, ``top_p``, ``min_p`` and ``seed`` then change nothing. Else tokens are drawn, from the
    seed where there is one.

    The steps and their order are those of llama.cpp's default chain (``llama_sampler_init_*`` in
    ``src/llama-sampler.cpp``): repetition penalty, ``top_k``, ``top_p``, ``min_p``, temperature; so ``top_p``
    and ``min_p`` look at the probabilities before the temperature changes them. The mask comes first of all,
    so that each step counts allowed tokens only. The penalty looks at the last 64 tokens of the answer, drawn
    or forced; llama.cpp's own server counts the end of the prompt among them too.
    """

    def __init__(self, generation: GenerationConfig) -> None:
        self._temperature = generation.temperature or 0.0
        self._top_k = generation.top_k or 0
        self._top_p = generation.top_p if generation.top_p is not None else 1.0
        self._min_p = generation.min_p or 0.0
        self._penalty = generation.repetition_penalty or 1.0
        self._written: deque[int] = deque(maxlen=_REMEMBERED)
        self._draws = 0
        self._random = numpy().random.default_rng(generation.seed) if self._temperature else None

    @property
    def draws(self) -> int:
        """How many tokens were drawn by chance so far."""
        return self._draws

    def skip(self, draws: int) -> None:
        """Go on as if so many tokens had been drawn already, so that what is drawn next is what would have been."""
        if self._random is not None:
            self._random.random(draws)
        self._draws = draws

    def wrote(self, token: int) -> None:
        """Take note of a token that now stands in the answer, be it drawn or forced."""
        if self._penalty != 1.0:
            self._written.append(token)

    def choose(self, scores: Array, allowed: Array | None) -> int:
        """One of the allowed tokens; None allows all.

        Args:
            scores: The model's logits by token; they are llama.cpp's own memory and only read.
            allowed: True for each token that may be written.

        Raises:
            LocalBackendError: When the model's scores are no numbers.
            GrammarInvalid: When no token is allowed.
        """
        scores = self._penalised(scores)
        if self._random is None:
            best = int(scores.argmax())  # a NaN counts as the greatest, so it is found here
            if allowed is None or allowed[best]:
                _check(scores[best])
                return best
        tokens, scores = _candidates(scores, allowed)
        if not len(scores):
            raise _nothing_allowed()
        place = int(scores.argmax())
        _check(scores[place])
        if self._random is not None:
            tokens, place = self._drawn(tokens, scores, float(scores[place]))
        return place if tokens is None else int(tokens[place])

    def _penalised(self, scores: Array) -> Array:
        """The scores with those of the tokens that were just written made worse.

        Dividing alone (Keskar et al. 2019, CTRL) would make a negative score better, so llama.cpp multiplies
        these.
        """
        if not self._written:
            return scores
        np = numpy()
        tokens = np.fromiter(self._written, dtype=np.intp)
        seen = scores[tokens]
        scores = scores.copy()
        scores[tokens] = np.where(seen <= 0, seen * self._penalty, seen / self._penalty)
        return scores

    def _drawn(self, tokens: Array | None, scores: Array, top: float) -> tuple[Array | None, int]:
        """What is left of the candidates after the filters, and the place of the drawn one among them."""
        np = numpy()
        for kept_by in (self._by_top_k, self._by_top_p, self._by_min_p):
            kept = kept_by(scores, top)
            if kept is not None:
                scores = scores[kept]
                tokens = kept if tokens is None else tokens[kept]
        scores = _relative(scores, top)
        reached = np.cumsum(np.exp(scores / self._temperature))
        assert self._random is not None
        # Rounding could lift the product to the total, behind which no token stands.
        self._draws += 1
        drawn = min(self._random.random() * reached[-1], np.nextafter(reached[-1], 0.0))
        return tokens, int(np.searchsorted(reached, drawn, side="right"))

    def _by_top_k(self, scores: Array, top: float) -> Array | None:  # noqa: ARG002 - as the other filters
        """The places of the ``top_k`` best; None for all."""
        others = len(scores) - self._top_k
        if not self._top_k or others <= 0:
            return None
        np = numpy()
        return np.sort(np.argpartition(scores, others)[others:])

    def _by_top_p(self, scores: Array, top: float) -> Array | None:
        """The places of the fewest whose mass reaches ``top_p`` (Holtzman et al. 2020); None for all."""
        if self._top_p >= 1.0:
            return None
        np = numpy()
        weights = np.exp(_relative(scores, top))
        total = weights.sum()
        # All that weigh less than this together weigh less than 1 - top_p, so that only the others need sorting:
        # mostly a few hundred of 150,000.
        likely = np.flatnonzero(weights >= (1.0 - self._top_p) * total / len(weights))
        order = likely[np.argsort(-weights[likely], kind="stable")]
        count = int(np.searchsorted(np.cumsum(weights[order]), self._top_p * total)) + 1
        return order[:count]

    def _by_min_p(self, scores: Array, top: float) -> Array | None:
        """The places of those at least ``min_p`` times as likely as the best; None for all."""
        if not self._min_p:
            return None
        return numpy().flatnonzero(scores >= top + math.log(self._min_p))


def _relative(scores: Array, top: float) -> Array:
    """The scores' distances from the best in double precision: exp() of them cannot overflow."""
    return scores.astype(numpy().float64) - top


def _candidates(scores: Array, allowed: Array | None) -> tuple[Array | None, Array]:
    """The allowed tokens and their scores; None where the scores are those of the whole vocabulary in order."""
    if allowed is None:
        return None, scores
    np = numpy()
    if np.count_nonzero(allowed) * _FEW < len(allowed):
        tokens = np.flatnonzero(allowed)
        return tokens, scores[tokens]
    return None, np.where(allowed, scores, -np.inf)


def _check(best: float) -> None:
    if math.isnan(best):
        raise LocalBackendError(
            "the model's scores are not numbers (NaN); its file is damaged or its quantisation does not "
            "work on this machine: use another file of this model"
        )
    if best == -math.inf:
        raise _nothing_allowed()


def _nothing_allowed() -> GrammarInvalid:
    return GrammarInvalid("the grammar allows no token of this model's vocabulary; change the schema")
