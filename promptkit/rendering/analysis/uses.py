"""Uses: what a value must be at the place where a template uses it."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import nodes

from promptkit.rendering.analysis.kinds import Kind
from promptkit.rendering.analysis.members import member_of
from promptkit.rendering.analysis.problems import Problems
from promptkit.rendering.analysis.scopes import Scope

__all__ = ["Uses"]


class Uses:
    """Notes what cannot be right about the use of a value.

    Args:
        problems: Where problems go.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def note(self, rule: str, message: str, node: nodes.Node, word: str = "") -> None:
        """Note a problem at a node."""
        self._problems.add(rule, message, node, word)

    def solid(self, kind: Kind, node: nodes.Node, use: str, word: str = "") -> Kind:
        """The kind without None; that it may be None is a problem here."""
        if kind.nullable or kind.name == "none":
            what = kind.called_here or "the value"
            test = what if what != "the value" and "[" not in what else "..."
            message = f"{what} may be None, and {use}; ask {{% if {test} %}} first or use the filter default"
            self.note("unguarded-optional", message, node, word or what.rpartition(".")[2].removesuffix("[]"))
        return kind.certain()

    def filled(self, kind: Kind, what: str, node: nodes.Node, scope: Scope) -> None:
        """That a list may be empty is a problem here."""
        if not scope.is_filled(kind):
            message = f"{kind.path} may be empty and has no {what} then; ask {{% if {kind.path} %}} first"
            if "[" in kind.path:
                message = f"{kind.path} may be empty and has no {what} then; ask for it with {{% if %}} first"
            self.note("empty-list", message, node, kind.path.rpartition(".")[2].removesuffix("[]"))

    def numbered(self, kind: Kind, node: nodes.Node) -> Kind:
        """The list; that it is one without numbers is a problem here."""
        if kind.lazy:
            message = (
                f"{kind.path or 'this'} can only be gone through here; put the filter list behind it first"
            )
            self.note("operand-type", message, node, kind.path.rpartition(".")[2].removesuffix("[]"))
        return replace(kind, lazy=False)

    def member(self, holder: Kind, name: str, node: nodes.Node) -> Kind:
        """The kind of a field."""
        holder = self.solid(holder, node, f"None has no field {name}", name)
        found, fault = member_of(holder, name)
        if fault is not None:
            self.note("undefined-field", fault, node, name)
        return found
