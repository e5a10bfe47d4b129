"""Where each rule of an output is enforced when its answer is decoded here."""

from __future__ import annotations

from collections.abc import Iterator

from promptkit.backends.llama.grammars import Grammar, compile_schema
from promptkit.completions import Enforcement
from promptkit.constraints import narrow
from promptkit.errors import GrammarInvalid
from promptkit.requests import OutputSpec, Placement, Plan
from promptkit.schemas.keywords import added_keywords, keywords

__all__ = ["plan"]


def plan(spec: OutputSpec, name: str) -> Plan:
    """The plan for ``spec``: no model is loaded.

    A schema of which no grammar can be made is IMPOSSIBLE, with the reason.
    """
    if spec.enforce == "off":
        return Plan.unenforced(spec, name, "enforce is off")
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
    for path, keyword, value in keywords(spec.json_schema):
        if grammar.enforces(keyword, value):
            yield Placement(path=path, rule=keyword, where=Enforcement.GRAMMAR)
        else:
            yield Placement(path=path, rule=keyword, where=Enforcement.CHECK, note="no grammar can say it")


def _constraints(spec: OutputSpec, grammar: Grammar | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer unless the schema says them and the grammar binds it."""
    base = spec.schema.json_schema
    for constraint in spec.constraints:
        said = added_keywords(base, narrow(base, [constraint], spec.inputs))
        bound = grammar is not None and bool(said) and all(grammar.enforces(*rule[1:]) for rule in said)
        where = Enforcement.GRAMMAR if bound else Enforcement.CHECK
        yield Placement.of(constraint, where, inputs=spec.inputs)
