"""Dates, times and moments within limits, compared by calendar and clock and never as texts."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.moments import Moment, moment_of
from promptkit.constraints.numbers import AtLeast, AtMost, Between
from promptkit.constraints.rules import Boundary, Scope, Unjudged
from promptkit.schemas.fragments import types_of
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown, type_phrase

__all__ = ["DateBetween", "NotAfter", "NotBefore", "at_least_of", "at_most_of", "between_of"]


def between_of(argument: Any) -> Between | DateBetween:
    """The rule of ``between: [low, high]``: on dates when both are written as such, else on numbers."""
    if is_list(argument) and argument and all(isinstance(limit, str) for limit in argument):
        return DateBetween.from_argument(argument)
    return Between.from_argument(argument)


def at_least_of(argument: Any) -> AtLeast | NotBefore:
    """The rule of ``at_least``: on dates when the limit is written as one, else on numbers."""
    return NotBefore(argument, "at_least") if isinstance(argument, str) else AtLeast.from_argument(argument)


def at_most_of(argument: Any) -> AtMost | NotAfter:
    """The rule of ``at_most``: on dates when the limit is written as one, else on numbers."""
    return NotAfter(argument, "at_most") if isinstance(argument, str) else AtMost.from_argument(argument)


@dataclass(frozen=True, slots=True)
class DateBetween:
    """A date, a time, or a date with a time, from ``low`` to ``high``, both included.

    Limits that are dates judge values with a time by their calendar day as it is written. Limits with a time
    zone are compared by the instant, and a value without a zone breaks them; limits without a zone are compared
    by the clock, and leave a value with a zone unjudged.
    """

    kind = "between"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    low: str
    high: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From ``[low, high]``, two texts."""
        if not is_list(argument) or len(argument) != 2 or not all(isinstance(text, str) for text in argument):  # noqa: PLR2004 - a pair
            raise wrong_shape(
                "between", "two numbers or two dates", "between: [2026-01-01, 2026-12-31]", argument
            )
        return cls(argument[0], argument[1])

    def __post_init__(self) -> None:
        low, high = _limit("between", self.low), _limit("between", self.high)
        if (low.form, low.zoned) != (high.form, high.zoned):
            raise ValueError(
                f"between has {self.low} and {self.high}, which are no pair; write both as a date, both as a "
                "time or both as a date with a time, with a time zone in both or in neither"
            )
        if low.seconds > high.seconds:
            raise ValueError(
                f"between has {self.low} behind {self.high}; write the earlier one first: "
                f"[{self.high}, {self.low}]"
            )

    def sentence(self, subject: str) -> str:
        """Said as a range with both ends."""
        return f"{subject} is {_limit(self.kind, self.low).phrase} from {self.low} to {self.high}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As the format, where the field has none; JSON Schema knows no earliest and latest date."""
        return _with_format(fragment, self.low)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text that is no such date, or one outside the range.

        Raises:
            Unjudged: When the value has a time zone and the limits have none.
        """
        return _fault(value, self.low, operator.lt) or _fault(value, self.high, operator.gt)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the range."""
        return f"Give {_limit(self.kind, self.low).phrase} from {self.low} to {self.high}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Both ends, and their neighbours outside."""
        low, high = _boundary(self.low, fragment, -1), _boundary(self.high, fragment, 1)
        return Boundary((*low.inside, *high.inside), (*low.outside, *high.outside))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The nearest end of the range."""
        return _fitted(_fitted(value, self.low, -1), self.high, 1)


@dataclass(frozen=True, slots=True)
class _OneSided:
    """What a first and a last date share; ``outwards`` is -1 where earlier ones are refused, else 1."""

    words: ClassVar[str]
    outwards: ClassVar[Literal[1, -1]]
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    limit: str
    kind: str = ""

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a text."""
        return cls(argument)

    def __post_init__(self) -> None:
        _limit(self.kind, self.limit)

    def sentence(self, subject: str) -> str:
        """Said with the limit."""
        return f"{subject} is {self.words} {self.limit}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As the format, where the field has none."""
        return _with_format(fragment, self.limit)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text that is no such date, or one beyond the limit.

        Raises:
            Unjudged: When the value has a time zone and the limit has none.
        """
        return _fault(value, self.limit, _IS_BEYOND[self.outwards])

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the limit."""
        return f"Give {_limit(self.kind, self.limit).phrase} that is {self.words} {self.limit}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """The limit and what comes next beyond it."""
        return _boundary(self.limit, fragment, self.outwards)

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The limit where the value is beyond it."""
        return _fitted(value, self.limit, self.outwards)


@dataclass(frozen=True, slots=True)
class NotBefore(_OneSided):
    """A date, a time, or a date with a time, that is not before ``limit``; compared as DateBetween does."""

    words = "not before"
    outwards = -1
    kind: str = "not_before"


@dataclass(frozen=True, slots=True)
class NotAfter(_OneSided):
    """A date, a time, or a date with a time, that is not after ``limit``; compared as DateBetween does."""

    words = "not after"
    outwards = 1
    kind: str = "not_after"


def _limit(kind: str, text: Any) -> Moment:
    found = moment_of(text) if isinstance(text, str) else None
    if found is None:
        wanted = 'a date such as "2026-01-31", a time such as "09:30", or both as "2026-01-31T09:30:00Z"'
        raise ValueError(f"{kind} takes a number or {wanted}; got {shown(text, 60)}")
    return found


def _fault(value: Any, limit: str, breaks: Callable[[Fraction, Fraction], bool]) -> str | None:
    if not isinstance(value, str):
        return type_phrase(value)
    at, edge = moment_of(value), _limit("", limit)
    if at is None:
        return shown(value)
    if edge.form == "date":
        if at.form == "time":
            return f"{shown(value, 60)} is {at.phrase}, not {edge.phrase}"
        return shown(value) if breaks(Fraction(at.day), Fraction(edge.day)) else None
    if at.form != edge.form:
        return f"{shown(value, 60)} is {at.phrase}, not {edge.phrase}"
    if edge.zoned and not at.zoned:
        return f"{shown(value, 60)} has no time zone"
    if at.zoned and not edge.zoned:
        raise Unjudged(f"{shown(value, 60)} has a time zone and {limit} has none")
    return shown(value) if breaks(at.seconds, edge.seconds) else None


def _with_format(fragment: Mapping[str, Any], limit: str) -> Mapping[str, Any]:
    """JSON Schema's times have a zone, so a limit without one says nothing there."""
    edge = _limit("", limit)
    if "format" in fragment or "string" not in types_of(fragment):
        return fragment
    return {**fragment, "format": edge.form} if edge.form == "date" or edge.zoned else fragment


def _boundary(limit: str, fragment: Mapping[str, Any], outward: int) -> Boundary:
    """The limit, and what comes next on the other side; a field of moments has noon on a limit that is a day."""
    types, edge = types_of(fragment), _limit("", limit)
    wanted = fragment.get("format")
    if types and "string" not in types:
        return Boundary()
    tail = "T12:00:00Z" if edge.form == "date" and wanted == "date-time" else ""
    next_one = edge.shifted(outward)
    outside = () if next_one is None else (f"{next_one}{tail}",)
    return Boundary((f"{limit}{tail}",), outside)


def _fitted(value: Any, limit: str, outward: int) -> Any:
    if not isinstance(value, str):
        return value
    try:
        broken = _fault(value, limit, _IS_BEYOND[outward])
    except Unjudged:
        broken = ""
    if broken is None:
        return value
    at, edge = moment_of(value), _limit("", limit)
    if at is not None and (at.form, edge.form) == ("date-time", "date"):
        return f"{limit}{value[len(limit) :]}"
    return limit


_IS_BEYOND: Mapping[int, Callable[[Fraction, Fraction], bool]] = {-1: operator.lt, 1: operator.gt}
