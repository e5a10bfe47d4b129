"""Constraints told to a JSON Schema: what it can say of them, and the fields that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.fitting import fit_fault
from promptkit.constraints.forms import Form, Listed
from promptkit.constraints.paths import EACH, Path, Step, Where, parse
from promptkit.constraints.reach import is_list_schema, spread, step_into
from promptkit.constraints.rules import Binds, Decodes, Narrows, Reads, Rule
from promptkit.schemas.fragments import branches, resolve, types_of
from promptkit.schemas.json_types import is_mapping
from promptkit.spelling import did_you_mean

__all__ = ["check_paths", "forms_of", "narrow"]


def narrow(
    json_schema: Mapping[str, Any],
    constraints: Sequence[Constraint],
    inputs: Mapping[str, Any] | None = None,
    *,
    patterns: bool = True,
) -> Mapping[str, Any]:
    """The schema with those constraints in it that JSON Schema can say; the given one is never changed.

    A constraint of severity ``should`` is no part of the schema, and neither is a length that is counted while the
    model writes (``enforce: hard``). A definition that a path leads through is
    copied to that place: other places that share it keep it as it is.

    Args:
        json_schema: The output's schema.
        constraints: The constraints in their order.
        inputs: The inputs by name as plain data, for rules that read them; None leaves these rules out.
        patterns: False leaves out what would be said as a regular expression, which reads badly in a prompt.
    """
    for constraint in constraints:
        change = _change_of(constraint, inputs, patterns=patterns)
        if change is not None:
            json_schema = _at(json_schema, parse(constraint.path).steps, change, json_schema)
    return json_schema


def forms_of(
    constraints: Sequence[Constraint], inputs: Mapping[str, Any] | None = None, *, text: bool = False
) -> tuple[tuple[Constraint, Form], ...]:
    """What a decoder may follow of the constraints beyond the schema.

    Args:
        constraints: The constraints in their order.
        inputs: The inputs by name as plain data; None while they are not known.
        text: True for an output of plain text, which has no schema to say a choice.
    """
    return tuple(
        (constraint, form)
        for constraint in constraints
        if constraint.steers
        and not constraint.stops
        and (form := _form_of(constraint.rule, inputs, text=text)) is not None
    )


def _form_of(rule: Rule, inputs: Mapping[str, Any] | None, *, text: bool) -> Form | None:
    if isinstance(rule, Decodes):
        return rule.form(inputs)
    if not text:
        return None
    if isinstance(rule, Binds) and inputs is not None:
        rule = rule.bound(inputs)
    texts = [value for value in rule.values if isinstance(value, str)] if isinstance(rule, OneOf) else []
    return Listed(tuple(texts)) if texts else None


_Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _change_of(constraint: Constraint, inputs: Mapping[str, Any] | None, *, patterns: bool) -> _Change | None:
    rule = constraint.rule
    if isinstance(rule, Binds) and inputs is not None:
        rule = rule.bound(inputs)
    if not constraint.steers or constraint.stops or not isinstance(rule, Narrows):
        return None
    return rule.narrow if patterns else _without_pattern(rule.narrow)


def _without_pattern(change: _Change) -> _Change:
    def changed(fragment: Mapping[str, Any]) -> Mapping[str, Any]:
        after = change(fragment)
        if after.get("pattern") == fragment.get("pattern"):
            return after
        rest = {key: value for key, value in after.items() if key != "pattern"}
        return {**rest, "pattern": fragment["pattern"]} if "pattern" in fragment else rest

    return changed


def _at(
    fragment: Mapping[str, Any], steps: tuple[Step, ...], change: _Change, root: Mapping[str, Any]
) -> Mapping[str, Any]:
    if not fragment:
        return fragment
    if "$ref" in fragment:
        resolved = resolve(fragment, root)
        changed = fragment if "$ref" in resolved else _at(resolved, steps, change, root)
        return fragment if changed is resolved else changed
    parts = branches(fragment)
    if parts:
        return _in_branches(fragment, parts, steps, change, root)
    if not steps:
        return _changed(fragment, change)
    step, rest = steps[0], steps[1:]
    if step is EACH:
        items = fragment.get("items")
        return _with(fragment, "items", _at(items, rest, change, root)) if is_mapping(items) else fragment
    properties = fragment.get("properties", {})
    if not isinstance(step, str) or not is_mapping(properties.get(step)):
        return fragment
    inner = _at(properties[step], rest, change, root)
    return fragment if inner is properties[step] else {**fragment, "properties": {**properties, step: inner}}


def _with(fragment: Mapping[str, Any], key: str, value: Any) -> Mapping[str, Any]:
    return fragment if value is fragment.get(key) else {**fragment, key: value}


def _in_branches(
    fragment: Mapping[str, Any],
    parts: Sequence[Mapping[str, Any]],
    steps: tuple[Step, ...],
    change: _Change,
    root: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Alternatives are narrowed where one of them alone is not null; of several none is known to be meant."""
    real = [index for index, part in enumerate(parts) if types_of(resolve(part, root)) != ("null",)]
    if len(real) != 1:
        return fragment
    key = "anyOf" if "anyOf" in fragment else "oneOf"
    changed = [_at(part, steps, change, root) if index in real else part for index, part in enumerate(parts)]
    return fragment if changed == list(parts) else {**fragment, key: changed}


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
    if isinstance(rule, Reads):
        for path in rule.reads():
            yield from _input_fault(path, inputs, constraint.id)
            yield from _selector_fault(path, parse(constraint.path), json_schema, constraint.id)
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


def _selector_fault(source: Path, place: Path, json_schema: Mapping[str, Any], name: str) -> Iterator[str]:
    """A selector such as ``[id=.doc]`` names a field beside the judged one."""
    for step in source.steps:
        if isinstance(step, Where) and step.relative and isinstance(step.value, tuple):
            outer = place.steps
            while outer and not isinstance(outer[-1], str):
                outer = outer[:-1]
            yield from _output_fault(Path((*outer[:-1], *step.value)), json_schema, name)


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
            if not isinstance(step, str):
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
