"""Facts: which values are known not to be None, and which lists to have an item, where a condition holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from jinja2 import nodes

from promptkit.rendering.analysis.kinds import Kind
from promptkit.rendering.analysis.scopes import FILLED

__all__ = ["Facts", "facts_of"]

Facts: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""Keys of what is certain where a condition is true, and where it is false."""

_NOTHING: frozenset[str] = frozenset()
# Tests that None fails.
_SOLID_TESTS = frozenset(
    {"boolean", "float", "integer", "iterable", "mapping", "number", "sequence", "string", "true"}
)
# Filters that make something empty of nothing, so that what is true of theirs was something.
_KEEPS_NOTHING = frozenset(
    {
        "capitalize",
        "count",
        "first",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "reverse",
        "sort",
        "string",
        "title",
        "trim",
        "unique",
        "upper",
        "wordcount",
    }
)


def facts_of(test: nodes.Node, kind: Callable[[nodes.Node], Kind]) -> Facts:
    """What a condition makes certain.

    Args:
        test: The condition.
        kind: Gives the kind of an expression, for the key that it is known by.
    """
    if isinstance(test, nodes.Not):
        true, false = facts_of(test.node, kind)
        return false, true
    if isinstance(test, nodes.And | nodes.Or):
        return _combined(test, kind)
    if isinstance(test, nodes.Compare):
        return _compared(test, kind)
    if isinstance(test, nodes.Test):
        key = _not_none(kind(test.node))
        if test.name == "none":
            return _NOTHING, key
        return (key, _NOTHING) if test.name in _SOLID_TESTS else (_NOTHING, _NOTHING)
    if isinstance(test, nodes.Filter) and test.node is not None and _is_nothing_of_nothing(test):
        return facts_of(test.node, kind)[0], _NOTHING
    if isinstance(test, nodes.Name | nodes.Getattr | nodes.Getitem):
        return _true(kind(test)), _NOTHING
    return _NOTHING, _NOTHING


def _is_nothing_of_nothing(node: nodes.Filter) -> bool:
    if node.name in ("d", "default"):
        return not node.args or _is_false(node.args[0])
    return not node.name.isidentifier() or node.name in _KEEPS_NOTHING


def _is_false(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and not node.value


def _combined(test: nodes.And | nodes.Or, kind: Callable[[nodes.Node], Kind]) -> Facts:
    left, right = facts_of(test.left, kind), facts_of(test.right, kind)
    if isinstance(test, nodes.And):
        return left[0] | right[0], left[1] & right[1]
    if _is_false(test.right):
        return left[0], _NOTHING
    return left[0] & right[0], left[1] | right[1]


def _compared(test: nodes.Compare, kind: Callable[[nodes.Node], Kind]) -> Facts:
    if len(test.ops) != 1:
        return _NOTHING, _NOTHING
    operator, other = test.ops[0].op, test.ops[0].expr
    if _is_more_than_nothing(operator, other):
        return facts_of(test.expr, kind)[0], _NOTHING
    left, right = kind(test.expr), kind(other)
    if right.name == "none":
        if operator in ("eq", "ne"):
            key = _not_none(left)
            return (_NOTHING, key) if operator == "eq" else (key, _NOTHING)
        return _NOTHING, _NOTHING
    if operator == "eq" and not right.nullable:
        return _not_none(left), _NOTHING
    if operator == "in" and not right.nullable and _holds_no_none(right):
        return _not_none(left), _NOTHING
    return _NOTHING, _NOTHING


def _is_more_than_nothing(operator: str, other: nodes.Expr) -> bool:
    """Whether only what counts as true passes: ``x | length > 0``."""
    least = other.value if isinstance(other, nodes.Const) else None
    return isinstance(least, int) and (
        (operator == "gt" and least >= 0) or (operator == "gteq" and least > 0)
    )


def _holds_no_none(kind: Kind) -> bool:
    if kind.name != "list":
        return kind.name != "any"
    item = kind.item
    return not item.nullable and (item.name not in ("any", "none") or item.values is not None)


def _not_none(kind: Kind) -> frozenset[str]:
    return frozenset({kind.key}) if kind.key else _NOTHING


def _true(kind: Kind) -> frozenset[str]:
    return frozenset({kind.key, f"{kind.key}{FILLED}"}) if kind.key else _NOTHING
