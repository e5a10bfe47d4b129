"""Walks over syntax trees; Jinja's own walk asks each node for its fields by name, which was an eighth of a check."""

from __future__ import annotations

from typing import TypeVar, cast

from jinja2 import nodes
from jinja2.environment import Environment

__all__ = ["below", "children", "live_in"]

N = TypeVar("N", bound=nodes.Node)

_LEAVES = frozenset({nodes.TemplateData, nodes.Name, nodes.Const, nodes.NSRef, nodes.Break, nodes.Continue})
"""Types of node that hold no other nodes, by far the most."""


def children(node: nodes.Node) -> list[nodes.Node]:
    """The nodes directly in a node, in the order of its fields."""
    if type(node) in _LEAVES:
        return []
    found: list[nodes.Node] = []
    for name in node.fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in cast("list[object]", value) if isinstance(item, nodes.Node)]
        elif isinstance(value, nodes.Node):
            found.append(value)
    return found


def below(node: nodes.Node, *kinds: type[N]) -> list[N]:
    """All nodes of some types inside a node, each before what stands in it."""
    found: list[N] = []
    waiting = children(node)[::-1]
    while waiting:
        each = waiting.pop()
        if isinstance(each, kinds):
            found.append(each)
        if type(each) not in _LEAVES:
            waiting += children(each)[::-1]
    return found


def live_in(tree: nodes.Node, environment: Environment) -> None:
    """Tell every node of a tree its environment, which Jinja's compiler asks them for."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        each.environment = environment
        if type(each) not in _LEAVES:
            waiting += children(each)
