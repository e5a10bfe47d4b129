"""How a model samples, and JSON in one canonical form."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["MOST_LOGPROBS", "MOST_SEED", "PENALTIES", "GenerationConfig", "canonical_json"]


def canonical_json(data: Any) -> bytes:
    """Compact UTF-8 JSON with sorted keys: equal data gives equal bytes.

    Raises:
        TypeError: When ``data`` is not JSON-able.
        ValueError: For NaN and infinities, which JSON does not have.
    """
    return _canonical(data).encode("utf-8", "surrogatepass")


# json.dumps makes an encoder at each call that asks for more than it does by itself.
_canonical = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


MOST_LOGPROBS = 20
"""Alternatives that may be asked for at a token: the most that OpenAI's API gives, and vLLM unless told otherwise."""

PENALTIES = (0.1, 10.0)
"""Least and most of a repetition penalty; in use are 1 to 1.5. Far beyond these, scores of 32 bits overflow."""

MOST_SEED = 2**63 - 1
"""Servers read seeds as signed 64-bit numbers, and the sampler here takes no negative ones."""

_SETTINGS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("temperature", (int, float), "a number"),
    ("max_tokens", (int,), "a whole number"),
    ("seed", (int,), "a whole number"),
    ("top_p", (int, float), "a number"),
    ("top_k", (int,), "a whole number"),
    ("min_p", (int, float), "a number"),
    ("repetition_penalty", (int, float), "a number"),
    ("logprobs", (int,), "a whole number"),
)

# What each setting must hold, in the order in which it is told; comparisons that NaN fails.
_RANGES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("temperature", lambda it: -math.inf < it < math.inf, "a finite number"),
    ("seed", lambda it: 0 <= it <= MOST_SEED, "0 or more and less than 2**63"),
    ("temperature", lambda it: it >= 0, "0 or more"),
    ("max_tokens", lambda it: it >= 1, "at least 1"),
    ("top_p", lambda it: 0 < it <= 1, "above 0 and at most 1"),
    ("top_k", lambda it: it >= 0, "0 or more; 0 keeps all tokens"),
    ("min_p", lambda it: 0 <= it <= 1, "from 0 to 1"),
    (
        "repetition_penalty",
        lambda it: PENALTIES[0] <= it <= PENALTIES[1],
        "from 0.1 to 10; 1 changes nothing",
    ),
    ("logprobs", lambda it: 0 <= it <= MOST_LOGPROBS, f"from 0 to {MOST_LOGPROBS}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationConfig:
    """How a model samples; None leaves a setting to the backend.

    Attributes:
        temperature: 0 means greedy; finite.
        max_tokens: Upper bound of the answer's tokens.
        seed: Seed of the sampler, where the backend takes one; 0 or more, less than 2**63.
        top_p: Nucleus sampling's probability mass, above 0 up to 1.
        top_k: Draw from this many of the likeliest tokens only; 0 keeps all.
        min_p: Draw from tokens only that are at least this many times as likely as the likeliest; from 0, which
            keeps all, to 1.
        repetition_penalty: By how much tokens that were just written are made less likely: scores above 0 are
            divided by it, others multiplied; 0.1 to 10, 1 changes nothing, less than 1 furthers repetition.
        stop: Texts at which the answer ends, none of them empty.
        logprobs: Give the log-probability of each token of the answer, and so many of the likeliest tokens at
            its place; 0 to 20, None for no log-probabilities.
        extra: Fields of a provider's call that have no name here, put into its body as they are; for servers.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        for name, kinds, word in _SETTINGS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
                raise ValueError(f"{name} is {value!r}; it must be {word}")
        texts: Any = self.stop
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):  # pyright: ignore[reportUnknownVariableType]
            raise ValueError(f"stop is {self.stop!r}; it must be a list of texts")
        if "" in self.stop:
            raise ValueError(f"stop is {self.stop!r}; it must be a list of texts that are not empty")
        extra: Any = self.extra
        if not isinstance(extra, Mapping) or not all(isinstance(key, str) for key in extra):  # pyright: ignore[reportUnknownVariableType]
            raise ValueError(f"extra is {extra!r}; it must be a mapping of fields of the provider's call")
        for name, holds, wanted in _RANGES:
            value = getattr(self, name)
            if value is not None and not holds(value):
                raise ValueError(f"{name} is {value}; it must be {wanted}")

    def to_dict(self) -> dict[str, Any]:
        """The settings that are set, as JSON-able data."""
        pairs = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repetition_penalty": self.repetition_penalty,
            "stop": list(self.stop) or None,
            "logprobs": self.logprobs,
            "extra": dict(self.extra) or None,
        }
        return {name: value for name, value in pairs.items() if value is not None}
