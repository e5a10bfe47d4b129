"""Expressions: the kind of each, and what cannot be right about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias, cast

from jinja2 import nodes

from promptkit.rendering.analysis.calls import CALLER, Arguments, MacroCall, arguments_of
from promptkit.rendering.analysis.comparisons import comparison_fault
from promptkit.rendering.analysis.facts import facts_of
from promptkit.rendering.analysis.filtering import Filtering
from promptkit.rendering.analysis.kinds import (
    ANY,
    NUMBER,
    TEXT,
    Kind,
    KindName,
    either,
    list_of,
    made_of,
    said,
)
from promptkit.rendering.analysis.problems import Problems
from promptkit.rendering.analysis.scopes import Scope
from promptkit.rendering.analysis.signatures import function_fault, test_fault
from promptkit.rendering.analysis.uses import Uses
from promptkit.rendering.environment import GLOBALS
from promptkit.rendering.roles import CONCAT, section_key
from promptkit.rendering.walking import children
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
_UNSURE = (
    "{0} has no value where the ways that set it are not taken; set it before them, in their else as well, or ask "
    "{{% if {0} is defined %}}"
)
_NO_CALLER = (
    "the macro is called without {{% call %}} and has no {0}() then; ask {{% if {0} is defined %}} first"
)
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
        self._uses = Uses(problems)
        self._filtering = Filtering(self._uses)
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

    def namespace(self, node: nodes.NSRef, scope: Scope) -> None:
        """What a field is set on must be a namespace."""
        kind = self.kind(nodes.Name(node.name, "load", lineno=node.lineno), scope)
        if kind.name not in ("any", "namespace"):
            message = (
                f"{node.name} is {said(kind)}, and fields are set on a namespace alone: "
                f"{{% set {node.name} = namespace() %}}"
            )
            self._uses.note("operand-type", message, node, node.name)

    def kind(self, node: nodes.Node, scope: Scope) -> Kind:
        """The kind of an expression; everything inside it is looked at."""
        visitor = self._visitors.get(type(node))
        if visitor is not None:
            return scope.settled(visitor(node, scope))
        for child in children(node):
            self.kind(child, scope)
        return ANY

    def facts(self, test: nodes.Expr, scope: Scope) -> tuple[Scope, frozenset[str]]:
        """The scope in which the condition is true, and the paths that are not None where it is false."""
        self.kind(test, scope)
        quiet, self._problems.quiet = self._problems.quiet, True
        true, false = facts_of(test, lambda node: self.kind(node, scope))
        self._problems.quiet = quiet
        return scope.inner(true, test), false

    def _const(self, node: nodes.Const, _scope: Scope) -> Kind:
        value: Any = node.value
        if is_list(value) or isinstance(value, tuple):  # Jinja folds lists of constants into one
            return list_of(_listed(list(map(_constant, cast("Sequence[object]", value)))))
        return _constant(value)

    def _name(self, node: nodes.Name, scope: Scope) -> Kind:
        asked = node is self._asked
        if node.name in scope.names:
            if node.name in scope.unsure and not asked:
                rule, told = (
                    ("macro-arguments", _NO_CALLER) if node.name == CALLER else ("unsure-name", _UNSURE)
                )
                self._uses.note(rule, told.format(node.name), node, node.name)
            return scope.names[node.name]
        if node.name in GLOBALS:
            return Kind(name="function", target=list_of(NUMBER), values=(node.name,))
        return self._unknown(node, asked=asked)

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Kind:
        asked = node is self._asked
        holder = self.kind(node.node, scope)
        return self._uses.member(holder.certain() if asked else holder, node.attr, node)

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
            holder = self._uses.numbered(self._uses.solid(holder, node, "None cannot be sliced"), node)
            return replace(holder, fenced=holder.fenced and holder.name == "list")
        index = self.kind(node.arg, scope)
        key = index.values[0] if index.values and len(index.values) == 1 else None
        if isinstance(key, str):
            return self._uses.member(holder, key, node)
        holder = self._uses.numbered(self._uses.solid(holder, node, "None has no items"), node)
        if holder.name != "list":
            return holder.loose()
        if isinstance(key, int) and not asked:
            self._uses.filled(holder, f"item {key}", node, scope)
        return replace(holder.item, own=_numbered(holder, node.arg))

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
        return self._filtering.made(operand, node, arguments, scope)

    def _internal(self, node: nodes.Filter, scope: Scope) -> Kind:
        """One of promptkit's own filters, which the rewriting put around what the template says."""
        if node.name == CONCAT and isinstance(node.node, nodes.List):
            parts = [self.kind(item, scope) for item in node.node.items]
            return made_of(TEXT, *parts, keeps=True)
        key = section_key(node)
        if key is not None:
            return self._section(key, node)
        return self.kind(node.node, scope) if node.node is not None else ANY

    def _test(self, node: nodes.Test, scope: Scope) -> Kind:
        lenient = node.name in ("defined", "undefined")
        operand = self._asked_for(node.node, scope) if lenient else self.kind(node.node, scope)
        fault = test_fault(node.name, arguments_of(node, lambda child: self.kind(child, scope)))
        if fault is not None:
            self._uses.note("filter-arguments", fault, node, node.name)
        if node.name in _NUMERIC_TESTS:
            operand = self._uses.solid(operand, node, f"`is {node.name}` needs a number")
            if operand.name not in ("any", "number", "boolean"):
                message = (
                    f"{operand.path or 'the value'} is {said(operand)}, and `is {node.name}` needs a number"
                )
                self._uses.note("operand-type", message, node, node.name)
        return Kind(name="boolean")

    def _call(self, node: nodes.Call, scope: Scope) -> Kind:
        callee = self.kind(node.node, scope)
        arguments = arguments_of(node, lambda child: self.kind(child, scope))
        if callee.name == "macro":
            call = MacroCall(target=callee.target, arguments=arguments, node=node, certain=scope.certain)
            return self._call_macro(call)
        if callee.name == "function":
            word = str(callee.values[0]) if callee.values else ""
            fault = function_fault(word, arguments) if word else None
            if fault is not None:
                self._uses.note("filter-arguments", fault, node, word)
            if callee.values == ("namespace",):
                return _namespace(arguments)
            made: Kind = callee.target
            return made_of(made, callee, *arguments.kinds)
        if callee.name != "any":
            message = f"{callee.path or 'this'} is {said(callee)}, which cannot be called; leave the parentheses out"
            self._uses.note("operand-type", message, node, callee.path.rpartition(".")[2])
        return made_of(ANY, callee, *arguments.kinds)

    def _compare(self, node: nodes.Compare, scope: Scope) -> Kind:
        left = self.kind(node.expr, scope)
        for operand in node.ops:
            right = self.kind(operand.expr, scope)
            if operand.op in ("lt", "lteq", "gt", "gteq"):
                left = self._uses.solid(left, node, "None has no order")
                right = self._uses.solid(right, node, "None has no order")
            if operand.op in ("in", "notin"):
                right = self._uses.solid(right, node, "None holds nothing that could be looked for")
                if right.name == "text":
                    left = self._uses.solid(left, node, "text holds no None")
            fault = comparison_fault(left, operand.op, right)
            if fault is not None:
                self._uses.note(fault[0], fault[1], node, left.path.rpartition(".")[2])
            left = right
        return Kind(name="boolean")

    def _add(self, node: nodes.Add, scope: Scope) -> Kind:
        left, right = (
            self._uses.numbered(self._uses.solid(self.kind(part, scope), node, "None cannot be added"), node)
            for part in (node.left, node.right)
        )
        if "any" in (left.name, right.name):
            return made_of(ANY, left, right)
        if left.name != right.name or left.name not in ("list", "number", "text"):
            message = f"+ cannot add {said(left)} and {said(right)}; join texts with ~"
            self._uses.note("operand-type", message, node, (left.path or right.path).rpartition(".")[2])
            return made_of(ANY, left, right)
        return made_of(replace(left, values=None), left, right, keeps=True)

    def _arithmetic(self, node: nodes.BinExpr, scope: Scope) -> Kind:
        sign = _ARITHMETIC[type(node)]
        kinds = [
            self._uses.solid(self.kind(part, scope), node, f"{sign} needs numbers")
            for part in (node.left, node.right)
        ]
        names = {kind.name for kind in kinds}
        repeats = sign == "*" and "number" in names and names <= {"number", "text", "list", "any"}
        wrong = next((kind for kind in kinds if kind.name not in ("any", "number", "boolean")), None)
        if wrong is not None and not repeats:
            message = f"{sign} needs numbers, and {wrong.path or 'one side'} is {said(wrong)}"
            self._uses.note("operand-type", message, node, wrong.path.rpartition(".")[2])
        return made_of(ANY, *kinds) if wrong is not None or (sign == "*" and "any" in names) else NUMBER

    def _number(self, node: nodes.UnaryExpr, scope: Scope) -> Kind:
        kind = self._uses.solid(self.kind(node.node, scope), node, "it needs a number")
        if kind.name not in ("any", "boolean", "number"):
            sign = "-" if isinstance(node, nodes.Neg) else "+"
            message = f"{sign} needs a number, and {kind.path or 'the value'} is {said(kind)}"
            self._uses.note("operand-type", message, node, kind.path.rpartition(".")[2])
        return NUMBER

    def _not(self, node: nodes.Not, scope: Scope) -> Kind:
        self.kind(node.node, scope)
        return Kind(name="boolean")

    def _and(self, node: nodes.And, scope: Scope) -> Kind:
        left = self.kind(node.left, scope)
        right = self.kind(node.right, self.facts(node.left, scope)[0])
        return either(left, right)

    def _or(self, node: nodes.Or, scope: Scope) -> Kind:
        left = self.kind(node.left, scope)
        right = self.kind(node.right, scope.inner(self.facts(node.left, scope)[1]))
        return right if left.name == "none" else either(left.filled(), right)

    def _condition(self, node: nodes.CondExpr, scope: Scope) -> Kind:
        true, false = self.facts(node.test, scope)
        first = self.kind(node.expr1, true)
        if node.expr2 is None:
            return first
        otherwise = scope.inner(false)
        second = self.kind(node.expr2, otherwise)
        return either(_as_known(first, true), _as_known(second, otherwise))

    def _list(self, node: nodes.List | nodes.Tuple, scope: Scope) -> Kind:
        kinds = [self.kind(item, scope) for item in node.items]
        return made_of(list_of(_listed(kinds)), *kinds, keeps=True)

    def _dict(self, node: nodes.Dict, scope: Scope) -> Kind:
        return made_of(Kind(name="object"), *(self.kind(pair.value, scope) for pair in node.items))


def _as_known(kind: Kind, scope: Scope) -> Kind:
    """The kind with what the scope alone knows, which is lost where it is joined with another one."""
    return kind.filled() if kind.may_be_empty and scope.is_filled(kind) else kind


def _constant(value: object) -> Kind:
    name = _CONSTANTS.get(type(value), "any")
    return Kind(name=name, values=(value,) if name not in ("any", "none") else None)


def _listed(kinds: Sequence[Kind]) -> Kind:
    """The kind of the items of a list that a template writes down."""
    alike = len({kind.name for kind in kinds}) == 1
    inner = replace(kinds[0], path="", own="") if alike else ANY
    inner = replace(inner, nullable=any(kind.nullable or kind.name == "none" for kind in kinds))
    constants = [kind.values[0] for kind in kinds if kind.values and len(kind.values) == 1]
    return replace(inner, values=tuple(constants) if len(constants) == len(kinds) else None)


def _namespace(arguments: Arguments) -> Kind:
    if arguments.placed or arguments.open:
        return made_of(ANY, *arguments.kinds)
    return Kind(name="namespace", target={name: [kind] for name, kind in arguments.by_name.items()})


def _numbered(holder: Kind, arg: nodes.Node) -> str:
    """What an item of a list is known by: its number, or the name that has it."""
    pure = isinstance(arg, nodes.Const | nodes.Name) or (
        isinstance(arg, nodes.Getattr) and isinstance(arg.node, nodes.Name)
    )
    return f"{holder.key}[{arg}]" if holder.key and pure else ""
