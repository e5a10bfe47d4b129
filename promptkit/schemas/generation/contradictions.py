"""Contradictions that rules show without a value being tried: each is certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptkit.schemas.generation.choices import NoValue
from promptkit.schemas.generation.documents import Document
from promptkit.schemas.generation.rule_parts import KINDS, Span, canonical, kind_of
from promptkit.schemas.generation.rules import Rules
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.places import shown

__all__ = ["narrow"]

_MAX_VALUES = 2_000
"""Longer lists of values are looked through when one is picked."""
_WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "fraction": "a number with decimals",
    "object": "an object",
    "array": "a list",
    "boolean": "a boolean",
    "null": "null",
}


def narrow(rules: Rules, path: tuple[str | int, ...], document: Document) -> None:
    """Take away the kinds and values that contradict other rules.

    Raises:
        NoValue: When nothing is left; proven unless the rules are loose.
    """
    if rules.never is not None:
        raise NoValue(path, rules.never, proven=not rules.loose)
    if not rules.kinds:
        raise NoValue(path, "the types that are asked for have none in common", proven=not rules.loose)
    if rules.values is not None:
        _narrow_values(rules, path)
        return
    reasons: dict[str, str] = {}
    for kind in KINDS:
        check = _CHECKS.get(kind)
        reason = check(rules, document) if check is not None and kind in rules.kinds else None
        if reason is not None:
            reasons[kind] = reason
    rules.kinds = rules.kinds.difference(reasons)
    if not rules.kinds:
        # A number with decimals adds nothing to what is wrong with whole numbers.
        told = {reason: kind for kind, reason in reasons.items() if kind != "fraction" or len(reasons) == 1}
        if len(told) == 1:
            raise NoValue(path, next(iter(told)), proven=not rules.loose)
        detail = "; ".join(f"as {_WORDS[kind]}, {reason}" for reason, kind in told.items())
        raise NoValue(path, detail, proven=not rules.loose)


def _narrow_values(rules: Rules, path: tuple[str | int, ...]) -> None:
    values = rules.values or []
    if len(values) > _MAX_VALUES:
        return
    rules.values = [
        value
        for value in values
        if kind_of(value) in rules.kinds and not (rules.excluded and canonical(value) in rules.excluded)
    ]
    if not rules.values:
        kept = "excluded" if any(kind_of(value) in rules.kinds for value in values) else "of another type"
        detail = f"each value that enum or const allows is {kept} ({shown(values, 60)})"
        raise NoValue(path, detail, proven=not rules.loose)


def _spanned(span: Span, low: str, high: str) -> str | None:
    if span.high is not None and span.low > span.high:
        return f"{low} {span.low} is above {high} {span.high}"
    return None


def _string(rules: Rules, _document: Document) -> str | None:
    return _spanned(rules.length, "minLength", "maxLength")


def _integer(rules: Rules, _document: Document) -> str | None:
    return rules.bounds.contradiction(whole=False) or rules.bounds.contradiction(whole=True)


def _fraction(rules: Rules, _document: Document) -> str | None:
    bounds = rules.bounds
    if bounds.step is not None and bounds.step.denominator == 1:
        return f"multiples of {bounds.step} are whole numbers"
    low, high = bounds.low, bounds.high
    if low and high and low.number == high.number and low.number.denominator == 1:
        return f"{low.words} and {high.words} leave a whole number"
    return bounds.contradiction(whole=False)


def _array(rules: Rules, _document: Document) -> str | None:
    reason = _spanned(rules.count, "minItems", "maxItems")
    low = rules.count.low
    for group in rules.items:
        closed = next((index for index, part in enumerate(group.first) if part is False), None)
        cap = len(group.first) if closed is None and group.rest is False else closed
        if cap is not None:
            rules.count = rules.count.at_most(cap)
            if low > cap:
                reason = reason or f"minItems {low} is above the {cap} items that the schema lets stand"
    for it in rules.contained:
        most = rules.count.high
        if it.high is not None and it.low > it.high:
            reason = reason or f"minContains {it.low} is above maxContains {it.high}"
        if it.schema is False and it.low > 0:
            reason = reason or "contains is false: no item fits it"
        if most is not None and it.low > most:
            reason = reason or f"contains asks for {it.low} items, at most {most} may stand"
    return reason or (_too_few_values(rules) if rules.unique and low > 1 else None)


def _too_few_values(rules: Rules) -> str | None:
    """Why a list of different items cannot be long enough: what its items can be is counted."""
    for group in rules.items:
        values = group.rest.get("enum") if is_mapping(group.rest) and not group.first else None
        if is_mapping(group.rest) and not group.first and group.rest.get("type") == "boolean":
            values = [False, True]
        if isinstance(values, list):
            count = len({canonical(value) for value in values})  # pyright: ignore[reportUnknownVariableType]
            if count < rules.count.low:
                return f"minItems {rules.count.low} with uniqueItems is above the {count} values that items can have"
    return None


def _object(rules: Rules, document: Document) -> str | None:
    reason = _spanned(rules.size, "minProperties", "maxProperties")
    if rules.size.high is not None and len(rules.required) > rules.size.high:
        count = len(rules.required)
        reason = reason or f"required asks for {count} fields, maxProperties {rules.size.high} allows fewer"
    for name in rules.required:
        if False in rules.of_name(name, document) and not rules.unevaluated_fields:
            reason = reason or f"the field {shown(name, 60)} is required but not allowed"
        if not all(document.fits(part, name) for part in rules.names):
            reason = (
                reason or f"the field {shown(name, 60)} is required but propertyNames does not allow the name"
            )
    for group in rules.fields:
        if group.rest is False and not group.patterns:
            count = sum(1 for part in group.properties.values() if part is not False)
            if count < rules.size.low:
                reason = (
                    reason or f"minProperties {rules.size.low} is above the {count} fields that are allowed"
                )
    return reason


_CHECKS: Mapping[str, Callable[[Rules, Document], str | None]] = {
    "string": _string,
    "integer": _integer,
    "fraction": _fraction,
    "array": _array,
    "object": _object,
}
