"""Whether a prompt can come to fence what is fenced already; where it cannot, fences carry no note and cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes

from promptkit.rendering.roles import SECTION, role_of
from promptkit.rendering.tracing import root_of
from promptkit.rendering.walking import children

__all__ = ["can_refence"]

_FENCE = "fence"
_CATCHING = (nodes.AssignBlock, nodes.CallBlock, nodes.Macro)


def can_refence(body: nodes.Template, others: Iterable[nodes.Template], inputs: frozenset[str]) -> bool:
    """Whether the filter ``fence`` can be given a text that promptkit made, in any text of a prompt.

    Args:
        body: The body.
        others: Its other texts. What they print may be caught where they are included.
        inputs: Names that stand for inputs wherever they are read: an input is never fenced yet.
    """
    seen = {use for tree in others for use in _uses(tree, inputs, caught=True)}
    seen.update(_uses(body, inputs, caught=False))
    return seen == {"caught", "again"}


def _uses(node: nodes.Node, inputs: frozenset[str], *, caught: bool) -> Iterator[str]:
    """``caught`` for a fence that goes elsewhere than into a message, ``again`` for a filter that may meet one.

    Args:
        node: Where to look.
        inputs: As above.
        caught: Whether what is printed here goes into a variable, a macro's result, a filter or an include.
    """
    if isinstance(node, nodes.Output):
        for child in node.nodes:
            found = set(_uses(child, inputs, caught=True))
            if not caught and isinstance(child, nodes.Filter) and child.name in (_FENCE, SECTION):
                found -= set() if _makes(child.node) else {"caught"}
            yield from found
        return
    if isinstance(node, nodes.FilterBlock):
        caught = caught or role_of(node) is None
    elif isinstance(node, _CATCHING):
        caught = True
    elif isinstance(node, nodes.Filter) and node.name in (_FENCE, SECTION):
        yield "caught"
        root = None if node.node is None else root_of(node.node)
        yield from () if node.name == SECTION or root in inputs else ("again",)
    elif isinstance(node, nodes.Const) and node.value == _FENCE:  # x | map('fence')
        yield from ("caught", "again")
    for each in children(node):
        yield from _uses(each, inputs, caught=caught)


def _makes(node: Any) -> bool:
    """Whether a fence is made inside an expression."""
    return isinstance(node, nodes.Node) and "caught" in _uses(node, frozenset(), caught=True)
