"""Whether a rule that changed became tighter or looser, shown by values at the edges of both."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptkit.constraints import (
    Constraint,
    Contains,
    EndsWith,
    Expr,
    Matches,
    MustMention,
    NeverSays,
    OneOf,
    StartsWith,
    boundary_cases,
)
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.folding import folded
from promptkit.constraints.paths import parse
from promptkit.constraints.patterns import plain_form
from promptkit.constraints.rules import Reads, Rule, Scope, Unjudged
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.places import shown

__all__ = ["Compared", "compare_rules", "same_rule"]

_WEIGHED = frozenset(
    {
        "at_least",
        "at_most",
        "between",
        "contains",
        "ends_with",
        "must_mention",
        "never_says",
        "not_after",
        "not_before",
        "one_of",
        "starts_with",
        *(
            f"{end}_{unit}"
            for end in ("min", "max")
            for unit in ("characters", "words", "sentences", "lines", "items")
        ),
        *("characters", "words", "sentences", "lines", "item_count"),
    }
)
"""Kinds whose edges tell all: what they refuse is refused at an edge, so two of them that agree there agree."""
_LONG = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How two rules differ.

    Attributes:
        refused: A value, in words, that held the old rule and breaks the new one; None when none was found.
        taken: A value, in words, that broke the old rule and holds the new one; None when none was found.
        certain: False when values that were not looked at may differ as well.
    """

    refused: str | None
    taken: str | None
    certain: bool


def compare_rules(
    old: Constraint,
    new: Constraint,
    old_schema: Mapping[str, Any],
    new_schema: Mapping[str, Any],
    *,
    text: bool,
) -> Compared:
    """Judge the values at the edges of both rules by each of them.

    Args:
        old: The rule before.
        new: The rule after, at the same path.
        old_schema: The output's schema before.
        new_schema: The output's schema after.
        text: True for plain text outputs.
    """
    if isinstance(old.rule, Reads) or isinstance(new.rule, Reads):
        return Compared(refused=None, taken=None, certain=False)
    refused = taken = None
    for value in (*_edges(old, old_schema, text=text), *_edges(new, new_schema, text=text)):
        before, after = _holds(old, value), _holds(new, value)
        if before and after is False:
            refused = refused or _words(value)
        elif before is False and after:
            taken = taken or _words(value)
    kinds = {old.rule.kind, new.rule.kind}
    return Compared(refused=refused, taken=taken, certain=kinds <= _WEIGHED and bool(refused or taken))


def same_rule(old: Rule, new: Rule) -> bool:
    """Whether two rules are written otherwise and hold for the same values, as far as their form tells."""
    if isinstance(old, Expr) and isinstance(new, Expr):
        trees = (compile_expression(rule.expression).tree for rule in (old, new))
        return len({ast.dump(tree) for tree in trees}) == 1
    if isinstance(old, Matches) and isinstance(new, Matches):
        return plain_form(old.pattern) == plain_form(new.pattern)
    listed = _listed(old)
    return listed is not None and type(old) is type(new) and listed == _listed(new)


def _listed(rule: Rule) -> frozenset[Any] | None:
    """What a rule lists, where neither order nor, of phrases, spelling matters; None for a rule that lists nothing."""
    if isinstance(rule, OneOf):
        return frozenset((isinstance(value, bool), value) for value in rule.values)
    if isinstance(rule, NeverSays):
        return frozenset(map(folded, rule.phrases))
    if isinstance(rule, MustMention):
        return frozenset(frozenset(map(folded, group)) for group in rule.groups)
    return frozenset(rule.texts) if isinstance(rule, Contains | StartsWith | EndsWith) else None


def _edges(constraint: Constraint, schema: Mapping[str, Any], *, text: bool) -> Iterator[Any]:
    for case in boundary_cases(schema, [constraint], text=text):
        for found in parse(constraint.path).found(case.output):
            if found.path == case.path:
                yield found.value


def _holds(constraint: Constraint, value: Any) -> bool | None:
    """None for a value that the rule cannot judge."""
    try:
        return constraint.rule.fault(value, Scope(output=value, inputs={})) is None
    except Unjudged:
        return None


def _words(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, str) and len(value) > _LONG:
        return f"a text of {len(value.split())} words, {len(value)} characters"
    return shown(dict(value) if is_mapping(value) else value)
