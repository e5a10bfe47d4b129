"""Rules as they stand in a file, beside a field or in the list of constraints → Constraint values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.authoring.fields import as_pairs, as_text
from promptkit.authoring.nodes import Node, Pair, Pairs, Place, plain
from promptkit.constraints import (
    JUDGED_KINDS,
    JUDGED_OPTIONS,
    STOPPING_KINDS,
    Constraint,
    check_paths,
    from_file,
)
from promptkit.spelling import did_you_mean

__all__ = ["DeclaredRule", "field_rules", "listed_rule", "refuse_equal_ids", "refuse_unknown_places"]

_OPTIONS = ("id", "severity", "on_fail", "say", "enforce", *JUDGED_OPTIONS)
_OF_ONE_RULE = ("id", "say")


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """A constraint and the place of its rule in the file."""

    constraint: Constraint
    place: Place


def field_rules(entries: Mapping[str, Pair], path: str, *, beside: Sequence[str]) -> Sequence[DeclaredRule]:
    """The rules that stand with one field.

    Args:
        entries: Rules and their options; an option holds for every rule of the field.
        path: The field, for example ``items[].name``.
        beside: What else may stand in that mapping, for spelling help.
    """
    hint = " The fields of a nested object stand below `name(object):`."
    kinds = _kinds(entries, beside, hint)
    options = {key: pair for key, pair in entries.items() if key in _OPTIONS}
    if options and not kinds:
        first = next(iter(options.values())).key
        raise first.place.fault(
            f"{first.text} belongs to a rule, and {path} has none. Add a rule, for example `max_words: 50`, or "
            "remove it."
        )
    for name in _OF_ONE_RULE:
        if name in options and len(kinds) > 1:
            raise options[name].key.place.fault(
                f"{path} has {len(kinds)} rules, and {name} is for one. Move a rule into `constraints:` with "
                "its own."
            )
    return [_rule(pair, path, _options_of(pair, kinds, options)) for pair in kinds]


def _options_of(pair: Pair, kinds: Sequence[Pair], options: Mapping[str, Pair]) -> Mapping[str, Pair]:
    """The options that hold for one of a field's rules: some are for certain kinds, where there are such."""
    others: set[str] = set()
    if pair.key.text not in JUDGED_KINDS and any(it.key.text in JUDGED_KINDS for it in kinds):
        others.update(JUDGED_OPTIONS)
    if pair.key.text not in STOPPING_KINDS and any(it.key.text in STOPPING_KINDS for it in kinds):
        enforce = options.get("enforce")
        if enforce is not None and plain(enforce.value) == "hard":
            others.add("enforce")
    return {key: option for key, option in options.items() if key not in others}


def listed_rule(node: Node, index: int, *, text_output: bool) -> DeclaredRule:
    """One item of ``constraints``.

    Args:
        node: The item.
        index: Its position, counted from 0.
        text_output: True when the output is plain text, which has no fields.
    """
    what = f"constraints[{index}]"
    pairs = as_pairs(node, what)
    kinds = _kinds(pairs.entries, ("field",))
    options = {key: pair for key, pair in pairs.entries.items() if key in _OPTIONS}
    if len(kinds) != 1:
        found = " and ".join(pair.key.text for pair in kinds) or "none"
        raise pairs.place.fault(
            f"An item of constraints has exactly one rule, and this one has {found}. Known rules: "
            f"{', '.join(sorted(pairs.place.source.kinds))}."
        )
    path = _path(pairs, kinds[0].key.text, text_output=text_output)
    return _rule(kinds[0], path, options)


def refuse_equal_ids(rules: Sequence[DeclaredRule]) -> None:
    """Raise for two rules of one id."""
    lines: dict[str, int] = {}
    for rule in rules:
        name = rule.constraint.id
        if name in lines:
            raise rule.place.fault(
                f"Two constraints have the id {name}, here and in line {lines[name]}. Give one of them an "
                "`id:` of its own."
            )
        lines[name] = rule.place.line


def refuse_unknown_places(
    rules: Sequence[DeclaredRule],
    output: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]] | None,
) -> None:
    """Raise for a rule that names a field or an input that is not declared.

    Args:
        rules: The rules.
        output: The output's schema; empty for plain text.
        inputs: Schema of each input by name; None when they are not known.
    """
    faults = check_paths([rule.constraint for rule in rules], output, inputs)
    for constraint, message in faults:
        place = next(rule.place for rule in rules if rule.constraint is constraint)
        raise place.fault(_sentence(message))


def _kinds(entries: Mapping[str, Pair], beside: Sequence[str], hint: str = "") -> list[Pair]:
    """The entries that are rules, once every other key is known."""
    found: list[Pair] = []
    for key, pair in entries.items():
        if key in beside or key in _OPTIONS:
            continue
        kinds = pair.key.place.source.kinds
        if key not in kinds:
            known = (*beside, *sorted(kinds), *_OPTIONS)
            raise pair.key.place.fault(
                f"Unknown key {key!r}{did_you_mean(key, known)}. Known here: {', '.join(known)}.{hint}"
            )
        found.append(pair)
    return found


def _path(pairs: Pairs, kind: str, *, text_output: bool) -> str:
    field = pairs.get("field")
    if field is not None:
        if text_output:
            raise field.place.fault(
                "The output is plain text and has no fields. Remove `field:`, or declare fields below `output:`."
            )
        return as_text(field, "field")
    if not text_output and kind != "expr":
        raise pairs.place.fault(
            f"This rule names no field. Add `field:` with the path of the field that {kind} is for."
        )
    return ""


def _rule(pair: Pair, path: str, options: Mapping[str, Pair]) -> DeclaredRule:
    place = pair.key.place
    given: dict[str, Any] = {name: as_text(option.value, name) for name, option in options.items()}
    try:
        made = from_file(
            pair.key.text,
            plain(pair.value),
            path=path,
            options={**given, "line": place.line},
            kinds=place.source.kinds,
        )
    except ValueError as error:
        raise place.fault(_sentence(str(error))) from None
    return DeclaredRule(made, place)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
