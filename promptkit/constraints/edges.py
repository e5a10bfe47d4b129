"""Values at the edge of a rule that stay within what else their field says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from promptkit.constraints.rules import Boundary, Rule, Scope

__all__ = ["MAX_MADE", "edge", "may_hold"]

MAX_MADE = 100_000
"""Characters or items of the longest value that is made."""

_OTHER_RULES = frozenset({"enum", "const", "pattern", "format"})


def edge(
    rule: Rule, fragment: Mapping[str, Any], scope: Scope, inside: Iterable[Any], outside: Iterable[Any]
) -> Boundary:
    """Those of the values that the field allows and that stand where they should; none twice."""
    fitting = [value for value in _once(inside) if may_hold(value, fragment)]
    breaking = [value for value in _once(outside) if may_hold(value, fragment)]
    return Boundary(
        inside=tuple(value for value in fitting if rule.fault(value, scope) is None),
        outside=tuple(value for value in breaking if rule.fault(value, scope) is not None),
    )


def may_hold(value: Any, fragment: Mapping[str, Any]) -> bool:
    """Whether the field takes the value, as far as lengths tell; False where other keywords have a say."""
    if _OTHER_RULES & fragment.keys():
        return False
    least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
    return bool(fragment.get(least, 0) <= len(value) <= fragment.get(most, MAX_MADE))


def _once(values: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept
