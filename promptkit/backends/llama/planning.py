"""Where each rule of an output is enforced when its answer is decoded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.llama.grammars import Grammar, compile_schema
from promptkit.backends.llama.outputs import decide
from promptkit.backends.llama.wire_schemas import fragments, without_keywords
from promptkit.completions import Enforcement
from promptkit.constraints import Constraint, Reads, narrow
from promptkit.errors import GrammarInvalid
from promptkit.requests import OutputSpec, Placement, Plan

__all__ = ["plan"]

# Keywords that describe rather than bind.
_SILENT = frozenset(
    {
        "$schema",
        "$id",
        "$ref",
        "$defs",
        "$comment",
        "$anchor",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "properties",
        "items",
        "prefixItems",
        "patternProperties",
    }
)
_BRANCHES = frozenset({"anyOf", "oneOf", "allOf"})
# Keywords that hold schemas, which change when something under them is left out.
_HOLDING = _BRANCHES | {"additionalProperties"}


def plan(spec: OutputSpec, name: str) -> Plan:
    """The plan for ``spec``: no model is loaded.

    A schema of which no grammar can be made is IMPOSSIBLE, with the reason.
    """
    if spec.mode == "text":
        return Plan(backend=name, placements=tuple(_constraints(spec, None)))
    try:
        grammar = compile_schema(spec.json_bytes)
    except GrammarInvalid as error:
        why = Placement(path="", rule="schema", where=Enforcement.IMPOSSIBLE, note=str(error))
        return Plan(backend=name, placements=(why,))
    placements = dict.fromkeys([*_keywords(spec, grammar), *_constraints(spec, grammar)])
    return Plan(backend=name, placements=tuple(placements), wire=grammar.wire)


def _keywords(spec: OutputSpec, grammar: Grammar) -> Iterator[Placement]:
    # What stands under a keyword that is left out, as maxLength under `then`, is left out with it.
    left = [keyword for keyword, values in grammar.ignored.items() if not values and keyword != "oneOf"]
    followed = [
        (path, *rule)
        for path, fragment in fragments(without_keywords(spec.json_schema, left))
        for rule in fragment.items()
    ]
    for path, fragment in fragments(spec.json_schema):
        for keyword, value in fragment.items():
            if keyword in _SILENT or keyword.startswith("x-"):
                continue
            if grammar.enforces(keyword, value) and (
                keyword in _HOLDING or (path, keyword, value) in followed
            ):
                yield Placement(path=path, rule=keyword, where=Enforcement.GRAMMAR)
            else:
                yield Placement(
                    path=path, rule=keyword, where=Enforcement.CHECK, note="no grammar can say it"
                )


def _constraints(spec: OutputSpec, grammar: Grammar | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer unless the schema or the grammar's skeleton says them."""
    forms = zip(spec.forms, decide(spec).reasons, strict=True) if spec.enforce != "off" else ()
    reasons = {id(constraint): reason for (constraint, _), reason in forms}
    for constraint in spec.constraints:
        bound = grammar is not None and _is_narrowed(constraint, spec, grammar)
        where, note = _place(constraint, reasons, is_narrowed=bound)
        if spec.inputs is None and isinstance(constraint.rule, Reads) and where is Enforcement.GRAMMAR:
            note = "once the inputs are known"
        yield Placement(path=constraint.path, rule=constraint.rule.kind, where=where, note=note)


def _is_narrowed(constraint: Constraint, spec: OutputSpec, grammar: Grammar) -> bool:
    said = _added(spec.schema.json_schema, narrow(spec.schema.json_schema, [constraint], spec.inputs))
    return bool(said) and all(grammar.enforces(*rule) for rule in said)


def _place(
    constraint: Constraint, reasons: Mapping[int, str | None], *, is_narrowed: bool
) -> tuple[Enforcement, str]:
    """Where a constraint is enforced, and why not earlier."""
    if is_narrowed or reasons.get(id(constraint), "no form") is None:
        return Enforcement.GRAMMAR, ""
    if hasattr(constraint.rule, "judge"):
        return Enforcement.PROMPT, "only a judge can tell"
    return Enforcement.CHECK, reasons.get(id(constraint)) or ""


def _added(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keywords with values that a narrowed schema has and the schema before has not."""
    pairs = zip(fragments(before), fragments(after), strict=True)
    return [
        (keyword, value)
        for (_, old), (_, new) in pairs
        for keyword, value in new.items()
        if keyword not in _SILENT and keyword not in _BRANCHES and old.get(keyword) != value
    ]
