"""Choices: the one source of chance when values are made, recorded so that they can be replayed.

A value is a function of the numbers that were drawn for it. That makes it repeatable and shrinkable: the method
of Hypothesis (MacIver, Donaldson: "Test-Case Reduction via Test-Case Generation", ECOOP 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["Choices", "NoValue", "Spent"]

T = TypeVar("T")
O = TypeVar("O")  # noqa: E741 - an option

_MASK = 2**64 - 1
_REACHES = (1, 20, 20, 2_000, 2_000, 2**33)
"""How far chance goes when it prefers some numbers: mostly not far."""
_MANY_DRAWS = 400
"""A value that took this many draws is big enough: what is left is made as plain as it can be."""


class NoValue(Exception):
    """No value was found for a place.

    Args:
        path: The place.
        detail: Why, without the place.
        proven: True when it is certain that none exists.
    """

    def __init__(self, path: tuple[str | int, ...], detail: str, *, proven: bool) -> None:
        super().__init__(detail)
        self.path = path
        self.detail = detail
        self.proven = proven


class Spent(Exception):
    """The steps that a try may take are used up."""


class Choices:
    """Numbers drawn one after the other.

    Args:
        script: What is drawn first; after it every draw is 0.
        seed: Where chance starts; None draws from the script alone.
        plain: Each draw is 0 until ``stir`` is called, although there is a seed.
        zeros: Out of four draws by chance, how many are 0 without further ado.
        steps: How many draws and places are allowed.

    Attributes:
        drawn: What was drawn and not taken back.
    """

    def __init__(
        self,
        *,
        script: Sequence[int] = (),
        seed: int | None = None,
        plain: bool = False,
        zeros: int = 0,
        steps: int = 20_000,
    ) -> None:
        self.drawn: list[int] = []
        self._script = script
        self._place = 0
        self._state = None if seed is None else (seed * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK
        self._plain = plain
        self._zeros = zeros
        self._allowed = self._steps = steps

    @property
    def replaying(self) -> bool:
        """True when nothing is left to chance, so that a second try would end like the first."""
        return self._state is None

    @property
    def frugal(self) -> bool:
        """True when enough was drawn, and what is left should stay small."""
        return len(self.drawn) > _MANY_DRAWS

    @property
    def spent(self) -> int:
        """How many steps were taken."""
        return self._allowed - self._steps

    def spend(self, steps: int = 1) -> None:
        """Count steps.

        Raises:
            Spent: When none are left.
        """
        self._steps -= steps
        if self._steps < 0:
            raise Spent

    def draw(self, count: int, *, plain: bool = False, often: Sequence[int] | None = None) -> int:
        """A whole number from 0 to below ``count``; 0 is the plainest. Of one alternative, nothing is drawn.

        Args:
            count: How many alternatives there are.
            plain: True to leave nothing to chance: 0, unless the script says otherwise.
            often: Numbers that chance prefers, with small ones; None: it prefers none.
        """
        if count <= 1:
            return 0
        self.spend()
        if self._place < len(self._script):
            number = min(max(self._script[self._place], 0), count - 1)
            self._place += 1
        else:
            number = 0 if plain else self._by_chance(count, often)
        self.drawn.append(number)
        return number

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; the first is the plainest."""
        return options[self.draw(len(options))]

    def rarely(self, one_in: int) -> bool:
        """True once in ``one_in`` draws, never when all is plain."""
        return self.draw(one_in) == one_in - 1

    def mark(self) -> int:
        """The point to which ``rewind`` goes back."""
        return len(self.drawn)

    def rewind(self, mark: int, *record: int) -> None:
        """Take back what was drawn since the mark and note these numbers as if they had been drawn."""
        del self.drawn[mark:]
        self.drawn.extend(record)

    def repeated(self, tries: int, make: Callable[[], T]) -> T:
        """What ``make`` gives, called again by other choices when it finds no value.

        Raises:
            NoValue: The last one, or a proven one at once.
        """
        mark, plain = self.mark(), self._plain
        left = 1 if self.replaying else tries
        try:
            while True:
                left -= 1
                try:
                    return make()
                except NoValue as dead:
                    if dead.proven or left <= 0:
                        raise
                    self.rewind(mark)
                    self._plain = False
        finally:
            self._plain = plain

    def first_that_works(self, options: Sequence[O], make: Callable[[O], T], *, plain: bool = False) -> T:
        """What ``make`` gives for an option: the one drawn, or the next that has a value.

        Args:
            options: The plainest first.
            make: Makes a value by an option.
            plain: True to leave nothing to chance.

        Raises:
            NoValue: When none has; proven when that is proven for each.
        """
        mark = self.mark()
        picked = self.draw(len(options), plain=plain)
        found: dict[int, NoValue] = {}
        for shift in range(len(options)):
            index = (picked + shift) % len(options)
            self.rewind(mark, *([index] if len(options) > 1 else []))
            try:
                return make(options[index])
            except NoValue as dead:
                found[index] = dead
        first = next((dead for dead in found.values() if not dead.proven), found[0])
        raise NoValue(first.path, first.detail, proven=first.proven) from None

    def _by_chance(self, count: int, often: Sequence[int] | None) -> int:
        if self._state is None or self._plain:
            return 0
        if self._zeros and self._next() % 4 < self._zeros:
            return 0
        if often is not None:
            way = self._next() % (len(_REACHES) + len(often))
            if way >= len(_REACHES):
                return min(often[way - len(_REACHES)], count - 1)
            count = min(count, _REACHES[way])
        number = self._next()
        for _ in range(count.bit_length() // 64):
            number = number << 64 | self._next()
        return number % count

    def _next(self) -> int:
        """SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)."""
        assert self._state is not None
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((self._state ^ (self._state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)
