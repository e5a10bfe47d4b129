"""Constraints told to a JSON Schema: what it can say of them, and the fields that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from promptkit.constraints.constraint import Constraint
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.fitting import fit_fault
from promptkit.constraints.paths import EACH, Path, Step, parse
from promptkit.constraints.reach import is_list_schema, spread, step_into
from promptkit.constraints.rules import Expr
from promptkit.constraints.text_rules import QuotedFrom
from promptkit.schemas.fragments import branches, types_of
from promptkit.schemas.json_types import is_mapping
from promptkit.spelling import did_you_mean

__all__ = ["check_paths", "narrow"]


def narrow(json_schema: Mapping[str, Any], constraints: Sequence[Constraint]) -> Mapping[str, Any]:
    """The schema with those constraints in it that JSON Schema can say; the given one is never changed.

    A constraint of severity ``should`` is no part of the schema. A place behind a ``$ref`` is left alone: the
    definition may be shared with other places.
    """
    for constraint in constraints:
        if constraint.fails:
            json_schema = _at(json_schema, parse(constraint.path).steps, constraint.rule.narrow)
    return json_schema


_Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _at(fragment: Mapping[str, Any], steps: tuple[Step, ...], change: _Change) -> Mapping[str, Any]:
    if not fragment or "$ref" in fragment:
        return fragment
    parts = branches(fragment)
    if parts:
        real = [index for index, part in enumerate(parts) if types_of(part) != ("null",)]
        if len(real) != 1:
            return fragment
        key = "anyOf" if "anyOf" in fragment else "oneOf"
        changed = [_at(part, steps, change) if index in real else part for index, part in enumerate(parts)]
        return {**fragment, key: changed}
    if not steps:
        return _changed(fragment, change)
    step, rest = steps[0], steps[1:]
    if step is EACH:
        items = fragment.get("items")
        return {**fragment, "items": _at(items, rest, change)} if is_mapping(items) else fragment
    properties = fragment.get("properties", {})
    if isinstance(step, int) or not isinstance(properties.get(step), Mapping):
        return fragment
    return {**fragment, "properties": {**properties, step: _at(properties[step], rest, change)}}


def _changed(fragment: Mapping[str, Any], change: _Change) -> Mapping[str, Any]:
    """Null holds every rule, so a nullable enum keeps its null."""
    changed = change(fragment)
    if changed is fragment or "enum" not in changed or None in changed["enum"]:
        return changed
    if "null" in types_of(fragment) or None in fragment.get("enum", ()):
        return {**changed, "enum": [*changed["enum"], None]}
    return changed


def check_paths(
    constraints: Sequence[Constraint],
    json_schema: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[tuple[Constraint, str], ...]:
    """Constraints that name something that the schemas do not have, or that no value of their field can hold.

    Args:
        constraints: The constraints in their order.
        json_schema: The JSON Schema of the output; empty for a text output, which has no fields.
        inputs: JSON Schema of each input by name; None leaves the names of inputs unchecked.

    Returns:
        Each such constraint with a sentence that says what is wrong with it and what was probably meant.
    """
    return tuple(
        (constraint, message)
        for constraint in constraints
        for message in _faults(constraint, json_schema, inputs)
    )


_Inputs: TypeAlias = Mapping[str, Mapping[str, Any]] | None


def _faults(constraint: Constraint, json_schema: Mapping[str, Any], inputs: _Inputs) -> Iterator[str]:
    yield from _output_fault(parse(constraint.path), json_schema, constraint.id)
    rule = constraint.rule
    fault = fit_fault(constraint, json_schema) if json_schema else None
    if fault is not None:
        yield fault
    if isinstance(rule, QuotedFrom):
        yield from _input_fault(parse(rule.source), inputs, constraint.id)
    if isinstance(rule, Expr):
        for root, steps in compile_expression(rule.expression).places:
            path = Path(tuple(EACH if isinstance(step, int) else step for step in steps))
            if root == "output":
                yield from _output_fault(path, json_schema, constraint.id, item=0)
            else:
                yield from _input_fault(path, inputs, constraint.id, item=0)


def _output_fault(
    path: Path, json_schema: Mapping[str, Any], name: str, *, item: Step = EACH
) -> Iterator[str]:
    if path.steps and not json_schema:
        yield f"{name} is about the field {path}, but the output is plain text; leave out the field"
    else:
        yield from _walk(path, json_schema, f"{name} is about {path}, but the output", item=item)


def _input_fault(path: Path, inputs: _Inputs, name: str, *, item: Step = EACH) -> Iterator[str]:
    if inputs is None or not path.steps:
        return
    first, rest = path.steps[0], path.steps[1:]
    start = f"{name} names the input {path}, but"
    if not isinstance(first, str) or first not in inputs:
        known = ", ".join(inputs) or "none"
        yield f"{start} there is no {first}{did_you_mean(str(first), inputs)}; the inputs are {known}"
    else:
        yield from _walk(Path(rest), inputs[first], f"{start} {first}", outer=first, item=item)


def _walk(
    path: Path, schema: Mapping[str, Any], start: str, *, outer: str = "", item: Step = EACH
) -> Iterator[str]:
    """What the schema does not have; ``outer`` is the input's name, ``item`` how a mend writes an item."""
    fragments: list[Mapping[str, Any]] = [schema]
    passed: list[Step] = []
    for step in path.steps:
        place = f" at {Path(tuple(passed))}" if passed else ""
        fragments = [part for fragment in fragments for part in spread(fragment, schema)]
        found = [part for fragment in fragments for part in step_into(fragment, step)]
        if not found:
            if step is EACH or isinstance(step, int):
                yield f"{start} is no list{place}"
                return
            names = [outer] if outer else []
            known = list(dict.fromkeys(key for part in fragments for key in part.get("properties", {})))
            has = f"; it has {', '.join(known)}" if known else ""
            if any(is_list_schema(part) for part in fragments):
                mend = Path((*names, *passed, item, *path.steps[len(passed) :]))
                has = f"; {Path((*names, *passed)) if names or passed else 'it'} is a list: write {mend}"
            yield f"{start} has no {step}{place}{did_you_mean(step, known)}{has}"
            return
        fragments = found
        passed.append(step)
