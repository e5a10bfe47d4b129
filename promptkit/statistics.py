"""Intervals for shares of passes: what so many runs tell about how often something passes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["Interval", "pass_hat_k", "wilson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A share and where it may truly lie.

    Attributes:
        share: What was seen, from 0 to 1.
        low: Lower end.
        high: Upper end.
        confidence: How often such intervals hold the truth, for example 0.95.
    """

    share: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.share:.0%} ({self.low:.0%} to {self.high:.0%})"


def wilson(passes: int, runs: int, *, confidence: float = 0.95) -> Interval:
    """The score interval for a share of ``passes`` among ``runs``, two-sided, without continuity correction.

    It holds for few runs and for shares near 0 and 1, where an interval of the normal curve around the share does
    not: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Raises:
        ValueError: When there is no run, or not so many passes as to make sense.
    """
    if runs < 1 or not 0 <= passes <= runs:
        raise ValueError(f"{passes} of {runs} is no share of runs")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it lies between 0 and 1")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = passes / runs
    shrink = 1 + z * z / runs
    centre = (share + z * z / (2 * runs)) / shrink
    reach = z / shrink * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    return Interval(
        share=share,
        low=0.0 if passes == 0 else centre - reach,
        high=1.0 if passes == runs else centre + reach,
        confidence=confidence,
    )


def pass_hat_k(passes: int, runs: int, k: int) -> float:
    """How likely ``k`` runs all pass, estimated without bias from ``runs`` of which ``passes`` did.

    C(passes, k) / C(runs, k): S. Yao et al., "tau-bench", arXiv 2406.12045 (2024), there called pass^k.

    Raises:
        ValueError: When there are fewer than ``k`` runs.
    """
    if not 1 <= k <= runs or not 0 <= passes <= runs:
        raise ValueError(f"pass^{k} of {passes} in {runs} runs is nothing; it needs at least {k} runs")
    return math.comb(passes, k) / math.comb(runs, k)
