"""Which token comes next: the best one, or one drawn by chance."""

from __future__ import annotations

from promptkit.backends.llama.bindings import Array, numpy
from promptkit.errors import GrammarInvalid, LocalBackendError
from promptkit.requests import GenerationConfig

__all__ = ["Sampler"]


class Sampler:
    """Chooses tokens for one answer.

    Without a temperature, or with 0, the best token is taken, so that the same request gives the same
    answer; ``top_p`` and ``seed`` then change nothing. Else tokens are drawn, from the seed where there is
    one.
    """

    def __init__(self, generation: GenerationConfig) -> None:
        self._temperature = generation.temperature or 0.0
        self._top_p = generation.top_p if generation.top_p is not None else 1.0
        self._random = numpy().random.default_rng(generation.seed) if self._temperature else None

    def choose(self, scores: Array, allowed: Array | None) -> int:
        """One of the allowed tokens; None allows all.

        Raises:
            LocalBackendError: When the model's scores are no numbers.
            GrammarInvalid: When no token is allowed.
        """
        np = numpy()
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        best = int(scores.argmax())  # a NaN counts as the greatest, so it is found here
        if np.isnan(scores[best]):
            raise LocalBackendError(
                "the model's scores are not numbers (NaN); its file is damaged or its quantisation does not "
                "work on this machine: use another file of this model"
            )
        if scores[best] == -np.inf:
            raise GrammarInvalid("the grammar allows no token of this model's vocabulary; change the schema")
        if self._random is None:
            return best
        return self._draw(scores, scores[best])

    def _draw(self, scores: Array, top: float) -> int:
        np = numpy()
        weights = np.exp((scores.astype(np.float64) - float(top)) / self._temperature)
        order = np.argsort(-weights, kind="stable")
        reached = np.cumsum(weights[order])
        # Nucleus sampling (Holtzman et al. 2020): the fewest tokens whose mass reaches top_p.
        count = int(np.searchsorted(reached, self._top_p * reached[-1])) + 1
        reached = reached[: min(count, len(reached))]
        assert self._random is not None
        return int(order[np.searchsorted(reached, self._random.random() * reached[-1], side="right")])
