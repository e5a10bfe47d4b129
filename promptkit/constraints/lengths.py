"""How long a text or a list is, in characters, words, sentences, lines or items."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.edges import MAX_MADE, edge
from promptkit.constraints.forms import Form, Whole
from promptkit.constraints.patterns import is_pattern
from promptkit.constraints.rules import Boundary, Rule, Scope
from promptkit.constraints.units import UNITS, Unit
from promptkit.schemas.json_types import is_list, is_listed, is_mapping
from promptkit.schemas.places import type_phrase

__all__ = ["LENGTHS", "STOPPING_KINDS", "Length"]

_PAIR = 2
_ITEMS: Mapping[str, tuple[Any, ...]] = {
    "string": ("a", "b", "c"),
    "integer": (1, 2, 3),
    "number": (1, 2, 3),
    "boolean": (True, False),
}


@dataclass(frozen=True, slots=True)
class Length:
    """A text or a list that has from ``least`` to ``most`` of a unit, both included; None is no limit.

    - ``characters`` are Unicode code points, as in JSON Schema's ``maxLength``.
    - ``words`` are what stands between blanks. Chinese, Japanese, Thai and other texts without blanks count as
      one word: limit these by characters.
    - ``sentences`` are told by their marks: see ``sentence_ends``.
    - ``lines`` are what stands between line breaks, empty ones too; a break at the very end begins no other
      line, and an empty text has none.
    - ``items`` are those of a list.
    """

    unit: str
    least: int | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"a length is counted in {', '.join(UNITS)}; got {self.unit!r}")
        if self.least is None and self.most is None:
            raise ValueError(
                f"a length in {self.unit} has a least or a most number, as in max_{self.unit}: 3"
            )
        if self.least is None or self.most is None:
            limit: Any = self.most if self.least is None else self.least
            if not _is_count(limit, 1):
                example = f"{self.kind}: 120" if self.unit == "words" else f"{self.kind}: 3"
                raise ValueError(f"{self.kind} takes a whole number from 1, as in {example}; got {limit!r}")
        elif not (_is_count(self.least, 0) and _is_count(self.most, 1)):
            raise wrong_shape(
                pair_kind(self.unit),
                "a list of two whole numbers, the least and the most",
                _example(self.unit),
                [self.least, self.most],
            )
        elif self.least > self.most:
            raise ValueError(
                f"{pair_kind(self.unit)} has {self.least} above {self.most}; write the smaller number first: "
                f"[{self.most}, {self.least}]"
            )

    @property
    def kind(self) -> str:
        """``max_words``, ``min_words``, or ``words`` for both ends."""
        if self.least is None:
            return f"max_{self.unit}"
        return f"min_{self.unit}" if self.most is None else pair_kind(self.unit)

    @property
    def checked_only(self) -> bool:
        """True for texts: one that a decoder ends at the limit stops in mid-sentence, and no check can tell.

        A constraint of this rule is left to the check unless it says ``enforce: prefer`` or ``enforce: hard``.
        """
        return self.unit != "items"

    @property
    def stops(self) -> bool:
        """True for the most of a text: ``enforce: hard`` ends it before that."""
        return self.unit != "items" and self.most is not None

    @property
    def takes(self) -> frozenset[str]:
        """Lists for items, texts for all else."""
        return frozenset({self._unit.takes})

    @property
    def shortest(self) -> int:
        """The fewest characters that a text which holds it can have."""
        return self._unit.shortest(self.least) if self.least else 0

    def sentence(self, subject: str) -> str:
        """Said as a number."""
        if self.least == 1 and self.most is None and self._unit.emptiness:
            return f"{subject} is not empty."
        return f"{subject} has {self._number()}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Characters and items as JSON Schema says them; limits that are already tighter stay."""
        if self._unit.keywords is None:
            return fragment
        least, most = self._unit.keywords
        narrowed = dict(fragment)
        if self.least:
            narrowed[least] = max(self.least, fragment.get(least, self.least))
        if self.most is not None:
            narrowed[most] = min(self.most, fragment.get(most, self.most))
        return narrowed

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """As a pattern with counted repeats; None for sentences, lists, and limits too large for a pattern."""
        if self._unit.pattern is None:
            return None
        pattern = self._unit.pattern(self.least or 0, self.most)
        return Whole(pattern) if is_pattern(pattern) else None

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A value of more or fewer, or of another type."""
        if not self._is_judged(value):
            return type_phrase(value)
        count = self._unit.count(value)
        held = (self.least or 0) <= count and (self.most is None or count <= self.most)
        return None if held else self._unit.several(count)

    def hint(self, value: Any, scope: Scope) -> str:
        """Says how many are too many or missing."""
        if not self._is_judged(value):
            return f"Write a {'list' if self.unit == 'items' else 'text'} of {self._number()}."
        count = self._unit.count(value)
        if self.most is not None and count > self.most:
            surplus = self._unit.several(count - self.most)
            return f"Leave out {surplus}." if self.unit == "items" else f"Shorten it by {surplus}."
        return f"Add at least {self._unit.several((self.least or 0) - count)}."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Readable values of exactly the least and the most, and of one fewer and one more."""
        ends = {end for end in (self.least, self.most) if end}
        past = {self.least - 1} if self.least else set[int]()
        past |= {self.most + 1} if self.most is not None else set[int]()
        if max(ends | past) > MAX_MADE // 5:
            return Boundary()
        return edge(
            self,
            fragment,
            scope,
            [value for number in sorted(ends) for value in self._made(number, fragment)],
            [value for number in sorted(past) for value in self._made(number, fragment)],
        )

    def fitted(self, value: Any, scope: Scope) -> Any:
        """Cut behind the most, or filled up to the least: a list with its last item again."""
        if not self._is_judged(value):
            return value
        count = self._unit.count(value)
        if self.most is not None and count > self.most:
            return self._unit.cut(value, self.most)
        missing = (self.least or 0) - count
        return self._unit.filled(value, missing) if missing > 0 else value

    @property
    def _unit(self) -> Unit:
        return UNITS[self.unit]

    def _is_judged(self, value: Any) -> bool:
        return is_list(value) if self.unit == "items" else isinstance(value, str)

    def _number(self) -> str:
        if self.most is None:
            return f"at least {self._unit.several(self.least or 0)}"
        if self.least == self.most:
            return f"exactly {self._unit.several(self.most)}"
        if not self.least:
            return f"at most {self._unit.several(self.most)}"
        return f"{self.least} to {self._unit.several(self.most)}"

    def _made(self, number: int, fragment: Mapping[str, Any]) -> Iterator[Any]:
        """Values of exactly that many, the first that the field's limits may allow."""
        if self.unit != "items":
            texts = self._unit.made(number)
            low, high = fragment.get("minLength", 0), fragment.get("maxLength", MAX_MADE)
            yield from [text for text in texts if low <= len(text) <= high][:1]
            return
        items = fragment.get("items", {})
        parts = _some(items) if is_mapping(items) else ()
        if not number or (parts and not (fragment.get("uniqueItems") and number > len(parts))):
            yield list(islice(cycle(parts), number))


def _some(items: Mapping[str, Any]) -> tuple[Any, ...]:
    """A few values of an item's schema; none when it says more than a type or an enumeration."""
    if is_list(items.get("enum")):
        return tuple(items["enum"])
    kind = items.get("type", "string")
    plain = set(items) <= {"type", "title", "description"}
    return _ITEMS.get(kind, ()) if plain and isinstance(kind, str) else ()


def _is_count(value: Any, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _example(unit: str) -> str:
    return f"{pair_kind(unit)}: {'[80, 120]' if unit == 'words' else '[1, 3]'}"


def pair_kind(unit: str) -> str:
    """The kind that has both ends: ``words``; ``item_count`` for lists, since ``items`` says of what a list is."""
    return "item_count" if unit == "items" else unit


def _least(unit: str) -> Callable[[Any], Rule]:
    return lambda argument: Length(unit, least=_given(f"min_{unit}", argument))


def _most(unit: str) -> Callable[[Any], Rule]:
    return lambda argument: Length(unit, most=_given(f"max_{unit}", argument))


def _given(kind: str, argument: Any) -> int:
    if argument is None:
        raise ValueError(f"{kind} takes a whole number from 1, as in {kind}: 3; got None")
    number: int = argument
    return number


def _both(unit: str) -> Callable[[Any], Rule]:
    def build(argument: Any) -> Rule:
        if not is_listed(argument) or len(argument) != _PAIR or None in argument:
            wanted = "a list of two whole numbers, the least and the most"
            raise wrong_shape(pair_kind(unit), wanted, _example(unit), argument)
        return Length(unit, argument[0], argument[1])

    return build


LENGTHS: Mapping[str, Callable[[Any], Rule]] = MappingProxyType(
    {
        **{f"min_{unit}": _least(unit) for unit in UNITS},
        **{f"max_{unit}": _most(unit) for unit in UNITS},
        **{pair_kind(unit): _both(unit) for unit in UNITS},
    }
)
"""By kind, what builds a length from its argument in a file: a number, or a list of two for both ends."""

STOPPING_KINDS = frozenset(
    kind for unit in UNITS if unit != "items" for kind in (f"max_{unit}", pair_kind(unit))
)
"""The kinds that take ``enforce: hard``."""
