"""Where each rule of an output is enforced when its answer is decoded here."""

from __future__ import annotations

from collections.abc import Iterator

from promptkit.backends.llama.grammars import Grammar, compile_schema
from promptkit.backends.llama.limits import why_not_counted
from promptkit.backends.llama.outputs import decide
from promptkit.backends.llama.wire_schemas import without_keywords
from promptkit.completions import Enforcement
from promptkit.constraints import Constraint, narrow
from promptkit.errors import GrammarInvalid
from promptkit.requests import OutputSpec, Placement, Plan
from promptkit.schemas.keywords import added_keywords, keywords

__all__ = ["plan"]

# Keywords that hold schemas, which change when something under them is left out.
_HOLDING = frozenset({"additionalProperties", "allOf", "anyOf", "oneOf"})
_STOPS = "counted while it is written: ended at a sentence or a word"


def plan(spec: OutputSpec, name: str) -> Plan:
    """The plan for ``spec``: no model is loaded.

    A schema of which no grammar can be made is IMPOSSIBLE, with the reason.
    """
    if spec.enforce == "off":
        return Plan.unenforced(spec, name, "enforce is off")
    thoughts = Placement.of_reasoning(spec, Enforcement.GRAMMAR, _bound(spec))
    if spec.mode == "text":
        return Plan(backend=name, placements=(*thoughts, *_constraints(spec, None)))
    try:
        grammar = compile_schema(spec.json_bytes)
    except GrammarInvalid as error:
        why = Placement(path="", rule="schema", where=Enforcement.IMPOSSIBLE, note=str(error))
        return Plan(backend=name, placements=(why,))
    placements = dict.fromkeys([*thoughts, *_keywords(spec, grammar), *_constraints(spec, grammar)])
    return Plan(backend=name, placements=tuple(placements), wire=grammar.wire)


def _bound(spec: OutputSpec) -> str:
    return f"thoughts end after {spec.reasoning:,} tokens, or half of what may be written"


def _keywords(spec: OutputSpec, grammar: Grammar) -> Iterator[Placement]:
    # What stands under a keyword that is left out, as maxLength under `then`, is left out with it.
    left = [keyword for keyword, values in grammar.ignored.items() if not values and keyword != "oneOf"]
    followed: dict[tuple[str, str], list[object]] = {}
    for path, keyword, value in keywords(without_keywords(spec.json_schema, left)):
        followed.setdefault((path, keyword), []).append(value)
    for path, keyword, value in keywords(spec.json_schema):
        is_followed = keyword in _HOLDING or value in followed.get((path, keyword), ())
        if is_followed and grammar.enforces(keyword, value):
            yield Placement(path=path, rule=keyword, where=Enforcement.GRAMMAR)
        else:
            yield Placement(path=path, rule=keyword, where=Enforcement.CHECK, note="no grammar can say it")


def _constraints(spec: OutputSpec, grammar: Grammar | None) -> Iterator[Placement]:
    """Constraints are checked on the finished answer unless the schema or the grammar's skeleton says them."""
    forms = zip(spec.forms, decide(spec).reasons, strict=True)
    reasons = {id(constraint): reason for (constraint, _), reason in forms}
    for constraint in spec.constraints:
        if constraint.stops:
            reason = why_not_counted(constraint)
            where = Enforcement.GRAMMAR if reason is None else Enforcement.CHECK
            yield Placement.of(constraint, where, reason or _STOPS, inputs=spec.inputs)
            continue
        reason = reasons.get(id(constraint), "no grammar can say it")
        bound = reason is None or (grammar is not None and _is_narrowed(constraint, spec, grammar))
        where = Enforcement.GRAMMAR if bound else Enforcement.CHECK
        yield Placement.of(constraint, where, "" if bound else reason or "", inputs=spec.inputs)


def _is_narrowed(constraint: Constraint, spec: OutputSpec, grammar: Grammar) -> bool:
    """Whether the schema says the rule, and the grammar binds all that it adds."""
    base = spec.schema.json_schema
    said = added_keywords(base, narrow(base, [constraint], spec.inputs))
    return bool(said) and all(grammar.enforces(keyword, value) for _, keyword, value in said)
