"""How an expression is written in a template: Jinja's nodes know their line, and no column."""

from __future__ import annotations

import re

from jinja2 import nodes

from promptkit.rendering.walking import below

__all__ = ["spelling_of"]


def spelling_of(node: nodes.Node, word: str) -> str:
    """A regular expression for where a word of ``node`` is written, the word in a group; empty where it has none.

    Args:
        node: An expression.
        word: A name, a field or a macro in it.
    """
    holder = node.node if isinstance(node, nodes.Filter | nodes.Getitem) else None
    if holder is not None and _last(holder) == word:
        behind = rf"(?=[^{{}}]*\|\s*{node.name}\b)" if isinstance(node, nodes.Filter) else r"(?=\s*\[)"
        return f"{_chain(holder)}{behind}"
    for found in (node, *below(node, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Name)):
        if isinstance(found, nodes.Call) and _last(found.node) == word:
            return rf"(?<!macro ){_chain(found.node)}\s*\("
        if _last(found) == word:
            return _chain(found)
    return ""


def _last(node: nodes.Node) -> str | None:
    """The name at the end of ``a.b.c``."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return None


def _chain(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name) and node.ctx == "load":
        return rf"(?<!set )(?<!for )(?<!macro )(?<![\w.])(?P<word>{re.escape(node.name)})(?!\w)"
    return f"{_before(node)}(?P<word>{re.escape(_last(node) or '')})(?!\\w)"


def _before(node: nodes.Node) -> str:
    """What is written before the last name."""
    if isinstance(node, nodes.Getattr):
        return rf"{_whole(node.node)}\s*\.\s*"
    if isinstance(node, nodes.Getitem):
        return rf"{_whole(node.node)}\s*\[\s*['\"]?"
    return r"(?<![\w.])"


def _whole(node: nodes.Node) -> str:
    """All of ``a.b``, ``a[0]`` and ``a['b']``; of anything else its end, which is not looked at."""
    if isinstance(node, nodes.Name):
        return rf"(?<![\w.]){re.escape(node.name)}"
    if isinstance(node, nodes.Getattr):
        return rf"{_whole(node.node)}\s*\.\s*{re.escape(node.attr)}"
    if isinstance(node, nodes.Getitem):
        return rf"{_whole(node.node)}\s*\[[^\]]*\]"
    return ""
