"""Rules that no value of their field could ever hold: mistakes, found before a model is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from promptkit.constraints.choices import OneOf
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.evaluation import is_number
from promptkit.constraints.kinds import KINDS
from promptkit.constraints.numbers import AtLeast, AtMost, Between, is_finite
from promptkit.constraints.paths import parse
from promptkit.constraints.reach import ends, kinds
from promptkit.constraints.rules import (
    Ability,
    Binds,
    Narrows,
    Reads,
    Rule,
    Scope,
    Unjudged,
    joined,
    takes_of,
)
from promptkit.schemas.fragments import branches
from promptkit.schemas.places import shorten, shown

__all__ = ["fit_fault"]

_NOWHERE = Scope(output=None, inputs={})
_LIMITS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_LIMIT_WORDS = ("from", "above", "to", "below")
_LENGTHS = (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items"))


@runtime_checkable
class _Shortest(Protocol, metaclass=Ability):
    """A rule that tells the fewest characters of the texts that hold it."""

    @property
    def shortest(self) -> int: ...


def fit_fault(constraint: Constraint, json_schema: Mapping[str, Any]) -> str | None:
    """A sentence when the rule and the schema of its field exclude each other, with what the field allows.

    What cannot be told from types, ``enum``, ``const`` and the limits of numbers and lengths counts as possible,
    and so does a rule of the user's own that has a fitting type.
    """
    found = ends(parse(constraint.path), json_schema)
    rule, path = constraint.rule, constraint.path or "the output"
    types = {kind for fragment in found for kind in kinds(fragment)} - {"null"}
    takes = takes_of(rule)
    if takes and types and not types & takes:
        each = f"; write {constraint.path}[] for the items of the list" if "array" in types else ""
        return (
            f"{constraint.id}: {rule.kind} judges {' or '.join(sorted(takes))} values, "
            f"but {path} is {' or '.join(sorted(types))}{each}"
        )
    leaves = [part for part in found if not (branches(part) or "allOf" in part or kinds(part) == ("null",))]
    if leaves and not any(_can_hold(rule, fragment) for fragment in leaves):
        allowed = dict.fromkeys(text for fragment in leaves for text in _allowed(fragment))
        return (
            f"{constraint.id}: no value of {path} can hold it: the rule says that "
            f"{shorten(rule.sentence(path).rstrip('.'), 200)}, but {path} allows only "
            f"{shorten(joined(list(allowed)), 200)}; change the rule or the field"
        )
    return None


def _can_hold(rule: Rule, fragment: Mapping[str, Any]) -> bool:
    types, takes = kinds(fragment), takes_of(rule)
    if rule.kind not in KINDS or isinstance(rule, Reads | Binds):
        return True
    if takes and types and not takes & set(types):
        return False
    values = _values(fragment)
    if values is not None:
        return not values or any(_holds(rule, value) for value in values)
    if isinstance(rule, Between | AtLeast | AtMost):
        return _overlap(rule, fragment)
    if isinstance(rule, OneOf):
        return any(_is_allowed(value, fragment) for value in rule.values)
    return _has_room(rule, fragment)


def _holds(rule: Rule, value: Any) -> bool:
    try:
        return rule.fault(value, _NOWHERE) is None
    except Unjudged:
        return True


def _has_room(rule: Rule, fragment: Mapping[str, Any]) -> bool:
    """Whether the lengths that the rule asks for and those of the field have one in common."""
    longest = _limit(fragment, "maxLength")
    if isinstance(rule, _Shortest) and longest is not None and rule.shortest > longest:
        return False
    said = rule.narrow(fragment) if isinstance(rule, Narrows) else fragment
    pairs = [(_limit(said, least), _limit(said, most)) for least, most, _ in _LENGTHS]
    return all(least is None or most is None or least <= most for least, most in pairs)


def _values(fragment: Mapping[str, Any]) -> Sequence[Any] | None:
    """What an enumeration lists, null left out because null holds every rule; None without one."""
    if "const" in fragment:
        return [fragment["const"]]
    if "enum" in fragment:
        return [value for value in fragment["enum"] if value is not None]
    return None


def _overlap(rule: Between | AtLeast | AtMost, fragment: Mapping[str, Any]) -> bool:
    """Whether the interval of the rule and the limits of the field have a number in common."""
    low, above, high, below = (_limit(fragment, name) for name in _LIMITS)
    own_low = rule.low if isinstance(rule, Between) else rule.limit if isinstance(rule, AtLeast) else None
    own_high = rule.high if isinstance(rule, Between) else rule.limit if isinstance(rule, AtMost) else None
    least = max((limit for limit in (own_low, low, above) if limit is not None), default=-math.inf)
    most = min((limit for limit in (own_high, high, below) if limit is not None), default=math.inf)
    if "number" not in kinds(fragment) and "integer" in kinds(fragment):
        least = math.ceil(least) if is_finite(least) else least
        most = math.floor(most) if is_finite(most) else most
        least += least == above
        most -= most == below
        return least <= most
    return least < most or (least == most and least != above and most != below)


def _is_allowed(value: Any, fragment: Mapping[str, Any]) -> bool:
    types = kinds(fragment)
    if types and not any(_is_of(value, kind) for kind in types):
        return False
    return not is_number(value) or _overlap(Between(value, value), fragment)


def _is_of(value: Any, kind: str) -> bool:
    if kind == "number":
        return is_number(value)
    if kind == "integer":
        return is_number(value) and value == int(value)
    return isinstance(value, {"string": str, "boolean": bool, "null": type(None)}.get(kind, ()))


def _limit(fragment: Mapping[str, Any], name: str) -> float | None:
    limit = fragment.get(name)
    return limit if is_number(limit) else None


def _allowed(fragment: Mapping[str, Any]) -> Iterator[str]:
    values = _values(fragment)
    if values is not None:
        yield from (shown(value, 40) for value in values)
        return
    limits = [(word, _limit(fragment, name)) for word, name in zip(_LIMIT_WORDS, _LIMITS, strict=True)]
    said = " ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
    for kind in kinds(fragment) or ("value",):
        if kind in ("integer", "number", "value"):
            yield f"{kind} values {said}".rstrip()
        elif kind != "null":
            yield f"{kind} values{_lengths_of(fragment, kind)}"


def _lengths_of(fragment: Mapping[str, Any], kind: str) -> str:
    lengths = dict(zip(("string", "array"), _LENGTHS, strict=True))
    if kind not in lengths:
        return ""
    names, unit = lengths[kind][:2], lengths[kind][2]
    least, most = (_limit(fragment, name) for name in names)
    ends = [*([f"at least {least}"] if least else []), *([f"at most {most}"] if most is not None else [])]
    return f" of {' and '.join(ends)} {unit}" if ends else ""
