"""Scopes: which names a place of a template sees, and what is known there of values and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jinja2 import nodes

from promptkit.rendering.analysis.kinds import ANY, Kind, either

__all__ = ["FILLED", "Scope", "merged"]

FILLED = " is filled"
"""Behind the key of a value: it is not only no None, but no empty list either."""
_NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scope:
    """What a place sees.

    Attributes:
        names: The kind of each name.
        certain: Keys of values that are not None here, and of lists that are filled.
        unsure: Names that only some ways to this place set, each with the condition under which it is set.
    """

    names: dict[str, Kind] = field(default_factory=dict[str, Kind])
    certain: frozenset[str] = _NOTHING
    unsure: dict[str, nodes.Expr | None] = field(default_factory=dict[str, "nodes.Expr | None"])

    def inner(self, certain: frozenset[str] = _NOTHING, test: nodes.Expr | None = None) -> Scope:
        """A scope that sees the same and in which more is certain; what it sets stays in it.

        Args:
            certain: What is certain in it besides.
            test: The condition under which it is entered.
        """
        unsure = dict(self.unsure)
        if unsure and test is not None:
            met = _met(test)
            defined = {_name_asked_for(asked) for asked in met}
            unsure = {name: when for name, when in unsure.items() if name not in defined and when not in met}
        return Scope(dict(self.names), self.certain | certain, unsure)

    def set(self, name: str, kind: Kind) -> None:
        """Give a name a value from here on."""
        self.names[name] = kind
        self.unsure.pop(name, None)

    def settled(self, kind: Kind) -> Kind:
        """The kind, not nullable where that is certain here."""
        return kind.certain() if kind.nullable and kind.key in self.certain else kind

    def is_filled(self, kind: Kind) -> bool:
        """Whether a list is known to have an item here."""
        return not kind.may_be_empty or f"{kind.key}{FILLED}" in self.certain


def _met(test: nodes.Expr) -> list[nodes.Expr]:
    """The conditions that hold where ``test`` is true."""
    if isinstance(test, nodes.And):
        return [*_met(test.left), *_met(test.right), test]
    if isinstance(test, nodes.Not):
        inner = test.node
        if isinstance(inner, nodes.Not):
            return [*_met(inner.node), test]
        if isinstance(inner, nodes.Or):
            return [*_met(nodes.Not(inner.left)), *_met(nodes.Not(inner.right)), test]
        if isinstance(inner, nodes.Test) and inner.name == "undefined":
            return [nodes.Test(inner.node, "defined", [], [], None, None), test]
    return [test]


def _name_asked_for(test: nodes.Expr) -> str | None:
    """``x`` of ``x is defined``."""
    if isinstance(test, nodes.Test) and test.name == "defined" and isinstance(test.node, nodes.Name):
        return test.node.name
    return None


def merged(scope: Scope, ways: Sequence[tuple[Scope, nodes.Expr | None]], number: int) -> None:
    """Leave branches: names are of one kind where all agree, and unsure where some do not set them.

    Args:
        scope: The scope around them, which sees what they have set.
        ways: Each way through them, with the condition that leads into it where one alone does.
        number: Tells values that differ by the way from all others.
    """
    for name in {name: None for way, _ in ways for name in way.names}:
        kinds = [way.names[name] for way, _ in ways if name in way.names]
        scope.names[name] = _joined(kinds, f"{name} {number}")
        sets = [when for way, when in ways if name in way.names and name not in way.unsure]
        if len(sets) == len(ways):
            scope.unsure.pop(name, None)
        else:
            earlier = next((way.unsure[name] for way, _ in ways if name in way.unsure), None)
            scope.unsure[name] = next((when for when in sets if when is not None), earlier)


def _joined(kinds: Sequence[Kind], own: str) -> Kind:
    first = kinds[0]
    if all(kind is first or kind == first for kind in kinds):
        return first
    real = [kind for kind in kinds if kind.name != "none"]
    alike = real[0] if real else ANY
    for kind in real[1:]:
        alike = alike if kind == alike else either(alike, kind)
    return replace(
        alike,
        nullable=len(real) < len(kinds) or any(kind.nullable for kind in real),
        trusted=all(kind.trusted for kind in kinds),
        fenced=all(kind.is_safe for kind in kinds) and not all(kind.trusted for kind in kinds),
        changes=any(kind.changes for kind in kinds),
        values=None,
        own=own,
    )
