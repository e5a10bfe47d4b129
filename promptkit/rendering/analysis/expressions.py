"""Expressions: the kind of each, and what cannot be right about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias, cast

from jinja2 import nodes

from promptkit.rendering.analysis.calls import MacroCall, arguments_of
from promptkit.rendering.analysis.comparisons import comparison_fault
from promptkit.rendering.analysis.filter_kinds import FILTER_KINDS
from promptkit.rendering.analysis.kinds import ANY, NUMBER, TEXT, Kind, KindName, list_of, made_of, said
from promptkit.rendering.analysis.members import member_of
from promptkit.rendering.analysis.problems import Problems
from promptkit.rendering.analysis.scopes import Scope, facts_of
from promptkit.rendering.environment import GLOBALS
from promptkit.rendering.roles import CONCAT, SECTION
from promptkit.schemas.json_types import is_list

__all__ = ["Expressions"]


class Unknown(Protocol):
    """What is told of a name that nothing sets."""

    def __call__(self, node: nodes.Name, *, asked: bool) -> Kind: ...


_Visitor: TypeAlias = Callable[[Any, Scope], Kind]
_ARITHMETIC: Mapping[type[nodes.Node], str] = {
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
}
_NUMERIC_TESTS = frozenset({"divisibleby", "even", "odd"})
_CONSTANTS: Mapping[type[Any], KindName] = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "none",
}


class Expressions:
    """Reads expressions.

    Args:
        problems: Where problems go.
        unknown: Told of a name that nothing sets, and whether it is only asked for; gives what is taken for it.
        call: Called for each call of a macro; gives the kind of what it prints.
        section: Called for each section that is read, with its key; gives the kind of its text.
    """

    def __init__(
        self,
        problems: Problems,
        *,
        unknown: Unknown,
        call: Callable[[MacroCall], Kind],
        section: Callable[[str, nodes.Node], Kind],
    ) -> None:
        self._problems = problems
        self._unknown = unknown
        self._call_macro = call
        self._section = section
        self._asked: nodes.Node | None = None
        self._visitors: dict[type[nodes.Node], _Visitor] = {
            nodes.Add: self._add,
            nodes.And: self._and,
            nodes.Call: self._call,
            nodes.Compare: self._compare,
            nodes.CondExpr: self._condition,
            nodes.Const: self._const,
            nodes.Dict: self._dict,
            nodes.Filter: self._filter,
            nodes.Getattr: self._getattr,
            nodes.Getitem: self._getitem,
            nodes.List: self._list,
            nodes.Name: self._name,
            nodes.Neg: self._number,
            nodes.Not: self._not,
            nodes.Or: self._or,
            nodes.Pos: self._number,
            nodes.TemplateData: lambda _node, _scope: TEXT,
            nodes.Test: self._test,
            nodes.Tuple: self._list,
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
        }

    def kind(self, node: nodes.Node, scope: Scope) -> Kind:
        """The kind of an expression; everything inside it is looked at."""
        visitor = self._visitors.get(type(node))
        if visitor is not None:
            return scope.settled(visitor(node, scope))
        for child in node.iter_child_nodes():
            self.kind(child, scope)
        return ANY

    def facts(self, test: nodes.Node, scope: Scope) -> tuple[Scope, frozenset[str]]:
        """The scope in which the condition is true, and the paths that are not None where it is false."""
        self.kind(test, scope)
        quiet, self._problems.quiet = self._problems.quiet, True
        true, false = facts_of(test, lambda node: self.kind(node, scope))
        self._problems.quiet = quiet
        return scope.inner(true), false

    def _note(self, rule: str, message: str, node: nodes.Node, word: str = "") -> None:
        self._problems.add(rule, message, node, word)

    def solid(self, kind: Kind, node: nodes.Node, use: str, word: str = "") -> Kind:
        """The kind without None; that it may be None is a problem here."""
        if kind.nullable or kind.name == "none":
            what = kind.path or "the value"
            test = what if kind.path and "[" not in kind.path else "..."
            message = f"{what} may be None, and {use}; ask {{% if {test} %}} first or use the filter default"
            self._note("unguarded-optional", message, node, word or what.rpartition(".")[2])
        return kind.certain()

    def _const(self, node: nodes.Const, _scope: Scope) -> Kind:
        value: Any = node.value
        if is_list(value) or isinstance(value, tuple):  # Jinja folds lists of constants into one
            return list_of(_listed(list(map(_constant, cast("Sequence[object]", value)))))
        return _constant(value)

    def _name(self, node: nodes.Name, scope: Scope) -> Kind:
        if node.name in scope.names:
            return scope.names[node.name]
        if node.name in GLOBALS:
            made = list_of(NUMBER) if node.name == "range" else replace(ANY, target={})
            return Kind(name="function", target=made)
        return self._unknown(node, asked=node is self._asked)

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Kind:
        asked = node is self._asked
        holder = self.kind(node.node, scope)
        return self._member(holder.certain() if asked else holder, node.attr, node)

    def _asked_for(self, node: nodes.Expr, scope: Scope) -> Kind:
        """The kind of what is asked for with a way out, by `default` or `is defined`: it may be missing in None."""
        self._asked = node
        kind = self.kind(node, scope)
        self._asked = None
        return replace(kind, nullable=True)

    def _getitem(self, node: nodes.Getitem, scope: Scope) -> Kind:
        asked = node is self._asked
        holder = self.kind(node.node, scope)
        holder = holder.certain() if asked else holder
        if isinstance(node.arg, nodes.Slice):
            self.kind(node.arg, scope)
            return replace(self.solid(holder, node, "None cannot be sliced"), fenced=False)
        index = self.kind(node.arg, scope)
        key = index.values[0] if index.values and len(index.values) == 1 else None
        if isinstance(key, str):
            return self._member(holder, key, node)
        holder = self.solid(holder, node, "None has no items")
        return holder.item if holder.name == "list" else _loose(holder)

    def _member(self, holder: Kind, name: str, node: nodes.Node) -> Kind:
        holder = self.solid(holder, node, f"None has no field {name}", name)
        found, fault = member_of(holder, name)
        if fault is not None:
            self._note("undefined-field", fault, node, name)
        return found

    def _filter(self, node: nodes.Filter, scope: Scope) -> Kind:
        if not node.name.isidentifier():
            return self._internal(node, scope)
        if node.node is None:
            return self.filtered(TEXT, node, scope)
        lenient = node.name in ("d", "default")
        operand = self._asked_for(node.node, scope) if lenient else self.kind(node.node, scope)
        return self.filtered(operand, node, scope)

    def filtered(self, operand: Kind, node: nodes.Filter, scope: Scope) -> Kind:
        """What a filter makes of a value."""
        arguments = arguments_of(node, lambda child: self.kind(child, scope))
        signature = FILTER_KINDS.get(node.name)
        if signature is None:
            return _loose(operand)
        if not signature.none:
            operand = self.solid(operand, node, f"the filter {node.name} needs {signature.wants}", "")
        if operand.name not in signature.takes:
            what = operand.path or "the value"
            message = f"{what} is {said(operand)}, and the filter {node.name} needs {signature.wants}"
            self._note("operand-type", message, node, node.name)
            return signature.gives(_loose(operand))
        if node.name in ("d", "default"):
            return _either(operand.certain(), arguments.first or TEXT)
        if node.name == "map" and operand.name == "list" and arguments.first is not None:
            return _mapped(operand.item, arguments.first)
        if operand.fenced and signature.keeps is not None and signature.keeps(arguments):
            return replace(signature.gives(operand), fenced=True)
        by_field = next((arguments.named(key) for key in signature.by_field if arguments.named(key)), None)
        if by_field is None or operand.name != "list":
            return signature.gives(operand)
        field = self._item_field(operand, by_field, node)
        if node.name in ("map", "sum"):
            operand = list_of(field)
        return operand if node.name == "map" else signature.gives(operand)

    def _item_field(self, operand: Kind, by_field: Kind, node: nodes.Node) -> Kind:
        """The field of each item that an argument such as ``attribute="a.b"`` names."""
        path = by_field.values[0] if by_field.values and len(by_field.values) == 1 else None
        kind = operand.item
        for name in path.split(".") if isinstance(path, str) else ():
            kind = ANY if name.isdigit() else self._member(kind, name, node)
        return kind

    def _internal(self, node: nodes.Filter, scope: Scope) -> Kind:
        """One of promptkit's own filters, which the rewriting put around what the template says."""
        if node.name == CONCAT and isinstance(node.node, nodes.List):
            parts = [self.kind(item, scope) for item in node.node.items]
            return made_of(TEXT, *parts, keeps=True)
        if node.name == SECTION and isinstance(node.node, nodes.Const):
            return self._section(str(node.node.value), node)
        return self.kind(node.node, scope) if node.node is not None else ANY

    def _test(self, node: nodes.Test, scope: Scope) -> Kind:
        lenient = node.name in ("defined", "undefined")
        operand = self._asked_for(node.node, scope) if lenient else self.kind(node.node, scope)
        arguments_of(node, lambda child: self.kind(child, scope))
        if node.name in _NUMERIC_TESTS:
            operand = self.solid(operand, node, f"`is {node.name}` needs a number")
            if operand.name not in ("any", "number", "boolean"):
                message = (
                    f"{operand.path or 'the value'} is {said(operand)}, and `is {node.name}` needs a number"
                )
                self._note("operand-type", message, node, node.name)
        return Kind(name="boolean")

    def _call(self, node: nodes.Call, scope: Scope) -> Kind:
        callee = self.kind(node.node, scope)
        arguments = arguments_of(node, lambda child: self.kind(child, scope))
        if callee.name == "macro":
            return self._call_macro(MacroCall(target=callee.target, arguments=arguments, node=node))
        if callee.name == "function":
            made: Kind = callee.target
            if isinstance(made.target, dict):  # each namespace has fields of its own
                fields = {name: made_of(ANY, kind, keeps=True) for name, kind in arguments.by_name.items()}
                return made_of(replace(made, target=fields), *arguments.placed, *arguments.star)
            return made_of(made, callee, *arguments.kinds)
        if callee.name != "any":
            message = f"{callee.path or 'this'} is {said(callee)}, which cannot be called; leave the parentheses out"
            self._note("operand-type", message, node, callee.path.rpartition(".")[2])
        return made_of(ANY, callee, *arguments.kinds)

    def _compare(self, node: nodes.Compare, scope: Scope) -> Kind:
        left = self.kind(node.expr, scope)
        for operand in node.ops:
            right = self.kind(operand.expr, scope)
            if operand.op in ("lt", "lteq", "gt", "gteq"):
                left = self.solid(left, node, "None has no order")
                right = self.solid(right, node, "None has no order")
            if operand.op in ("in", "notin"):
                right = self.solid(right, node, "None holds nothing that could be looked for")
            fault = comparison_fault(left, operand.op, right)
            if fault is not None:
                self._note(fault[0], fault[1], node, left.path.rpartition(".")[2])
            left = right
        return Kind(name="boolean")

    def _add(self, node: nodes.Add, scope: Scope) -> Kind:
        left = self.solid(self.kind(node.left, scope), node, "None cannot be added")
        right = self.solid(self.kind(node.right, scope), node, "None cannot be added")
        if "any" in (left.name, right.name):
            return made_of(ANY, left, right)
        if left.name != right.name or left.name not in ("list", "number", "text"):
            message = f"+ cannot add {said(left)} and {said(right)}; join texts with ~"
            self._note("operand-type", message, node, (left.path or right.path).rpartition(".")[2])
            return made_of(ANY, left, right)
        return made_of(replace(left, values=None), left, right, keeps=True)

    def _arithmetic(self, node: nodes.BinExpr, scope: Scope) -> Kind:
        sign = _ARITHMETIC[type(node)]
        kinds = [
            self.solid(self.kind(part, scope), node, f"{sign} needs numbers")
            for part in (node.left, node.right)
        ]
        names = {kind.name for kind in kinds}
        repeats = sign == "*" and "number" in names and names <= {"number", "text", "list", "any"}
        wrong = next((kind for kind in kinds if kind.name not in ("any", "number", "boolean")), None)
        if wrong is not None and not repeats:
            message = f"{sign} needs numbers, and {wrong.path or 'one side'} is {said(wrong)}"
            self._note("operand-type", message, node, wrong.path.rpartition(".")[2])
        return made_of(ANY, *kinds) if wrong is not None or (sign == "*" and "any" in names) else NUMBER

    def _number(self, node: nodes.UnaryExpr, scope: Scope) -> Kind:
        self.solid(self.kind(node.node, scope), node, "it needs a number")
        return NUMBER

    def _not(self, node: nodes.Not, scope: Scope) -> Kind:
        self.kind(node.node, scope)
        return Kind(name="boolean")

    def _and(self, node: nodes.And, scope: Scope) -> Kind:
        left = self.kind(node.left, scope)
        right = self.kind(node.right, self.facts(node.left, scope)[0])
        return replace(_either(left, right), nullable=left.nullable or right.nullable)

    def _or(self, node: nodes.Or, scope: Scope) -> Kind:
        left = self.kind(node.left, scope)
        right = self.kind(node.right, scope.inner(self.facts(node.left, scope)[1]))
        return replace(_either(left.certain(), right), nullable=right.nullable)

    def _condition(self, node: nodes.CondExpr, scope: Scope) -> Kind:
        true, false = self.facts(node.test, scope)
        first = self.kind(node.expr1, true)
        if node.expr2 is None:
            return first
        return _either(first, self.kind(node.expr2, scope.inner(false)))

    def _list(self, node: nodes.List | nodes.Tuple, scope: Scope) -> Kind:
        kinds = [self.kind(item, scope) for item in node.items]
        return made_of(list_of(_listed(kinds)), *kinds, keeps=True)

    def _dict(self, node: nodes.Dict, scope: Scope) -> Kind:
        return made_of(Kind(name="object"), *(self.kind(pair.value, scope) for pair in node.items))


def _mapped(item: Kind, name: Kind) -> Kind:
    """What ``x | map('upper')`` makes of the items of a list."""
    signature = FILTER_KINDS.get(str(name.values[0])) if name.values and len(name.values) == 1 else None
    return list_of(_loose(item) if signature is None else signature.gives(item))


def _constant(value: object) -> Kind:
    name = _CONSTANTS.get(type(value), "any")
    return Kind(name=name, values=(value,) if name not in ("any", "none") else None)


def _listed(kinds: Sequence[Kind]) -> Kind:
    """The kind of the items of a list that a template writes down."""
    inner = replace(kinds[0], path="") if len({kind.name for kind in kinds}) == 1 else ANY
    constants = [kind.values[0] for kind in kinds if kind.values and len(kind.values) == 1]
    return replace(inner, values=tuple(constants) if len(constants) == len(kinds) else None)


def _loose(kind: Kind) -> Kind:
    return replace(ANY, trusted=kind.trusted, changes=kind.changes)


def _either(left: Kind, right: Kind) -> Kind:
    made = replace(left, values=None) if left.name == right.name else ANY
    made = made if left.path == right.path else replace(made, path="")
    return made_of(made, left, right, keeps=True)
