"""Where each range of a rendered prompt comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["Origin", "OriginKind", "SourceMap", "SourceRange"]

_set = object.__setattr__
OriginKind: TypeAlias = Literal["text", "value", "section", "example", "history"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a text comes from.

    Attributes:
        kind: ``text`` is the template's own, ``value`` what an expression printed, ``section`` the words around
            the parts of a section, ``example`` and ``history`` are turns that are not written in the template.
        name: The expression, for example ``ticket.body``; the part of a section, for example ``clarity.role``.
        section: The section that it stands in; empty outside of one.
        file: The file, or the prompt's name; None where it is not known.
        line: The line of the file; None where it is not known.
    """

    kind: OriginKind
    name: str = ""
    section: str = ""
    file: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Origin:
        """A value of all its fields in a dict that is given away: a map makes many, and this is the quick way."""
        made = cls.__new__(cls)
        _set(made, "__dict__", fields)
        return made

    def __str__(self) -> str:
        named = self.name or self.section or self.kind
        return named if self.line is None else f"{named} ({self.file}:{self.line})"


@dataclass(frozen=True, kw_only=True)
class SourceRange:
    """One range of one text.

    Attributes:
        message: Index of the message.
        part: Index of the part in it; 0 where the message is one text.
        start: First character.
        end: Behind the last character.
        text: What stands there.
        origin: Where it comes from.
    """

    message: int
    part: int
    start: int
    end: int
    text: str
    origin: Origin

    @classmethod
    def many(
        cls, message: int, part: int, text: str, marks: Iterable[tuple[int, Origin]]
    ) -> list[SourceRange]:
        """The ranges of one text, made the quick way.

        Args:
            message: Index of the message.
            part: Index of the part.
            text: The text.
            marks: Lengths that add up to its own, each with an origin.
        """
        new, put = cls.__new__, _set
        found: list[SourceRange] = []
        start = 0
        for length, origin in marks:
            end = start + length
            made = new(cls)
            fields = {
                "message": message,
                "part": part,
                "start": start,
                "end": end,
                "text": text[start:end],
                "origin": origin,
            }
            put(made, "__dict__", fields)
            found.append(made)
            start = end
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """Where all texts of a rendered prompt come from, in order and without gaps.

    Attributes:
        ranges: Message by message, part by part, from the first character to the last.
    """

    ranges: tuple[SourceRange, ...]

    def at(self, message: int, offset: int, part: int = 0) -> Origin:
        """Where the character at this place comes from.

        Raises:
            IndexError: When there is no such place.
        """
        for found in self.ranges:
            if (found.message, found.part) == (message, part) and found.start <= offset < found.end:
                return found.origin
        raise IndexError(f"message {message}, part {part} has no character {offset}")

    def tokens(self, count: Callable[[str], int]) -> dict[str, dict[str, int]]:
        """Tokens by section and by value, each counted apart, so that sums are about those of the whole.

        Args:
            count: Counts the tokens of a text.

        Returns:
            ``sections`` by name, with the template's own text under ``template``, examples and history; and
            ``values`` by expression.
        """
        sections: dict[str, int] = {}
        values: dict[str, int] = {}
        for found in self.ranges:
            origin, tokens = found.origin, count(found.text)
            turns = origin.kind in {"example", "history"}
            section = origin.section or ("examples" if origin.kind == "example" else origin.kind)
            name = section if origin.section or turns else "template"
            sections[name] = sections.get(name, 0) + tokens
            if origin.kind == "value":
                values[origin.name] = values.get(origin.name, 0) + tokens
        return {"sections": sections, "values": values}

    def to_dicts(self) -> list[dict[str, Any]]:
        """The ranges as plain data."""
        return [
            {
                "message": found.message,
                "part": found.part,
                "start": found.start,
                "end": found.end,
                "kind": found.origin.kind,
                "name": found.origin.name,
                "section": found.origin.section,
                "file": found.origin.file,
                "line": found.origin.line,
            }
            for found in self.ranges
        ]
