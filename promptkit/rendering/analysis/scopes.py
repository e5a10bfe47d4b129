"""Scopes: which names a place of a template sees, and which values are known there not to be None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from jinja2 import nodes

from promptkit.rendering.analysis.kinds import ANY, Kind, made_of

__all__ = ["Facts", "Scope", "facts_of", "merged"]

Facts: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""Paths that are not None where a condition is true, and where it is false."""

_NOTHING: frozenset[str] = frozenset()
# Tests that None fails.
_SOLID_TESTS = frozenset(
    {"boolean", "float", "integer", "iterable", "mapping", "number", "sequence", "string", "true"}
)


@dataclass(slots=True)
class Scope:
    """What a place sees.

    Attributes:
        names: The kind of each name.
        certain: Paths of values that are not None here.
    """

    names: dict[str, Kind] = field(default_factory=dict[str, Kind])
    certain: frozenset[str] = _NOTHING

    def inner(self, certain: frozenset[str] = _NOTHING) -> Scope:
        """A scope that sees the same and in which more is certain; what it sets stays in it."""
        return Scope(dict(self.names), self.certain | certain)

    def settled(self, kind: Kind) -> Kind:
        """The kind, not nullable where that is certain here."""
        return kind.certain() if kind.nullable and kind.path in self.certain else kind


def merged(scopes: Mapping[str, Scope] | list[Scope]) -> dict[str, Kind]:
    """The names after branches that may each have run: of one kind where all agree, else anything."""
    each = list(scopes.values()) if isinstance(scopes, Mapping) else scopes
    names: dict[str, Kind] = {}
    for scope in each:
        for name, kind in scope.names.items():
            known = names.setdefault(name, kind)
            if known is not kind and known != kind:
                names[name] = replace(made_of(ANY, known, kind, keeps=True), path="")
    return names


def facts_of(test: nodes.Node, kind: Callable[[nodes.Node], Kind]) -> Facts:
    """What a condition makes certain.

    Args:
        test: The condition.
        kind: Gives the kind of an expression, for the path that it comes from.
    """
    if isinstance(test, nodes.Filter) and not test.name.isidentifier() and test.node is not None:
        return facts_of(test.node, kind)
    if isinstance(test, nodes.Not):
        true, false = facts_of(test.node, kind)
        return false, true
    if isinstance(test, nodes.And | nodes.Or):
        return _combined(test, kind)
    if isinstance(test, nodes.Compare):
        return _compared(test, kind)
    if isinstance(test, nodes.Test):
        path = _path(kind(test.node))
        if test.name == "none":
            return _NOTHING, path
        return (path, _NOTHING) if test.name in _SOLID_TESTS else (_NOTHING, _NOTHING)
    if isinstance(test, nodes.Name | nodes.Getattr | nodes.Getitem):
        return _path(kind(test)), _NOTHING
    return _NOTHING, _NOTHING


def _combined(test: nodes.And | nodes.Or, kind: Callable[[nodes.Node], Kind]) -> Facts:
    left, right = facts_of(test.left, kind), facts_of(test.right, kind)
    if isinstance(test, nodes.And):
        return left[0] | right[0], left[1] & right[1]
    return left[0] & right[0], left[1] | right[1]


def _compared(test: nodes.Compare, kind: Callable[[nodes.Node], Kind]) -> Facts:
    if len(test.ops) != 1:
        return _NOTHING, _NOTHING
    operand = test.ops[0]
    left, right = kind(test.expr), kind(operand.expr)
    if right.name == "none":
        if operand.op in ("eq", "ne"):
            path = _path(left)
            return (_NOTHING, path) if operand.op == "eq" else (path, _NOTHING)
        return _NOTHING, _NOTHING
    if operand.op in ("eq", "in") and not right.nullable:
        return _path(left), _NOTHING
    return _NOTHING, _NOTHING


def _path(kind: Kind) -> frozenset[str]:
    return frozenset({kind.path}) if kind.path else _NOTHING
