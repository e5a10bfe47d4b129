"""A part of an output's schema: what may be judged on its own while the rest is still being written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from promptkit.schemas.outcomes import Invalid, Valid

__all__ = ["ChosenParts", "Members", "Part"]


@dataclass(slots=True)
class Members:
    """What was found inside an object or a list, by name or index.

    Attributes:
        values: The values of members that were judged on their own.
        texts: The JSON of all others, to be judged with the whole.
    """

    values: dict[str | int, Any] = field(default_factory=dict[str | int, Any])
    texts: dict[str | int, str] = field(default_factory=dict[str | int, str])


class Part(Protocol):
    """The schema of one place.

    Attributes:
        streams: True when a string there is the value as it is written, be it any string at all.
        late: True when it can only be judged together with what stands around it.
        reshapes: True when code of the application sees the whole that is made there, and may change what is in it.
    """

    streams: bool
    late: bool
    reshapes: bool

    def opens(self, bracket: str) -> bool:
        """True when members of the object (``{``) or list (``[``) there may be judged one by one."""
        ...

    def member(self, name: str | int) -> Part | None:
        """The part of a member, by its name in JSON or by its index; None for one that is not declared."""
        ...

    def whole(self, text: str, data: Any) -> Valid[Any] | Invalid:
        """Judge a value with all that is inside it.

        Args:
            text: Its JSON.
            data: The same as plain data.
        """
        ...

    def joined(self, data: Any, members: Members) -> Valid[Any] | Invalid:
        """Judge an object or a list whose members have been judged, and make its value of theirs.

        Args:
            data: All of it as plain data.
            members: What its members were found to be.
        """
        ...

    def found_in(self, value: Any, name: str | int) -> tuple[Any, ...]:
        """What the value that was made has for a member, as a tuple of one; empty where that cannot be said."""
        ...


class ChosenParts:
    """An object that holds some parts of a schema under names of their own.

    Args:
        parts: The parts by name.
    """

    streams = False
    late = False
    reshapes = False

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def opens(self, bracket: str) -> bool:
        """True for the object."""
        return bracket == "{"

    def member(self, name: str | int) -> Part | None:
        """The part of that name; none where it is judged with what stands around it."""
        part = self._parts.get(str(name))
        return None if part is None or part.late else part

    def whole(self, text: str, data: Any) -> Valid[Any] | Invalid:  # noqa: ARG002 - one shape for all parts
        """The data, unjudged: what is no such object is read by other means."""
        return Valid(value=data, data=data)

    def joined(self, data: Any, members: Members) -> Valid[Any] | Invalid:  # noqa: ARG002 - one shape
        """As :meth:`whole`."""
        return Valid(value=data, data=data)

    def found_in(self, value: Any, name: str | int) -> tuple[Any, ...]:
        """Nothing: its members make no value."""
        del value, name
        return ()
