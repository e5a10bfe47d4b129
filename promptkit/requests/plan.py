"""What a backend will do with an output, known before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from promptkit.completions import Enforcement

__all__ = ["Limit", "Placement", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one rule is enforced.

    Attributes:
        path: The field; empty for the whole output.
        rule: A JSON Schema keyword or a constraint's kind.
        where: The earliest place that enforces it.
        note: Why, or what the backend does with it instead; empty when there is nothing to say.
    """

    path: str
    rule: str
    where: Enforcement
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of a backend on schemas that an output passes.

    Attributes:
        name: What is limited, for example ``properties``.
        allowed: The most that the backend takes.
        actual: What the output's schema has.
    """

    name: str
    allowed: int
    actual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a backend will do with an output specification, known before anything is sent.

    Attributes:
        backend: The backend's name.
        placements: One for each rule.
        wire: The schema as this backend will be given it; None when it is given none.
        limits: The limits that the schema passes; empty when it fits.
    """

    backend: str
    placements: tuple[Placement, ...] = ()
    wire: Mapping[str, Any] | None = field(default=None, repr=False)
    limits: tuple[Limit, ...] = ()

    def where(self, path: str, rule: str) -> Enforcement:
        """The place of one rule; CHECK when the plan does not name it, since every answer is checked."""
        for placement in self.placements:
            if placement.path == path and placement.rule == rule:
                return placement.where
        return Enforcement.CHECK

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-able data, for a snapshot."""
        return asdict(self)
