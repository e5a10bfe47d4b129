"""Numbers within bounds and on the steps of ``multipleOf``, reckoned in fractions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from promptkit.schemas.generation.choices import Choices, NoValue

__all__ = ["Bounds", "Limit", "as_fraction", "number_value"]

_FINEST = 340
"""Decimal places of the smallest number that a double can hold."""
_SPAN = 1_000
_WIDE = 2**64
_TRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A bound: its number, whether the number itself is left out, and the words that set it."""

    number: Fraction
    left_out: bool
    words: str


@dataclass(slots=True, kw_only=True)
class Bounds:
    """What numbers are allowed.

    Attributes:
        low: The lower bound.
        high: The upper bound.
        step: What each number is a multiple of.
    """

    low: Limit | None = None
    high: Limit | None = None
    step: Fraction | None = None

    def raise_low(self, limit: Limit) -> None:
        """Take the bound when it is the stricter one."""
        low = self.low
        if low is None or (limit.number, limit.left_out) > (low.number, low.left_out):
            self.low = limit

    def lower_high(self, limit: Limit) -> None:
        """Take the bound when it is the stricter one."""
        high = self.high
        if high is None or (-limit.number, limit.left_out) > (-high.number, high.left_out):
            self.high = limit

    def add_step(self, step: Fraction) -> None:
        """Multiples of both steps are multiples of their least common multiple."""
        self.step = step if self.step is None else _common(self.step, step)

    def copy(self) -> Bounds:
        """The same bounds, to be narrowed apart."""
        return Bounds(low=self.low, high=self.high, step=self.step)

    def contradiction(self, *, whole: bool) -> str | None:
        """Why no number fits, or no whole number; None when one does."""
        low, high = self.low, self.high
        if low is None or high is None:
            return None
        if low.number > high.number:
            return f"{low.words} is above {high.words}"
        if low.number == high.number and (low.left_out or high.left_out):
            return f"{low.words} and {high.words} leave nothing between them"
        step = _common(self.step or Fraction(1), Fraction(1)) if whole else self.step
        if step is not None:
            first, last = _steps(self, step)
            if first is not None and last is not None and first > last:
                kind = "whole number" if whole and self.step is None else f"multiple of {_shown(step)}"
                return f"there is no {kind} between {low.words} and {high.words}"
        return None


def as_fraction(value: Any) -> Fraction | None:
    """The number as it is written in decimal; None for booleans, infinities and what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(repr(value)) if math.isfinite(value) else None


def number_value(bounds: Bounds, choices: Choices, *, whole: bool, broken: bool = False) -> int | float:
    """The allowed number nearest to 0, or another one.

    Args:
        bounds: What is allowed.
        choices: Where numbers are drawn.
        whole: True for whole numbers only.
        broken: True for numbers with decimals only.

    Raises:
        NoValue: When no double meets the bounds and steps.
    """
    step = bounds.step
    if whole:
        step = _common(step or Fraction(1), Fraction(1))
    mark = choices.mark()
    for _ in range(_TRIES):
        choices.rewind(mark)
        grid = step or _grid(bounds, choices)
        number = _placed(bounds, grid, choices)
        if broken and number.denominator == 1:
            number += (step or Fraction(1, 10)) * choices.pick((1, -1, 3, 9))
        value = int(number) if number.denominator == 1 else _double(number)
        if value is not None and _holds(bounds, value) and not (broken and value == int(value)):
            return value
        if choices.replaying:
            break
    choices.rewind(mark)
    return _exact(bounds, step, broken=broken)


def _exact(bounds: Bounds, step: Fraction | None, *, broken: bool) -> int | float:
    """The first multiple that is a double, of those nearest to the bounds."""
    if step is not None:
        first, last = _steps(bounds, step)
        start = first if first is not None else last if last is not None else 0
        way = 1 if first is not None else -1
        for offset in range(_SPAN):
            number = (start + way * offset) * step
            value = int(number) if number.denominator == 1 else _double(number)
            if value is not None and _holds(bounds, value) and not (broken and value == int(value)):
                return value
    raise NoValue((), "no number that a double can hold meets the bounds and multipleOf", proven=False)


def _placed(bounds: Bounds, grid: Fraction, choices: Choices) -> Fraction:
    first, last = _steps(bounds, grid)
    plain = 0
    if first is not None and first > 0:
        plain = first
    elif last is not None and last < 0:
        plain = last
    low = plain - _WIDE if first is None else max(first, plain - _WIDE)
    high = plain + _WIDE if last is None else min(last, plain + _WIDE)
    often = [_code(edge - plain, low - plain, high - plain) for edge in (first, last) if edge is not None]
    code = choices.draw(high - low + 1, often=[it for it in often if it is not None])
    return (plain + _offset(code, low - plain, high - plain)) * grid


def _offset(code: int, low: int, high: int) -> int:
    """The offset of a code: 0, 1, -1, 2, -2 and so on, on one side alone where the other ends."""
    both = min(-low, high)
    if code <= 2 * both:
        return (code + 1) // 2 if code % 2 else -(code // 2)
    return code - both if high > both else both - code


def _code(offset: int, low: int, high: int) -> int | None:
    """The code of an offset; None when it is out of reach."""
    if not low <= offset <= high:
        return None
    both = min(-low, high)
    if abs(offset) <= both:
        return 2 * offset - 1 if offset > 0 else -2 * offset
    return abs(offset) + both


def _grid(bounds: Bounds, choices: Choices) -> Fraction:
    """Steps of a power of ten, so fine that one lies within the bounds; sometimes finer."""
    low, high = bounds.low, bounds.high
    if low is not None and high is not None and low.number == high.number:
        return low.number or Fraction(1)
    places = 0
    for places in range(_FINEST):
        first, last = _steps(bounds, Fraction(1, 10**places))
        if first is None or last is None or first <= last:
            break
    return Fraction(1, 10 ** (places + choices.pick((0, 0, 1, 2))))


def _steps(bounds: Bounds, step: Fraction) -> tuple[int | None, int | None]:
    """The first and the last multiple of the step within the bounds, as a count of steps."""
    first = last = None
    if bounds.low is not None:
        first = math.ceil(bounds.low.number / step)
        if bounds.low.left_out and first * step == bounds.low.number:
            first += 1
    if bounds.high is not None:
        last = math.floor(bounds.high.number / step)
        if bounds.high.left_out and last * step == bounds.high.number:
            last -= 1
    return first, last


def _holds(bounds: Bounds, value: float) -> bool:
    """True when the value meets the bounds as doubles too, as other validators reckon."""
    exact = as_fraction(value)
    if exact is None:
        return False
    low, high, step = bounds.low, bounds.high, bounds.step
    if low is not None and (exact < low.number or (low.left_out and exact == low.number)):
        return False
    if high is not None and (exact > high.number or (high.left_out and exact == high.number)):
        return False
    if step is None or step.denominator == 1:
        return True
    near = _double(step)
    quotient = _double(exact / step) if near is None or not _small(value) else value / near
    return quotient is not None and math.isfinite(quotient) and quotient == int(quotient)


def _small(value: float) -> bool:
    return -(2**53) <= value <= 2**53


def _double(number: Fraction) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None


def _common(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(
        math.lcm(one.numerator * other.denominator, other.numerator * one.denominator),
        one.denominator * other.denominator,
    )


def _shown(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else str(_double(number))
