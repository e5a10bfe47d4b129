"""Expressions across fields: Python's `ast` checked against a whitelist."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from promptkit.constraints.evaluation import FUNCTIONS, MAX_NUMBER, OPERATORS, value_of
from promptkit.constraints.paths import EACH, Step
from promptkit.spelling import did_you_mean

__all__ = ["Expression", "compile_expression"]

MAX_LENGTH = 1_000
MAX_NODES = 200
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Attributes:
        text: As it was written.
        tree: Its syntax tree, whitelisted.
        places: What it reads, as ``(root, steps)``, for example ``("output", ("category",))``; with EACH among
            the steps for the fields that ``values_of`` takes.
    """

    text: str
    tree: ast.expr
    places: tuple[tuple[str, tuple[Step, ...]], ...]

    def evaluate(self, *, output: Any, inputs: Mapping[str, Any]) -> Any:
        """The value of the expression; an absent field counts as null.

        Raises:
            Uncomputable: When the kinds of the values do not go together, or a bound is passed.
            Inapplicable: When something is ordered by or calculated with null.
        """
        return value_of(self.tree, {"output": output, "inputs": inputs})


@lru_cache(maxsize=512)
def compile_expression(text: str) -> Expression:
    """Check an expression once, before any data is there.

    Allowed are ``output`` and ``inputs`` with their fields and items, literals, lists, comparisons, ``in``,
    ``and``, ``or``, ``not``, ``x if c else y``, ``+ - * / %`` on numbers, ``+`` on texts, and the functions
    abs, all, any, count, endswith, len, lower, max, min, round, startswith, sum, upper and values_of: these of
    lists take one list, and ``values_of(output.items, "price")`` is the list of a field of the items.

    Raises:
        ValueError: When it is too long, no expression, or uses anything else; it names the column.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(
            f"column {error.offset or 1}: the expression is no valid Python expression: {error.msg}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the expression cannot be read: {error}; write it more simply") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ValueError(f"the expression has more than {MAX_NODES} parts; split it into several rules")
    _check(tree, text.strip(), MAX_DEPTH)
    return Expression(text, tree, tuple(dict.fromkeys(_places(tree))))


def _check(node: ast.expr, text: str, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"the expression is nested deeper than {MAX_DEPTH}; split it into several rules")
    check = _CHECKS.get(type(node))
    if check is None:
        what = _NAMES_OF_NODES.get(type(node), f"{type(node).__name__} has no place in an expression")
        raise _refused(node, text, what)
    check(node, text)
    for child in _operands(node):
        _check(child, text, depth - 1)


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not (isinstance(node, ast.Call) and child is node.func):
            yield child


def _refused(node: ast.expr, text: str, what: str) -> ValueError:
    line = text.encode().split(b"\n")[node.lineno - 1]
    column = len(line[: node.col_offset].decode(errors="replace")) + 1
    return ValueError(
        f"column {column}: {what}. An expression compares fields of output and inputs, "
        'as in output.category != "security" or output.escalate.'
    )


def _check_name(node: Any, text: str) -> None:
    if node.id not in ("output", "inputs"):
        raise _refused(
            node, text, f"the name {node.id} is unknown{did_you_mean(node.id, ['output', 'inputs'])}"
        )


def _check_constant(node: Any, text: str) -> None:
    if not isinstance(node.value, str | int | float | None):
        raise _refused(node, text, f"a literal of type {type(node.value).__name__} has no place here")
    if isinstance(node.value, int | float) and not -MAX_NUMBER <= node.value <= MAX_NUMBER:
        raise _refused(node, text, "the number is too large")


def _check_attribute(node: Any, text: str) -> None:
    if node.attr.startswith("__"):
        raise _refused(node, text, f"{node.attr} is no field of data")


def _check_subscript(node: Any, text: str) -> None:
    key = node.slice
    if isinstance(key, ast.UnaryOp):
        key = key.operand
    if (
        not isinstance(key, ast.Constant)
        or not isinstance(key.value, str | int)
        or isinstance(key.value, bool)
    ):
        raise _refused(node, text, "brackets hold one index or one name in quotes")


def _check_call(node: Any, text: str) -> None:
    if isinstance(node.func, ast.Attribute):
        raise _refused(
            node, text, f"{node.func.attr} is written as a function, as in {node.func.attr}(output.title)"
        )
    name = node.func.id if isinstance(node.func, ast.Name) else "this"
    if name not in FUNCTIONS:
        known = ", ".join(sorted(FUNCTIONS))
        raise _refused(
            node, text, f"{name} is no known function{did_you_mean(name, FUNCTIONS)}; known are {known}"
        )
    function = FUNCTIONS[name]
    least, most = function.arity
    if not least <= len(node.args) <= most or node.keywords:
        wanted = f"{least} value{'s' if least > 1 else ''}" if least == most else f"{least} to {most} values"
        raise _refused(node, text, f"{name} takes {wanted}")
    if function.field and not _is_name(node.args[-1]):
        raise _refused(
            node, text, f'{name} takes the name of a field in quotes, as in {name}(output.items, "price")'
        )


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _check_compare(node: Any, text: str) -> None:
    for sign, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(sign, ast.Is | ast.IsNot) and not (
            isinstance(right, ast.Constant) and right.value is None
        ):
            raise _refused(node, text, "`is` compares with None alone; use == for other values")


def _check_binary(node: Any, text: str) -> None:
    if type(node.op) not in OPERATORS:
        raise _refused(node, text, "only + - * / % calculate")


def _check_unary(node: Any, text: str) -> None:
    if not isinstance(node.op, ast.Not | ast.USub):
        raise _refused(node, text, "only `not` and a minus sign stand before a value")


def _fine(_node: Any, _text: str) -> None:
    return


_CHECKS: Mapping[type[ast.AST], Callable[[Any, str], None]] = {
    ast.Attribute: _check_attribute,
    ast.BinOp: _check_binary,
    ast.BoolOp: _fine,
    ast.Call: _check_call,
    ast.Compare: _check_compare,
    ast.Constant: _check_constant,
    ast.IfExp: _fine,
    ast.List: _fine,
    ast.Name: _check_name,
    ast.Subscript: _check_subscript,
    ast.Tuple: _fine,
    ast.UnaryOp: _check_unary,
}
_NAMES_OF_NODES: Mapping[type[ast.AST], str] = {
    ast.Lambda: "a lambda has no place in an expression",
    ast.ListComp: "a loop has no place in an expression",
    ast.SetComp: "a loop has no place in an expression",
    ast.DictComp: "a loop has no place in an expression",
    ast.GeneratorExp: "a loop has no place in an expression",
    ast.NamedExpr: "an assignment has no place in an expression",
    ast.JoinedStr: "an f-string has no place in an expression",
    ast.Slice: "a slice has no place in an expression",
}


def _places(node: ast.AST) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The longest chain of fields and items at each name."""
    steps: list[Step] = []
    inner: ast.AST = node
    while isinstance(inner, ast.Attribute | ast.Subscript):
        if isinstance(inner, ast.Attribute):
            steps.append(inner.attr)
        elif isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, str | int):
            steps.append(inner.slice.value)
        else:
            steps.append(-1)
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield inner.id, tuple(reversed(steps))
        return
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and FUNCTIONS[inner.func.id].field:
        yield from _field_places(inner)
        return
    for child in ast.iter_child_nodes(inner):
        if not (isinstance(inner, ast.Call) and child is inner.func):
            yield from _places(child)


def _field_places(call: ast.Call) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """What ``values_of(output.items, "price")`` reads: the field of each item."""
    items, name = call.args
    for root, steps in _places(items):
        whole = isinstance(items, ast.Attribute | ast.Subscript | ast.Name)
        field = (EACH, str(name.value)) if whole and isinstance(name, ast.Constant) else ()
        yield root, (*steps, *field)
