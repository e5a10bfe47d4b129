"""Simpler values with a property that is kept: the choices behind a value are made fewer and lower.

The method is Hypothesis's (MacIver, Donaldson: "Test-Case Reduction via Test-Case Generation", ECOOP 2020): values
are never cut themselves, so that each is made by the schema and valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptkit.schemas.generate import Generated, Generator, Refused
from promptkit.schemas.making import Suggest

__all__ = ["shrink"]

_BLOCKS = (16, 8, 4, 2, 1)


def shrink(
    schema: Mapping[str, Any] | bool,
    generated: Generated,
    keep: Callable[[Any], bool],
    *,
    tries: int = 500,
    suggest: Suggest | None = None,
) -> Generated:
    """The simplest value found for which ``keep`` still holds; the given one when there is none.

    Args:
        schema: The schema of the value.
        generated: The value with its choices.
        keep: What must stay true; it is asked about valid values only.
        tries: How many simpler values are made at most.
        suggest: The one that the value was made with.
    """
    generator = Generator.of(schema, suggest)
    if isinstance(generator, Refused):
        return generated
    return _Shrinker(generator, generated, keep, tries).simplest()


class _Shrinker:
    def __init__(
        self, generator: Generator, best: Generated, keep: Callable[[Any], bool], tries: int
    ) -> None:
        self._generator = generator
        self._best = best
        self._keep = keep
        self._left = tries
        self._seen: set[tuple[int, ...]] = {best.choices}

    def simplest(self) -> Generated:
        """Pass by pass, until a round changes nothing or the tries are used up."""
        self._is_better(())
        changed = True
        while changed and self._left > 0:
            before = self._best.choices
            for size in _BLOCKS:
                self._each(lambda start, size=size: _without(self._best.choices, start, size))
            for size in _BLOCKS:
                self._each(lambda start, size=size: _zeroed(self._best.choices, start, size))
            for place in range(len(self._best.choices)):
                self._lower(place)
            changed = self._best.choices != before
        return self._best

    def _each(self, simpler: Callable[[int], tuple[int, ...]]) -> None:
        """Try a change at each place, from the end."""
        for start in _backwards(len(self._best.choices)):
            if start < len(self._best.choices):
                self._is_better(simpler(start))

    def _lower(self, place: int) -> None:
        """The least number at one place, by halving."""
        low = 0
        while self._left > 0 and place < len(self._best.choices) and low < self._best.choices[place]:
            choices = self._best.choices
            middle = (low + choices[place]) // 2
            if not self._is_better((*choices[:place], middle, *choices[place + 1 :])):
                low = middle + 1

    def _is_better(self, choices: tuple[int, ...]) -> bool:
        if self._left <= 0 or choices in self._seen:
            return False
        self._seen.add(choices)
        self._left -= 1
        found = self._generator.replayed(choices)
        if (
            found is None
            or _order(found.choices) >= _order(self._best.choices)
            or not self._keep(found.value)
        ):
            return False
        self._best = found
        return True


def _order(choices: Sequence[int]) -> tuple[int, Sequence[int]]:
    return len(choices), choices


def _backwards(count: int) -> Iterator[int]:
    return iter(range(count - 1, -1, -1))


def _without(choices: tuple[int, ...], start: int, size: int) -> tuple[int, ...]:
    return choices[:start] + choices[start + size :]


def _zeroed(choices: tuple[int, ...], start: int, size: int) -> tuple[int, ...]:
    return choices[:start] + (0,) * len(choices[start : start + size]) + choices[start + size :]
