"""Calculating with data within bounds: what an expression may do to numbers, texts and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType
from typing import Any

from promptkit.schemas.json_types import is_object
from promptkit.schemas.places import type_phrase

__all__ = ["FUNCTIONS", "MAX_NUMBER", "Function", "Inapplicable", "Uncomputable", "bounded", "is_number"]

MAX_NUMBER = 10**18
_MAX_PLACES = 18
# More digits than a sum of bounded numbers can have.
_EXACT = Context(prec=400)


class Uncomputable(Exception):
    """The expression has no value for this data; the message says why."""


class Inapplicable(Exception):
    """A value that the expression orders or calculates with is absent or null; the message says which use."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of expressions.

    Attributes:
        name: Its name.
        takes: What each value must be, as types of plain data.
        apply: What it does.
        least: How many values it needs; None for as many as ``takes`` has.
        field: True when its last value is the name of a field, written as a literal.
    """

    name: str
    takes: tuple[tuple[type, ...], ...]
    apply: Callable[..., Any]
    least: int | None = None
    field: bool = False

    @property
    def arity(self) -> tuple[int, int]:
        """How many values it takes, at least and at most."""
        return self.least or len(self.takes), len(self.takes)

    def __call__(self, *values: Any) -> Any:
        """The result.

        Raises:
            Uncomputable: When a value is of a kind that it cannot take, or a bound is passed.
            Inapplicable: When a value is null.
        """
        if None in values:
            raise Inapplicable(f"{self.name} cannot take null")
        for value, kinds in zip(values, self.takes, strict=False):
            if not isinstance(value, kinds) or (isinstance(value, bool) and kinds == _NUMBER):
                raise Uncomputable(f"{self.name} cannot take {type_phrase(value)}")
        return self.apply(*values)


def is_number(value: Any) -> bool:
    """True for a number as JSON has it: true is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def bounded(number: Any) -> Any:
    """The number, which must be small enough to calculate with.

    Raises:
        Uncomputable: When it is not, or is NaN.
    """
    if not -MAX_NUMBER * MAX_NUMBER <= number <= MAX_NUMBER * MAX_NUMBER:
        raise Uncomputable("a number is too large to calculate with")
    return number


def _absolute(number: Any) -> Any:
    return abs(bounded(number))


def _rounded(number: Any, places: int = 0) -> Any:
    """Half away from zero, by the digits that JSON writes: 2.675 to two places is 2.68."""
    if not 0 <= places <= _MAX_PLACES:
        raise Uncomputable(f"round takes 0 to {_MAX_PLACES} places, not {places}")
    if isinstance(number, int):
        return bounded(number)
    exact = _decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    return float(exact) if places else int(exact)


def _summed(values: Sequence[Any]) -> Any:
    """By the digits that JSON writes: 0.1 and 0.2 are 0.3."""
    _require_all("sum", values, numbers=True)
    if all(isinstance(value, int) for value in values):
        return bounded(sum(map(bounded, values)))
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, _decimal(value))
    return bounded(float(total))


def _extreme(name: str, choose: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    def apply(values: Sequence[Any]) -> Any:
        if not values:
            raise Inapplicable(f"{name} of an empty list is nothing")
        _require_all(name, values, numbers=not isinstance(values[0], str))
        return choose(values)

    return apply


def _require_all(name: str, values: Sequence[Any], *, numbers: bool) -> None:
    """Raise unless all are numbers, or all are texts."""
    if any(value is None for value in values):
        raise Inapplicable(f"{name} cannot take a list with null in it")
    for value in values:
        if not (is_number(value) if numbers else isinstance(value, str)):
            raise Uncomputable(f"{name} cannot take a list with {type_phrase(value)} in it")


def _decimal(number: Any) -> Decimal:
    return Decimal(repr(bounded(number)))


def _values_of(items: Sequence[Any], field: str) -> list[Any]:
    """The field of each item, null where it is absent."""
    for item in items:
        if item is not None and not is_object(item):
            raise Uncomputable(f"values_of takes a list of objects; {type_phrase(item)} is none")
    return [item.get(field) if is_object(item) else None for item in items]


def _counted(values: Sequence[Any]) -> int:
    return sum(1 for value in values if value)


_NUMBER = (int, float)
_LIST = (list, tuple)
_TEXT = (str,)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for function in (
            Function("abs", (_NUMBER,), _absolute),
            Function("all", (_LIST,), all),
            Function("any", (_LIST,), any),
            Function("count", (_LIST,), _counted),
            Function("endswith", (_TEXT, _TEXT), str.endswith),
            Function("len", ((str, list, tuple, dict),), len),
            Function("lower", (_TEXT,), str.lower),
            Function("max", (_LIST,), _extreme("max", max)),
            Function("min", (_LIST,), _extreme("min", min)),
            Function("round", (_NUMBER, (int,)), _rounded, least=1),
            Function("startswith", (_TEXT, _TEXT), str.startswith),
            Function("sum", (_LIST,), _summed),
            Function("upper", (_TEXT,), str.upper),
            Function("values_of", (_LIST, _TEXT), _values_of, field=True),
        )
    }
)
"""The functions of expressions by name; ``all``, ``any`` and ``count`` go by the truth of the items."""
