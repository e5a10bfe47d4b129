"""Lists: as many items as are wanted, those that ``contains`` asks for, all different where they must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptkit.schemas.generation.choices import NoValue
from promptkit.schemas.generation.documents import Schema
from promptkit.schemas.generation.rule_parts import Contained, canonical
from promptkit.schemas.generation.rules import Rules
from promptkit.schemas.generation.workshop import Workshop

__all__ = ["list_value"]

MAX_ITEMS = 3_000
_MORE = 5
_KEEP, _TURN = 0, 3
"""Draws at each item that is left to choice: 3 ends a list early, or goes on where it would have ended."""
_UNIQUE_TRIES = 25
_MOST_OTHERS = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def list_value(rules: Rules, workshop: Workshop, path: tuple[str | int, ...]) -> list[Any]:
    """A list that meets the rules.

    Raises:
        NoValue: When an item that must be there has no value, or more than 3,000 are asked for.
    """
    least = max([rules.count.low, *(it.low for it in rules.contained)])
    if least > MAX_ITEMS:
        detail = f"{least} items are asked for, more than the {MAX_ITEMS} that are made here"
        raise NoValue(path, detail, proven=False)
    return _ListMaker(rules, workshop, path).items()


class _ListMaker:
    def __init__(self, rules: Rules, workshop: Workshop, path: tuple[str | int, ...]) -> None:
        self._rules = rules
        self._workshop = workshop
        self._path = path
        self._made: list[Any] = []
        self._seen: set[str] = set()
        self._owed = [it for it in rules.contained for _ in range(min(it.low, MAX_ITEMS + 1))]

    def items(self) -> list[Any]:
        """All items, one after the other."""
        rules, choices = self._rules, self._workshop.choices
        plain = self._plain_count()
        most = rules.count.high
        while most is None or len(self._made) < most:
            optional = len(self._made) >= rules.count.low and not self._owed
            mark = choices.mark()
            if optional and not self._goes_on(plain):
                break
            try:
                self._add()
            except NoValue as dead:
                if not optional:
                    raise NoValue(
                        dead.path, dead.detail, proven=dead.proven and not rules.contained
                    ) from None
                choices.rewind(mark, _TURN if len(self._made) < plain else _KEEP)
                break
        if self._owed:
            detail = f"contains asks for {len(self._owed)} more items than there is room for"
            raise NoValue(self._path, detail, proven=False)
        return self._made

    def _plain_count(self) -> int:
        rules = self._rules
        first = max((len(it.first) for it in rules.items), default=0)
        rest = [it.rest for it in rules.items if it.rest is not True]
        # One item where that is allowed: an empty list is valid too, but breaks most rules that people write.
        count = first or (1 if rest else 0)
        if self._workshop.comes_again(rules.of_index(0)):
            return rules.count.low
        return count if rules.count.high is None else min(count, rules.count.high)

    def _goes_on(self, plain: int) -> bool:
        index = len(self._made)
        if self._workshop.is_deep(self._path) and index >= min(plain, 1):
            return False
        if self._workshop.is_endless(self._rules.of_index(index)):
            return False
        if index < plain:
            return self._workshop.choices.draw(4) != _TURN
        return index < plain + self._rules.count.low + _MORE and self._workshop.choices.draw(4) >= _TURN - 1

    def _add(self) -> None:
        rules, choices = self._rules, self._workshop.choices
        must = len(self._owed) >= (rules.count.high or MAX_ITEMS) - len(self._made)
        options: list[Contained | None] = [self._owed[0], None] if self._owed else [None]
        if must and self._owed:
            options = options[:1]
        if len(self._made) > MAX_ITEMS:
            raise NoValue(self._path, f"contains asks for more than {MAX_ITEMS} items", proven=False)
        taken, item = choices.first_that_works(options, self._item)
        if taken is not None:
            del self._owed[0]
        self._made.append(item)
        if rules.unique:
            self._seen.add(canonical(item))

    def _item(self, contained: Contained | None) -> tuple[Contained | None, Any]:
        index = len(self._made)
        schemas: list[Schema] = [*self._rules.of_index(index)]
        if contained is not None:
            schemas.append(contained.schema)
        schemas.extend(
            {"not": it.schema} for it in self._rules.contained if it.high is not None and it is not contained
        )
        if not self._rules.unique:
            return contained, self._workshop.value(schemas, (*self._path, index))
        return contained, self._workshop.choices.repeated(
            _UNIQUE_TRIES, lambda: self._different(schemas, index)
        )

    def _different(self, schemas: Sequence[Schema], index: int) -> Any:
        item = self._workshop.value(schemas, (*self._path, index))
        if canonical(item) not in self._seen:
            return item
        document = self._workshop.document
        for other in self._others(item, schemas):
            self._workshop.choices.spend()
            if canonical(other) not in self._seen and all(document.fits(part, other) for part in schemas):
                return other
        detail = "uniqueItems: the items that were tried stand in the list"
        raise NoValue((*self._path, index), detail, proven=False)

    def _others(self, item: Any, schemas: Sequence[Schema]) -> Iterator[Any]:
        """Values near an item that stands in the list already."""
        rules = Rules()
        rules.take(schemas, self._workshop.document)
        count = len(self._made) + 1
        if rules.values is not None:
            yield from rules.values[: _MOST_OTHERS * count]
        elif isinstance(item, bool):
            yield not item
        elif isinstance(item, int):
            step = max(1, int(rules.bounds.step or 1))
            yield from (item + sign * step * offset for offset in range(1, count + 1) for sign in (1, -1))
        elif isinstance(item, str):
            yield from (f"{item}{number}" for number in range(2, count + 2))
            yield from (f"{item[:-1]}{letter}" for letter in _LETTERS)
