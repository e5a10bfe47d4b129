"""Numbers within limits."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.evaluation import is_number
from promptkit.constraints.rules import Scope
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["Between", "is_finite"]

_PAIR = 2


@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``low`` to ``high``, both included."""

    kind = "between"
    takes: ClassVar[frozenset[str]] = frozenset({"integer", "number"})
    low: float
    high: float

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From ``[low, high]``."""
        if not is_list(argument) or len(argument) != _PAIR:
            raise wrong_shape("between", "a list of two numbers", "between: [1, 5]", argument)
        return cls(argument[0], argument[1])

    def __post_init__(self) -> None:
        if not (is_finite(self.low) and is_finite(self.high)):
            raise ValueError(
                f"between takes two finite numbers, as in between: [1, 5]; got {self.low!r} and {self.high!r}"
            )
        if self.low > self.high:
            raise ValueError(
                f"between has {self.low} above {self.high}; write the smaller number first: "
                f"[{self.high}, {self.low}]"
            )

    def sentence(self, subject: str) -> str:
        """Said as an interval with both ends."""
        return f"{subject} is between {self.low} and {self.high}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As minimum and maximum; limits that are already tighter stay."""
        return {
            **fragment,
            "minimum": max(self.low, fragment.get("minimum", self.low)),
            "maximum": min(self.high, fragment.get("maximum", self.high)),
        }

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number within the limits."""
        return None if is_number(value) and self.low <= value <= self.high else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limits."""
        return f"Give a number from {self.low} to {self.high}."


def is_finite(value: Any) -> bool:
    """True for a number that is neither an infinity nor NaN."""
    return is_number(value) and (isinstance(value, int) or math.isfinite(value))
