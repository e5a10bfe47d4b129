"""The value of a checked expression: data looked up, compared and calculated within bounds."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from promptkit.constraints.calculation import (
    FUNCTIONS,
    MAX_NUMBER,
    Inapplicable,
    Uncomputable,
    bounded,
    is_number,
)
from promptkit.schemas.json_types import is_list, is_listed, is_object
from promptkit.schemas.places import path_text, shown, type_phrase

__all__ = [
    "FUNCTIONS",
    "MAX_NUMBER",
    "OPERATORS",
    "Inapplicable",
    "Uncomputable",
    "is_number",
    "same",
    "value_of",
]

MAX_TEXT = 1_000_000

_Scope: TypeAlias = Mapping[str, Any]


def value_of(node: ast.expr, scope: _Scope) -> Any:
    """The value of a whitelisted node with the data in ``scope``.

    Raises:
        Uncomputable: When the kinds of the values do not go together, or a bound is passed.
        Inapplicable: When something is ordered by or calculated with null.
    """
    return _VALUES[type(node)](node, scope)


def _attribute(node: Any, scope: _Scope) -> Any:
    return _looked_up(value_of(node.value, scope), node.attr)


def _subscript(node: Any, scope: _Scope) -> Any:
    return _looked_up(value_of(node.value, scope), value_of(node.slice, scope))


def _looked_up(data: Any, key: Any) -> Any:
    if data is None:
        return None
    if is_object(data) and isinstance(key, str):
        return data.get(key)
    if is_list(data) and isinstance(key, int):
        return data[key] if -len(data) <= key < len(data) else None
    raise Uncomputable(f"{type_phrase(data)} has no {path_text([key])}")


def _bool(node: Any, scope: _Scope) -> Any:
    stop_at = isinstance(node.op, ast.Or)
    value: Any = None
    for part in node.values:
        value = value_of(part, scope)
        if bool(value) is stop_at:
            return value
    return value


def _compare(node: Any, scope: _Scope) -> bool:
    left = value_of(node.left, scope)
    for sign, part in zip(node.ops, node.comparators, strict=True):
        right = value_of(part, scope)
        if not _COMPARISONS[type(sign)](left, right):
            return False
        left = right
    return True


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def apply(left: Any, right: Any) -> bool:
        if left is None or right is None:
            raise Inapplicable("null has no order")
        if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise Uncomputable(f"{type_phrase(left)} and {type_phrase(right)} have no order")

    return apply


def same(left: Any, right: Any) -> bool:
    """Equality as JSON has it, at every depth: 4 and 4.0 are one number, 1 and true are not."""
    if is_object(left) and is_object(right):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if is_listed(left) and is_listed(right):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _contains(left: Any, right: Any) -> bool:
    if right is None:
        raise Inapplicable("nothing can be in null")
    if isinstance(right, str):
        if not isinstance(left, str):
            raise Uncomputable(f"{type_phrase(left)} cannot be searched in a string")
        return left in right
    if is_object(right):
        return left in right if isinstance(left, str) else False
    if is_listed(right):
        return any(same(left, item) for item in right)
    raise Uncomputable(f"nothing can be in {type_phrase(right)}")


_COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Eq: same,
    ast.NotEq: lambda left, right: not same(left, right),
    ast.Is: lambda left, _right: left is None,
    ast.IsNot: lambda left, _right: left is not None,
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
}
OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right,
    ast.Mod: operator.mod,
}


def _binary(node: Any, scope: _Scope) -> Any:
    left, right = value_of(node.left, scope), value_of(node.right, scope)
    if left is None or right is None:
        raise Inapplicable("null cannot be calculated with")
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        if len(left) + len(right) > MAX_TEXT:
            raise Uncomputable(f"a joined text has more than {MAX_TEXT} characters")
        return left + right
    if not (is_number(left) and is_number(right)):
        raise Uncomputable(f"{type_phrase(left)} and {type_phrase(right)} cannot be calculated with")
    if right == 0 and isinstance(node.op, ast.Div | ast.Mod):
        raise Uncomputable(f"{shown(left)} is divided by 0")
    return bounded(OPERATORS[type(node.op)](bounded(left), bounded(right)))


def _unary(node: Any, scope: _Scope) -> Any:
    value = value_of(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return not value
    if value is None:
        raise Inapplicable("null has no negative")
    if not is_number(value):
        raise Uncomputable(f"{type_phrase(value)} has no negative")
    return -value


def _call(node: Any, scope: _Scope) -> Any:
    return FUNCTIONS[node.func.id](*(value_of(part, scope) for part in node.args))


_VALUES: Mapping[type[ast.AST], Callable[[Any, _Scope], Any]] = {
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.BoolOp: _bool,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Constant: lambda node, _scope: node.value,
    ast.IfExp: lambda node, scope: value_of(node.body if value_of(node.test, scope) else node.orelse, scope),
    ast.List: lambda node, scope: [value_of(part, scope) for part in node.elts],
    ast.Name: lambda node, scope: scope[node.id],
    ast.Subscript: _subscript,
    ast.Tuple: lambda node, scope: [value_of(part, scope) for part in node.elts],
    ast.UnaryOp: _unary,
}
