"""Simpler values with a property that is kept: the choices behind a value are made fewer and lower.

The method is Hypothesis's (MacIver, Donaldson: "Test-Case Reduction via Test-Case Generation", ECOOP 2020): values
are never cut themselves, so that each is made by the schema and valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptkit.schemas.generation.generate import Generated, Generator, Refused
from promptkit.schemas.generation.making import Suggest

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
                self._each(_without, size)
            for size in _BLOCKS:
                self._each(_zeroed, size)
            for place in range(len(self._best.choices)):
                self._lower(place)
            changed = self._best.choices != before
        return self._best

    def _each(self, simpler: Callable[[tuple[int, ...], int, int], tuple[int, ...]], size: int) -> None:
        """Try a change at each place, from the end."""
        for start in range(len(self._best.choices) - 1, -1, -1):
            if start < len(self._best.choices):
                self._is_better(simpler(self._best.choices, start, size))

    def _lower(self, place: int) -> None:
        """A lower number at one place, by ever smaller powers of two.

        All but the last keep odd numbers odd: among numbers drawn for numbers these are the ones above the plainest.
        """
        step = 1 << self._number(place).bit_length()
        while self._left > 0 and step:
            choices, number = self._best.choices, self._number(place) - step
            if number < 0 or not self._is_better((*choices[:place], number, *choices[place + 1 :])):
                step >>= 1

    def _number(self, place: int) -> int:
        return self._best.choices[place] if place < len(self._best.choices) else 0

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


def _without(choices: tuple[int, ...], start: int, size: int) -> tuple[int, ...]:
    return choices[:start] + choices[start + size :]


def _zeroed(choices: tuple[int, ...], start: int, size: int) -> tuple[int, ...]:
    return choices[:start] + (0,) * len(choices[start : start + size]) + choices[start + size :]
