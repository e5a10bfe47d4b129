"""Lists without repeats, and lists in order."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self, TypeAlias

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.evaluation import is_number
from promptkit.constraints.moments import moment_of
from promptkit.constraints.paths import parse
from promptkit.constraints.rules import Boundary, Scope, Unjudged, joined
from promptkit.constraints.samples import sample
from promptkit.schemas.json_types import is_list, is_mapping, is_object
from promptkit.schemas.places import shown, type_phrase
from promptkit.spelling import did_you_mean

__all__ = ["Order", "Sorted", "Unique"]

Order: TypeAlias = Literal["ascending", "descending"]

_ORDERS = ("ascending", "descending")


@dataclass(frozen=True, slots=True)
class Unique:
    """A list in which nothing occurs twice, compared as JSON: 1 and 1.0 are equal, 1 and true are not.

    Attributes:
        by: Fields of the items that are compared together, such as ``sku`` or ``doc.id``; empty for whole items.
            An item that lacks one of them, or has null there, is like no other.
    """

    kind = "unique"
    takes: ClassVar[frozenset[str]] = frozenset({"array"})
    by: tuple[str, ...] = ()

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From ``true``, a field or a list of fields."""
        if argument is True:
            return cls()
        fields = [argument] if isinstance(argument, str) else argument
        if not is_list(fields) or not fields or not all(isinstance(field, str) for field in fields):
            raise wrong_shape(
                "unique", "true or fields of the items", "unique: true or unique: [shop, sku]", argument
            )
        return cls(tuple(fields))

    def __post_init__(self) -> None:
        for field in self.by:
            _require_field("unique", field)

    def sentence(self, subject: str) -> str:
        """Said of the items, or of their fields."""
        if not self.by:
            return f"{subject} has no item twice."
        return (
            f"{subject} has no two items with the same {joined([f'`{field}`' for field in self.by], 'and')}."
        )

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As uniqueItems where whole items are meant; JSON Schema knows no other."""
        return fragment if self.by else {**fragment, "uniqueItems": True}

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first item that an earlier one equals."""
        if not is_list(value):
            return type_phrase(value)
        pair = self._pair(value)
        return (
            None if pair is None else f"items [{pair[0]}] and [{pair[1]}] are both {self._shown(value, pair)}"
        )

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the item that is one too many."""
        pair = self._pair(value) if is_list(value) else None
        if pair is None:
            return "Write a list in which nothing occurs twice."
        return f"Leave out item [{pair[1]}] or change it: it repeats item [{pair[0]}], counted from 0."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Two items that differ, and one item twice."""
        pair = _pair_of(fragment)
        if pair is None or self._key(pair[0]) is None:
            return Boundary()
        inside, outside = [pair[0], pair[1]], [pair[0], pair[0]]
        return Boundary((inside,) if self.fault(inside, scope) is None else (), (outside,))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The list less every repeat."""
        if not is_list(value):
            return value
        seen: set[object] = set()
        kept: list[Any] = []
        for item in value:
            key = self._key(item)
            if key is None or key not in seen:
                kept.append(item)
                seen.add(key)
        return kept

    def _pair(self, items: Sequence[Any]) -> tuple[int, int] | None:
        first: dict[object, int] = {}
        for index, item in enumerate(items):
            key = self._key(item)
            if key is not None and first.setdefault(key, index) != index:
                return first[key], index
        return None

    def _key(self, item: Any) -> object | None:
        if not self.by:
            return _json_key(item)
        values = [_field_of(item, field) for field in self.by]
        return None if any(value is None for value in values) else tuple(map(_json_key, values))

    def _shown(self, items: Sequence[Any], pair: tuple[int, int]) -> str:
        item = items[pair[1]]
        if not self.by:
            return shown(item, 60)
        return joined([f"{field} {shown(_field_of(item, field), 30)}" for field in self.by], "and")


@dataclass(frozen=True, slots=True)
class Sorted:
    """A list in order; equal neighbours are in order.

    Numbers go by size, texts by code point, and where all texts of the list are ISO dates or times of one form,
    by calendar and clock.

    Attributes:
        order: The direction.
        by: The field of the items that is compared, such as ``date`` or ``doc.date``; empty for whole items.
    """

    kind = "sorted"
    takes: ClassVar[frozenset[str]] = frozenset({"array"})
    order: Order = "ascending"
    by: str = ""

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From ``ascending``, ``descending`` or ``{by: date, order: descending}``."""
        given = argument if is_object(argument) else {"order": argument}
        for name in given:
            if name not in ("by", "order"):
                known = did_you_mean(name, ["by", "order"])
                raise ValueError(
                    f"sorted has no {name}{known}; write sorted: {{by: date, order: descending}}"
                )
        by, order = given.get("by", ""), given.get("order", "ascending")
        if not given or not isinstance(by, str) or not isinstance(order, str):
            example = "sorted: descending or sorted: {by: date, order: descending}"
            raise wrong_shape("sorted", "ascending or descending", example, argument)
        return cls(order, by)  # type: ignore[arg-type]  # __post_init__ looks

    def __post_init__(self) -> None:
        if self.order not in _ORDERS:
            raise ValueError(
                f"sorted is {shown(self.order, 40)}{did_you_mean(str(self.order), _ORDERS)}; it is ascending or "
                "descending, as in sorted: {by: date, order: descending}"
            )
        if self.by:
            _require_field("sorted", self.by)

    def sentence(self, subject: str) -> str:
        """Said with field and direction."""
        by = f"by `{self.by}` " if self.by else ""
        return f"{subject} is sorted {by}in {self.order} order."

    def fault(self, value: Any, scope: Scope) -> str | None:
        """The first item that stands behind the one it belongs before.

        Raises:
            Unjudged: When all neighbours that have an order are in order, and two have none.
        """
        if not is_list(value):
            return type_phrase(value)
        keys = self._keys(value)
        place = self._misplaced(keys)
        if place is not None:
            return f"item [{place}] is {self._shown(value, place)}, behind {self._shown(value, place - 1)}"
        for index in range(1, len(keys)):
            if not _are_ordered(keys[index - 1], keys[index]):
                raise Unjudged(
                    f"items [{index - 1}] and [{index}] have no order: "
                    f"{self._shown(value, index - 1)} and {self._shown(value, index)}"
                )
        return None

    def hint(self, value: Any, scope: Scope) -> str:
        """Names the first two items that stand the wrong way round."""
        place = self._misplaced(self._keys(value)) if is_list(value) else None
        if place is None:
            return f"Write a list in {self.order} order."
        return f"Put item [{place}] before item [{place - 1}], counted from 0, and look through the rest."

    def boundary(self, fragment: Mapping[str, Any], scope: Scope) -> Boundary:
        """Two items in order, and the same the other way round."""
        pair = _pair_of(fragment)
        keys = [] if pair is None else self._keys(pair)
        if pair is None or not _are_ordered(*keys) or keys[0] == keys[1]:
            return Boundary()
        ordered = list(self.fitted(pair, scope))
        return Boundary((ordered,), (ordered[::-1],))

    def fitted(self, value: Any, scope: Scope) -> Any:
        """The list in order, equal items as they stood; the given one where some have no order."""
        if not is_list(value):
            return value
        keys = self._keys(value)
        if not all(_are_ordered(keys[0], key) for key in keys):
            return value
        order: list[int] = sorted(range(len(value)), key=keys.__getitem__, reverse=self.order == "descending")
        return [value[index] for index in order]

    def _keys(self, items: Sequence[Any]) -> list[Any]:
        values = [_field_of(item, self.by) if self.by else item for item in items]
        moments = [moment_of(value) if isinstance(value, str) else None for value in values]
        forms = {(at.form, at.zoned) if at else None for at in moments}
        if len(forms) == 1 and None not in forms:
            return [at.seconds for at in moments if at]
        return values

    def _misplaced(self, keys: Sequence[Any]) -> int | None:
        for index in range(1, len(keys)):
            left, right = keys[index - 1], keys[index]
            if not _are_ordered(left, right):
                continue
            if left > right if self.order == "ascending" else left < right:
                return index
        return None

    def _shown(self, items: Sequence[Any], index: int) -> str:
        return shown(_field_of(items[index], self.by) if self.by else items[index], 40)


def _are_ordered(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return True
    numbers = all(is_number(value) or isinstance(value, Fraction) for value in (left, right))
    return numbers and left == left and right == right  # noqa: PLR0124 - NaN has no order


def _require_field(kind: str, field: str) -> None:
    if not field or not all(isinstance(step, str) for step in parse(field).steps):
        raise ValueError(
            f"{kind} takes fields of the items as names joined by dots, as in doc.id; got {shown(field, 60)}"
        )


def _field_of(item: Any, field: str) -> Any:
    for step in parse(field).steps:
        item = item.get(step) if is_object(item) and isinstance(step, str) else None
    return item


def _json_key(value: Any) -> object:
    """What is hashed alike exactly for values that JSON takes for equal."""
    if is_object(value):
        return frozenset((name, _json_key(part)) for name, part in value.items())
    if is_list(value):
        return tuple(map(_json_key, value))
    return (isinstance(value, bool), value)


def _pair_of(fragment: Mapping[str, Any]) -> list[Any] | None:
    """Two items of the list that a fragment describes, the first the smaller; None where none are known."""
    items = fragment.get("items", {})
    if not is_mapping(items) or fragment.get("minItems", 0) > 2 or fragment.get("maxItems", 2) < 2:  # noqa: PLR2004 - a pair
        return None
    pair = [sample(items, 0), sample(items, 1)]
    return None if None in pair else pair
