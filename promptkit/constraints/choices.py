"""One of some values."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import wrong_shape
from promptkit.constraints.evaluation import is_number, same
from promptkit.constraints.numbers import is_finite
from promptkit.constraints.rules import Scope, joined
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown

__all__ = ["OneOf"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some plain values."""

    kind = "one_of"
    takes: ClassVar[frozenset[str]] = frozenset()
    values: tuple[str | int | float | bool | None, ...]

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From a list of plain values."""
        if not is_list(argument) or not all(
            isinstance(value, str | int | float | None) for value in argument
        ):
            raise wrong_shape("one_of", "a list of plain values", "one_of: [low, normal, high]", argument)
        return cls(tuple(argument))

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ValueError("one_of takes at least one value, as in one_of: [low, high]")
        if any(is_number(value) and not is_finite(value) for value in self.values):
            raise ValueError("one_of takes finite numbers and other plain values, as in one_of: [1, 2, none]")

    def sentence(self, subject: str) -> str:
        """Said with every value."""
        return f"{subject} is {self._choice()}."

    def narrow(self, fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        """As enum; values that an enum already leaves out stay out."""
        present = fragment.get("enum", fragment.get("const", _NOTHING))
        before = present if is_list(present) else [present]
        kept = [
            value
            for value in self.values
            if present is _NOTHING or any(same(value, other) for other in before)
        ]
        if not kept:
            return fragment
        return {**{key: part for key, part in fragment.items() if key != "const"}, "enum": kept}

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A value that is none of them; true is not 1."""
        return None if any(same(value, allowed) for allowed in self.values) else shown(value)

    def hint(self, value: Any, scope: Scope) -> str:
        """Repeats the choice."""
        return f"Write {self._choice()}, letter for letter."

    def _choice(self) -> str:
        names = [shown(value) for value in self.values]
        return f"exactly {names[0]}" if len(names) == 1 else f"one of {joined(names)}"


class _Nothing:
    pass


_NOTHING = _Nothing()
