"""Numbers within limits."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.evaluation import is_number
from promptkit.constraints.rules import Boundary, Scope
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["AtLeast", "AtMost", "Between", "is_finite"]

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
        return _at_most(_at_least(fragment, self.low), self.high)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number within the limits."""
        return None if is_number(value) and self.low <= value <= self.high else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limits."""
        return f"Give a number from {self.low} to {self.high}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Both ends, and the numbers next to them."""
        lower, upper = _edge(self.low, fragment, 1), _edge(self.high, fragment, -1)
        return Boundary(
            tuple(value for value in (*lower.inside, *upper.inside) if self.low <= value <= self.high),
            (*lower.outside, *upper.outside),
        )

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The nearest number within the limits; a whole one stays whole where one lies between them."""
        if not is_number(value):
            return value
        return _raised(_lowered(value, self.high), self.low, self.high)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number of at least ``limit``."""

    kind = "at_least"
    takes: ClassVar[frozenset[str]] = frozenset({"integer", "number"})
    limit: float

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a number."""
        return cls(argument)

    def __post_init__(self) -> None:
        _require_number("at_least", self.limit)

    def sentence(self, subject: str) -> str:
        """Said with the limit."""
        return f"{subject} is at least {self.limit}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As minimum; one that is already tighter stays."""
        return _at_least(fragment, self.limit)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number from the limit on."""
        return None if is_number(value) and value >= self.limit else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limit."""
        return f"Give a number of at least {self.limit}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """The limit and the number below it."""
        return _edge(self.limit, fragment, 1)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The nearest number that is not below the limit."""
        return _raised(value, self.limit) if is_number(value) else value


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number of at most ``limit``."""

    kind = "at_most"
    takes: ClassVar[frozenset[str]] = frozenset({"integer", "number"})
    limit: float

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a number."""
        return cls(argument)

    def __post_init__(self) -> None:
        _require_number("at_most", self.limit)

    def sentence(self, subject: str) -> str:
        """Said with the limit."""
        return f"{subject} is at most {self.limit}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As maximum; one that is already tighter stays."""
        return _at_most(fragment, self.limit)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number up to the limit."""
        return None if is_number(value) and value <= self.limit else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limit."""
        return f"Give a number of at most {self.limit}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """The limit and the number above it."""
        return _edge(self.limit, fragment, -1)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The nearest number that is not above the limit."""
        return _lowered(value, self.limit) if is_number(value) else value


def is_finite(value: Any) -> bool:
    """True for a number that is neither an infinity nor NaN."""
    return is_number(value) and (isinstance(value, int) or math.isfinite(value))


def _require_number(kind: str, limit: Any) -> None:
    if not is_finite(limit):
        example = f'{kind}: 3, or a date, as in {kind}: "2026-01-31"'
        raise wrong_shape(kind, "a finite number", example, limit)


def _at_least(fragment: Mapping[str, Any], limit: float) -> Mapping[str, Any]:
    return {**fragment, "minimum": max(limit, fragment.get("minimum", limit))}


def _at_most(fragment: Mapping[str, Any], limit: float) -> Mapping[str, Any]:
    return {**fragment, "maximum": min(limit, fragment.get("maximum", limit))}


def _raised(value: float, low: float, high: float = math.inf) -> float:
    """The value, or ``low``; a whole value becomes a whole one where that is not above ``high``."""
    if value >= low:
        return value
    whole = math.ceil(low)
    return whole if isinstance(value, int) and whole <= high else low


def _lowered(value: float, high: float) -> float:
    if value <= high:
        return value
    return math.floor(high) if isinstance(value, int) else high


def _edge(limit: float, fragment: Mapping[str, Any], inward: int) -> Boundary:
    """The last number on the allowed side of a limit and the first on the other.

    Args:
        limit: The limit, itself allowed.
        fragment: The field: whole numbers and ``multipleOf`` give the step; else it is a tenth of the limit's
            last decimal place.
        inward: 1 for a lower limit, -1 for an upper one.
    """
    types = types_of(fragment)
    if types and not {"integer", "number"} & set(types):
        return Boundary()
    exact = _exact(limit)
    step = fragment.get("multipleOf")
    if step is not None and is_finite(step) and step > 0:
        size = _exact(step)
    elif "integer" in types and "number" not in types:
        size = Fraction(1)
    else:
        size = Fraction(1, 10) ** (_places(limit) + 1)
    inside = inward * -((-inward * exact) // size) * size
    outside = _number(inside - inward * size)
    if inward * outside >= inward * limit:  # a float cannot tell the two apart
        outside = limit - inward if isinstance(limit, int) else math.nextafter(limit, -inward * math.inf)
    return Boundary((_number(inside),), (outside,))


def _exact(number: float) -> Fraction:
    """The number by the digits that JSON writes."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _places(number: float) -> int:
    exponent = Decimal(repr(number)).as_tuple().exponent if isinstance(number, float) else 0
    return -exponent if isinstance(exponent, int) and exponent < 0 and number != int(number) else 0


def _number(exact: Fraction) -> float:
    return int(exact) if exact.denominator == 1 else float(exact)
