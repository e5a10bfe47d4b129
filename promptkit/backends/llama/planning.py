"""Where each rule of an output is enforced when its answer is decoded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.backends.llama.grammars import Grammar, compile_schema
from promptkit.backends.llama.wire_schemas import ANNOTATIONS, fragments
from promptkit.completions import Enforcement
from promptkit.constraints import narrow
from promptkit.errors import GrammarInvalid
from promptkit.requests import OutputSpec, Placement, Plan

__all__ = ["plan"]

_SILENT = ANNOTATIONS | {"$ref", "properties", "items", "prefixItems", "patternProperties"}
_BRANCHES = frozenset({"anyOf", "oneOf", "allOf"})


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
    for path, fragment in fragments(spec.json_schema):
        for keyword, value in fragment.items():
            if keyword in _SILENT or keyword.startswith("x-"):
                continue
            if grammar.enforces(keyword, value):
                yield Placement(path=path, rule=keyword, where=Enforcement.GRAMMAR)
            else:
                yield Placement(
                    path=path, rule=keyword, where=Enforcement.CHECK, note="no grammar can say it"
                )


def _constraints(spec: OutputSpec, grammar: Grammar | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer unless the schema says them and the grammar binds it."""
    for constraint in spec.constraints:
        said = _added(spec.schema.json_schema, narrow(spec.schema.json_schema, [constraint]))
        bound = grammar is not None and bool(said) and all(grammar.enforces(*rule) for rule in said)
        where = Enforcement.GRAMMAR if bound else Enforcement.CHECK
        yield Placement(path=constraint.path, rule=constraint.rule.kind, where=where)


def _added(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keywords with values that a narrowed schema has and the schema before has not."""
    pairs = zip(fragments(before), fragments(after), strict=True)
    return [
        (keyword, value)
        for (_, old), (_, new) in pairs
        for keyword, value in new.items()
        if keyword not in _SILENT and keyword not in _BRANCHES and old.get(keyword) != value
    ]
