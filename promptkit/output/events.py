"""What a stream says of the fields of an answer: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["FieldDelta", "FieldDone", "FieldEvent", "FieldStarted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStarted:
    """The model begins to write a field.

    Attributes:
        path: The field's place in the output, for example ``items[2].name``.
    """

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDelta:
    """A piece of a text field as it arrives.

    Only fields that are any string have it: the pieces joined are the value. A date, an enum or a number comes
    whole, and so does a text that a validator may change.

    Attributes:
        path: The field's place in the output.
        text: The new text alone, its JSON escapes decoded, in whole characters.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDone:
    """A field is whole, fits its part of the schema and holds the rules that could be judged by then.

    Attributes:
        path: The field's place in the output; an object or a list has one too, once all of it is there.
        value: Its value as it will stand in ``result.value``: an instance where the output's type makes one.
    """

    path: str
    value: Any


FieldEvent: TypeAlias = FieldStarted | FieldDelta | FieldDone
