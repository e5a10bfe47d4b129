"""Filtering: what a filter makes of a value, and whether it can."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import nodes

from promptkit.rendering.analysis.calls import Arguments
from promptkit.rendering.analysis.filter_kinds import FILTER_KINDS, Signature, item_fault
from promptkit.rendering.analysis.kinds import ANY, TEXT, Kind, either, list_of, said
from promptkit.rendering.analysis.scopes import Scope
from promptkit.rendering.analysis.signatures import filter_fault, test_fault
from promptkit.rendering.analysis.uses import Uses
from promptkit.rendering.filters import HAND_ON

__all__ = ["Filtering"]

_OF_FILLED = frozenset({"first", "last", "max", "min"})


class Filtering:
    """Knows what filters make.

    Args:
        uses: Notes what cannot be right.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses = uses

    def made(self, operand: Kind, node: nodes.Filter, arguments: Arguments, scope: Scope) -> Kind:
        """What a filter makes of a value."""
        signature = FILTER_KINDS.get(node.name)
        if signature is None:
            return operand.loose()
        if not signature.none:
            operand = self._uses.solid(operand, node, f"the filter {node.name} needs {signature.wants}", "")
        if operand.name not in signature.takes:
            what = operand.path or "the value"
            message = f"{what} is {said(operand)}, and the filter {node.name} needs {signature.wants}"
            self._uses.note("operand-type", message, node, node.name)
            return signature.gives(operand.loose())
        if node.name in ("d", "default"):
            fallback = arguments.first or TEXT
            return fallback if operand.name == "none" else either(operand.certain(), fallback)
        fault = filter_fault(node.name, arguments) or _inner_fault(node.name, arguments)
        if fault is not None:
            self._uses.note("filter-arguments", fault, node, node.name)
        if operand.fenced and signature.keeps is not None and signature.keeps(arguments):
            return replace(signature.gives(operand), fenced=True)
        if operand.name != "list":
            return signature.gives(operand)
        if node.name in _OF_FILLED:
            self._uses.filled(operand, f"{node.name} one", node, scope)
        return self._of_list(operand, signature, arguments, node)

    def _of_list(self, operand: Kind, signature: Signature, arguments: Arguments, node: nodes.Filter) -> Kind:
        """What a filter makes of a list."""
        by_field = next((arguments.named(key) for key in signature.by_field if arguments.named(key)), None)
        field = operand.item if by_field is None else self._item_field(operand, by_field, node)
        if signature.items and (node.name != "sum" or arguments.named("start") is None):
            fault = item_fault(node.name, field)
            if fault is not None:
                self._uses.note(*fault, node, field.path.rpartition(".")[2].removesuffix("[]"))
        if node.name == "map":
            made = field if by_field is not None else _mapped(operand.item, arguments)
            made = replace(
                operand, inner=made, trusted=made.trusted, fenced=made.fenced, changes=made.changes
            )
            return replace(made, lazy=True)
        if node.name == "sum":
            operand = list_of(field)
        return signature.gives(_without_none(operand, arguments, node))

    def _item_field(self, operand: Kind, by_field: Kind, node: nodes.Node) -> Kind:
        """The field of each item that an argument such as ``attribute="a.b"`` names."""
        path = by_field.values[0] if by_field.values and len(by_field.values) == 1 else None
        if not isinstance(path, str):
            return ANY
        kind = operand.item
        for name in path.split("."):
            kind = ANY if name.isdigit() else self._uses.member(kind, name, node)
        return kind


def _inner_fault(name: str, given: Arguments) -> str | None:
    """What is wrong with what ``map`` hands on to its filter, and ``select`` and its like to their test."""
    at = HAND_ON.get(name)
    words = given.placed[at : at + 1] if at is not None else ()
    word = words[0].values[0] if words and words[0].values else None
    if at is None or given.by_name or not isinstance(word, str):
        return None
    rest = Arguments(given.placed[at + 1 :], open=given.open)
    return filter_fault(word, rest) if name == "map" else test_fault(word, rest)


def _mapped(item: Kind, arguments: Arguments) -> Kind:
    """What ``map`` makes of an item with a filter of this name."""
    name = arguments.first.values[0] if arguments.first is not None and arguments.first.values else None
    signature = FILTER_KINDS.get(name) if isinstance(name, str) else None
    return item.loose() if signature is None else signature.gives(item)


def _without_none(operand: Kind, arguments: Arguments, node: nodes.Filter) -> Kind:
    """The list of which ``select`` and its like have taken out what is None."""
    words = [kind.values[0] if kind.values else None for kind in arguments.placed]
    none = ["none"] if node.name.startswith("reject") else []
    if node.name in ("reject", "select"):
        return operand.holding(operand.item.certain()) if words == none else operand
    if node.name in ("rejectattr", "selectattr") and words and words[1:] == none:
        item = operand.item
        return operand.holding(replace(item, given=item.given | {str(words[0])}))
    return operand
