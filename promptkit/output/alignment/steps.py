"""What objects, lists and single values need of one another while they are brought to a schema's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from promptkit.output.alignment.nodes import Arr, Fix, Node, Obj, Place
from promptkit.schemas.json_types import is_list, is_object

__all__ = ["Steps", "same"]


class Steps(Protocol):
    """The steps of one value, and their receipts.

    Attributes:
        fixes: What was changed so far.
        alternatives: How many unions with several alternatives besides null stand around the value.
        renamed: For each place by names as they were written the name that the schema has.
    """

    fixes: list[Fix]
    alternatives: int
    renamed: dict[Place, str]

    def note(self, place: Place, rule: str, before: Any, after: Any) -> None:
        """Keep the receipt of one step."""
        ...

    def fit_at(self, node: Node, fragment: Any, place: Place) -> Any:
        """The value at a place in the form of its fragment; a Misfit when it has none."""
        ...

    def whole(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fragment with its reference followed and the parts of ``allOf`` laid over one another."""
        ...

    def decoded(self, text: str, place: Place, wanted: str) -> Node:
        """The value that a text holds as JSON; a Misfit when it holds none."""
        ...

    def refuse_open(self, node: Arr | Obj, place: Place) -> None:
        """Note the loss when the text ended inside the value."""
        ...


def same(one: Any, other: Any) -> bool:
    """True for equal data; true and 1 differ."""
    if type(one) is not type(other):
        return False
    if is_object(one):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if is_list(one):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
