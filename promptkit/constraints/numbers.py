"""Numbers within limits."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

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
class _OneSided:
    """What a lower and an upper limit share; ``inwards`` is 1 where larger numbers hold, else -1."""

    kind: ClassVar[str]
    words: ClassVar[str]
    inwards: ClassVar[Literal[1, -1]]
    takes: ClassVar[frozenset[str]] = frozenset({"integer", "number"})
    limit: float

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a number."""
        return cls(argument)

    def __post_init__(self) -> None:
        _require_number(self.kind, self.limit)

    def sentence(self, subject: str) -> str:
        """Said with the limit."""
        return f"{subject} is {self.words} {self.limit}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As minimum or maximum; one that is already tighter stays."""
        return (_at_least if self.inwards == 1 else _at_most)(fragment, self.limit)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """Anything but a number on the right side of the limit."""
        held = is_number(value) and (value >= self.limit if self.inwards == 1 else value <= self.limit)
        return None if held else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limit."""
        return f"Give a number of {self.words} {self.limit}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """The limit and the number beyond it."""
        return _edge(self.limit, fragment, self.inwards)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The nearest number that holds."""
        return (_raised if self.inwards == 1 else _lowered)(value, self.limit) if is_number(value) else value


@dataclass(frozen=True, slots=True)
class AtLeast(_OneSided):
    """A number of at least ``limit``."""

    kind = "at_least"
    words = "at least"
    inwards = 1


@dataclass(frozen=True, slots=True)
class AtMost(_OneSided):
    """A number of at most ``limit``."""

    kind = "at_most"
    words = "at most"
    inwards = -1


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
