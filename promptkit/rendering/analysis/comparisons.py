"""Comparisons that no value can make true, or that fail."""

from __future__ import annotations

from promptkit.rendering.analysis.kinds import Kind, said
from promptkit.spelling import did_you_mean

__all__ = ["comparison_fault"]

_PLAIN = frozenset({"boolean", "list", "number", "object", "text"})
_ORDERS = frozenset({"gt", "gteq", "lt", "lteq"})


def comparison_fault(left: Kind, op: str, right: Kind) -> tuple[str, str] | None:
    """The rule that a comparison breaks, and what is wrong; None when it can be true or false.

    Args:
        left: What stands on the left.
        op: Jinja's name of the operator, for example ``eq``.
        right: What stands on the right.
    """
    if op in _ORDERS:
        return _order_fault(left, right)
    if op in ("eq", "ne"):
        return _equal_fault(left, right) or _equal_fault(right, left)
    return _member_fault(left, right)


def _order_fault(left: Kind, right: Kind) -> tuple[str, str] | None:
    names = {left.name, right.name}
    if "any" in names or names <= {"number", "boolean"} or (len(names) == 1 and names <= {"text", "list"}):
        return None
    return "operand-type", f"{_named(left)} and {_named(right)} have no order; compare numbers with numbers"


def _equal_fault(left: Kind, right: Kind) -> tuple[str, str] | None:
    if left.name not in _PLAIN or right.name not in _PLAIN:
        return None
    if left.name != right.name:
        if {left.name, right.name} == {"boolean", "number"}:
            return None
        return "impossible-comparison", f"{_named(left)} never equals {_named(right)}"
    if left.values is None or right.values is None or not left.path:
        return None
    if any(value in left.values for value in right.values):
        return None
    return "impossible-comparison", _never(left, right.values[0])


def _member_fault(left: Kind, right: Kind) -> tuple[str, str] | None:
    if right.name in ("number", "boolean"):
        return "operand-type", f"`in` looks into a list, an object or text, and {_named(right)} is none"
    if right.name == "text" and left.name not in ("any", "none", "text"):
        return "operand-type", f"`in` looks for text in text, and {_named(left)} is none"
    inner = right.inner
    if left.values is None or not left.path or inner is None or inner.values is None:
        return None
    strange = next((value for value in inner.values if value not in left.values), None)
    return None if strange is None else ("impossible-comparison", _never(left, strange))


def _never(kind: Kind, value: object) -> str:
    known = [str(one) for one in kind.values or ()]
    has = ", ".join(known[:12])
    return f"{kind.path} is never {value!r}{did_you_mean(str(value), known)}; it is one of {has}"


def _named(kind: Kind) -> str:
    if kind.path:
        return f"{kind.path} ({said(kind)})"
    return said(kind)
