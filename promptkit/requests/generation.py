"""How a model samples, and JSON in one canonical form."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

__all__ = ["GenerationConfig", "canonical_json"]


def canonical_json(data: Any) -> bytes:
    """Compact UTF-8 JSON with sorted keys: equal data gives equal bytes.

    Raises:
        TypeError: When ``data`` is not JSON-able.
        ValueError: For NaN and infinities, which JSON does not have.
    """
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


_SEEDS = 2**63  # servers read seeds as signed 64-bit numbers, and the sampler here takes no negative ones

_SETTINGS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("temperature", (int, float), "a number"),
    ("max_tokens", (int,), "a whole number"),
    ("seed", (int,), "a whole number"),
    ("top_p", (int, float), "a number"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationConfig:
    """How a model samples; None leaves a setting to the backend.

    Attributes:
        temperature: 0 means greedy; finite.
        max_tokens: Upper bound of the answer's tokens.
        seed: Seed of the sampler, where the backend takes one; 0 or more, less than 2**63.
        top_p: Nucleus sampling's probability mass, above 0 up to 1.
        stop: Texts at which the answer ends, none of them empty.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()

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
        self._check_ranges()

    def _check_ranges(self) -> None:
        if self.temperature is not None and not -math.inf < self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; it must be a finite number")
        if self.seed is not None and not 0 <= self.seed < _SEEDS:
            raise ValueError(f"seed is {self.seed}; it must be 0 or more and less than 2**63")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature is {self.temperature}; it must be 0 or more")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; it must be at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; it must be above 0 and at most 1")

    def to_dict(self) -> dict[str, Any]:
        """The settings that are set, as JSON-able data."""
        pairs = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "top_p": self.top_p,
            "stop": list(self.stop) or None,
        }
        return {name: value for name, value in pairs.items() if value is not None}
