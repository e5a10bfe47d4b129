"""What is open while an answer is read: the objects and lists around a value, and the value itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from promptkit.schemas.json_types import is_object
from promptkit.schemas.leaves import Place
from promptkit.schemas.parts import Members, Part

__all__ = ["Frame", "Unit"]


@dataclass(slots=True)
class Frame:
    """An object or a list that is being written.

    Attributes:
        place: Where it stands in the output.
        path: The same as text.
        part: Its part of the schema where its members are told; None inside a value that is judged as a whole.
        data: What there is of it.
        scalars: How many scalars had been told when it began.
        members: What its members were found to be.
        told: Members that were told, and their values.
        late: Members that are judged with it: place, path and data.
        name: The name of the property that comes next.
        valid: False once a member does not fit the schema.
        sound: False once a member does not fit, or breaks a rule.
    """

    place: Place
    path: str
    part: Part | None
    data: Any
    scalars: int
    members: Members = field(default_factory=Members)
    told: list[tuple[str | int, Any]] = field(default_factory=list[tuple[str | int, Any]])
    late: list[tuple[Place, str, Any]] = field(default_factory=list[tuple[Place, str, Any]])
    name: str = ""
    valid: bool = True
    sound: bool = True

    def put(self, value: Any) -> None:
        """Put the member that comes next into the data."""
        if is_object(self.data):
            self.data[self.name] = value
        else:
            self.data.append(value)


@dataclass(slots=True)
class Unit:
    """A value that is judged as a whole.

    Attributes:
        name: Its name or index in what holds it.
        place: Where it stands in the output.
        path: The same as text.
        part: Its part of the schema; None for one that is not declared.
        start: How many characters stand before its text.
        depth: How many objects and lists are open around it.
        streams: True when it is told piece by piece, if it is a string.
    """

    name: str | int
    place: Place
    path: str
    part: Part | None
    start: int
    depth: int
    streams: bool = False
